"""Records generations and finds the current one.

    <state>/projects/<id>/path                  the project's path
    <state>/projects/<id>/mount-point           of the disk that it lies on (see `devenv.generations.presence`)
    <state>/projects/<id>/current               → generations/<number>
    <state>/projects/<id>/current.<name>        the same for a named environment, which hooks do not enter
    <state>/projects/<id>/generations/<number>  environment → the object in the store (this link keeps it alive)
                                                inputs/… → what the lock's inputs are (these too)
                                                devenv.toml, devenv.lock, generation.json, activation scripts

Where these directories lie says `devenv.activation.state`, whose hooks look into them. A generation appears by one
rename with all that belongs to it and becomes the current one by another: at any instant the old or the new one is
whole.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from devenv.activation.saved import ACTIVATION_NAME
from devenv.activation.state import generations_path
from devenv.environment.project import Project, acting_names
from devenv.errors import DevenvError
from devenv.fault_points import fault_point
from devenv.fsutil import (
    TEMPORARY_PREFIX,
    delete_tree,
    locked,
    make_private_directory,
    read_regular,
    rename_new,
    replace_link,
    sync_directory,
    temporary_name,
    write_atomic,
)
from devenv.generations.states import register_state
from devenv.mounts import find_mount_point
from devenv.project_names import LOCK_NAME, MANIFEST_NAME
from devenv.settings import Settings
from devenv.store.store import Store
from devenv.store_path import StorePath, parse_store_path

RECORD_NAME = "generation.json"
RECORD_FORMAT = 1
RECORD_LIMIT = 4 << 20
"""Bytes: the names of all files that a manifest can name have room."""
ENVIRONMENT_LINK = "environment"
INPUTS_DIRECTORY = "inputs"
CURRENT_LINK = "current"
PATH_RECORD = "path"
MOUNT_POINT_RECORD = "mount-point"


class _Record(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    format: int
    environment: str
    digest: str
    created: int
    host_libraries: bool = False
    files: dict[str, str | None] = {}
    selected: str | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """One state: its number and directory, the environment's object, what made it, and when.

    `digest` is that of the project's content, which trust is about; `created` is in seconds since the epoch;
    `host_libraries` is the user's setting that it was made with; `files` are the digests of further files that it was
    made of, by their names in the project (None: it was missing); `selected` is the named environment that it is of
    (None: the default).
    """

    number: int
    path: Path
    environment: StorePath
    digest: str
    created: int
    host_libraries: bool
    files: Mapping[str, str | None]
    selected: str | None


@contextlib.contextmanager
def project_locked(settings: Settings, project: Path) -> Iterator[None]:
    """Hold the project against other processes that change its manifest, lock or generations (FAULTS C-11)."""
    with state_locked(generations_path(settings, project).parent):
        yield


@contextlib.contextmanager
def state_locked(state: Path, *, wait: bool = True) -> Iterator[bool]:
    """The same by the directory of the project's state, made where it is missing; yields whether it is held."""
    with contextlib.ExitStack() as opened:
        while True:
            make_private_directory(state)
            # While we waited, whoever held it may have deleted it with the directory around it.
            with contextlib.suppress(FileNotFoundError):
                held = opened.enter_context(locked(state / "lock", wait=wait))
                break
        yield held


def find_current_generation(settings: Settings, project: Path, selected: str | None = None) -> Generation | None:
    """The generation that was last switched to; None where there is none or its record cannot be read.

    `selected` is the named environment that is meant; None: the default.
    """
    state = generations_path(settings, project).parent
    try:
        return read_generation(state / os.readlink(state / current_link(selected)))
    except (OSError, ValueError):
        return None


def current_link(selected: str | None) -> str:
    """The name of the link to an environment's current generation, in the directory of the project's state."""
    return CURRENT_LINK if selected is None else f"{CURRENT_LINK}.{selected}"


def iter_current_links(state: Path) -> Iterator[Path]:
    """The links to current generations in the directory of a project's state, whether they are there or not."""
    yield state / CURRENT_LINK
    with contextlib.suppress(OSError):
        yield from (state / name for name in sorted(os.listdir(state)) if name.startswith(f"{CURRENT_LINK}."))


def iter_generations(settings: Settings, project: Path) -> Iterator[Generation]:
    """The project's generations, the newest first; what cannot be read is left out."""
    generations = generations_path(settings, project)
    try:
        numbers = sorted((int(name) for name in os.listdir(generations) if name.isdecimal()), reverse=True)
    except OSError:
        return
    for number in numbers:
        with contextlib.suppress(OSError, ValueError):
            yield read_generation(generations / str(number))


def make_current(settings: Settings, project: Path, generation: Generation) -> None:
    """Switch back to a generation that is there. The caller holds `project_locked`."""
    link = generations_path(settings, project).parent / current_link(generation.selected)
    replace_link(link, f"generations/{generation.number}")


def read_generation(path: Path) -> Generation:
    """The generation that lies in `path`. Raises OSError, or ValueError where its record is damaged."""
    record = msgspec.json.decode(read_regular(path / RECORD_NAME, RECORD_LIMIT), type=_Record)
    environment = parse_store_path(record.environment)
    made = (environment, record.digest, record.created, record.host_libraries, record.files, record.selected)
    return Generation(int(path.name), path, *made)


def kept_objects(generation: Generation) -> tuple[StorePath, ...]:
    """What a generation keeps: its environment, and what its lock is evaluated with (of older ones not known)."""
    return (generation.environment, *_iter_inputs(generation.path))


def _iter_inputs(path: Path) -> Iterator[StorePath]:
    with contextlib.suppress(FileNotFoundError):
        for name in sorted(os.listdir(path / INPUTS_DIRECTORY)):
            with contextlib.suppress(ValueError):
                yield parse_store_path(name)


def mark_used(generation: Generation) -> None:
    """Note that a command uses the generation now, for those that delete what is not used.

    Reading leaves a trace on most disks, but by the day only. Where nothing can be written nothing is deleted either.
    """
    path = generation.path / ACTIVATION_NAME
    with contextlib.suppress(OSError):
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


@dataclass(frozen=True, slots=True)
class NewGeneration:
    """What a generation is made of.

    `fill` writes the activation scripts: it is given the directory in which the generation is being made and the one
    that it will be known by.
    """

    project: Project
    environment: StorePath
    fill: Callable[[Path, Path], None]
    inputs: tuple[StorePath, ...] = ()
    """The trees that the lock's inputs are: with them it can be evaluated again."""


def record_generation(settings: Settings, store: Store, new: NewGeneration) -> Generation:
    """Make the next generation and switch to it. The caller holds `project_locked`."""
    project = new.project
    files = project.further_digests(acting_names(project.manifest))
    generations = make_private_directory(generations_path(settings, project.path))
    state = generations.parent
    remove_unfinished(state)
    remove_unfinished(generations)
    write_atomic(state / PATH_RECORD, os.fsencode(project.path), 0o600)
    write_atomic(state / MOUNT_POINT_RECORD, os.fsencode(find_mount_point(project.path)), 0o600)
    # The store must know where what keeps its objects is to be found, before there is such a thing.
    register_state(settings.base, settings.state)
    number = max((int(name) for name in os.listdir(generations) if name.isdecimal()), default=0) + 1
    path = generations / str(number)
    created = int(time.time())
    fault_point("generation.make")
    temporary = make_private_directory(generations / temporary_name())
    os.symlink(store.path(new.environment), temporary / ENVIRONMENT_LINK)
    if new.inputs:
        (temporary / INPUTS_DIRECTORY).mkdir(mode=0o700)
    for each in new.inputs:
        os.symlink(store.path(each), temporary / INPUTS_DIRECTORY / str(each))
    made = (project.digest, created, settings.host_libraries, files, project.selected)
    record = _Record(RECORD_FORMAT, str(new.environment), *made)
    write_atomic(temporary / RECORD_NAME, msgspec.json.encode(record), 0o600)
    write_atomic(temporary / MANIFEST_NAME, project.manifest_bytes, 0o600)
    write_atomic(temporary / LOCK_NAME, project.lock_bytes or b"", 0o600)
    try:
        new.fill(temporary, path)
    except DevenvError:
        # What the project says cannot be entered: nothing is to be left of it.
        delete_tree(temporary)
        raise
    sync_directory(temporary)
    fault_point("generation.appear")
    rename_new(temporary, path)
    sync_directory(generations)
    replace_link(state / current_link(project.selected), f"generations/{number}")
    _remove_old_links(state, project)
    return Generation(number, path, new.environment, *made)


def _remove_old_links(state: Path, project: Project) -> None:
    """Delete the links of environments that the manifest does not have any more: nobody would switch them."""
    known = {state / current_link(name) for name in (None, *project.whole.manifest.environments)}
    for link in iter_current_links(state):
        if link not in known:
            link.unlink(missing_ok=True)


def remove_unfinished(directory: Path) -> None:
    """Delete what killed processes left in `directory`. Whoever works there holds its lock, so none is alive."""
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(directory):
            if name.startswith(TEMPORARY_PREFIX):
                delete_tree(directory / name)
