"""Which objects running processes use: a collection keeps them, though no link leads to them any more (FAULTS D-05).

An object is in use where a process names a path below it: its program, working or root directory, open and mapped
files, arguments and the environment that it was started with. Our own process and those that started it are among them
(D-15). What belongs to other users cannot be seen and is passed over. What a shell changed in its environment after
its start cannot be seen either: for that, hooks leave pins (`devenv.generations.pins`).
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.digest import STORE_DIGEST_LENGTH
from devenv.errors import StoreError
from devenv.store_path import DIGEST_PATTERN, NAME_PATTERN, StorePath, parse_store_path

PROC = "/proc"
LSOF_PATHS = ("/usr/sbin/lsof", "/usr/bin/lsof", "/sbin/lsof")
"""Not looked for on `PATH`, where a project's environment may have put another one in front (FAULTS O-08)."""
LSOF_SECONDS = 120
"""It asks the system about every open file, and may have to wait for a dead network disk."""

READ_LIMIT = 64 << 20
"""Bytes of one of a process's files: a hundred times the maps of a large program."""
OBJECT_PATTERN = b"/(%s-%s)" % (DIGEST_PATTERN.pattern.encode(), NAME_PATTERN.pattern.encode())
"""What follows the root in the path of an object."""
PIECE = 1 << 18
"""Bytes asked for at once; the kernel gives a page of maps at a time, and an environment whole."""


@dataclass(frozen=True, slots=True, order=True)
class LiveProcess:
    """A running process, and what the system calls it."""

    pid: int
    name: str


class ProcessesUnknownError(StoreError):
    """Nothing here can tell what running processes use."""

    slug = "processes-unknown"


def find_live_objects(root: Path) -> Mapping[StorePath, tuple[LiveProcess, ...]]:
    """The objects below `root` that running processes use, in their order, each with its processes by number.

    Processes come and go meanwhile: the answer holds for those that ran from beginning to end. Raises
    ProcessesUnknownError.
    """
    if os.path.exists(f"{PROC}/self/maps"):
        return _find_objects(root, _spellings(root), _iter_proc())
    return find_live_objects_by_lsof(root)


def find_live_objects_by_lsof(root: Path) -> Mapping[StorePath, tuple[LiveProcess, ...]]:
    """The same by `lsof`, for systems without `/proc`. It sees files only, neither arguments nor environments.

    Raises ProcessesUnknownError.
    """
    return _find_objects(root, _spellings(root), _iter_lsof())


def _spellings(root: Path) -> frozenset[bytes]:
    """What the root is called: as it is set, as the kernel says it, and by lsof, which escapes what is not ASCII."""
    names = {os.fsencode(root), os.path.realpath(os.fsencode(root))}
    return frozenset(names | {re.sub(rb"[\x80-\xff]", lambda byte: rb"\x%02x" % ord(byte[0]), name) for name in names})


def _find_objects(
    root: Path, spellings: frozenset[bytes], processes: Iterable[tuple[LiveProcess, bytes]]
) -> Mapping[StorePath, tuple[LiveProcess, ...]]:
    """`processes` come with their texts. Most speak of no object: what follows the plain search is for the others."""
    spelt: dict[StorePath, set[LiveProcess]] = defaultdict(set)
    for process, text in processes:
        for spelling in spellings:
            if spelling in text:
                for match in re.finditer(re.escape(spelling) + OBJECT_PATTERN, text):
                    spelt[parse_store_path(match[1].decode("ascii"))].add(process)
    found: dict[StorePath, set[LiveProcess]] = defaultdict(set)
    there = _find_names(root, {path.digest for path in spelt}) if spelt else {}
    for path, users in spelt.items():
        found[there.get(path.digest, path)] |= users
    return {path: tuple(sorted(found[path])) for path in sorted(found)}


def _find_names(root: Path, digests: Collection[str]) -> Mapping[str, StorePath]:
    """What the objects with `digests` are called in the store, where they are there.

    In running text a full stop, say, may follow a path, and would pass for part of it.
    """
    try:
        names = os.listdir(root)
    except OSError:
        return {}
    paths = {}
    for name in names:
        if name[:STORE_DIGEST_LENGTH] in digests:
            with contextlib.suppress(ValueError):
                path = parse_store_path(name)
                paths[path.digest] = path
    return paths


# --- Linux ---


def _iter_proc() -> Iterator[tuple[LiveProcess, bytes]]:
    for pid in filter(str.isdecimal, os.listdir(PROC)):
        process = f"{PROC}/{pid}"
        name = os.fsdecode(_read(f"{process}/comm")).removesuffix("\n")
        yield LiveProcess(int(pid), name), b"\n".join([*_iter_texts(process), *_iter_own(int(pid))])


def _iter_texts(process: str) -> Iterator[bytes]:
    for link in ("exe", "cwd", "root"):
        yield _read_link(f"{process}/{link}")
    try:
        descriptors = os.listdir(f"{process}/fd")
    except OSError:
        descriptors = []
    for descriptor in descriptors:
        yield _read_link(f"{process}/fd/{descriptor}")
    for file in ("maps", "environ", "cmdline"):
        yield _read(f"{process}/{file}")


def _read_link(path: str) -> bytes:
    """Where it leads to; nothing where the process is gone or another user's."""
    try:
        return os.fsencode(os.readlink(path))
    except OSError:
        return b""


def _read(path: str) -> bytes:
    """The content, up to the limit; as far as it could be read where the process is gone or another user's."""
    content = bytearray()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        while len(content) < READ_LIMIT and (piece := os.read(descriptor, PIECE)):
            content += piece
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return bytes(content)


# --- macOS ---


def _iter_lsof() -> Iterator[tuple[LiveProcess, bytes]]:
    """Every process that lsof may look at."""
    for part in re.split(rb"^p", _run_lsof(), flags=re.MULTILINE)[1:]:
        pid, *fields = part.splitlines()
        name = next((field[1:] for field in fields if field.startswith(b"c")), b"")
        yield LiveProcess(int(pid), os.fsdecode(name)), b"\n".join([*fields, *_iter_own(int(pid))])


def _run_lsof() -> bytes:
    """Its list: `p` with a process, `c` with its name, then `n` for each file. Raises ProcessesUnknownError."""
    program = next((path for path in LSOF_PATHS if os.access(path, os.X_OK)), None)
    if program is None:
        raise _unknown("there is neither `/proc` nor `lsof`")
    command = [program, "-n", "-w", "-F", "pcn"]
    try:
        run = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env={"LC_ALL": "C"},
            timeout=LSOF_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unknown(f"`{program}` failed: {error}") from error
    # Its status is 1 as soon as one file could not be looked at: it did its work if it saw us.
    if b"p%d\n" % os.getpid() not in run.stdout:
        raise _unknown(f"`{program}` does not see this process")
    return run.stdout


def _unknown(reason: str) -> ProcessesUnknownError:
    return ProcessesUnknownError(
        "the objects that running processes use cannot be seen", details=(reason,), hint="install `lsof`"
    )


# --- ourselves ---


def _iter_own(pid: int) -> Iterator[bytes]:
    """What we need to go on running if `pid` is ours, though no file of it is open: modules yet to be imported."""
    if pid == os.getpid():
        places = (*sys.path, sys.prefix, sys.base_prefix, sys.executable, *sys.orig_argv, *os.environ.values())
        yield from map(os.fsencode, places)
