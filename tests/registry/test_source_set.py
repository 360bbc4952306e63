"""`builtin:source` for real: what its recipes name is there, and a package is locked, built and run."""

from __future__ import annotations

import pytest

from devenv.debian.architectures import ARCHITECTURES
from devenv.events import ignore
from devenv.packages.package_set import read_source_set
from devenv.resolve.offers import Offers
from devenv.system import host_system
from devenv.workflow.tools import Tools
from tests.registry.user import User

SOURCE_SET = read_source_set()


@pytest.mark.parametrize("name", SOURCE_SET.names())
def test_archives_are_there(user: User, name: str) -> None:
    """Each recipe names a source package whose archives a suite has, for every system that there is a sandbox on."""
    with Tools(user.settings, user.environ, ignore) as tools:
        offers = Offers(SOURCE_SET.package(name), tools.index)
        assert offers.versions
        assert set(offers.choices(offers.versions[0])) == set(ARCHITECTURES)


def test_package_is_built_and_run(user: User) -> None:
    """A package from source is locked with all that it is built with, built, and does its work."""
    (tried,) = user.ask("set", "test", "source:hello")["tests"]
    assert tried["version"] or host_system() not in ARCHITECTURES
    assert tried["failures"] == []
