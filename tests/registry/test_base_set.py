"""`builtin:base` for real: packages of every kind lock, realize and run, in the versions that users count on.

All of the set is in `test_catalogue`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from devenv.debian.architectures import ARCHITECTURES
from devenv.events import ignore
from devenv.packages.package_set import read_base_set
from devenv.resolve.offers import Offers
from devenv.system import ALL_SYSTEMS, host_system
from devenv.workflow.tools import Tools
from tests.registry.user import User

BASE_SET = read_base_set()
SAMPLE = (
    *(
        "curl",
        "gcc",
        "git",
        "jq",
        "openjdk",
        "postgresql@17",
        "python",
        "redis",
        "ruby",
        "rust",
        "sqlite",
        "vim",
        "zlib",
    ),
    *("go@1.26", "nodejs@24", "uv"),
)
"""Of every kind: programs, compilers, languages with modules, servers, libraries; from Debian and from wheels."""
LINES: Mapping[str, set[tuple[int, ...]]] = {
    "go": {(1, 25), (1, 26)},
    "nodejs": {(18,), (20,), (22,), (24,)},
    "openjdk": {(11,), (17,), (21,)},
    "postgresql": {(13,), (15,), (17,)},
    "python": {(3, 9), (3, 11), (3, 13)},
}
"""Packages whose old versions people still need, with the numbers that versions of each line begin with."""


@pytest.mark.parametrize("wanted", SAMPLE)
def test_packages_do_their_work(user: User, wanted: str) -> None:
    """Each package does its work alone in an environment, and loads no library of the host."""
    (tried,) = user.ask("set", "test", wanted)["tests"]

    assert tried["version"] or host_system() not in ARCHITECTURES
    assert tried["failures"] == []


def test_lock_answers_for_every_system(mixed: Path) -> None:
    """From one machine, each package is locked for each system, or the lock says why it is not."""
    lock = tomllib.loads((mixed / "devenv.lock").read_text())

    for name, package in lock["packages"].items():
        answered = {*package["systems"], *package.get("lacking", {})}
        assert answered == {str(system) for system in ALL_SYSTEMS}, name
        from_debian = any("index" in build for build in package["systems"].values())
        assert len(package["systems"]) >= (2 if from_debian else 3), f"{name} is for hardly any system"


@pytest.mark.parametrize("name", LINES)
def test_old_lines_of_versions_are_there(user: User, name: str) -> None:
    """Of packages whose old versions people still need, there are several lines."""
    with Tools(user.settings, user.environ, ignore) as tools:
        offers = Offers(BASE_SET.package(name), tools.index)
        versions = [version for version in offers.versions if not version.is_prerelease and offers.choices(version)]

    length = len(next(iter(LINES[name])))
    assert LINES[name] <= {version.release[:length] for version in versions}


def test_second_lock_is_identical(user: User, mixed: Path) -> None:
    """Locking what is locked already gives the same bytes."""
    before = (mixed / "devenv.lock").read_bytes()

    assert not user.ask("lock", directory=mixed)["changed"]

    assert (mixed / "devenv.lock").read_bytes() == before
