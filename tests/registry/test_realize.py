"""A lock realized elsewhere gives the same objects, and asks no index: with real packages."""

from __future__ import annotations

import shutil
from pathlib import Path

from devenv.events import ignore
from devenv.fetch.debian.kept_suites import open_kept_suites
from devenv.lock.parse import parse_lock
from devenv.system import host_system
from devenv.workflow.tools import Tools
from tests.homes import NO_DEBIAN
from tests.registry.user import MakeUser, User

CLOSED_INDEX = "http://127.0.0.1:9/simple/"
"""Nobody listens there (RFC 863's port)."""


def copy_project(project: Path, home: Path) -> Path:
    """The manifest and the lock of `project`, as somebody else gets them with a checkout."""
    copy = home / project.name
    copy.mkdir()
    for name in ("devenv.toml", "devenv.lock"):
        shutil.copyfile(project / name, copy / name)
    return copy


def environment_of(user: User, project: Path) -> str:
    environment: str = user.ask("status", directory=project)["environment"]
    return environment


def test_same_lock_gives_the_same_objects_in_another_home(user: User, mixed: Path, make_user: MakeUser) -> None:
    """Invariants 1 and 3: without an index, and under a home of another length, all digests come out the same."""
    other = make_user()
    (other.home / "longer").mkdir()
    other.configure(
        f'base = "{other.home}/longer/share"\ncache = "{user.settings.cache}"\n'
        f'[registries.pypi]\nindex = "{CLOSED_INDEX}"\n{NO_DEBIAN}'
    )
    project = copy_project(mixed, other.home)

    other.call("allow", directory=project)

    assert environment_of(other, project) == environment_of(user, mixed)
    assert other.objects() <= user.objects()
    lock = parse_lock((mixed / "devenv.lock").read_bytes(), "devenv.lock")
    outputs = [str(build.output) for build in lock.iter_builds(host_system())]
    assert set(outputs) <= other.objects()
    assert len(outputs) == len(lock.packages) + (lock.runtime is not None)
    assert other.call("run", "--", "node", "--version", directory=project) == user.call(
        "run", "--", "node", "--version", directory=mixed
    )


def test_files_are_found_without_an_index(user: User, mixed: Path, make_user: MakeUser) -> None:
    """A machine that never reads an index (CI) realizes a lock from the registries' files alone, then works offline."""
    project = user.home / "just"
    user.call("init", str(project))
    user.call("add", "just", directory=project)
    other = make_user()
    other.configure(f'[registries.pypi]\nindex = "{CLOSED_INDEX}"\nfiles = "{files_address(user, project)}"\n')
    copy = copy_project(project, other.home)

    other.call("allow", directory=copy)

    assert environment_of(other, copy) == environment_of(user, project)
    assert other.call("run", "--", "just", "--version", directory=copy).startswith("just ")
    assert open_kept_suites(other.settings, host_system()) == {}


def files_address(user: User, project: Path) -> str:
    """Where the user's registry keeps its files: the address of one of them without its locator."""
    lock = parse_lock((project / "devenv.lock").read_bytes(), "devenv.lock")
    locator = lock.packages["just"].systems[host_system()].artifacts[0].locator
    with Tools(user.settings, user.environ, ignore) as tools:
        return tools.registry.candidates(locator)[0].removesuffix(locator.removeprefix("pypi:"))


def test_deleted_store_comes_back_the_same(user: User, make_user: MakeUser) -> None:
    """Delete the store, realize again from the lock: the same objects, by the same names."""
    other = make_user()
    other.configure(f'cache = "{user.settings.cache}"\n')
    project = other.home / "api"
    other.call("init", str(project))
    other.call("add", "nodejs@24", "ripgrep", directory=project)
    before, environment = other.objects(), environment_of(other, project)

    other.delete_store()
    other.configure(f'cache = "{user.settings.cache}"\n[registries.pypi]\nindex = "{CLOSED_INDEX}"\n{NO_DEBIAN}')
    other.call("allow", directory=project)

    assert environment_of(other, project) == environment
    assert other.objects() == before
    assert other.call("run", "--", "node", "--version", directory=project).startswith("v24.")
