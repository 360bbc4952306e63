"""Tells a directory that is gone from one that lies on a disk which is not mounted now (FAULTS D-07)."""

from __future__ import annotations

import os
from pathlib import Path


def mount_point_of(path: Path) -> Path:
    """The mount point of the file system that `path`, which exists, lies on. Raises OSError."""
    place = Path(os.path.realpath(path))
    while not os.path.ismount(place):
        place = place.parent
    return place


def is_mounted(mount_point: Path) -> bool:
    """Whether something is mounted at what once was a mount point: then what cannot be found below it is gone."""
    return os.path.ismount(mount_point)
