"""The state tree, and the text of the hook."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from devenv.activation.hook import PROGRAM_PLACEHOLDER, STATE_PLACEHOLDER, format_hook
from devenv.activation.model import Activation, Entries
from devenv.activation.shells import SHELLS
from devenv.activation.state import (
    activate_project,
    active_path,
    deactivate_project,
    find_inherited,
    generations_path,
    leave_inherited,
    write_generation_scripts,
)
from devenv.activation.watched import read_watched_files, write_stamps
from devenv.errors import ActivationError, UsageError
from devenv.fsutil import make_private_directory
from devenv.resources import resource_path
from devenv.settings import Settings, default_settings


@pytest.fixture
def state(tmp_path: Path) -> Settings:
    """The settings of a user without any state."""
    return default_settings(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a manifest and no lock."""
    project = tmp_path / "api"
    project.mkdir()
    (project / "devenv.toml").write_text("[project]\n")
    return project


def make_generation(settings: Settings, project: Path) -> Path:
    return make_private_directory(generations_path(settings, project) / "1")


def find_generation(settings: Settings, project: Path) -> Path | None:
    """The generation that shells in the project would use."""
    link = active_path(settings, project) / "@devenv"
    return link.readlink() if link.is_symlink() else None


def test_activation_is_one_link(state: Settings, project: Path) -> None:
    """Invariant 6: switching replaces one link; directories on the way are the user's alone."""
    generation = make_generation(state, project)
    assert find_generation(state, project) is None
    activate_project(state, project, generation)
    activate_project(state, project, generation)
    assert find_generation(state, project) == generation
    active = active_path(state, project)
    assert active == state.state / "active" / project.relative_to("/")
    assert os.listdir(active) == ["@devenv"]
    for directory in (state.state, state.state / "active", active, generation):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    deactivate_project(state, project)
    deactivate_project(state, project)
    assert find_generation(state, project) is None


def test_projects_that_shells_cannot_follow(state: Settings) -> None:
    """M-02: a path that gets too long behind the state directory, or that holds our link's name, is an error."""
    for path, slug in [("/" + "d/" * 2040 + "d", "path-too-long"), ("/a/@devenv/b", "path-reserved")]:
        with pytest.raises(ActivationError) as caught:
            active_path(state, Path(path))
        assert caught.value.slug == slug


def test_stamps_have_the_times_of_the_files(state: Settings, project: Path) -> None:
    """DESIGN 8: a stamp has its file's time to the nanosecond; a missing file has no stamp, later as well."""
    generation = make_generation(state, project)
    os.utime(project / "devenv.toml", ns=(1, 1_234_567_890_123_456_789))
    (project / "devenv.lock").write_text("")
    write_stamps(generation, read_watched_files(project))
    assert (generation / "0.stamp").stat().st_mtime_ns == 1_234_567_890_123_456_789
    (project / "devenv.lock").unlink()
    write_stamps(generation, read_watched_files(project))
    assert not (generation / "1.stamp").exists()


def test_watched_files_that_cannot_be_read(project: Path) -> None:
    """K-05: a FIFO in a file's place is an error at once, not a program that hangs."""
    os.mkfifo(project / "devenv.lock")
    with pytest.raises(UsageError) as caught:
        read_watched_files(project)
    assert caught.value.slug == "project-unreadable"


def test_leaving_an_inherited_environment(state: Settings, project: Path) -> None:
    """L-09: `devenv run` inside one project's shell takes that project's environment back, if the claim is true."""
    generation = make_generation(state, project)
    activation = Activation(project, generation, "", {"A": "ours"}, {"PATH": Entries(("/ours",))})
    write_generation_scripts(generation, activation)
    claim = {"DEVENV_PROJECT": str(project), "DEVENV_GENERATION": str(generation)}
    inside = {"A": "ours", "PATH": "/ours:/bin", "DEVENV_WAS_PATH": "/bin", "HOME": "/h"}
    assert find_inherited(state, inside | claim) == activation
    assert leave_inherited(state, inside | claim) == {"PATH": "/bin", "HOME": "/h"}
    for lie in ({"DEVENV_PROJECT": "/"}, {"DEVENV_GENERATION": f"{generation}/../1"}, {"DEVENV_GENERATION": "/g"}):
        assert find_inherited(state, inside | claim | lie) is None
        assert leave_inherited(state, inside | claim | lie) == {"A": "ours", "PATH": "/ours:/bin", "HOME": "/h"}


@pytest.mark.parametrize("shell", SHELLS)
def test_placeholders_are_bare_words(shell: str) -> None:
    """M-04: in the shipped hook each placeholder stands once, between blanks, where a quoted word may stand."""
    text = resource_path("shell_hooks", f"hook.{shell}").read_bytes()
    for placeholder in (STATE_PLACEHOLDER, PROGRAM_PLACEHOLDER):
        assert len(re.findall(rb"(?<=[ \n])" + re.escape(placeholder) + rb"(?=[ \n])", text)) == 1
        assert text.count(placeholder) == 1


def test_hook_of_an_unknown_shell(state: Settings) -> None:
    """A shell without a hook is a usage error that names those there are."""
    with pytest.raises(UsageError) as caught:
        format_hook("tcsh", state, Path("/bin/devenv"))
    assert caught.value.slug == "shell-unknown"
    assert "`bash`" in (caught.value.hint or "")


def test_hook_with_a_placeholder_in_a_path(state: Settings) -> None:
    """M-04: a path that looks like a placeholder is a path."""
    program = Path("/it's/@DEVENV_STATE@/@DEVENV_PROGRAM@")
    assert format_hook("bash", state, program).count(b"'/it'\\''s/@DEVENV_STATE@/@DEVENV_PROGRAM@'") == 1
