"""All projects of a state directory with their generations: what a collection keeps, and what may be deleted.

Nothing here raises because of what lies there: what is damaged or cannot be read is part of the answer. Listing takes
no lock, so that a generation may appear or go meanwhile; whoever deletes one looks again
(`devenv.generations.removal`).

A generation's last use is the newest of three times: when it was made, when a command used it (`mark_used`), and when
a shell or a program read what it enters by. The last comes for free from the file system, and where that is mounted as
is usual (`relatime`) with the grain of a day; with `noatime` it is missing, and shells leave no trace but their pins.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.activation.saved import ACTIVATION_NAME
from devenv.activation.state import LINK_NAME, PATH_LIMIT, active_path, project_id
from devenv.errors import ActivationError
from devenv.fsutil import read_regular
from devenv.generations.generations import (
    ENVIRONMENT_LINK,
    MOUNT_POINT_RECORD,
    PATH_RECORD,
    Generation,
    iter_current_links,
    read_generation,
)
from devenv.generations.pins import read_pins
from devenv.generations.presence import Presence, find_presence
from devenv.settings import Settings
from devenv.store_path import parse_store_path

ID_PATTERN = re.compile(r"[0-9a-f]{32}")
NUMBER_PATTERN = re.compile(r"[0-9]{1,18}")
SCRIPT_PREFIX = "activate."


@dataclass(frozen=True, slots=True)
class GenerationState(Generation):
    """A generation and how it is used. Where its record is damaged, `digest` is empty."""

    last_used: float
    """Seconds since the epoch."""
    current: bool
    """It was last switched to, or shells that enter the project get it."""
    shells: tuple[int, ...]
    """The living shells that are in it, by number."""


@dataclass(frozen=True, slots=True)
class ProjectState:
    """What is known of a project: `directory` is that of its state, `generations` are in the order of their numbers."""

    directory: Path
    path: Path | None
    """None where the record of it is damaged."""
    presence: Presence
    generations: tuple[GenerationState, ...]
    damaged: tuple[Path, ...]
    """What could not be read; it may be what keeps objects alive that nothing else in this answer names."""


def iter_projects(settings: Settings) -> Iterator[ProjectState]:
    """Every project with a state in `settings.state`, in the order of their ids.

    Where the projects cannot even be listed, the answer is one unknown project with their directory as what is damaged.
    """
    projects = settings.state / "projects"
    pins = read_pins(settings)
    try:
        names = sorted(os.listdir(projects))
    except FileNotFoundError:
        return
    except OSError:
        yield ProjectState(projects, None, Presence.UNKNOWN, (), (projects,))
        return
    for name in names:
        if ID_PATTERN.fullmatch(name):
            project = read_project_state(settings, projects / name, pins)
            # One whose lock was held, and no more, has no path and no generations.
            if project.path or project.generations or project.damaged:
                yield project


def read_project_state(settings: Settings, directory: Path, pins: Mapping[Path, tuple[int, ...]]) -> ProjectState:
    """What is known of the project whose state lies in `directory`; `pins` are those of `settings`."""
    path = _find_path(directory)
    presence = Presence.UNKNOWN if path is None else find_presence(path, _find_mount_point(directory, path))
    current = _find_current(settings, directory, path)
    generations, damaged = [], []
    try:
        numbers = sorted(int(name) for name in os.listdir(directory / "generations") if NUMBER_PATTERN.fullmatch(name))
    except FileNotFoundError:
        numbers = []
    except OSError:
        numbers, damaged = [], [directory]
    for number in numbers:
        place = directory / "generations" / str(number)
        try:
            generations.append(_read_state(place, current=place in current, shells=pins.get(place, ())))
        except FileNotFoundError:
            # Deleted meanwhile; else it lacks what says its environment.
            if os.path.lexists(place):
                damaged.append(place)
        except (OSError, ValueError):
            damaged.append(place)
    return ProjectState(directory, path, presence, tuple(generations), tuple(damaged))


def _read_state(path: Path, *, current: bool, shells: tuple[int, ...]) -> GenerationState:
    """Raises OSError and ValueError where neither the record nor the link says what the environment is."""
    try:
        found = read_generation(path)
    except (OSError, ValueError):
        environment = parse_store_path(os.path.basename(os.readlink(path / ENVIRONMENT_LINK)))
        found = Generation(
            int(path.name),
            path,
            environment,
            "",
            int(path.stat().st_mtime),
            host_libraries=False,
            files={},
            selected=None,
        )
    return GenerationState(
        number=found.number,
        path=path,
        environment=found.environment,
        digest=found.digest,
        created=found.created,
        host_libraries=found.host_libraries,
        files=found.files,
        selected=found.selected,
        last_used=max([found.created, *_iter_reading_times(path)]),
        current=current,
        shells=shells,
    )


def _iter_reading_times(generation: Path) -> Iterator[float]:
    with os.scandir(generation) as entries:
        for entry in entries:
            if entry.name.startswith(SCRIPT_PREFIX) or entry.name == ACTIVATION_NAME:
                yield entry.stat(follow_symlinks=False).st_atime


def _find_path(directory: Path) -> Path | None:
    """The project's path, in whatever bytes; it must be the one that gave the directory its name."""
    path = _read_path(directory / PATH_RECORD)
    return path if path is not None and project_id(path) == directory.name else None


def _find_mount_point(directory: Path, project: Path) -> Path | None:
    """The recorded mount point; None where there is none that the project can have lain on."""
    path = _read_path(directory / MOUNT_POINT_RECORD)
    return path if path is not None and project.is_relative_to(path) else None


def _read_path(record: Path) -> Path | None:
    try:
        content = read_regular(record, PATH_LIMIT)
    except OSError:
        return None
    return Path(os.fsdecode(content)) if content.startswith(b"/") and b"\0" not in content else None


def _find_current(settings: Settings, directory: Path, project: Path | None) -> frozenset[Path]:
    """The generations that were last switched to, one an environment, and the one that hooks enter."""
    links = [*iter_current_links(directory)]
    if project is not None:
        link = find_active_link(settings, project)
        links += [] if link is None else [link]
    current = set()
    for link in links:
        try:
            current.add(link.parent / os.readlink(link))
        except OSError:
            continue
    return frozenset(current)


def find_active_link(settings: Settings, project: Path) -> Path | None:
    """Where hooks look for the project's generation; None where they cannot follow its path."""
    try:
        return active_path(settings, project) / LINK_NAME
    except ActivationError:
        return None
