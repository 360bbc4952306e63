"""The artifact cache's limit among several processes: nothing goes that one of them is reading."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.events import Detail, Event
from devenv.fetch.artifact_limit import clean_artifacts, list_artifacts, read_tally
from devenv.fetch.artifacts import ArtifactCache, verify_file
from devenv.fetch.downloads import ArtifactRequest
from devenv.fetch.eviction import Amount
from devenv.fetch.places import ArtifactPlaces
from devenv.settings import Settings, settings_path
from tests.functional.loopback import Published, Registry
from tests.functional.wheels import make_wheel

SIZE = 100_000
WHEELS = [make_wheel(f"tool_{number}", "1.0", files={"data": (os.urandom(SIZE), False)}) for number in range(6)]

START = """
import os, signal, sys
from pathlib import Path
from devenv.fetch.artifact_limit import clean_artifacts
from devenv.fetch.artifacts import ArtifactCache, verify_file
from devenv.fetch.downloads import ArtifactRequest
from devenv.events import ignore
from devenv.settings import read_settings
from devenv.workflow.tools import Tools
settings = read_settings()
"""

READER = f"""{START}
sha256 = sys.argv[1]
with Tools(settings, os.environ, ignore) as tools, ArtifactCache(settings, tools.places) as cache:
    path = cache.find(sha256)
    print("found", flush=True)
    sys.stdin.readline()
    print(verify_file(path, sha256), flush=True)
"""

FETCHER = f"""{START}
requests = [ArtifactRequest(locator, sha256, int(size), sha256[:8])
            for locator, sha256, size in (line.split() for line in sys.argv[2:])]
for round in range(int(sys.argv[1])):
    with Tools(settings, os.environ, ignore) as tools, ArtifactCache(settings, tools.places) as cache:
        paths = cache.fetch(requests)
        assert all(verify_file(path, sha256) for sha256, path in paths.items())
        assert len(paths) == len(requests)
"""

KILLED = f"""{START}
from devenv.fault_points import set_fault_handler
passed = []
def handler(name):
    passed.append(name)
    if len(passed) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
set_fault_handler(handler)
clean_artifacts(settings.artifacts, 0)
"""


def wanted(published: Published) -> ArtifactRequest:
    """The request for a published file."""
    return ArtifactRequest(published.locator, published.sha256, published.size, published.filename)


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Another process."""
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def names(settings: Settings) -> set[str]:
    """The hashes of what the cache holds."""
    return {file.name for file in list_artifacts(settings.artifacts)}


def test_fetching_keeps_the_limit(registry: Registry, settings: Settings, places: ArtifactPlaces) -> None:
    """After each download the cache is within its limit; being found is a use, and saves a file from going."""
    files = [registry.add(wheel) for wheel in WHEELS]
    limited = replace(settings, artifact_limit=4 * SIZE)
    events: list[Event] = []
    for number, file in enumerate(files):
        with ArtifactCache(limited, places) as cache:
            cache.fetch([wanted(file)], events.append)
            path = cache.artifact_path(file.sha256)
        os.utime(path, (number, number))
        if number:
            with ArtifactCache(limited, places) as cache:
                assert cache.find(files[0].sha256) is not None
    assert names(settings) == {file.sha256 for file in (files[0], *files[-2:])}
    assert read_tally(settings.artifacts) == sum(file.size for file in list_artifacts(settings.artifacts))
    assert [event for event in events if isinstance(event, Detail)]


def test_file_that_another_process_reads(registry: Registry, settings: Settings, artifacts: ArtifactCache) -> None:
    """What a living process found stays, and can be read even where somebody deletes it from the cache by hand."""
    first, second = (registry.add(wheel) for wheel in WHEELS[:2])
    artifacts.fetch([wanted(first), wanted(second)])
    artifacts.close()
    reader = start(READER, first.sha256)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "found\n"
    assert clean_artifacts(settings.artifacts, 0).removed.count == 1
    assert names(settings) == {first.sha256}
    artifacts.artifact_path(first.sha256).unlink()
    output, _ = reader.communicate("read\n", timeout=20)
    assert output == "True\n"
    assert clean_artifacts(settings.artifacts, 0).leftovers == 0


def test_killed_reader_keeps_nothing(registry: Registry, settings: Settings, artifacts: ArtifactCache) -> None:
    """The names of a process that was killed go when the next one opens the cache, and keep no file (A-09)."""
    file = registry.add(WHEELS[0])
    artifacts.fetch([wanted(file)])
    artifacts.close()
    reader = start(READER, file.sha256)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "found\n"
    reader.kill()
    reader.communicate()
    in_use = settings.artifacts / "in-use"
    assert len(list(in_use.iterdir())) == 2
    with artifacts:
        assert list(in_use.iterdir()) == []
    assert clean_artifacts(settings.artifacts, 0).kept == Amount()


def test_processes_that_drive_each_others_files_out(registry: Registry, settings: Settings) -> None:
    """With room for nothing, processes that fetch overlapping files all get and read each of theirs, every time."""
    files = [registry.add(wheel) for wheel in WHEELS]
    path = settings_path(settings.home)
    path.write_text(f"artifact_limit = 0\n{path.read_text()}")
    lines = [f"{file.locator} {file.sha256} {file.size}" for file in files]
    processes = [start(FETCHER, "8", *lines[number : number + 4]) for number in range(3)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0, 0]
    clean_artifacts(settings.artifacts, 0)
    assert [
        path for path in settings.artifacts.rglob("*") if path.is_file() and path.name not in {"lock", "tally"}
    ] == []


def test_killed_cleaning(registry: Registry, settings: Settings, artifacts: ArtifactCache) -> None:
    """A cleaning that is killed leaves whole files and an uncounted cache; the next one finishes (A-07, A-09)."""
    artifacts.fetch([wanted(registry.add(wheel)) for wheel in WHEELS])
    artifacts.close()
    killed = start(KILLED)
    killed.communicate(timeout=20)
    assert killed.returncode == -signal.SIGKILL
    assert read_tally(settings.artifacts) is None
    assert len(names(settings)) == len(WHEELS) - 2
    assert all(verify_file(artifacts.artifact_path(sha256), sha256) for sha256 in names(settings))
    cleaning = clean_artifacts(settings.artifacts, 0)
    assert (cleaning.removed.count, cleaning.kept, cleaning.leftovers) == (len(WHEELS) - 2, Amount(), 1)


def test_read_only_cache_is_used(registry: Registry, settings: Settings, artifacts: ArtifactCache) -> None:
    """A cache on a file system without writing still gives its files (B-04)."""
    file = registry.add(WHEELS[0])
    artifacts.fetch([wanted(file)])
    artifacts.close()
    mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    place = str(settings.cache)
    enter = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, place]
    if subprocess.run([*enter, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no mounts of one's own here")
    done = subprocess.run(
        [*enter, sys.executable, "-c", READER, file.sha256], input="\n", capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("found\nTrue\n", "")


def test_damaged_file_in_use_is_replaced(registry: Registry, artifacts: ArtifactCache) -> None:
    """A file that the disk spoilt is discarded under both of its names, and comes afresh (G-17)."""
    file = registry.add(WHEELS[0])
    path = artifacts.fetch([wanted(file)])[file.sha256]
    path.chmod(0o644)
    Path(path).write_bytes(b"rotten")
    artifacts.discard(file.sha256)
    assert artifacts.find(file.sha256) is None
    again = artifacts.fetch([wanted(file)])[file.sha256]
    assert hashlib.sha256(again.read_bytes()).hexdigest() == file.sha256
