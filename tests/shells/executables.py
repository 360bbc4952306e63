"""Which shells the tests are run with: those of devenv's own environment, which its `devenv.toml` asks for.

Whoever works inside that environment has them on the PATH. For everybody else devenv realizes it, into a store that
later runs of the tests find again; without a network and without that store the machine's own shells have to do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from devenv.activation.environ import PROJECT_MARKER
from devenv.errors import DevenvError
from devenv.project_names import WATCHED_NAMES
from devenv.store_path import store_root
from tests.homes import temporary_home
from tests.registry.user import User

REPOSITORY = Path(__file__).parents[2]
OLDEST = Path(__file__).parent / "oldest"
"""A project with the oldest shells to be had."""
SHELLS_OF_TESTS = ("bash", "zsh", "fish")
OTHER_PROGRAMS = ("tmux", "shellcheck")


@contextlib.contextmanager
def programs_of_environment(cache: Path, manifests: Path = REPOSITORY) -> Iterator[Mapping[str, str]]:
    """Paths of shells and of what else the tests start, by name, as long as the context lasts.

    `cache` is a directory that lasts; `manifests` is the directory of the project to take them from. Of what cannot be
    had anywhere there is no path.
    """
    if os.environ.get(PROJECT_MARKER) == str(manifests):
        yield find_on_path()
        return
    with temporary_home() as home:
        try:
            path = realize(home, cache, manifests)
        except AssertionError:
            path = None
        yield find_on_path(path)


def find_on_path(path: str | None = None) -> Mapping[str, str]:
    """Paths of these programs on `path`, or on this process' PATH."""
    found = {name: shutil.which(name, path=path) for name in (*SHELLS_OF_TESTS, *OTHER_PROGRAMS)}
    return {name: program for name, program in found.items() if program is not None}


def realize(home: Path, cache: Path, manifests: Path) -> str:
    """The PATH of the environment, made by a user who lives in `home`."""
    user = User(home)
    user.configure(f'base = "{_base(home, cache)}"\ncache = "{cache / "downloads"}"\n')
    project = home / "project"
    project.mkdir()
    for name in WATCHED_NAMES:
        shutil.copyfile(manifests / name, project / name)
    user.call("allow", directory=project)
    return user.call("run", "--", "sh", "-c", 'printf %s "$PATH"', directory=project)


def _base(home: Path, cache: Path) -> Path:
    """A base directory that lasts, if a store may lie there; else one that goes with `home`."""
    try:
        store_root(cache)
    except DevenvError:
        return home / "base"
    return cache


def require_program(programs: Mapping[str, str], name: str) -> str:
    """The path of a program, or a test that fails with the reason."""
    assert name in programs, f"this test needs {name}: work inside devenv's own environment, or install it"
    return programs[name]
