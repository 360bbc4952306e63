"""What Debian's packages cost: making bundles of them, fetching them, and knowing what a suite has.

Bundles are measured against `dpkg-deb -x` of the same files, one after the other into one directory, which relocates,
hashes and registers nothing; downloads against `apt-get download`. That is one process each, from its start to its end.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devenv.fsutil import delete_tree
from devenv.lock.model import LockedArtifact
from devenv.lock.parse import parse_lock
from devenv.system import host_system
from tests.bench.apt import PrivateApt
from tests.bench.debian_worker import SUITE, SYSTEM
from tests.bench.measure import Pairs, measure_pairs, measure_process
from tests.bench.report import Row, compare
from tests.bench.stores import PROJECT, Timing, whole_of, work_of
from tests.bench.workbench import PeerMissingError, Workbench, require_peer

PACKAGES = ("python3.11", "postgresql-15")
"""A small bundle and a large one."""
MANIFEST = """\
[inputs]
debian = "debian:{suite}"

[packages]
"{package}" = {{ input = "debian", version = "*" }}
"""
UNPACK_ALL = 'target=$1; shift; for file; do dpkg-deb -x "$file" "$target" || exit; done'
DOWNLOADS = 3
"""Pairs of downloads at most: mirrors are there for others, too."""


@dataclass(frozen=True)
class DebianProject:
    """A project with one package of Debian's, locked and allowed, its files in the artifact cache."""

    bench: Workbench
    package: str
    path: Path
    artifacts: tuple[LockedArtifact, ...]

    @property
    def files(self) -> list[str]:
        """The `.deb`s."""
        cache = self.bench.user.settings.artifacts / "sha256"
        return [str(cache / each.sha256[:2] / each.sha256) for each in self.artifacts]

    def __str__(self) -> str:
        return f"{self.package} ({len(self.artifacts)} files, {sum(each.size for each in self.artifacts) / 1e6:.0f} MB)"

    def work(self, home: Path, work: str) -> Timing:
        """Some work of `debian_worker` on this project."""
        return _work(self.bench, home, work, self.path)


def _work(bench: Workbench, home: Path, *work: object) -> Timing:
    result = bench.user.home / "seconds"
    command = [sys.executable, "-m", "tests.bench.debian_worker", str(home), str(result), *map(str, work)]
    cost = measure_process(command, PROJECT, {**bench.user.environ, "PYTHONPATH": str(PROJECT)})
    return Timing(cost, float(result.read_text()))


def measure_debian(bench: Workbench) -> Iterator[Row]:
    """Rows of bundles, of downloads, and of the index."""
    projects = [_make_project(bench, package) for package in PACKAGES]
    for project in projects:
        yield from _measure_bundle(project)
    try:
        yield _measure_downloads(projects[-1])
    except PeerMissingError as error:
        sys.stderr.write(f"downloads are not measured: {error}\n")
    yield from _measure_index(bench)


def _make_project(bench: Workbench, package: str) -> DebianProject:
    path = bench.user.home / package
    path.mkdir()
    (path / "devenv.toml").write_text(MANIFEST.format(suite=SUITE, package=package))
    bench.user.call("lock", directory=path)
    bench.user.call("allow", directory=path)
    lock = parse_lock((path / "devenv.lock").read_bytes(), "devenv.lock")
    return DebianProject(bench, package, path, lock.packages[package].systems[host_system()].artifacts)


def _measure_bundle(project: DebianProject) -> Iterator[Row]:
    """Both sides write into what was not there; what they made is deleted between runs, and that is not timed."""
    user, unpacked = project.bench.user, project.bench.user.home / "unpacked"
    unpack = [require_peer("sh"), "-c", UNPACK_ALL, "sh", str(unpacked), *project.files]

    def realize() -> Timing:
        delete_tree(user.settings.base)
        whole = measure_process([*user.command, "allow"], project.path, user.environ)
        delete_tree(user.settings.base)
        return Timing(whole, project.work(user.home, "build_packages").work)

    def extract() -> Timing:
        delete_tree(unpacked)
        unpacked.mkdir()
        cost = measure_process(unpack, user.home, user.environ)
        return Timing(cost, cost.seconds)

    timings = measure_pairs(realize, extract, project.bench.pairs)
    for what, pairs in (("the bundle alone", work_of(timings)), ("`devenv allow`", whole_of(timings))):
        yield compare(f"realize {project}, files in the cache: {what}", pairs, "dpkg-deb -x", "at most 1.5")
    delete_tree(unpacked)


def _measure_downloads(project: DebianProject) -> Row:
    home, downloads = (project.bench.user.home / name for name in ("fetching", "downloads"))
    apt = PrivateApt(project.bench.user, project.bench.user.home / "apt", SUITE)
    download = apt.command("download", *(each.filename.partition("_")[0] for each in project.artifacts))

    def fetch() -> float:
        delete_tree(home)
        home.mkdir()
        return project.work(home, "fetch_files").process.seconds

    def download_all() -> float:
        delete_tree(downloads)
        downloads.mkdir()
        return measure_process(download, downloads, project.bench.user.environ).seconds

    pairs = Pairs(measure_pairs(fetch, download_all, min(project.bench.pairs, DOWNLOADS)))
    _require_same(project.artifacts, downloads)
    return compare(f"fetch {project}", pairs, "apt-get download", "at most 1.1")


def _require_same(artifacts: Sequence[LockedArtifact], directory: Path) -> None:
    theirs = sorted(file.stat().st_size for file in directory.iterdir())
    if theirs != sorted(each.size for each in artifacts):
        raise SystemExit(f"apt has downloaded {len(theirs)} files, and not those {len(artifacts)} that are locked")


def _measure_index(bench: Workbench) -> Iterator[Row]:
    home = bench.user.home / "indexing"
    made, asked = [], []
    for _ in range(bench.pairs):
        delete_tree(home)
        home.mkdir()
        made.append(_work(bench, home, "make_index"))
        asked.append(_work(bench, home, "find_closures", PACKAGES[-1]))
    for what, timings, aim in (
        (f"make the index of {SUITE} for {SYSTEM}, once it is downloaded", made, "under 2 s"),
        (f"open that index and find the closure of {PACKAGES[-1]}", asked, "under 50 ms"),
    ):
        seconds, memory = statistics.median(each.work for each in timings), max(each.process.memory for each in timings)
        yield Row(what, "ms", seconds * 1000, aim, runs=len(timings))
        yield Row(f"{what}: memory at the peak", "MB", memory / 1e6, "under 200 MB", runs=len(timings))
