"""What tests with real packages share: users, and one who has a project of packages of every kind.

Files are downloaded once for the whole tier: by `user`, whose cache the others may use. Home directories are short
(a store's root has 80 bytes) and go away with the tests (a store has gigabytes).
"""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devenv.debian.architectures import ARCHITECTURES
from devenv.resources import resource_path
from devenv.system import host_system
from tests.homes import temporary_home
from tests.registry.user import MakeUser, User

WHEELS = ("just", "ripgrep", "shellcheck", "shfmt", "uv")
FROM_DEBIAN = ("jq", "sqlite", "tree", "debian:hello")
"""What `mixed` has besides what templates ask for; of Debian's packages the last one has no recipe."""

MIXED_TEMPLATES = ("go", "node", "zig")
"""The templates whose packages `mixed` has; those of the others are from Debian, which it has enough of."""

NOBODY = 65534


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
def mixed(user: User) -> Path:
    """A project of `user` with packages of every kind, locked, realized and allowed.

    Where templates ask for a version it is that one, so that no package is downloaded twice, else the newest.
    """
    wanted = dict.fromkeys([*WHEELS, *(FROM_DEBIAN if host_system() in ARCHITECTURES else ())], "")
    for template in MIXED_TEMPLATES:
        packages = tomllib.loads(resource_path("templates", template, "devenv.toml").read_text())["packages"]
        wanted |= {name: f"@{version}" for name, version in packages.items()}
    project = user.home / "mixed"
    user.call("init", str(project))
    user.call("add", *(name + version for name, version in wanted.items()), directory=project)
    return project


@pytest.fixture(scope="session")
def nobody() -> Iterator[User]:
    """An ordinary user: where the tests run as root, one without any right but to read.

    That one stays because the interpreter, like much else, may lie in root's own home.
    """
    wrapper: list[str] = []
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("needs `setpriv` (util-linux) to become an ordinary user")
        capabilities = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search", "--no-new-privs"]
        wrapper = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *capabilities, "--"]
    with temporary_home() as home:
        user = User(home, wrapper)
        if wrapper:
            for path in (home, *home.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        yield user
