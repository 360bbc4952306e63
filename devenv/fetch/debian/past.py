"""Suites as they were at a time, from an archive of past states, where the user has set one (`snapshot`).

What such an archive has of a time is what the mirrors had then: signed like everything, and meant to be over by now.
Nothing of it gets among what is kept of the suites as they are: it lies in a directory that goes with the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from devenv.dates import format_time
from devenv.events import Report
from devenv.fetch.debian.access import DateChecks, DebianAccess, DebianArchive
from devenv.fetch.debian.client import DebianClient
from devenv.fetch.debian.locators import past_base


def access_at(access: DebianAccess, time: int) -> DebianAccess | None:
    """The way to the archives as they were at `time`, in seconds since the epoch; None where none is set."""
    if access.snapshot is None:
        return None

    def set_back(archive: DebianArchive) -> DebianArchive:
        base = past_base(access, archive.name, format_time(time))
        bases, source = () if base is None else (base,), "`snapshot` in devenv's settings"
        return replace(archive, bases=bases, source=source, checks=DateChecks(expired=False), own_checks={})

    security = None if access.security is None else set_back(access.security)
    return replace(access, main=set_back(access.main), security=security, max_valid_time=0)


def open_past(
    client: DebianClient, time: int, directory: Path, environ: Mapping[str, str], report: Report
) -> DebianClient | None:
    """A client of the archives as they were, which keeps what it reads below `directory`; None where none is set.

    Raises FetchError (`registry-unconfigured`).
    """
    access = access_at(client.access, time)
    if access is None:
        return None
    return DebianClient(replace(client.settings, cache=directory), environ, access=access, report=report)
