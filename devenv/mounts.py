"""Mount points: what tells a directory that is gone from one whose disk is not mounted now (FAULTS D-07)."""

from __future__ import annotations

from pathlib import Path


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
