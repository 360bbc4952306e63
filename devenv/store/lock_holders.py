"""Who holds a lock that we wait for in vain: the processes by number and name, where the system tells (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

from devenv.fsutil import read_regular

LOCKS = Path("/proc/locks")
SIZE_LIMIT = 1 << 20
"""Bytes; a line takes about sixty."""


def find_lock_holders(path: Path) -> tuple[str, ...]:
    """The other processes that hold locks of the file at `path`, as `4711 (devenv)`, in the order of their numbers.

    Nothing where the system does not tell, or numbers file systems otherwise in its list (as Btrfs does).
    """
    try:
        status = path.stat()
        lines = read_regular(LOCKS, SIZE_LIMIT).decode("ascii", "replace").splitlines()
    except OSError:
        return ()
    file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    holders = {int(pid) for pid in (_find_holder(line, file) for line in lines) if pid is not None}
    return tuple(f"{pid} ({_name(pid)})" for pid in sorted(holders - {os.getpid()}))


def _find_holder(line: str, file: str) -> str | None:
    """`7: POSIX ADVISORY WRITE 4711 fe:00:1835 0 EOF` → `4711`; None for other files, and for who waits (`7: -> …`)."""
    fields = line.split()
    # A process of another container has the number 0 here.
    return fields[4] if len(fields) == 8 and fields[5] == file and fields[4].strip("0").isdecimal() else None


def _name(pid: int) -> str:
    try:
        return read_regular(Path(f"/proc/{pid}/comm"), SIZE_LIMIT).decode(errors="replace").rstrip("\n")
    except OSError:
        return "gone"
