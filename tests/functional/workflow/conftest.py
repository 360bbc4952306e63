"""A user of whole commands, and a registry with a catalogue of small packages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.fsck import check_store
from tests.functional.catalogue import Catalogue
from tests.functional.debian_archive import MadeArchive
from tests.functional.host_programs import find_host_programs
from tests.functional.loopback import Registry
from tests.functional.workflow.building import Builder, offer_builds
from tests.functional.workflow.command import User
from tests.homes import NO_DEBIAN, temporary_home
from tests.sandboxes import Unavailable, host_bubblewrap


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


@pytest.fixture(scope="session")
def builder() -> Iterator[Builder]:
    """A user who builds, with one store for all tests: it is sound in the end."""
    programs = find_host_programs()
    if programs is None:
        pytest.skip("needs an `echo` that runs on glibc alone")
    registry = Registry()
    with temporary_home() as home:
        try:
            bubblewrap = host_bubblewrap()
            archive = MadeArchive(registry, "/debian/")
            offer_builds(archive, programs)
        except Unavailable as error:
            pytest.skip(str(error))
        user = User(home, home, {**environ_of(home), "PATH": f"{bubblewrap.parent}:/usr/bin:/bin"})
        keyring = home / "keyring.pgp"
        keyring.write_bytes(bytes(archive.key.extract_certificate()))
        user.configure(
            f'[registries.pypi]\nindex = "{registry.index}"\n'
            f'[registries.debian]\nmirrors = ["{archive.address}"]\nsecurity = []\nkeyring = "{keyring}"\n'
        )
        yield Builder(user)
        check_store(user.settings, finished=False)
    registry.close()


def environ_of(home: Path) -> dict[str, str]:
    """All that a user's environment holds: nothing of the developer's gets through."""
    return {
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "PIP_CONFIG_FILE": os.devnull,
    }
