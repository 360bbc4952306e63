"""Mount points: what tells a directory that is gone from one whose disk is not mounted now (FAULTS D-07)."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

MOUNT_TABLE = Path("/proc/self/mountinfo")
ESCAPE = re.compile(rb"\\([0-7]{3})")
REMOTE = frozenset({"9p", "afs", "ceph", "cifs", "lustre", "nfs", "nfs4", "smb3", "smbfs", "vboxsf", "virtiofs"})
"""File systems of servers and of hosts of virtual machines; those of user space, such as sshfs, are `fuse.…`."""


def find_mount_point(path: Path) -> Path:
    """The directory at or above `path`, which exists, that its disk is mounted on. Raises OSError.

    Once recorded, it answers later: only if something is mounted there is what cannot be found below it deleted.
    """
    path = path.resolve()
    device = path.stat().st_dev
    for above in path.parents:
        if above.stat().st_dev != device:
            return path
        path = above
    return path


def is_remote(path: Path, table: Path = MOUNT_TABLE) -> bool:
    """Whether `path` lies on a disk that others may change without this system being told; False where unknown.

    Of several file systems mounted on one directory the last one counts (proc(5), `/proc/pid/mountinfo`).
    """
    with contextlib.suppress(OSError, ValueError):
        point = os.fsencode(find_mount_point(path))
        kinds = [
            line.partition(b" - ")[2].split(b" ")[0].decode()
            for line in table.read_bytes().splitlines()
            if ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), b"".join(line.split(b" ")[4:5])) == point
        ]
        return bool(kinds) and (kinds[-1] in REMOTE or kinds[-1].startswith("fuse."))
    return False
