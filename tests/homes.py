"""Home directories for tests that have a store: short ones, because a store's root has a fixed length.

The directories that pytest makes are too long for a base directory below them.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devenv.fsutil import delete_tree


@contextlib.contextmanager
def temporary_home() -> Iterator[Path]:
    """A new, empty directory with a short path; gone afterwards with all it holds, read-only directories included."""
    home = Path(tempfile.mkdtemp(prefix="h")).resolve()
    try:
        yield home
    finally:
        delete_tree(home)
