"""Realizes a small wheel again and again, each time with a fault at another point, and checks what is left.

    python -m tests.functional.store.sweep (kill|full|broken)

A point is a call that changes the disk or asks it for something: of the operating system's functions, or a statement
to SQLite. `kill` ends the process there, as `kill -9` does; `full` lets this and every later call that needs space
fail with ENOSPC; `broken` lets this one call fail with EIO. After each fault: nothing half-made is believed, the same
command succeeds, and no unfinished name remains. The number of points goes to standard output.

Each realization runs in a forked child, so that a sweep of hundreds takes seconds. Nothing is synchronised in earnest:
that a killed process leaves what it wrote to the system's cache is given. Power loss is another test.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from devenv import fsutil
from devenv.build.realize import realize
from devenv.derivation.model import Derivation, Input
from devenv.errors import DevenvError
from devenv.events import ignore
from devenv.settings import default_settings
from devenv.store import tree
from devenv.store.adding import Output
from devenv.store.check import is_intact
from devenv.store.store import Store
from devenv.store_path import parse_store_path
from tests.functional.wheels import make_wheel
from tests.homes import temporary_home
from tests.trees import Link, Tree, iter_tree_nodes

Action = Literal["kill", "full", "broken", "count"]
ACTIONS: dict[str, Action] = {"kill": "kill", "full": "full", "broken": "broken"}

TAKE_SPACE = ("open", "mkdir", "write", "symlink")
CHANGE = ("unlink", "rmdir", "chmod", "fchmod", "utime", "fsync", "ftruncate", "pwrite", "replace")
SUCCEEDED, FAILED_CLEANLY, CRASHED = 0, 3, 1
SHA256 = "a" * 64
WHEEL = make_wheel(
    "tool", "1", files={"tool/lib/a.so": (b"library" * 99, True), "tool/empty": (b"", False)}, scripts={"tool": b"#!x"}
)
TOOL = Derivation(
    "tool-1",
    "x86_64-linux",
    "unpack/1",
    arguments={"format": "wheel", "place": {"bin": "bin", "tool": "lib/tool"}, "links": {"bin/alias": "tool"}},
    sources=(SHA256,),
)
ENVIRONMENT = Derivation("environment", "x86_64-linux", "compose/1", inputs=(Input(TOOL),))
SCRATCH = "0123456789abcdfghijklmnpqrsvwxyz"
OWN_PATH: Tree = {b"l": Link(SCRATCH.encode() + b"/x"), b"x": b"at " + SCRATCH.encode()}
"""No builder that we have names its own output yet; the store can already take it."""

OPEN, WRITE = os.open, os.write
RENAME = fsutil._native_rename()
"""What the points that are put over them call."""


class Faults:
    """Counts points, and acts at the one numbered `number` (from 1)."""

    def __init__(self, action: Action, number: int) -> None:
        self._action = action
        self._number = number
        self.passed = 0

    def pass_point(self, *, takes_space: bool) -> int:
        """The error number that the call at this point is to fail with, or 0."""
        if self._action == "full" and not takes_space:
            return 0
        self.passed += 1
        if self._action == "kill" and self.passed == self._number:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._action == "full" and self.passed >= self._number:
            return errno.ENOSPC
        return errno.EIO if self._action == "broken" and self.passed == self._number else 0

    def wrap(self, function: Callable[..., Any], *, takes_space: bool) -> Callable[..., Any]:
        """`function` as a point."""

        def point(*arguments: Any, **named: Any) -> Any:
            needs_space = takes_space and not (function is OPEN and not arguments[1] & os.O_CREAT)
            if number := self.pass_point(takes_space=needs_space):
                raise OSError(number, os.strerror(number), arguments[0])
            return function(*arguments, **named)

        return point


def install(faults: Faults) -> None:
    """Put points everywhere."""
    for name in TAKE_SPACE:
        setattr(os, name, faults.wrap(getattr(os, name), takes_space=True))
    for name in CHANGE:
        real = (lambda _: None) if name == "fsync" else getattr(os, name)
        setattr(os, name, faults.wrap(real, takes_space=False))

    def call_or_fail(function: Callable[..., int]) -> Callable[..., int]:
        """A point in a function of the C library, which says that it failed by its result."""

        def point(*arguments: Any) -> int:
            number = faults.pass_point(takes_space=True)
            ctypes.set_errno(number)
            return -1 if number else function(*arguments)

        return point

    class Connection(sqlite3.Connection):
        """A connection whose statements are points."""

        def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
            takes_space = not statement.startswith(("PRAGMA", "SELECT", "ROLLBACK"))
            if number := faults.pass_point(takes_space=takes_space):
                error = sqlite3.OperationalError("fault")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL if number == errno.ENOSPC else sqlite3.SQLITE_IOERR
                raise error
            return super().execute(statement, *parameters)

    connect = sqlite3.connect
    sqlite3.connect = lambda *given, **named: connect(*given, **named, factory=Connection)  # type: ignore[assignment]
    tree._syncfs = lambda: call_or_fail(lambda _: 0)  # type: ignore[assignment]
    if RENAME is not None:
        rename = call_or_fail(RENAME)
        fsutil._native_rename = lambda: rename  # type: ignore[assignment]


def realize_once(home: Path, wheel: Path, faults: Faults) -> int:
    """What the child does; returns its exit status."""
    install(faults)
    try:
        with Store(default_settings(home)) as store:
            realize(store, [ENVIRONMENT], lambda digests: dict.fromkeys(digests, wheel), ignore)
            store.add(Output(iter_tree_nodes(OWN_PATH), "own", SCRATCH))
    except DevenvError:
        return FAILED_CLEANLY
    except OSError as error:
        # The command line says these in a sentence with the path (`devenv.cli.crash`).
        return FAILED_CLEANLY if error.errno in {errno.ENOSPC, errno.EIO} else CRASHED
    return SUCCEEDED


def run_child(home: Path, wheel: Path, action: Action, number: int) -> tuple[int, int]:
    """Status of a realization (negative: the signal that ended it) and the points that it passed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = CRASHED
        try:
            faults = Faults(action, number)
            status = realize_once(home, wheel, faults)
            if status != CRASHED:
                WRITE(writer, str(faults.passed).encode())
        except Exception:  # noqa: BLE001 - told by the traceback and the status
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    with open(reader) as file:
        passed = file.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), int(passed or 0)


def check(home: Path, *, finished: bool) -> None:
    """What must hold after a fault, and more once a realization has `finished`."""
    with Store(default_settings(home)) as store:
        connection = store.database._connection
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = [parse_store_path(path) for (path,) in connection.execute("SELECT path FROM objects")]
        for path in rows:
            assert is_intact(store.root, path), f"{path} is registered and not whole"
        for derivation in (TOOL, ENVIRONMENT):
            found = store.find_realisation(derivation.key, "out")
            assert found is None or store.is_complete(found)
            assert found is not None or not finished
        if finished:
            names = os.listdir(store.root)
            assert sorted(names) == sorted(map(str, rows)), f"{names} are there, {rows} registered"
            unfinished = [name for name in os.listdir(store.root.parents[1] / "locks") if name.startswith(".tmp-")]
            assert not unfinished


def sweep(action: Action, wheel: Path) -> int:
    """Fault by fault; returns the number of points."""
    with temporary_home(in_memory=True) as home:
        status, points = run_child(home, wheel, "full" if action == "full" else "count", sys.maxsize)
        assert status == SUCCEEDED
        check(home, finished=True)
    for number in range(1, points + 1):
        with temporary_home(in_memory=True) as home:
            status, _ = run_child(home, wheel, action, number)
            expected = {-signal.SIGKILL} if action == "kill" else {FAILED_CLEANLY}
            if action == "broken":
                # Some things may fail without harm: a place that could not be tidied up, say.
                expected.add(SUCCEEDED)
            sys.stderr.write(f"fault at point {number} of {points}: status {status}\n")
            assert status in expected
            check(home, finished=False)
            assert run_child(home, wheel, "count", 0)[0] == SUCCEEDED
            check(home, finished=True)
    return points


def main() -> None:
    """Sweep once."""
    with temporary_home(in_memory=True) as home:
        wheel = home / WHEEL.filename
        wheel.write_bytes(WHEEL.content)
        sys.stdout.write(f"{sweep(ACTIONS[sys.argv[1]], wheel)}\n")


if __name__ == "__main__":
    main()
