from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from devenv.errors import FetchError, HashMismatchError
from devenv.events import DownloadAdvanced, DownloadFinished, DownloadStarted, Event
from devenv.fetch.artifacts import ArtifactCache, verify_file
from devenv.fetch.downloads import ArtifactRequest
from devenv.fetch.places import ArtifactPlaces
from devenv.settings import Settings, read_settings, settings_path
from tests.functional.fetch.conftest import open_places
from tests.functional.loopback import Fault, Kind, Published, Registry
from tests.functional.wheels import make_wheel

TOOL = make_wheel("tool", "1.0", files={"tool/data": (os.urandom(1 << 20), False)})


def wanted(published: Published, **changes: object) -> ArtifactRequest:
    """The request that a lock would make for a published file."""
    values = {"sha256": published.sha256, "size": published.size, "name": published.filename, **changes}
    return ArtifactRequest(published.locator, **values)  # type: ignore[arg-type]


def files_below(directory: Path) -> list[str]:
    """All files there, by their paths from there."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_download_is_verified_kept_and_reported(registry: Registry, artifacts: ArtifactCache) -> None:
    """A file arrives under its hash, read-only, with progress that adds up; the second time nothing is asked."""
    published = registry.add(TOOL)
    events: list[Event] = []
    path = artifacts.fetch([wanted(published)], events.append)[TOOL.sha256]
    assert path.read_bytes() == TOOL.content
    assert path.stat().st_mode & 0o777 == 0o444
    assert verify_file(path, TOOL.sha256)
    assert events[0] == DownloadStarted(TOOL.filename, len(TOOL.content))
    assert sum(event.count for event in events if isinstance(event, DownloadAdvanced)) == len(TOOL.content)
    assert events[-1] == DownloadFinished(TOOL.filename, ok=True)
    assert artifacts.fetch([wanted(published)]) == {TOOL.sha256: path}
    assert registry.count(published.path) == 1
    artifacts.close()
    assert files_below(artifacts.artifact_path(TOOL.sha256).parents[2]) == [
        "lock",
        f"sha256/{TOOL.sha256[:2]}/{TOOL.sha256}",
        "tally",
    ]


def test_files_are_had_while_the_index_is_unreachable(registry: Registry, artifacts: ArtifactCache) -> None:
    """A locator and the user's configuration suffice: no page is read to fetch what a lock names."""
    requests = [wanted(registry.add(make_wheel(f"tool_{number}", "1.0"))) for number in range(6)]
    registry.index_enabled = False
    assert len(artifacts.fetch(requests)) == 6
    assert registry.index_requests() == 0


def test_files_setting_is_tried_first(registry: Registry, home: Path, settings: Settings) -> None:
    """A registry whose files lie on another host is reached through the setting `files`."""
    published = registry.add(TOOL, layout="elsewhere")
    settings_path(home).write_text(f'[registries.pypi]\nindex = "{registry.index}"\nfiles = "{registry.files}"\n')
    settings = read_settings(home)
    with open_places(settings) as places:
        ArtifactCache(settings, places).fetch([wanted(published)])
    assert [seen.port for seen in registry.seen] == [int(registry.files.rstrip("/").rpartition(":")[2])]


@pytest.mark.parametrize("kind", [Kind.FLIP, Kind.WRONG_LENGTH, Kind.BODY])
def test_other_content_is_refused(registry: Registry, artifacts: ArtifactCache, kind: Kind) -> None:
    """A flipped bit, a byte too many, or a web page instead of the file: both are told, nothing is kept (H-01)."""
    published = registry.add(TOOL)
    registry.fail(published.path, Fault(kind, body=b"<html>log in</html>"))
    with pytest.raises(HashMismatchError) as caught:
        artifacts.fetch([wanted(published)])
    assert f"expected: sha256 {TOOL.sha256}, {len(TOOL.content)} bytes" in caught.value.details
    assert any(line.startswith("got: ") for line in caught.value.details)
    assert f"address: {published.address}" in caught.value.details
    assert artifacts.find(TOOL.sha256) is None
    assert files_below(artifacts.artifact_path(TOOL.sha256).parents[2]) == []


def test_endless_body_is_cut_off(registry: Registry, artifacts: ArtifactCache) -> None:
    """A server that goes on sending after the last byte is left there; the disk does not fill (G-10)."""
    published = registry.add(TOOL)
    registry.fail(published.path, Fault(Kind.ENDLESS))
    with pytest.raises(HashMismatchError) as caught:
        artifacts.fetch([wanted(published)])
    assert f"got: more than {len(TOOL.content)} bytes" in caught.value.details


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"size": len(TOOL.content) - 1}, {"size": 1 << 40}])
def test_lock_with_a_changed_digit_is_refused(
    registry: Registry, artifacts: ArtifactCache, change: dict[str, object]
) -> None:
    """A lock whose hash or size was altered does not get its file, and the cache stays empty."""
    request = wanted(registry.add(TOOL), **change)
    with pytest.raises(HashMismatchError):
        artifacts.fetch([request])
    assert files_below(artifacts.artifact_path(TOOL.sha256).parents[2]) == []


def test_missing_file_names_all_places(registry: Registry, artifacts: ArtifactCache) -> None:
    """A file that is nowhere is an error that lists the addresses tried and the setting that may help."""
    published = registry.add(TOOL)
    registry.fail(published.path, Fault.status_code(404))
    with pytest.raises(FetchError) as caught:
        artifacts.fetch([wanted(published)])
    assert caught.value.slug == "artifact-missing"
    assert f"locator: {published.locator}" in caught.value.details
    assert f"tried: {published.address}" in caught.value.details
    assert "`files`" in (caught.value.hint or "")


def test_second_place_is_used_when_the_first_lies(registry: Registry, home: Path, settings: Settings) -> None:
    """A mirror with wrong content does not keep the right file of the next one away (G-17)."""
    published = registry.add(TOOL)
    other = make_wheel("other", "1.0")
    mirror = registry.add(other)
    registry.fail(f"/mirror{published.path}", Fault(Kind.BODY, body=other.content))
    settings_path(home).write_text(
        f'[registries.pypi]\nindex = "{registry.index}"\nfiles = "{registry.files}mirror/"\n'
    )
    settings = read_settings(home)
    with open_places(settings) as places:
        paths = ArtifactCache(settings, places).fetch([wanted(published)])
    assert paths[TOOL.sha256].read_bytes() == TOOL.content
    assert registry.count(f"/mirror{published.path}") == 1
    assert registry.count(mirror.path) == 0


def test_broken_transfer_is_resumed(registry: Registry, artifacts: ArtifactCache) -> None:
    """After a connection broke half-way only the rest is asked for, guarded by the validator (G-11)."""
    published = registry.add(TOOL)
    registry.fail(published.path, Fault(Kind.TRUNCATE, times=1))
    events: list[Event] = []
    assert verify_file(artifacts.fetch([wanted(published)], events.append)[TOOL.sha256], TOOL.sha256)
    first, second = registry.seen
    assert "range" not in first.headers
    assert second.headers["range"] == f"bytes={len(TOOL.content) // 2}-"
    assert second.headers["if-range"].startswith('"')
    assert sum(event.count for event in events if isinstance(event, DownloadAdvanced)) == len(TOOL.content)


def test_resume_without_a_validator_begins_anew(registry: Registry, artifacts: ArtifactCache) -> None:
    """A server that gives no validator, and knows no ranges, is asked for the whole file again."""
    published = registry.add(TOOL)
    registry.fail(published.path, Fault(Kind.NO_RANGE))
    assert verify_file(artifacts.fetch([wanted(published)])[TOOL.sha256], TOOL.sha256)


def test_transfer_that_always_breaks_ends(registry: Registry, artifacts: ArtifactCache) -> None:
    """A server that never gets beyond half of what is left is given up after four attempts."""
    published = registry.add(TOOL)
    registry.fail(published.path, Fault(Kind.TRUNCATE))
    with pytest.raises(FetchError) as caught:
        artifacts.fetch([wanted(published)])
    assert caught.value.slug == "fetch-network"
    assert registry.count(published.path) == 4
    assert files_below(artifacts.artifact_path(TOOL.sha256).parents[2]) == []


def test_stalled_server_is_given_up(
    registry: Registry, artifacts: ArtifactCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that stops in the middle of a file is left after the time-out, not waited for (G-10)."""
    monkeypatch.setattr("devenv.fetch.http.READ_TIMEOUT", 0.05)
    published = registry.add(TOOL)
    registry.fail(published.path, Fault(Kind.STALL))
    with pytest.raises(FetchError, match="stopped sending"):
        artifacts.fetch([wanted(published)])


def test_first_failure_stops_the_rest(registry: Registry, artifacts: ArtifactCache) -> None:
    """One file that cannot be had ends the others at once, and leaves nothing unfinished behind."""
    requests = [wanted(registry.add(make_wheel(f"tool_{number}", "1.0"))) for number in range(8)]
    bad = registry.add(TOOL)
    registry.fail(bad.path, Fault.status_code(404))
    with pytest.raises(FetchError) as caught:
        artifacts.fetch([wanted(bad), *requests])
    assert caught.value.slug == "artifact-missing"
    assert not any(name.startswith("partial") for name in files_below(artifacts.artifact_path("0" * 64).parents[2]))


def test_two_threads_download_once(registry: Registry, artifacts: ArtifactCache) -> None:
    """Whoever comes second waits for the first and finds the file there."""
    published = registry.add(TOOL)
    threads = [threading.Thread(target=artifacts.fetch, args=([wanted(published)],)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert artifacts.find(TOOL.sha256) is not None
    assert registry.count(published.path) == 1


PROGRAM = """
import os, sys
from devenv.fetch.artifacts import ArtifactCache
from devenv.fetch.downloads import ArtifactRequest
from devenv.events import ignore
from devenv.settings import read_settings
from devenv.workflow.tools import Tools
settings = read_settings()
requests = [ArtifactRequest(*line.split()[:2], int(line.split()[2]), line.split()[3]) for line in sys.stdin]
with Tools(settings, os.environ, ignore) as tools:
    ArtifactCache(settings, tools.places).fetch(requests)
"""


def start_fetching(*files: Published) -> subprocess.Popen[bytes]:
    """Another process that fetches `files`."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(
        "".join(f"{file.locator} {file.sha256} {file.size} {file.filename}\n" for file in files).encode()
    )
    process.stdin.close()
    process.stdin = None
    return process


def test_killed_download_leaves_nothing_that_matters(
    registry: Registry, settings: Settings, artifacts: ArtifactCache
) -> None:
    """After `kill -9` in mid-transfer the next run removes what is left, of other files too, and succeeds (A-09)."""
    published, other = registry.add(TOOL), registry.add(make_wheel("other", "1.0"))
    registry.fail(published.path, Fault(Kind.STALL, times=1))
    process = start_fetching(published)
    registry.wait_for(published.path)
    process.kill()
    process.communicate()
    assert artifacts.find(TOOL.sha256) is None
    artifacts.fetch([wanted(other)])
    assert files_below(settings.artifacts / "partial") == []
    artifacts.fetch([wanted(published)])
    assert artifacts.find(TOOL.sha256) is not None


def test_living_download_is_not_swept_away(registry: Registry, settings: Settings, artifacts: ArtifactCache) -> None:
    """What another process is just writing stays untouched while we fetch something else."""
    published, other = registry.add(TOOL), registry.add(make_wheel("other", "1.0"))
    registry.fail(published.path, Fault(Kind.STALL, times=1))
    process = start_fetching(published)
    try:
        registry.wait_for(published.path)
        artifacts.fetch([wanted(other)])
        assert files_below(settings.artifacts / "partial") == [TOOL.sha256, f"{TOOL.sha256}.lock"]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("count", [1, 3])
def test_interrupt_is_instant(registry: Registry, settings: Settings, count: int) -> None:
    """Ctrl-C while servers keep silent ends the program at once, not after their time-outs (A-11, G-10)."""
    files = [registry.add(make_wheel(f"tool_{number}", "1.0", files={"x": (b"x" * 999, False)})) for number in range(3)]
    for file in files:
        registry.fail(file.path, Fault(Kind.STALL))
    process = start_fetching(*files[:count])
    for file in files[:count]:
        registry.wait_for(file.path)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert time.monotonic() - began < 3
    assert process.returncode == -signal.SIGINT


def test_unwritable_cache_is_told(registry: Registry, settings: Settings, places: ArtifactPlaces) -> None:
    """A cache directory that cannot be made is an error that names it and the setting, not a traceback (B-03)."""
    settings.cache.parent.mkdir(parents=True)
    settings.cache.write_text("a file, not a directory")
    with pytest.raises(FetchError) as caught:
        ArtifactCache(settings, places).fetch([wanted(registry.add(TOOL))])
    assert caught.value.slug == "cache-unwritable"
    assert str(settings.artifacts) in caught.value.message


def test_discarded_file_is_fetched_afresh(registry: Registry, artifacts: ArtifactCache) -> None:
    """A cached file that the disk spoilt is noticed by its hash, and replaced once it was discarded."""
    published = registry.add(TOOL)
    path = artifacts.fetch([wanted(published)])[TOOL.sha256]
    path.chmod(0o644)
    path.write_bytes(b"rotten")
    assert not verify_file(path, TOOL.sha256)
    artifacts.discard(TOOL.sha256)
    assert verify_file(artifacts.fetch([wanted(published)])[TOOL.sha256], TOOL.sha256)
