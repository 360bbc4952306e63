"""The settings of builds: what may be said, and what is refused; durations as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from devenv.durations import parse_duration
from devenv.errors import UsageError
from devenv.sandbox.model import Limits
from devenv.settings import default_settings, parse_settings
from devenv.settings.build import BuildSettings
from devenv.workflow.build_options import build_options

HOME = Path("/home/somebody")
ROOT = Path("/home/somebody/store")


def parse(text: str) -> BuildSettings:
    return parse_settings(f"[build]\n{text}\n".encode(), HOME).build


def test_nothing_is_set() -> None:
    """Without the table, or with an empty one, devenv's own limits are in force."""
    assert default_settings(HOME).build == parse("") == BuildSettings()
    limits = build_options(default_settings(HOME), {}, ROOT).limits
    assert (limits.seconds, limits.silence, limits.processes) == (Limits().seconds, Limits().silence, 4096)


def test_everything_is_set() -> None:
    """Each setting reaches the builder as it is said, in seconds and bytes."""
    text = 'jobs = 3\ntimeout = "2h"\nsilence = "90s"\nmemory = "2G"\nprocesses = 50\nlog = 1000'
    assert parse(text) == BuildSettings(3, 7200.0, 90.0, 2 << 30, 50, 1000)
    options = build_options(parse_settings(f"[build]\n{text}".encode(), HOME), {}, ROOT)
    assert options.jobs == 3
    expected = Limits(seconds=7200, silence=90, memory=2 << 30, processes=50, log_bytes=1000)
    assert options.limits == expected


def test_memory_is_shared_by_the_jobs() -> None:
    """All builds that run at once have less than the machine has, however many they are."""
    one, four = (
        build_options(parse_settings(f"[build]\njobs = {jobs}".encode(), HOME), {}, ROOT).limits.memory
        for jobs in (1, 4)
    )
    assert one is not None
    assert four == one // 4


@pytest.mark.parametrize(
    "text",
    [
        "jobs = 0",
        "jobs = -1",
        "jobs = true",
        "jobs = '2'",
        "jobs = 1.5",
        "jobs = 9999999999",
        "processes = 0",
        "timeout = 30",
        "timeout = '30'",
        "timeout = '0s'",
        "timeout = 'long'",
        "timeout = '-1h'",
        "timeout = '1h30m'",
        "timeout = ['1h']",
        "silence = '0m'",
        "silence = false",
        "memory = 'much'",
        "memory = 0",
        "memory = -1",
        "log = '0M'",
        "log = true",
        "sandbox = 'off'",
        "job = 1",
    ],
)
def test_what_is_no_setting_is_refused(text: str) -> None:
    """A limit that would not be obeyed, or would end every build, is an error that names it."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.slug == "settings-invalid"
    assert text.split(" ", maxsplit=1)[0] in caught.value.message


@pytest.mark.parametrize("text", ["build = 1", "build = []", "build = true"])
def test_table_must_be_one(text: str) -> None:
    """`build` is a table."""
    with pytest.raises(UsageError, match="`build` must be a table"):
        parse_settings(text.encode(), HOME)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("90s", 90), ("30m", 1800), ("12h", 43200), ("30d", 2592000), ("2w", 1209600)]
)
def test_durations(text: str, seconds: float) -> None:
    """A number and a unit are seconds."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "s", "1 s", "1.5h", "-1s", "1S", "1h30m", "٣s", "1234567s", "1s\n", "1y"])
def test_what_is_no_duration(text: str) -> None:
    """Anything else is refused: a limit is not to be guessed."""
    with pytest.raises(ValueError, match="is no duration such as 30d"):
        parse_duration(text)
