"""A user of whole commands, and a registry with a catalogue of small packages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.functional.catalogue import Catalogue
from tests.functional.loopback import Registry
from tests.functional.workflow.command import User
from tests.homes import temporary_home

MakeUser = Callable[[], User]


@pytest.fixture
def catalogue(registry: Registry) -> Catalogue:
    """The registry, with packages of `builtin:base` in it."""
    return Catalogue(registry)


@pytest.fixture
def make_user(catalogue: Catalogue) -> Iterator[Callable[..., User]]:
    """Makes users whose settings name the registry; `suffix` makes the path of the home directory longer."""
    with ExitStack() as stack:

        def make(suffix: str = "") -> User:
            home = stack.enter_context(temporary_home()) / suffix
            home.mkdir(exist_ok=True)
            user = User(home, home, environ_of(home))
            user.configure(f'[registries.pypi]\nindex = "{catalogue.registry.index}"\n')
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
