"""How builds are run on this machine, by the user's settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from devenv.build.realize import BuildOptions
from devenv.build.substitution import StoreSubstituter
from devenv.sandbox.find import find_bubblewrap
from devenv.sandbox.model import Limits
from devenv.settings import Settings

MEMORY_SHARE = 3, 4
"""Of the machine's memory, what the builds of one process may take together."""


def build_options(settings: Settings, environ: Mapping[str, str], store_root: Path) -> BuildOptions:
    """The options; bubblewrap is looked for on `PATH`, but not in the store, where environments put things in front."""
    build = settings.build
    jobs = build.jobs or os.cpu_count() or 1
    limits = Limits(memory=_memory() * MEMORY_SHARE[0] // MEMORY_SHARE[1] // jobs)
    chosen: dict[str, Any] = {
        "seconds": build.timeout,
        "silence": build.silence,
        "memory": build.memory,
        "processes": build.processes,
        "log_bytes": build.log,
    }
    return BuildOptions(
        jobs=jobs,
        limits=replace(limits, **{name: value for name, value in chosen.items() if value is not None}),
        substituters=tuple(StoreSubstituter(Path(each)) for each in settings.substituters),
        find_bubblewrap=lambda: find_bubblewrap(environ.get("PATH", os.defpath), [store_root]),
    )


def _memory() -> int:
    """Bytes of memory that the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
