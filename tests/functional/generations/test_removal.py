"""Deleting generations: what stays, what goes, and what a kill leaves."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.activation.state import active_path
from devenv.fsutil import delete_tree
from devenv.generations.generations import find_current_generation, project_locked
from devenv.generations.presence import Presence
from devenv.generations.projects import GenerationState, ProjectState, iter_projects
from devenv.generations.removal import remove_generation, remove_leftovers
from devenv.settings import Settings, default_settings
from tests.generations import make_generation, make_project, only_project, pin
from tests.homes import temporary_home

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def settings() -> Iterator[Settings]:
    """The settings of a user with an empty home directory, short enough for a store."""
    with temporary_home(in_memory=True) as home:
        yield default_settings(home)


@pytest.fixture
def project(settings: Settings) -> Path:
    """A project with two generations; the second is the current one."""
    project = make_project(settings.home / "api")
    for _ in range(2):
        make_generation(settings, project)
    return project


def listed(settings: Settings) -> tuple[ProjectState, GenerationState, GenerationState]:
    """The project with its two generations, as a collection would have listed it."""
    state = only_project(settings)
    first, second = state.generations
    return state, first, second


def test_old_generation_goes_alone(settings: Settings, project: Path) -> None:
    """Invariant 10: the current generation, its project and what shells enter stay as they are."""
    state, first, second = listed(settings)
    assert remove_generation(settings, state, first)
    assert only_project(settings).generations == (second,)
    assert (active_path(settings, project) / "@devenv").readlink() == second.path
    assert remove_generation(settings, state, first), "gone already is no error"


def test_current_generation_is_taken_from_shells_first(settings: Settings, project: Path) -> None:
    """Invariant 10: without its current generation a project has none, and its shells are led nowhere."""
    state, _, second = listed(settings)
    assert remove_generation(settings, state, second)
    assert find_current_generation(settings, project) is None
    assert not os.path.lexists(active_path(settings, project) / "@devenv")
    assert [each.current for each in only_project(settings).generations] == [False]
    assert make_generation(settings, project).number == 2


def test_deleted_project_leaves_nothing(settings: Settings, project: Path) -> None:
    """Invariant 10: with the last generation of a deleted project its state goes; another project's stays."""
    other = make_generation(settings, make_project(settings.home / "other"))
    delete_tree(project)
    (state,) = (each for each in iter_projects(settings) if each.presence is Presence.GONE)
    for generation in state.generations:
        assert remove_generation(settings, state, generation)
    assert not state.directory.exists()
    assert [each.path for each in only_project(settings).generations] == [other.path]
    remove_leftovers(settings)
    assert [each.path for each in only_project(settings).generations] == [other.path]


def test_what_changed_since_it_was_listed_stays(settings: Settings, project: Path) -> None:
    """D-03: a generation that a shell entered, or the project was switched to, after it was listed is not deleted."""
    state, first, second = listed(settings)
    path = pin(settings, os.getpid(), first.path)
    assert not remove_generation(settings, state, first)
    path.unlink()
    current = state.directory / "current"
    current.unlink()
    current.symlink_to("generations/1")
    assert not remove_generation(settings, state, first)
    assert [each.number for each in only_project(settings).generations] == [1, 2]
    record = second.path / "generation.json"
    record.write_text(record.read_text().replace(str(second.environment), "b" * 32 + "-other"))
    assert not remove_generation(settings, state, second), "another one has its number now"


def test_project_that_is_being_changed(settings: Settings, project: Path) -> None:
    """C-11: while another process is at work on a project nothing waits for it: its generations stay this time."""
    state, first, _ = listed(settings)
    with project_locked(settings, project):
        assert not remove_generation(settings, state, first)
    assert remove_generation(settings, state, first)


def test_deleted_project_with_a_shell_in_it(settings: Settings, project: Path) -> None:
    """D-05: what a shell is in stays although the project was deleted, damaged or not."""
    state, first, second = listed(settings)
    delete_tree(project)
    state = only_project(settings)
    pin(settings, os.getpid(), second.path)
    assert remove_generation(settings, state, first)
    remove_leftovers(settings)
    (kept,) = only_project(settings).generations
    (kept.path / "generation.json").unlink()
    (kept.path / "environment").unlink()
    remove_leftovers(settings)
    assert only_project(settings).damaged == (kept.path,)


def test_damaged_remains_of_a_deleted_project(settings: Settings, project: Path) -> None:
    """Invariant 10: what nobody can use any more does not stay because it is damaged."""
    state, first, second = listed(settings)
    (second.path / "generation.json").write_text("")
    (second.path / "environment").unlink()
    delete_tree(project)
    assert remove_generation(settings, state, first)
    assert list(iter_projects(settings)) == []
    assert not state.directory.exists()


def test_lock_of_a_deleted_state(settings: Settings, project: Path) -> None:
    """C-04: a process that waited for a project whose state was deleted meanwhile makes it anew, and holds it."""
    directory = only_project(settings).directory
    code = (
        "import sys; from pathlib import Path; from devenv.settings import default_settings\n"
        "from devenv.generations.generations import project_locked\n"
        "print('ready', flush=True)\n"
        f"with project_locked(default_settings(Path({str(settings.home)!r})), Path({str(project)!r})):\n"
        "    print('held', flush=True); sys.stdin.readline()\n"
    )
    command = [sys.executable, "-c", code]
    with (
        subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as waiting,
        contextlib.ExitStack() as failed,
    ):
        failed.callback(waiting.kill)
        assert waiting.stdout is not None
        with project_locked(settings, project):
            assert waiting.stdout.readline() == "ready\n"
            # As removing does it: by one rename, since who waits may make a lock in what is still at its place.
            os.rename(directory, directory.with_name("aside"))
            delete_tree(directory.with_name("aside"))
        assert waiting.stdout.readline() == "held\n"
        assert os.listdir(directory) == ["lock"]
        waiting.communicate("\n", timeout=30)
        failed.pop_all()
    assert waiting.returncode == 0


def remove_everything(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the process in `remover` does, which may be killed."""
    command = [sys.executable, "-m", "tests.functional.generations.remover", str(home), *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False, text=True)


def make_two_projects(settings: Settings) -> None:
    """One that was deleted with two generations, and one that is there with one."""
    deleted = make_project(settings.home / "deleted")
    for _ in range(2):
        make_generation(settings, deleted)
    delete_tree(deleted)
    make_generation(settings, make_project(settings.home / "present"))


def check_whole(settings: Settings) -> None:
    """Nothing is damaged, and nobody is led to a generation that is not whole."""
    for project in iter_projects(settings):
        assert project.damaged == ()
        assert project.path is not None
        for link in (project.directory / "current", active_path(settings, project.path) / "@devenv"):
            if link.is_symlink():
                for name in ("generation.json", "activate.bash", "activation.json"):
                    assert (link / name).is_file(), f"{link} leads to something that is not whole"


def test_kill_at_every_point() -> None:
    """A-07, A-13: a kill at any point of deleting leaves a state that the same command finishes, and no leftover."""
    with temporary_home(in_memory=True) as home:
        make_two_projects(default_settings(home))
        points = int(remove_everything(home).stdout)
    assert points > 6
    for number in range(1, points + 1):
        with temporary_home(in_memory=True) as home:
            settings = default_settings(home)
            make_two_projects(settings)
            assert remove_everything(home, str(number)).returncode == -signal.SIGKILL
            check_whole(settings)
            finished = remove_everything(home)
            assert finished.returncode == 0, finished.stderr
            check_whole(settings)
            (left,) = (each for each in (settings.state / "projects").iterdir() if each.is_dir())
            assert sorted(os.listdir(left)) == ["generations", "lock", "mount-point", "path"]
            assert os.listdir(left / "generations") == []
