"""Answers as they were at a time: what is known to be later does not count, what is not known is refused or said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from devenv.dates import parse_time
from devenv.environment.answers import LockRequest
from devenv.environment.cutoff import Cutoff, DatedIndex, find_cutoffs
from devenv.environment.locking import lock_manifest
from devenv.errors import ResolutionError
from devenv.events import Event, Notice
from devenv.lock.model import Lock
from devenv.manifest.model import LockSettings, Manifest
from devenv.packages.debian_set import DebianSet
from devenv.packages.package_set import PackageSet
from devenv.packages.wheels import WheelFile
from tests.unit.environment.conftest import MemoryIndex
from tests.unit.environment.test_debian_locking import LINUX, make_debian, manifest

NOW = "2026-12-01T00:00:00Z"
PLATFORMS = ("manylinux_2_17_x86_64", "manylinux_2_17_aarch64")


def seconds(text: str) -> int:
    found = parse_time(text)
    assert found is not None
    return found


class DatedWheels(MemoryIndex):
    """`rust-just` in versions that were uploaded on the days in `times` (None: the index does not say)."""

    def __init__(self, times: Mapping[str, str | None]) -> None:
        names = [f"rust_just-{version}-py3-none-{platform}.whl" for version in times for platform in PLATFORMS]
        debian = make_debian()
        super().__init__({"rust-just": names}, debian._suites)
        self.release_date = "2026-11-20T00:00:00Z"
        self._times = times

    def wheels_of(self, projects: Sequence[str]) -> Mapping[str, Sequence[WheelFile]]:  # type: ignore[override]
        return {name: [self._date(file) for file in files] for name, files in super().wheels_of(projects).items()}

    def _date(self, file: WheelFile) -> WheelFile:
        time = self._times[file.filename.split("-")[1]]
        return replace(file, uploaded=None if time is None else seconds(time))


TIMES = {"1.40.0": "2026-10-01", "1.41.0": "2026-11-25T08:00:00.5Z", "1.42.0": "2026-11-30"}


class Locker:
    """Locks with a cutoff, and keeps what was said."""

    def __init__(self, base_set: PackageSet) -> None:
        self._base_set = base_set
        self.notices: list[str] = []

    def _report(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.notices.append(event.text)

    def lock(self, wanted: Manifest, index: MemoryIndex, before: str | None = None) -> Lock:
        dated: MemoryIndex | DatedIndex = index
        indexes = []
        for cutoff in find_cutoffs(wanted, None if before is None else seconds(before), seconds(NOW)):
            dated = DatedIndex(dated, cutoff, self._report)
            indexes.append(dated)
        request = LockRequest(wanted, None, {"base": self._base_set, "debian": DebianSet("trixie")})
        try:
            return lock_manifest(request, dated)
        except ResolutionError as error:
            for each in indexes:
                error = each.explain(error)
            raise error from error.__cause__


@pytest.fixture
def locker(base_set: PackageSet) -> Locker:
    return Locker(base_set)


def aged(wanted: Manifest, age: str) -> Manifest:
    return replace(wanted, lock=LockSettings(age))


@pytest.mark.parametrize(
    ("age", "version"),
    [
        ("0d", "1.42.0"),
        ("1d", "1.42.0"),
        ("2d", "1.41.0"),
        ("7d", "1.40.0"),
        ("1w", "1.40.0"),
        ("136h", "1.41.0"),
        ("137h", "1.40.0"),
    ],
)
def test_minimum_age(locker: Locker, age: str, version: str) -> None:
    """The newest that is old enough answers, to the second; a suite that is older as a whole needs no word."""
    made = locker.lock(aged(manifest(LINUX, just="*"), age), DatedWheels(TIMES))
    assert made.packages["just"].version == version
    assert locker.notices == []


def test_age_does_not_hold_for_suites(locker: Locker) -> None:
    """A suite that is younger as a whole is taken all the same, and that is said once."""
    made = locker.lock(aged(manifest(LINUX, just="*", seetop="*"), "30d"), DatedWheels(TIMES))
    assert made.packages["seetop"].version == "3.4"
    assert made.packages["just"].version == "1.40.0"
    (notice,) = locker.notices
    assert notice.startswith('`minimum-release-age = "30d"` does not hold for `debian:trixie`')


def test_before(locker: Locker) -> None:
    """A suite whose release is early enough answers; of one that is later nothing is known, which is an error."""
    wanted = manifest(LINUX, just="*")
    assert locker.lock(wanted, DatedWheels(TIMES), "2026-11-26").packages["just"].version == "1.41.0"
    with pytest.raises(ResolutionError) as caught:
        locker.lock(wanted, DatedWheels(TIMES), "2026-11-10")
    assert caught.value.slug == "release-too-new"
    assert "`debian:trixie` is in its state of 2026-11-20T00:00:00Z" in caught.value.details


def test_both(locker: Locker) -> None:
    """The earlier of two times counts."""
    wanted = aged(manifest(LINUX, just="*"), "2d")
    assert locker.lock(wanted, DatedWheels(TIMES), "2026-11-22").packages["just"].version == "1.40.0"


def test_nothing_old_enough(locker: Locker) -> None:
    """Where nothing answers any more the error says what does not count and why."""
    with pytest.raises(ResolutionError) as caught:
        locker.lock(aged(manifest(LINUX, just="1.42"), "7d"), DatedWheels(TIMES))
    assert caught.value.slug == "version-unknown"
    assert caught.value.details[-1] == '4 files of `pypi:rust-just` do not count: `minimum-release-age = "7d"`'


def test_unknown_times(locker: Locker) -> None:
    """A file without a time does not count and is told; a project without any is refused."""
    made = locker.lock(aged(manifest(LINUX, just="*"), "1d"), DatedWheels({**TIMES, "1.42.0": None}))
    assert made.packages["just"].version == "1.41.0"
    assert locker.notices == ["2 files of `pypi:rust-just` do not count: the index does not say since when it has them"]
    with pytest.raises(ResolutionError) as caught:
        locker.lock(aged(manifest(LINUX, just="*"), "1d"), DatedWheels(dict.fromkeys(TIMES)))
    assert caught.value.slug == "release-time-unknown"


def test_no_cutoff() -> None:
    """A manifest that asks for no age and a command without `--before` leave the index alone."""
    assert find_cutoffs(Manifest(), None, 0.0) == ()


def test_cutoff_words() -> None:
    """Messages name the day and who asks for it."""
    (age,) = find_cutoffs(Manifest(lock=LockSettings("1d")), None, float(seconds(NOW)))
    assert age == Cutoff(seconds("2026-11-30"), '`minimum-release-age = "1d"`', refuses_suites=False)
    assert age.day == "2026-11-30T00:00:00Z"
