"""Work on the indexes of Debian's suites: one is made anew from what was fetched, and what is left behind goes."""

from __future__ import annotations

from pathlib import Path

from devenv.fetch.debian.index_limit import clean_indexes
from devenv.fetch.debian.package_indexes import FetchedIndex, IndexFile
from devenv.fetch.debian.suite_database import database_path
from devenv.fetch.debian.suite_index import SuiteIndex
from devenv.fetch.debian.suite_making import SuitePlan, lock_database, make_database
from devenv.settings import default_settings
from devenv.store.store import Store
from devenv.system import System
from tests.functional.debian_archive import make_stanza
from tests.functional.faults.scenario import Scenario

VERSIONS = ("1.0", "2.0")


def plan_index(home: Path, version: str) -> SuitePlan:
    """The index of sid, made from an archive with one package in this version."""
    file = IndexFile("sid main amd64", "main", (), "", version, 0, 1 << 20)
    path = database_path(default_settings(home).debian_indexes / "0123456789abcdef", "sid", "amd64")
    return SuitePlan("sid", System.X86_64_LINUX, path, (file,))


def make_index(home: Path, version: str) -> None:
    """Make it."""
    plan = plan_index(home, version)
    content = make_stanza("tool", version).encode()
    with lock_database(plan.path):
        make_database(plan, [FetchedIndex(plan.files[0], content)])


def prepare_index(home: Path) -> None:
    """An index of the older version, and a store beside it."""
    make_index(home, VERSIONS[0])
    with Store(default_settings(home)):
        pass


def run_index(home: Path) -> None:
    """Make that of the newer version, and tidy."""
    make_index(home, VERSIONS[1])
    clean_indexes(default_settings(home).debian_indexes)


def find_version(home: Path, revision: str | None) -> str | None:
    """The version in the index of that revision (None: any); None where there is no such index that is whole."""
    index = SuiteIndex.open(plan_index(home, VERSIONS[0]).path, revision)
    if index is None:
        return None
    with index:
        found = index.find("tool")
        return None if found is None else found.version


def require_index(home: Path) -> None:
    """The newer one is there, and nothing unfinished."""
    plan = plan_index(home, VERSIONS[1])
    assert find_version(home, plan.revision) == VERSIONS[1]
    assert {path.suffix for path in plan.path.parent.iterdir()} == {".sqlite", ".json", ".lock"}


def require_whole_index(home: Path) -> None:
    """What counts as an index of a revision is the whole one of just that; else it counts as missing."""
    for version in VERSIONS:
        assert find_version(home, plan_index(home, version).revision) in {version, None}


INDEX_SCENARIOS = {"index": Scenario(prepare_index, run_index, require_index, require_whole_index)}
"""By name."""
