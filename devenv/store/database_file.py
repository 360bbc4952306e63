"""The file of the store's database: opening, locks, schema and migrations, and what SQLite's errors mean.

SQLite with a rollback journal and full synchronisation. Not WAL: a WAL database in a read-only directory cannot be
opened, and SQLite before 3.51.3 can corrupt one when several connections checkpoint (FAULTS finding 7).

Whoever has the database open shares a lock beside it; who changes its schema or puts another one in its place holds
that lock alone, so that no statement meets a schema it was not written for (FAULTS C-12).
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from devenv.errors import StoreError
from devenv.fault_points import fault_point
from devenv.fsutil import locked
from devenv.store.lock_holders import find_lock_holders

SCHEMA_VERSION = 2
BUSY_SECONDS = 60.0
"""How long another process may hold the database before we give up."""
POLL_SECONDS = 0.05
MINIMUM_SQLITE = (3, 37, 0)
"""For `STRICT` tables; `RETURNING` came two versions before."""

SCHEMA = Path(__file__).with_name("schema.sql")
MIGRATIONS = Path(__file__).with_name("migrations")
"""For each version the script that makes it of the one before."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, which is made where it is missing. Raises StoreError (`sqlite-too-old`) and sqlite3.Error."""
    if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
        raise StoreError(
            f"this Python has SQLite {sqlite3.sqlite_version}, and the store needs 3.37 or newer",
            hint="use another Python: those of python.org and of distributions since 2022 have it",
            slug="sqlite-too-old",
        )
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_mode = TRUNCATE")
    except BaseException:
        connection.close()
        raise
    return connection


def read_version(connection: sqlite3.Connection) -> int:
    """The version of the schema; 0 where there is none yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing."""
    fault_point("database.begin")
    connection.execute("BEGIN IMMEDIATE")
    with ended(connection):
        yield


@contextlib.contextmanager
def ended(connection: sqlite3.Connection) -> Iterator[None]:
    """End the transaction that has begun, well or not."""
    try:
        yield
        fault_point("database.commit")
        connection.execute("COMMIT")
    except BaseException:
        # On a full disk SQLite itself has rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    fault_point("database.committed")


def _run_script(connection: sqlite3.Connection, script: Path, version: int) -> None:
    """Run the statements of a file inside the transaction, as `executescript`, which commits, would not."""
    for statement in script.read_text().split(";\n"):
        connection.execute(statement)
        fault_point("database.schema")
    connection.execute(f"PRAGMA user_version = {version}")


def _lock_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


@contextlib.contextmanager
def shared_use(path: Path) -> Iterator[None]:
    """While this lasts, nobody changes the schema."""
    try:
        lock = locked(_lock_path(path), shared=True)
        held = lock.__enter__()
    except OSError as error:
        # Where we may not write, nobody else of us can: the store is only read.
        if error.errno not in {errno.EROFS, errno.EACCES}:
            raise
        yield
        return
    try:
        assert held
        yield
    finally:
        lock.__exit__(None, None, None)


@contextlib.contextmanager
def sole_use(path: Path) -> Iterator[None]:
    """While this lasts, no other process has the database open. Raises StoreError (`database-busy`) after a wait."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        with locked(_lock_path(path), wait=False) as held:
            if held:
                yield
                return
        if time.monotonic() > deadline:
            raise _busy_error(path, _lock_path(path))
        time.sleep(POLL_SECONDS)


def create_schema(connection: sqlite3.Connection, gap: str | None) -> None:
    """Make the tables, unless another process made them while we waited (FAULTS C-07).

    `gap` says why the database does not know all that lies on the disk.
    """
    with transaction(connection):
        if read_version(connection) == 0:
            _run_script(connection, SCHEMA, SCHEMA_VERSION)
            if gap is not None:
                connection.execute("INSERT INTO gaps VALUES (?)", (gap,))


def migrate(path: Path) -> None:
    """Bring the database to the present schema: all steps or none."""
    with contextlib.closing(connect(path)) as connection, transaction(connection):
        for version in range(read_version(connection) + 1, SCHEMA_VERSION + 1):
            _run_script(connection, MIGRATIONS / f"{version}.sql", version)


def _busy_error(path: Path, lock: Path) -> StoreError:
    """`lock` is the file whose lock we did not get."""
    return StoreError(
        f"another process holds the store's database `{path}` for more than {BUSY_SECONDS:.0f} seconds",
        hint="wait until it has finished, then run the command again",
        details=tuple(f"it is held by the process {holder}" for holder in find_lock_holders(lock)),
        slug="database-busy",
        transient=True,
    )


def store_error(path: Path, error: sqlite3.Error) -> StoreError:
    """What an error of SQLite means for a person. Errors of the Python module itself have no code."""
    # The lower byte is the kind, what is above it the occasion (SQLite's extended result codes).
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StoreError(f"the disk is full at `{path}`", hint="`devenv gc` makes room even now", slug="disk-full")
        case sqlite3.SQLITE_BUSY:
            return _busy_error(path, path)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return StoreError(
                f"the store's database `{path}` cannot be written: {error}",
                hint="check who may write there, or set another `base` in `~/.config/devenv/settings.toml`",
                slug="store-unusable",
            )
        case _:
            return damaged_error(path, str(error))


def damaged_error(path: Path, problem: str) -> StoreError:
    """The file holds nonsense."""
    return StoreError(
        f"the store's database `{path}` cannot be used: {problem}",
        hint="`devenv store rebuild` makes it again from what lies on the disk",
        slug="database-failed",
    )
