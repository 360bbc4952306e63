"""Says whether an object has been touched since it was verified, without reading it.

The fingerprint is a digest over what the file system says of everything in the tree: names, kinds, permissions, inodes,
sizes and times of modification. Whoever writes into an object changes it, unless they set the times back on purpose; a
disk that forgets does not. When inodes changed is left out: equal files of the store are one inode, whose count of
links, and with it that time, changes when another object comes that has the file.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from blake3 import blake3


def fingerprint(path: Path) -> str:
    """The fingerprint of the tree at `path`, in hexadecimal. Raises OSError."""
    top = os.lstat(path)
    lines = [_line("", top)]
    pending = [os.fspath(path)] if stat.S_ISDIR(top.st_mode) else []
    while pending:
        directory = pending.pop()
        with os.scandir(directory) as entries:
            # As the file system lists them, which is the same as long as nothing is added or taken away.
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                lines.append(_line(entry.name, status))
                if stat.S_ISDIR(status.st_mode):
                    pending.append(entry.path)
    return blake3("\0".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _line(name: str, status: os.stat_result) -> str:
    return f"{name}/{status.st_mode} {status.st_ino} {status.st_size} {status.st_mtime_ns}"
