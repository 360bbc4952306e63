"""`builtin:base` for real: every package locks, realizes and runs, and the versions that users count on are there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from devenv.events import ignore
from devenv.packages.package_set import read_base_set
from devenv.resolve.offers import Offers
from devenv.system import ALL_SYSTEMS
from devenv.workflow.tools import Tools
from tests.registry.user import User

BASE_SET = read_base_set()


@pytest.mark.parametrize("name", BASE_SET.names())
def test_smoke_commands_of_each_package_succeed(user: User, everything: Path, tmp_path: Path, name: str) -> None:
    """Each package does its work with no other program at hand than those of its environment."""
    smoke = BASE_SET.package(name).smoke

    assert smoke, "a recipe says how to try it"
    for command in smoke:
        user.call("run", "--", *command.split(), directory=everything, PATH=str(tmp_path))


def test_lock_answers_for_every_system(everything: Path) -> None:
    """From one machine, each package is locked for each system, or the lock says why it is not."""
    lock = tomllib.loads((everything / "devenv.lock").read_text())

    assert sorted(lock["packages"]) == sorted(BASE_SET.names())
    for name, package in lock["packages"].items():
        answered = {*package["systems"], *package.get("lacking", {})}
        assert answered == {str(system) for system in ALL_SYSTEMS}, name
        assert len(package["systems"]) >= 3, f"{name} is for hardly any system"


@pytest.mark.parametrize(("name", "count"), [("go", 5), ("nodejs", 2)])
def test_old_lines_of_versions_are_there(user: User, name: str, count: int) -> None:
    """Of packages whose old versions people still need, there are several lines: go's minor, nodejs' major versions."""
    with Tools(user.settings, user.environ, ignore) as tools:
        offers = Offers(BASE_SET.package(name), tools.index)
        versions = [version for version in offers.versions if not version.is_prerelease and offers.choices(version)]

    lines = {version.release[: 2 if name == "go" else 1] for version in versions}
    assert len(lines) >= count
    if name == "nodejs":
        assert {(22,), (24,)} <= lines


def test_second_lock_is_identical(user: User, everything: Path) -> None:
    """Locking what is locked already gives the same bytes."""
    before = (everything / "devenv.lock").read_bytes()

    assert not user.ask("lock", directory=everything)["changed"]

    assert (everything / "devenv.lock").read_bytes() == before
