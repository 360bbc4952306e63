"""What is kept of Debian's suites, however old, without asking anybody. Imports little: searches wait for it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.suites import SUITES
from devenv.fetch.debian.keyring import read_keyring
from devenv.fetch.debian.release_cache import cache_directory
from devenv.fetch.debian.suite_database import database_path
from devenv.fetch.debian.suite_index import SuiteIndex
from devenv.settings import Settings
from devenv.system import System
from devenv.workers import run_parallel


def open_kept_suites(settings: Settings, system: System, *, apt_root: Path = Path("/")) -> dict[str, SuiteIndex]:
    """What the user's cache has for `system`, by suite, the oldest first; each index is to be closed.

    `apt_root` is the root directory of the system whose keys count. Raises FetchError (`keyring-invalid`).
    """
    if system not in ARCHITECTURES:
        return {}
    directory = cache_directory(settings.debian_indexes, read_keyring(settings.debian.keyring, apt_root))
    paths = [database_path(directory, suite, ARCHITECTURES[system]) for suite in SUITES]
    opened = run_parallel([partial(SuiteIndex.open, path) for path in paths], len(paths))
    return {suite: index for suite, index in zip(SUITES, opened, strict=True) if index is not None}
