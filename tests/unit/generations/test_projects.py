"""Listing projects with their generations, whole or damaged."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devenv.activation.saved import ACTIVATION_NAME
from devenv.activation.state import active_path, deactivate_project
from devenv.fsutil import make_private_directory, write_atomic
from devenv.generations.generations import find_current_generation, mark_used, project_locked
from devenv.generations.presence import Presence, find_presence
from devenv.generations.projects import iter_projects
from devenv.generations.states import KnownState, iter_states, register_state
from devenv.mounts import find_mount_point
from devenv.settings import Settings
from tests.generations import ENVIRONMENT, make_generation, make_project, only_project, pin


def test_projects_are_listed_with_what_is_known(settings: Settings) -> None:
    """DESIGN 1: each generation comes with its environment, its last use, and whether it is the current one."""
    project = make_project(settings.home / "api")
    first, second = make_generation(settings, project), make_generation(settings, project)
    pin(settings, os.getpid(), first.path)
    state = only_project(settings)
    assert (state.path, state.presence, state.damaged) == (project, Presence.PRESENT, ())
    assert [each.number for each in state.generations] == [1, 2]
    assert [each.current for each in state.generations] == [False, True]
    assert [each.shells for each in state.generations] == [(os.getpid(),), ()]
    assert [each.path for each in state.generations] == [first.path, second.path]
    assert {each.environment for each in state.generations} == {ENVIRONMENT}


@pytest.mark.parametrize(
    "name",
    [b"it's \"$(x)`;%s\\ *", b"two\nlines\n", b"\xff\xfe", "\u202eabc".encode(), (b"d" * 200 + b"/") * 17 + b"d"],
)
def test_paths_of_any_bytes(settings: Settings, name: bytes) -> None:
    """M-02: whatever a project's path is made of, it is listed as it is."""
    project = make_project(settings.home / os.fsdecode(name))
    make_generation(settings, project)
    state = only_project(settings)
    assert os.fsencode(state.path or "") == os.fsencode(settings.home) + b"/" + name
    assert [each.current for each in state.generations] == [True]


def test_generation_that_hooks_enter_is_current(settings: Settings) -> None:
    """A-13: after a kill before the project was switched for shells, what they are in counts as current too."""
    project = make_project(settings.home / "api")
    first, second = make_generation(settings, project), make_generation(settings, project)
    link = active_path(settings, project) / "@devenv"
    link.unlink()
    link.symlink_to(first.path)
    assert [each.current for each in only_project(settings).generations] == [True, True]
    deactivate_project(settings, project)
    (second.path.parents[1] / "current").unlink()
    assert [each.current for each in only_project(settings).generations] == [False, False]


def test_project_whose_lock_was_only_held(settings: Settings) -> None:
    """`devenv lock` in a project that was never entered leaves nothing to list."""
    with project_locked(settings, make_project(settings.home / "api")):
        assert list(iter_projects(settings)) == []


def test_nothing_yet(settings: Settings) -> None:
    """A user without any state has no projects and no state directories."""
    assert list(iter_projects(settings)) == []
    assert list(iter_states(settings.base)) == []


def set_reading_times(generation: Path, seconds: float) -> None:
    for path in generation.iterdir():
        if path.is_file() and not path.is_symlink():
            os.utime(path, (seconds, path.stat().st_mtime))


def test_last_use(settings: Settings) -> None:
    """The newest counts: when it was made, read by a shell, or marked by a command; marking keeps the file's time."""
    generation = make_generation(settings, make_project(settings.home / "api"))
    set_reading_times(generation.path, 1.0)
    assert only_project(settings).generations[0].last_used == generation.created
    os.utime(generation.path / "activate.bash", (generation.created + 50.0, 1.0))
    assert only_project(settings).generations[0].last_used == generation.created + 50.0
    set_reading_times(generation.path, 1.0)
    activation = generation.path / ACTIVATION_NAME
    os.utime(activation, ns=(1, 2))
    mark_used(generation)
    assert activation.stat().st_mtime_ns == 2
    assert only_project(settings).generations[0].last_used >= generation.created
    assert activation.stat().st_atime >= generation.created


def test_mark_in_a_generation_that_is_gone(settings: Settings) -> None:
    """B-04: where use cannot be noted, the command goes on."""
    generation = make_generation(settings, make_project(settings.home / "api"))
    (generation.path / ACTIVATION_NAME).unlink()
    mark_used(generation)
    assert not (generation.path / ACTIVATION_NAME).exists()


Damage = Callable[[Path], None]


def replace_by_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_by_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace_by_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def content(data: bytes) -> Damage:
    return lambda path: write_atomic(path, data)


RECORDS: dict[str, Damage] = {
    "missing": Path.unlink,
    "empty": content(b""),
    "not_json": content(b"\xff{"),
    "other_fields": content(b'{"format": 1}'),
    "other_environment": content(b'{"format": 1, "environment": "../../etc", "digest": "", "created": 1}'),
    "deep": content(b"[" * 60_000),
    "fifo": replace_by_fifo,
    "directory": replace_by_directory,
}


@pytest.mark.parametrize("damage", RECORDS)
def test_damaged_record(settings: Settings, damage: str) -> None:
    """E-07, D-06: a generation whose record is damaged still keeps its environment, which its link names."""
    generation = make_generation(settings, make_project(settings.home / "api"))
    RECORDS[damage](generation.path / "generation.json")
    (found,) = only_project(settings).generations
    assert (found.environment, found.digest, found.current) == (ENVIRONMENT, "", True)
    (generation.path / "environment").unlink()
    state = only_project(settings)
    assert (state.generations, state.damaged) == ((), (generation.path,))


PATHS: dict[str, Damage] = {
    "missing": Path.unlink,
    "empty": content(b""),
    "other_project": content(b"/etc"),
    "nul": content(b"/a\0b"),
    "relative": content(b"api"),
    "long": content(b"/" * 5000),
    "loop": replace_by_loop,
}


@pytest.mark.parametrize("damage", PATHS)
def test_damaged_path(settings: Settings, damage: str) -> None:
    """D-06: a project whose path is damaged is unknown, and is not taken for a deleted one."""
    project = make_project(settings.home / "api")
    generation = make_generation(settings, project)
    PATHS[damage](generation.path.parents[1] / "path")
    state = only_project(settings)
    assert (state.path, state.presence) == (None, Presence.UNKNOWN)
    assert [each.current for each in state.generations] == [True]


def test_foreign_files_in_the_state(settings: Settings) -> None:
    """D-10: what is no project, no generation and no number is passed over."""
    generation = make_generation(settings, make_project(settings.home / "api"))
    projects = generation.path.parents[2]
    for path in (projects / "notes", generation.path.parent / ".tmp-0123456789abcdef", generation.path.parent / "x1"):
        path.mkdir()
    (projects / ".DS_Store").write_text("")
    assert len(only_project(settings).generations) == 1


def test_state_that_cannot_be_listed(settings: Settings) -> None:
    """D-06: where the projects cannot be listed the answer says so: it does not look as if there were none."""
    make_private_directory(settings.state)
    (settings.state / "projects").write_text("")
    state = only_project(settings)
    assert (state.presence, state.damaged) == (Presence.UNKNOWN, (settings.state / "projects",))


def test_generations_that_cannot_be_listed(settings: Settings) -> None:
    """D-06: a project whose generations cannot be listed is reported."""
    generation = make_generation(settings, make_project(settings.home / "api"))
    generation.path.parent.rename(generation.path.parents[1] / "away")
    generation.path.parent.write_text("")
    state = only_project(settings)
    assert (state.generations, state.damaged) == ((), (generation.path.parents[1],))


def test_deleted_project(settings: Settings) -> None:
    """D-07: a project that is missing from the disk that it lay on was deleted, and so was one that is a file now."""
    project = make_project(settings.home / "api")
    generation = make_generation(settings, project)
    project.rename(settings.home / "moved")
    assert only_project(settings).presence is Presence.GONE
    project.write_text("")
    assert only_project(settings).presence is Presence.GONE
    assert find_current_generation(settings, project) == generation


def test_missing_project_that_may_be_elsewhere(settings: Settings) -> None:
    """D-07: where nothing is mounted at the recorded place, or no place is recorded, it may still be there."""
    project = make_project(settings.home / "api")
    record = make_generation(settings, project).path.parents[1] / "mount-point"
    assert record.read_bytes() == os.fsencode(find_mount_point(project))
    project.rename(settings.home / "moved")
    write_atomic(record, os.fsencode(settings.home), 0o600)
    assert only_project(settings).presence is Presence.UNMOUNTED
    for wrong in (b"", b"/nowhere", b"/\0", os.fsencode(settings.home / "moved")):
        write_atomic(record, wrong, 0o600)
        assert only_project(settings).presence is Presence.UNKNOWN
    record.unlink()
    assert only_project(settings).presence is Presence.UNKNOWN


def test_project_that_cannot_be_looked_at(tmp_path: Path) -> None:
    """D-06: a path that the system refuses to follow is unknown, whatever is mounted."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (loop / "api", Path("/" + "d" * 300)):
        assert find_presence(path, Path("/")) is Presence.UNKNOWN


def test_mount_points_are_found(tmp_path: Path) -> None:
    """D-07: the place is one at or above the project that something is mounted on."""
    place = find_mount_point(tmp_path.resolve())
    assert os.path.ismount(place)
    assert tmp_path.resolve().is_relative_to(place)
    assert find_mount_point(Path("/proc/self/fd")) == Path("/proc")
    assert find_mount_point(Path("/")) == Path("/")


def test_state_directories_are_known_to_the_store(settings: Settings) -> None:
    """Invariant 10: a store finds every state directory that uses it; one that is missing is named, not forgotten."""
    make_generation(settings, make_project(settings.home / "api"))
    other = settings.home / "other\n"
    for _ in range(2):
        register_state(settings.base, other)
    (settings.base / "states" / "note").write_text("")
    known = sorted(iter_states(settings.base), key=lambda each: each.found)
    assert known == [KnownState(other, found=False), KnownState(settings.state, found=True)]


def test_registration_costs_one_look(settings: Settings) -> None:
    """A state directory that is known is not written again; one whose link was turned elsewhere is."""
    register_state(settings.base, settings.state)
    (link,) = (settings.base / "states").iterdir()
    before = link.lstat()
    register_state(settings.base, settings.state)
    assert os.path.samestat(link.lstat(), before)
    link.unlink()
    link.symlink_to("/elsewhere")
    register_state(settings.base, settings.state)
    assert link.readlink() == settings.state
