"""Home directories for tests that have a store: short ones, because a store's root has a fixed length.

The directories that pytest makes are too long for a base directory below them.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devenv.fsutil import delete_tree

MEMORY = "/dev/shm"

NO_DEBIAN = "[registries.debian]\nmirrors = []\n"
"""Settings by which a user has no Debian archive, whatever apt on the machine of the tests is set up for."""


@contextlib.contextmanager
def temporary_home(*, in_memory: bool = False) -> Iterator[Path]:
    """A new, empty directory with a short path; gone afterwards with all it holds, read-only directories included.

    `in_memory` puts it where nothing has to be written back, if there is such a place: for tests with many writes.
    """
    place = MEMORY if in_memory and os.access(MEMORY, os.W_OK) else None
    home = Path(tempfile.mkdtemp(prefix="h", dir=place)).resolve()
    try:
        yield home
    finally:
        delete_tree(home)
