"""All of `builtin:base`, every line of versions: hours, and tens of gigabytes passing by, but never many at once.

`pytest -m catalogue tests/registry/test_catalogue.py` goes on where it was interrupted: what succeeded is not tried
again until its recipe changes, or with `--cache-clear` (which a change of builders wants).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import devenv.packages
from devenv.lock.model import RUNTIME_NAME
from devenv.packages.package import DebianSource
from devenv.packages.package_set import read_base_set
from tests.registry.user import MakeUser, User

pytestmark = pytest.mark.catalogue

BASE_SET = read_base_set()
RECIPES = Path(devenv.packages.__file__).parent / "base"
DOWNLOADS = "4G"
"""What is kept of downloads: packages that follow each other share many."""


def find_lines(name: str) -> list[str]:
    """A package as `devenv add` takes it: once for each line of versions that its recipe names."""
    sources = BASE_SET.package(name).sources
    lines = dict.fromkeys(source.line if isinstance(source, DebianSource) else None for source in sources)
    return [name if line is None else f"{name}@{'.'.join(map(str, line))}" for line in lines]


def digest_recipe(name: str) -> str:
    """Of all that a package's recipe may say: its own file, and those that recipes share."""
    shared = sorted(RECIPES.glob("*.star"))
    files = [*shared, *(RECIPES / "packages" / f"{each}.star" for each in (RUNTIME_NAME, name))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


class Progress:
    """The packages that succeeded, each with its recipe's digest, kept by pytest from run to run."""

    KEY = "devenv/catalogue"

    def __init__(self, cache: pytest.Cache) -> None:
        self._cache = cache
        self._done: dict[str, str] = dict(cache.get(self.KEY, {}))

    def __contains__(self, name: str) -> bool:
        return self._done.get(name) == digest_recipe(name)

    def add(self, name: str) -> None:
        self._done[name] = digest_recipe(name)
        self._cache.set(self.KEY, self._done)


@pytest.fixture(scope="module")
def progress(request: pytest.FixtureRequest) -> Progress:
    assert request.config.cache is not None
    return Progress(request.config.cache)


@pytest.fixture(scope="module")
def collector(make_user: MakeUser) -> User:
    """A user whose cache is small."""
    user = make_user()
    user.configure(f'artifact_limit = "{DOWNLOADS}"\n')
    return user


@pytest.mark.parametrize("name", BASE_SET.names())
def test_each_line_of_each_package(collector: User, progress: Progress, name: str) -> None:
    """Every package of the set does its work in each of its versions, alone and without the host's libraries."""
    if name in progress:
        pytest.skip("succeeded before, with the same recipe")
    try:
        for wanted in find_lines(name):
            (tried,) = collector.ask("set", "test", wanted)["tests"]
            assert tried["failures"] == []
            assert tried["version"] or tried["lacking"], wanted
    finally:
        collector.call("gc")
    progress.add(name)
