"""Where there is any doubt the front has the program do it, with the same arguments and in the same environment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from devenv.activation.environ import apply_activation
from devenv.activation.state import active_path, deactivate_project
from devenv.activation.watched import read_watched_file, write_stamps
from devenv.fsutil import replace_link
from devenv.settings import settings_path
from tests.functional.front.front import FELL_BACK, Front


def shift(path: Path, nanoseconds: int) -> None:
    """Change the time of the last modification by so much."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + nanoseconds))


def other_project(front: Front) -> None:
    ours = front.active
    other = front.activate(front.project("other")).generation
    replace_link(active_path(front.settings, ours) / "@devenv", str(other))


def truncate(front: Front) -> None:
    front.script.write_bytes(front.script.read_bytes()[:-4])


DOUBTS: dict[str, Callable[[Front], object]] = {
    "manifest is newer": lambda it: shift(it.active / "devenv.toml", 1_000_000_000),
    "manifest is older": lambda it: shift(it.active / "devenv.toml", -1_000_000_000),
    "lock is newer": lambda it: shift(it.active / "devenv.lock", 1_000_000_000),
    "lock is gone": lambda it: (it.active / "devenv.lock").unlink(),
    "manifest is a link to nothing": lambda it: replace_link(it.active / "devenv.toml", "nothing"),
    "settings appeared": lambda it: it.configure(""),
    "environment is gone": lambda it: replace_link(it.script.parent / "environment", "/nothing"),
    "not allowed any more": lambda it: deactivate_project(it.settings, it.active),
    "generation is gone": lambda it: shutil.rmtree(it.script.parent),
    "script is gone": lambda it: it.script.unlink(),
    "script is damaged": truncate,
    "script is empty": lambda it: it.script.write_text(""),
    "script is another project's": other_project,
    "another manifest is nearer": lambda it: (it.active / "src" / "devenv.toml").write_text(""),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_doubts(front: Front, api: Path, doubt: str) -> None:
    """What the front cannot vouch for it does not start: any change of a time, what is missing, what is not ours."""
    (api / "src").mkdir()
    at = api / "src"
    assert front.call("run", "sh", "-c", "exit 7", at=at).status == 7
    DOUBTS[doubt](front)
    for arguments in (["run", "sh", "-c", "exit 7"], ["exec", ".", "sh", "-c", "exit 7"], ["shell"]):
        outcome = front.call(*arguments, at=at)
        assert (outcome.status, outcome.errors) == (FELL_BACK, b""), arguments


def test_times_below_a_second(front: Front, api: Path, shell: str) -> None:
    """A time that differs by less than a second is another one, in shells that know more than seconds."""
    shift(api / "devenv.toml", 1_000_000)
    assert front.call("run", "true", at=api).fell_back, shell


def test_further_watched_files(front: Front) -> None:
    """A file that decides, such as `.env`, counts when it appears, changes, and goes."""
    project = front.project()
    activation = front.activate(project, watched=("devenv.toml", "devenv.lock", ".env", "none/it's.patch"))
    file = project / ".env"

    def fell_back() -> bool:
        return front.call("run", "true", at=project).fell_back

    def stamp() -> None:
        write_stamps(activation.generation, [read_watched_file(project, name) for name in activation.watched])

    assert not fell_back()
    file.write_text("A=1\n")
    assert fell_back()
    stamp()
    assert not fell_back()
    shift(file, -1_000_000_000)
    assert fell_back()
    file.unlink()
    assert fell_back()
    stamp()
    assert not fell_back()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [""],
        ["--version"],
        ["-h"],
        ["status"],
        ["run"],
        ["run", "--"],
        ["run", ""],
        ["run", "-v", "true"],
        ["run", "--", "-x"],
        ["run", "--help"],
        ["run", "frobnicate"],
        ["run", "./frobnicate"],
        ["run", "cd"],
        ["run", "src"],
        ["exec"],
        ["exec", "."],
        ["exec", ".", "--"],
        ["exec", "--", ".", "true"],
        ["exec", "", "true"],
        ["exec", "nothing", "true"],
        ["exec", "-", "true"],
        ["exec", "/", "true"],
        ["shell", "-v"],
        ["shell", "--"],
    ],
    ids=" ".join,
)
def test_other_calls(front: Front, api: Path, arguments: list[str]) -> None:
    """Whatever is not plainly a command is the program's to deal with, which is given exactly the arguments."""
    (api / "src").mkdir()
    outcome = front.call(*arguments, at=api, environ=front.environ(PATH="/usr/bin:/bin", CDPATH="/"))
    words = [str(front.program), *arguments]
    lines = "".join(f"{len(word)}:{word}\n" for word in words)
    assert (outcome.status, outcome.output.decode(), outcome.errors) == (FELL_BACK, lines, b"")


@pytest.mark.parametrize(
    "variables",
    [
        {"HOME": ""},
        {"HOME": "relative"},
        {"_DEVENV_COMPLETE": "bash_complete"},
        {"DEVENV_GENERATION": "/somewhere/projects/0/generations/1"},
    ],
    ids=str,
)
def test_other_environments(front: Front, api: Path, variables: dict[str, str]) -> None:
    """O-03, L-09: without a home, asked for completions, or in an environment that is not ours, the program decides."""
    assert front.call("run", "true", at=api, environ=front.environ(**variables)).fell_back
    environ = front.environ()
    del environ["HOME"]
    assert front.call("run", "true", at=api, environ=environ).fell_back


def test_inside_another_environment(front: Front, api: Path) -> None:
    """Inside another project's environment, or an older generation, there is something to undo first."""
    del api
    other = front.activation
    assert other is not None
    activation = front.activate(front.project("other"), variables={"INSIDE": "other"})
    environ = apply_activation(activation, front.environ())
    assert front.call("run", "true", at=other.project, environ=environ).fell_back
    assert not front.call("run", "true", at=activation.project, environ=environ).fell_back
    front.activate(activation.project, variables={"INSIDE": "new"})
    assert front.call("run", "true", at=activation.project, environ=environ).fell_back


@pytest.mark.parametrize("name", ["RANDOM", "OPTIND", "SECONDS", "BASH_ARGV0", "FUNCNEST", "LINENO"])
def test_variables_of_shells(front: Front, name: str) -> None:
    """A variable that means something to a shell reaches programs as it is: the program sets it."""
    project = front.project()
    front.activate(project, variables={name: "1x"})
    assert front.call("run", "true", at=project).fell_back


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to somebody else")
@pytest.mark.parametrize("which", ["state", "script"])
def test_state_of_somebody_else(front: Front, api: Path, which: str) -> None:
    """O-03: what is not the caller's own is not read, whoever may have been able to write it."""
    os.chown(front.settings.state if which == "state" else front.script, 12345, -1)
    assert front.call("run", "true", at=api).fell_back


def test_settings_move_the_state(front: Front) -> None:
    """What the settings say holds: where they move the state, what lies at the usual place is used no more."""
    project = front.project()
    front.activate(project, variables={"FROM": "usual"})
    moved = front.home / "it is here"
    front.configure(f'# state = "/nowhere"\nruntime = "pinned"\nstate = "{moved}" # moved\n[build]\njobs = 1\n')
    assert front.call("run", "printenv", "FROM", at=project).fell_back
    front.activate(project, variables={"FROM": "moved"})
    assert front.call("run", "printenv", "FROM", at=project).output == b"moved\n"
    shift(settings_path(front.home), 1_000_000_000)
    assert front.call("run", "printenv", "FROM", at=project).fell_back
    settings_path(front.home).unlink()
    assert front.call("run", "printenv", "FROM", at=project).output == b"usual\n"
    front.configure("")
    front.activate(project, variables={"FROM": "settings"})
    assert front.call("run", "printenv", "FROM", at=project).output == b"settings\n"
    shift(settings_path(front.home), -1_000_000_000)
    assert front.call("run", "printenv", "FROM", at=project).fell_back


def test_what_the_system_refuses(front: Front, api: Path) -> None:
    """A script whose interpreter is missing looks as if it could be run: the program says what is wrong."""
    script = api / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    assert front.call("run", "./script", "x", at=api).status in {FELL_BACK, 126, 127}
    script.chmod(0o644)
    assert front.call("run", "./script", "x", at=api).fell_back


def test_scripts_without_an_interpreter(front: Front, api: Path) -> None:
    """As the program does it: `sh` runs them."""
    script = api / "script"
    script.write_text('echo "$1"; exit 3\n')
    script.chmod(0o755)
    outcome = front.call("run", "./script", "a b", at=api)
    assert (outcome.status, outcome.output) == (3, b"a b\n")


def test_working_directory_gone(front: Front, api: Path) -> None:
    """Where the working directory was deleted, the program says so."""
    gone = api / "gone"
    gone.mkdir()
    outcome = front.call("run", "true", at=gone, wrapper=["/bin/sh", "-c", 'rmdir ../gone; exec "$0" "$@"'])
    assert outcome.fell_back


def test_without_the_program(front: Front, api: Path) -> None:
    """Where what belongs beside it is missing, the front says so in one sentence; what is ready works."""
    (front.home / "bin" / "devenv-main").unlink()
    outcome = front.call("status", at=api)
    assert (outcome.status, outcome.output) == (127, b"")
    assert b"`devenv-main`" in outcome.errors
    assert front.call("run", "true", at=api).status == 0


def test_links_to_the_front(front: Front, api: Path) -> None:
    """pipx and uv put links on the PATH: the program is found through them, and told the name that was called."""
    binaries = front.home / "other" / "bin\n"
    binaries.mkdir(parents=True)
    (front.home / "further").symlink_to("other/bin\n/devenv")
    (binaries / "devenv").symlink_to("../../bin/devenv")
    link = front.home / "further"
    outcome = front.call("-x", at=api, wrapper=["/bin/sh", "-c", f'exec "{link}" "$@"'])
    assert outcome.fell_back
    assert outcome.output.decode().splitlines()[0].endswith(f":{link}")
