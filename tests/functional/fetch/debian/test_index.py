from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from devenv.errors import FetchError, ResolutionError
from devenv.events import Detail, Event, Notice
from devenv.fetch.debian.client import DebianClient
from devenv.fetch.debian.index import DebianIndex, SuiteRelease
from devenv.fetch.debian.kept_suites import open_kept_suites
from devenv.settings import DebianSettings, Settings
from devenv.system import System
from devenv.workers import run_parallel
from tests.functional.debian_archive import NOW, MadeArchive, Pocket, make_stanza
from tests.functional.fetch.debian.conftest import open_client
from tests.functional.loopback import Fault, Kind, Registry

AMD64 = System.X86_64_LINUX


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now

    def advance(self, **amount: float) -> None:
        self.now += timedelta(**amount).total_seconds()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reopen(debian_settings: Settings, tmp_path: Path, clock: Clock) -> Iterator[Callable[[], DebianIndex]]:
    """The index as the next run of the program sees it."""
    with contextlib.ExitStack() as stack:
        yield lambda: DebianIndex(stack.enter_context(open_client(debian_settings, tmp_path)), clock=clock)


def test_newest_of_all_pockets(debian: DebianClient, clock: Clock) -> None:
    """A package is found in the newest version that any pocket has, with the archive that it lies in."""
    with DebianIndex(debian, clock=clock) as opened:
        index = opened.suite("bookworm", AMD64)
        tool, other = index.find("tool"), index.find("other")
        assert tool is not None
        assert other is not None
        assert (tool.version, tool.archive) == ("1.0+deb12u1", "security")
        assert (other.version, other.archive) == ("1.1", "main")
        assert index.find("absent") is None
        assert [(record.version, version) for record, version in index.providers("virtual")] == [("1.1", "4")]
        assert index.names() == ["other", "tool"]
        assert [found.name for found in index.search(["pack", "tool"])] == ["tool"]


def test_release_says_date_and_revision(debian: DebianClient, archive: MadeArchive, clock: Clock) -> None:
    """A suite has the date of its youngest pocket, and a revision that any pocket changes."""
    archive.publish(Pocket("bookworm-updates", date=NOW))
    first = DebianIndex(debian, clock=clock).release("bookworm")
    assert first.date == "2026-03-01T12:00:00Z"
    archive.publish(Pocket("bookworm-updates", [make_stanza("tool", "3")], date=NOW))
    second = DebianIndex(debian, refresh=True, clock=clock).release("bookworm")
    assert second == SuiteRelease("bookworm", first.dates, second.revision)
    assert second.revision != first.revision


def test_fresh_release_needs_no_request(registry: Registry, reopen: Callable[[], DebianIndex], clock: Clock) -> None:
    """For ten minutes the next run asks nobody; then only whether the release changed, and nothing is read twice."""
    with reopen() as index:
        first = index.suite("bookworm", AMD64).find("tool")
    count = len(registry.seen)
    clock.advance(minutes=9)
    with reopen() as index:
        assert index.suite("bookworm", AMD64).find("tool") == first
    assert len(registry.seen) == count
    clock.advance(minutes=2)
    with reopen() as index:
        assert index.suite("bookworm", AMD64).find("tool") == first
    later = registry.seen[count:]
    assert len(later) == 3
    assert all("if-none-match" in seen.headers for seen in later)


def test_refresh_asks_though_fresh(debian: DebianClient, archive: MadeArchive, clock: Clock) -> None:
    """`refresh` finds what came into the archive within the last ten minutes."""
    with DebianIndex(debian, clock=clock) as index:
        index.suite("sid", AMD64)
    archive.publish(Pocket("sid", [make_stanza("tool", "3.0")], date=NOW))
    with DebianIndex(debian, clock=clock) as index:
        kept = index.suite("sid", AMD64).find("tool")
    with DebianIndex(debian, refresh=True, clock=clock) as index:
        found = index.suite("sid", AMD64).find("tool")
    assert kept is not None
    assert found is not None
    assert (kept.version, found.version) == ("2.0", "3.0")


def test_several_systems_at_once(
    debian: DebianClient, archive: MadeArchive, security: MadeArchive, clock: Clock
) -> None:
    """Suites for several systems come with one call, each with its own architecture's index."""
    both = ("amd64", "arm64")
    archive.publish(Pocket("bookworm", [make_stanza("tool", "1.0", architecture="all")], architectures=both))
    archive.publish(Pocket("bookworm-updates", architectures=both))
    security.publish(Pocket("bookworm-security"))
    with DebianIndex(debian, clock=clock) as index:
        found = index.suites([("bookworm", System.AARCH64_LINUX), ("bookworm", AMD64)])
        assert all(suite.find("tool") is not None for suite in found)
        assert found[0] is not found[1]
        assert index.suite("bookworm", AMD64) is found[1]


def test_system_without_debian(debian: DebianClient) -> None:
    """A system that Debian has nothing for is named, before anything is asked."""
    with pytest.raises(ResolutionError, match="nothing for x86_64-darwin") as caught:
        DebianIndex(debian).suite("bookworm", System.X86_64_DARWIN)
    assert caught.value.slug == "system-missing"


def test_unknown_suite(debian: DebianClient) -> None:
    """A suite by another name, `stable` or a path among them, is refused by name, and nobody is asked (K-03)."""
    for name in ("stable", "../bookworm", ""):
        with pytest.raises(FetchError, match="suite") as caught:
            DebianIndex(debian).release(name)
        assert caught.value.slug == "suite-unknown"


@pytest.mark.parametrize("damage", [b"", b"no database", None])
def test_damaged_cache_is_made_anew(
    debian_settings: Settings, reopen: Callable[[], DebianIndex], damage: bytes | None
) -> None:
    """Whatever happens to the files in the cache, the next run makes them anew (None: one bit is another)."""
    with reopen() as index:
        first = index.suite("bookworm", AMD64).find("tool")
    files = [path for path in debian_settings.debian_indexes.glob("*/*") if path.suffix != ".lock"]
    assert {path.suffix for path in files} == {".release", ".sqlite", ".json"}
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:] if damage is None else damage)
    with reopen() as index:
        assert index.suite("bookworm", AMD64).find("tool") == first


def test_unreachable_archive_fails_though_kept(
    registry: Registry, debian_settings: Settings, reopen: Callable[[], DebianIndex], clock: Clock
) -> None:
    """Locking against what is no longer fresh fails without network; a search may use what is kept."""
    with reopen() as index:
        index.suite("bookworm", AMD64)
    clock.advance(hours=1)
    for path in list(registry._contents):
        registry.fail(path, Fault(Kind.DROP))
    with reopen() as index:
        with pytest.raises(FetchError) as caught:
            index.suite("bookworm", AMD64)
        assert caught.value.slug == "fetch-network"
    kept = open_kept_suites(debian_settings, AMD64)
    assert list(kept) == ["bookworm"]
    with kept["bookworm"] as found:
        assert found.find("tool") is not None
    assert open_kept_suites(debian_settings, System.AARCH64_LINUX) == {}


def test_second_mirror_helps(
    registry: Registry, debian_settings: Settings, archive: MadeArchive, tmp_path: Path, clock: Clock
) -> None:
    """A mirror that has nothing, or something forged, is passed over where another one is set, and told of (G-17)."""
    forged = MadeArchive(registry, "/forged/")
    forged.publish(Pocket("sid", [make_stanza("tool", "9")]))
    mirrors = (f"{registry.files}nothing/", forged.address, archive.address)
    settings = replace(debian_settings, debian=replace(debian_settings.debian, mirrors=mirrors))
    events: list[Event] = []
    with (
        open_client(settings, tmp_path) as client,
        DebianIndex(client, report=events.append, clock=clock) as index,
    ):
        found = index.suite("sid", AMD64).find("tool")
    assert found is not None
    assert found.version == "2.0"
    assert sum("is passed over for `sid`" in event.text for event in events if isinstance(event, Detail)) == 2


def test_archive_on_this_machine(archive: MadeArchive, debian_settings: Settings, tmp_path: Path, clock: Clock) -> None:
    """An archive in a directory (`file:`) is read like one on a server."""
    content = {path: archive.registry.find(path) for path in list(archive.registry._contents)}
    for path, found in content.items():
        assert found is not None
        target = tmp_path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(found[0])
    archive.registry._contents.clear()
    directories = DebianSettings((f"file:{tmp_path}/debian",), (f"file://{tmp_path}/debian-security/",))
    settings = replace(debian_settings, debian=replace(directories, keyring=debian_settings.debian.keyring))
    with open_client(settings, tmp_path) as client, DebianIndex(client, clock=clock) as index:
        found_tool = index.suite("bookworm", AMD64).find("tool")
    assert found_tool is not None
    assert found_tool.version == "1.0+deb12u1"


def test_without_security_archive(
    debian_settings: Settings, security: MadeArchive, tmp_path: Path, clock: Clock
) -> None:
    """Where no address of the security archive is known, the main one answers alone, and a notice says so once."""
    events: list[Event] = []
    settings = replace(debian_settings, debian=replace(debian_settings.debian, security=None))
    with (
        DebianClient(settings, {}, apt_root=tmp_path, report=events.append) as client,
        DebianIndex(client, clock=clock) as index,
    ):
        found = index.suite("bookworm", AMD64).find("tool")
        index.release("sid")
    assert found is not None
    assert found.version == "1.0"
    assert len([event for event in events if isinstance(event, Notice)]) == 1
    assert not security.registry.count(security.release_path("bookworm-security"))


def test_proxy_of_apt(registry: Registry, debian_settings: Settings, archive: MadeArchive, tmp_path: Path) -> None:
    """Requests go through the proxy that apt is set up for, and past it to the hosts that apt goes to directly."""
    elsewhere = MadeArchive(registry, "http://mirror.example/debian/", archive.key)
    elsewhere.publish(Pocket("sid", [make_stanza("tool", "5.0")]))
    configuration = tmp_path / "etc" / "apt" / "apt.conf"
    configuration.parent.mkdir(parents=True)
    configuration.write_text(f'Acquire::http::Proxy "{registry.index}"; Acquire::http::Proxy::127.0.0.1 "DIRECT";')
    mirrors = (f"{archive.address}nothing/", elsewhere.base)
    settings = replace(debian_settings, debian=replace(debian_settings.debian, mirrors=mirrors))
    with open_client(settings, tmp_path) as client, DebianIndex(client, clock=NOW.timestamp) as index:
        found = index.suite("sid", AMD64).find("tool")
    assert found is not None
    assert found.version == "5.0"
    assert {seen.path.partition("dists")[0] for seen in registry.seen} == {"/debian/nothing/", elsewhere.base}


def test_index_is_made_once(
    registry: Registry, archive: MadeArchive, reopen: Callable[[], DebianIndex], debian_settings: Settings
) -> None:
    """Of two who want the same index at the same time one makes it, and the other waits and uses it (C-01)."""
    archive.publish(Pocket("sid", [make_stanza(f"tool-{number}", "1") for number in range(2000)]))

    def make() -> int:
        with reopen() as index:
            return index.suite("sid", AMD64).count()

    assert run_parallel([make] * 4, 4) == [2000] * 4
    assert sum("by-hash" in seen.path for seen in registry.seen) == 1
    assert {path.suffix for path in debian_settings.debian_indexes.glob("*/*")} == {
        ".release",
        ".sqlite",
        ".json",
        ".lock",
    }


def test_indexes_of_older_releases_go(
    archive: MadeArchive,
    security: MadeArchive,
    reopen: Callable[[], DebianIndex],
    debian_settings: Settings,
    clock: Clock,
) -> None:
    """When a suite's index is made from a newer release, those of it for other systems go; other suites' stay."""
    both = ("amd64", "arm64")
    archive.publish(Pocket("bookworm", architectures=both))
    archive.publish(Pocket("bookworm-updates", architectures=both))
    security.publish(Pocket("bookworm-security", architectures=both))
    with reopen() as index:
        index.suites([("bookworm", AMD64), ("bookworm", System.AARCH64_LINUX), ("sid", AMD64)])
    clock.advance(hours=1)
    archive.publish(Pocket("bookworm-updates", [make_stanza("tool", "3")], architectures=both, date=NOW))
    with reopen() as index:
        index.suite("bookworm", AMD64)
    names = {path.name for path in debian_settings.debian_indexes.glob("*/*.sqlite")}
    assert names == {"bookworm-amd64.sqlite", "sid-amd64.sqlite"}
