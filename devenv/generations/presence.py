"""Whether a project that cannot be found was deleted, or lies on a disk that is not mounted (FAULTS D-07).

For that a project's state has the mount point that it lay on when its last generation was made. Only if something is
mounted there now, and the project is not on it, was it deleted. Two things cannot be told this way: another disk on the
same mount point, and a directory of the same file system that is mounted a second time.
"""

from __future__ import annotations

import enum
import os
import stat
from pathlib import Path


class Presence(enum.Enum):
    """What is known of a project's directory."""

    PRESENT = "present"
    GONE = "gone"
    UNMOUNTED = "unmounted"
    UNKNOWN = "unknown"
    """It cannot be looked at, or nothing says on which disk it lay."""


def find_presence(project: Path, mount_point: Path | None) -> Presence:
    """Where the project stands; `mount_point` is the recorded one.

    None, as older states have it: a project that is missing is unknown. No directory above it can vouch for it: where a
    disk is missing, what is there instead lies on the disk of `/`, as for projects that were deleted from there.
    """
    try:
        status = os.stat(project)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError:
        return Presence.UNKNOWN
    else:
        if stat.S_ISDIR(status.st_mode):
            return Presence.PRESENT
    if mount_point is None:
        return Presence.UNKNOWN
    return Presence.GONE if os.path.ismount(mount_point) else Presence.UNMOUNTED
