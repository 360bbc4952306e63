"""A user of whole commands, and a registry with a catalogue of small packages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.functional.catalogue import Catalogue
from tests.functional.loopback import Registry
from tests.functional.workflow.command import User
from tests.homes import NO_DEBIAN, temporary_home


class MakeUser(Protocol):
    """Makes users; `suffix` makes the path of the home directory longer."""

    def __call__(self, suffix: str = "") -> User:
        """A user who has nothing but settings that name the registry."""
        ...


@pytest.fixture
def catalogue(registry: Registry) -> Catalogue:
    """The registry, with packages of `builtin:base` in it."""
    return Catalogue(registry)


@pytest.fixture
def make_user(catalogue: Catalogue) -> Iterator[MakeUser]:
    """Makes users with home directories of their own."""
    with ExitStack() as stack:

        def make(suffix: str = "") -> User:
            home = stack.enter_context(temporary_home()) / suffix
            home.mkdir(exist_ok=True)
            user = User(home, home, environ_of(home))
            user.configure(f'[registries.pypi]\nindex = "{catalogue.registry.index}"\n{NO_DEBIAN}')
            return user

        yield make


@pytest.fixture
def user(make_user: MakeUser) -> User:
    """A user in their home directory."""
    return make_user()


def environ_of(home: Path) -> dict[str, str]:
    """All that a user's environment holds: nothing of the developer's gets through."""
    return {
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "PIP_CONFIG_FILE": os.devnull,
    }
