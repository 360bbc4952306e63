"""Keeps a project's environment fresh while an editor saves: what hooks do at prompts, without a prompt.

The directories of the watched files are observed, not the files: editors save by renaming a new file over the old one.
"""

from __future__ import annotations

import contextlib
import os
import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.activation.trust import Trust
from devenv.environment.project import acting_names, read_project, require_project_path
from devenv.errors import DevenvError
from devenv.events import Notice
from devenv.mounts import is_remote
from devenv.project_names import WATCHED_NAMES
from devenv.workflow.allowed import trust_in
from devenv.workflow.refresh import refresh_changed
from devenv.workflow.tools import Tools

if TYPE_CHECKING:
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers.api import BaseObserver

QUIET = 0.2
"""Seconds without a further change after which a save is over: editors write in several steps."""
PATIENCE = 2.0
"""Seconds after which what goes on being written is looked at all the same."""
CHANGES = frozenset({"created", "modified", "moved", "deleted"})
POLLING = 1.0
"""Seconds between two looks where the system does not tell of changes."""


def watch_project(tools: Tools, start: Path, *, poll: bool = False) -> None:
    """Follow the project that `start` lies in until interrupted. `poll`: look again and again, as on network disks.

    Raises UsageError where there is no project.
    """
    path = require_project_path(start)
    while True:
        names = _watched_names(tools, path)
        with _observed(path, names, poll=poll or is_remote(path)) as changes:
            # What changed before anything was observed is seen here.
            _follow(tools, path)
            while _watched_names(tools, path) == names:
                _wait_for_change(changes)
                _follow(tools, path)


def _watched_names(tools: Tools, path: Path) -> tuple[str, ...]:
    try:
        project = read_project(path)
        # A manifest that was not allowed is hashed and not parsed (FAULTS L-07).
        return (*WATCHED_NAMES, *(acting_names(project.manifest) if trust_in(tools, project) is Trust.ALLOWED else ()))
    except DevenvError:
        return WATCHED_NAMES


def _follow(tools: Tools, path: Path) -> None:
    """Once; each time with a store of its own, so that what earlier environments needed can be collected."""
    with Tools(tools.settings, tools.environ, tools.report) as fresh:
        told = refresh_changed(fresh, path, lambda _: contextlib.nullcontext())
    tools.report(Notice(told or f"shells in `{path}` have what its files say"))


def _wait_for_change(changes: queue.SimpleQueue[None]) -> None:
    changes.get()
    end = time.monotonic() + PATIENCE
    with contextlib.suppress(queue.Empty):
        while time.monotonic() < end:
            changes.get(timeout=QUIET)


@contextlib.contextmanager
def _observed(path: Path, names: tuple[str, ...], *, poll: bool) -> Iterator[queue.SimpleQueue[None]]:
    """Yields a queue that gets an entry for each change of one of the files."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler

    changes: queue.SimpleQueue[None] = queue.SimpleQueue()
    files = {str(path / name) for name in names}

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            # Opening and reading are events as well; we do that ourselves.
            touched = {os.fsdecode(event.src_path), os.fsdecode(event.dest_path)}
            if event.event_type in CHANGES and files & touched:
                changes.put(None)

    observer = _start_observer({os.path.dirname(file) for file in files}, Handler(), poll=poll)
    try:
        yield changes
    finally:
        observer.stop()
        observer.join()


def _start_observer(directories: set[str], handler: FileSystemEventHandler, *, poll: bool) -> BaseObserver:
    from watchdog.observers import Observer
    from watchdog.observers.polling import PollingObserver

    def started(observer: BaseObserver) -> BaseObserver:
        for directory in filter(os.path.isdir, sorted(directories)):
            observer.schedule(handler, directory)
        observer.start()
        return observer

    if not poll:
        # The system may have no more of what it observes with.
        with contextlib.suppress(OSError):
            return started(Observer())
    return started(PollingObserver(timeout=POLLING))
