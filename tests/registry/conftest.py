"""What tests with real packages share: users, and one who has all packages of `builtin:base`.

Files are downloaded once for the whole tier, about 550 MB: by `user`, whose cache the others may use.
Home directories are short (a store's root has 80 bytes) and go away with the tests (a store has gigabytes).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devenv.packages.package_set import read_base_set
from devenv.resources import resource_path
from tests.homes import temporary_home
from tests.registry.user import MakeUser, User

PACKAGES = read_base_set().names()


@pytest.fixture(scope="session")
def make_user() -> Iterator[MakeUser]:
    """Makes users with nothing in their home directories but their way to registries."""
    with ExitStack() as stack:

        def make() -> User:
            return User(stack.enter_context(temporary_home()))

        yield make


@pytest.fixture(scope="session")
def user(make_user: MakeUser) -> User:
    """The user who downloads. Tests make projects of their own in the home directory."""
    return make_user()


@pytest.fixture(scope="session")
def everything(user: User) -> Path:
    """A project of `user` with all packages of `builtin:base`, locked, realized and allowed.

    The versions are those that the templates ask for, so that no package is downloaded twice, else the newest.
    """
    wanted = dict.fromkeys(PACKAGES, "latest")
    for manifest in resource_path("templates").glob("*/devenv.toml"):
        wanted |= tomllib.loads(manifest.read_text())["packages"]
    project = user.home / "everything"
    user.call("init", str(project))
    user.call("add", *(f"{name}@{version}" for name, version in wanted.items()), directory=project)
    return project
