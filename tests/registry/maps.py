"""Proof of isolation: what the processes of an environment have mapped as code comes from the store."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from devenv.store_path import store_root
from tests.registry.user import User

PROCESSES = Path("/proc")
LIBRARY = re.compile(r".+\.so(?:\.[0-9.]+)?")
SHELL = Path("/bin/sh").resolve()
"""What system(3) and popen(3) start, by a path that is the same on all hosts: the only program of the host's."""
IN_MEMORY = "/memfd:"
"""Files of memory, which compilers at run time map as code."""


def foreign_code(process: int, store: Path) -> set[str]:
    """The files that the process has mapped as code, or that are named like libraries, outside of the store."""
    code = set()
    for line in (PROCESSES / str(process) / "maps").read_text().splitlines():
        _, permissions, _, _, _, *name = line.split(maxsplit=5)
        path = name[0].removesuffix(" (deleted)") if name else ""
        if path.startswith("/") and ("x" in permissions or LIBRARY.fullmatch(path)):
            code.add(path)
    return {path for path in code if not path.startswith((f"{store}/", IN_MEMORY))}


def iter_processes(store: Path) -> Iterator[int]:
    """The processes that run a program of the store, and all that these have started."""
    parents = dict(_iter_parents())
    found: set[int] = set()
    for process in parents:
        with contextlib.suppress(OSError):
            if (PROCESSES / str(process) / "exe").readlink().is_relative_to(store):
                found.add(process)
    while children := {process for process, parent in parents.items() if parent in found} - found:
        found |= children
    yield from sorted(found)


def _iter_parents() -> Iterator[tuple[int, int]]:
    for directory in PROCESSES.iterdir():
        if directory.name.isdigit():
            with contextlib.suppress(OSError):
                # The name, in brackets, may hold anything.
                yield int(directory.name), int((directory / "stat").read_text().rpartition(")")[2].split()[1])


def require_isolated(user: User) -> set[str]:
    """The names of the user's processes that run now. They must have no code but that of the user's store."""
    store = store_root(user.settings.base)
    names = set()
    for process in iter_processes(store):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if (PROCESSES / str(process) / "exe").readlink() == SHELL:
                continue
            name = (PROCESSES / str(process) / "comm").read_text().strip()
            foreign = foreign_code(process, store)
            assert not foreign, f"`{name}` has mapped {', '.join(sorted(foreign))}"
            names.add(name)
    return names
