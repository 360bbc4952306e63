"""Files of a project that changed: no prompt waits, what was there stays until something new is, one line tells."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.activation.state import ANSWER_NAME, LINK_NAME, active_path
from tests.shells.drivers import Shell
from tests.shells.workspace import CLOCK_LIMIT, Workspace, prompt_until

ACTIVE = 'active="$HOME/.local/state/devenv/active$1"; '
WITHDRAW = ACTIVE + f'rm "$active/{LINK_NAME}"'
RESTAMP = ACTIVE + "".join(
    f'touch -r "$1/{name}" "$active/{LINK_NAME}/{index}.stamp"\n'
    for index, name in enumerate(("devenv.toml", "devenv.lock"))
)
NOTHING_FOLLOWS = "nothing follows until `devenv status` works there\n"


class Gate:
    """Holds the program until the test lets it go on: `script` is what the program runs."""

    def __init__(self, directory: Path) -> None:
        self._places = [directory / "started", directory / "opened"]
        for place in self._places:
            os.mkfifo(place)
        # Open for both directions, so that neither side waits for the other to open.
        self._started, self._opened = (os.open(place, os.O_RDWR) for place in self._places)
        self.script = f"echo >{self._places[0]}; read -r go <{self._places[1]}\n"

    def wait(self) -> None:
        """Wait until the program was started once more."""
        assert select.select([self._started], [], [], CLOCK_LIMIT)[0], "the program was not started"
        os.read(self._started, 1)

    def was_started(self) -> bool:
        """Whether the program was started meanwhile."""
        return bool(select.select([self._started], [], [], 0)[0])

    def open(self) -> None:
        """Let the program go on."""
        os.write(self._opened, b"\n")

    def close(self) -> None:
        os.close(self._started)
        os.close(self._opened)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path)
    yield gate
    gate.close()


def edit(path: Path) -> None:
    """Change `path`; its time moves on, since a shell answered in between."""
    changed = path.stat().st_mtime_ns
    path.write_text(path.read_text() + "# changed\n")
    assert path.stat().st_mtime_ns > changed


def answer(workspace: Workspace, project: Path, text: str) -> str:
    """Script for the program by which it tells `text`."""
    place = active_path(workspace.settings, project) / ANSWER_NAME
    return f"printf '%s\\n' '{text}' >'{place}.new'; mv '{place}.new' '{place}'\n"


def switch(workspace: Workspace, project: Path, **variables: str) -> str:
    """Script for the program by which it switches to a generation with these variables, made of the files of now."""
    generation = workspace.realize(project, variables=variables).generation
    link = active_path(workspace.settings, project) / LINK_NAME
    return f"ln -s '{generation}' '{link}.new'; mv -T '{link}.new' '{link}'\n"


@pytest.mark.parametrize("name", ["devenv.toml", "devenv.lock", ".env"])
def test_prompt_never_waits(workspace: Workspace, kind: str, gate: Gate, name: str) -> None:
    """S-21, direnv#503: while the new environment is made the prompt is there with the old one; then it switches."""
    project = workspace.project("api")
    (project / ".env").write_text("")
    watched = ("devenv.toml", "devenv.lock", ".env")
    workspace.activate(project, variables={"INSIDE": "old"}, watched=watched)
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        edit(project / name)
        workspace.answer(gate.script + switch(workspace, project, INSIDE="new"))
        assert shell.run("true") == ""
        gate.wait()
        assert shell.run("echo $INSIDE\ntrue\ncd .\ntrue") == "old\n"
        assert not gate.was_started()
        gate.open()
        assert prompt_until(shell, "switched") == "devenv: switched to the new environment of api\n"
        assert shell.run("echo $INSIDE\ntrue") == "new\n"
        assert workspace.asked() == [f"hook-changed -- {project}"]


@pytest.mark.parametrize("name", ["devenv.toml", "devenv.lock"])
def test_changed_content_takes_the_environment_away(workspace: Workspace, kind: str, name: str) -> None:
    """L-02, S-23: an edited manifest or lock is asked about once; what is not allowed any more is left, with a line."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(WITHDRAW)
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        edit(project / name)
        assert "is not allowed" in prompt_until(shell, "devenv: ")
        assert shell.value("INSIDE") is None
        assert shell.run("true") == ""
        assert workspace.asked() == [f"hook-changed -- {project}"]
        workspace.activate(project, variables={"INSIDE": "again"})
        assert shell.run("true") == "devenv: entered api\n"


def test_withdrawn_with_an_answer(workspace: Workspace, kind: str) -> None:
    """L-02, S-27: where the program says why it took the environment away, that is the one line."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(answer(workspace, project, "packages changed: run `devenv allow`") + WITHDRAW)
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        edit(project / "devenv.toml")
        said = prompt_until(shell, "devenv: ")
        while shell.value("INSIDE") is not None:
            said += shell.run("true")
        said += shell.run("true")
        assert said.startswith("devenv: packages changed: run `devenv allow`\n")
        assert said.count("\n") == 1


def test_changed_while_away(workspace: Workspace, kind: str) -> None:
    """S-21: what changed while no shell was there is entered as it was allowed, and asked about at once."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "old"})
    edit(project / "devenv.lock")
    workspace.answer(switch(workspace, project, INSIDE="new"))
    with workspace.shell(kind) as shell:
        said = shell.run("cd api")
        # The program may be there before the first prompt.
        said += "" if "switched" in said else prompt_until(shell, "switched")
        assert said == "devenv: entered api\ndevenv: switched to the new environment of api\n"
        assert shell.value("INSIDE") == "new"
        assert len(workspace.asked()) == 1


def test_build_that_fails(workspace: Workspace, kind: str) -> None:
    """S-22: the old environment stays, the program's line is told once in every shell, and each new one once more."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "old"})
    workspace.answer(answer(workspace, project, "building api failed: see `devenv log`") + "exit 1")
    with workspace.shell(kind) as shell, workspace.shell(kind) as other:
        shell.run("cd api")
        other.run("cd api")
        edit(project / "devenv.toml")
        for each in (shell, other):
            assert prompt_until(each, "failed") == "devenv: building api failed: see `devenv log`\n"
            assert each.run("true\ntrue\necho $INSIDE") == "old\n"
        assert len(workspace.asked()) == 1, "one shell asks for all"
        workspace.answer(answer(workspace, project, "building api failed again") + "exit 1")
        edit(project / "devenv.toml")
        assert prompt_until(shell, "again") == "devenv: building api failed again\n"
        assert shell.run("true\necho $INSIDE") == "old\n"
        assert len(workspace.asked()) == 2


def test_same_content_with_another_time(workspace: Workspace, kind: str, gate: Gate) -> None:
    """A changed time alone costs one call of the program, and the environment stays; times that go back count too."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(RESTAMP + "touch ~/restamped\n" + gate.script)
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        for number, time in enumerate((1_000_000_000, 2_000_000_000), 1):
            os.utime(project / "devenv.toml", (time, time))
            assert shell.run("true") == ""
            gate.wait()
            gate.open()
            assert shell.run("true\necho $INSIDE\ntrue") == "yes\n"
            assert len(workspace.asked()) == number


def test_time_that_goes_back_after_a_question(workspace: Workspace, gate: Gate) -> None:
    """A time that went back says nothing of when: a shell asks then, though another one asked of an earlier change."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(RESTAMP + gate.script)
    with workspace.bash() as shell, workspace.bash() as other:
        shell.run("cd api")
        other.run("cd api")
        edit(project / "devenv.toml")
        shell.run("true")
        gate.wait()
        gate.open()
        other.run("true")
        os.utime(project / "devenv.toml", (1, 1))
        other.run("true")
        gate.wait()
        gate.open()


def test_file_that_appears_or_disappears(workspace: Workspace, kind: str, gate: Gate) -> None:
    """L-02: a manifest or lock that disappears, and one that appears, is a change."""
    project = workspace.project("api")
    (project / "devenv.lock").unlink()
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(WITHDRAW + "\n" + gate.script)
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        assert workspace.asked() == []
        (project / "devenv.lock").write_text("")
        shell.run("true")
        gate.wait()
        gate.open()
        prompt_until(shell, "is not allowed")
        workspace.activate(project, variables={"INSIDE": "yes"})
        assert shell.run("true") == "devenv: entered api\n"
        (project / "devenv.toml").unlink()
        assert shell.run("true") == ""
        gate.wait()
        gate.open()
        assert shell.run("true") == ""
        assert len(workspace.asked()) == 2
        assert shell.value("INSIDE") is None


BROKEN = {
    "fails": "exit 1",
    "python_broken": "exec /nowhere/python3 -m devenv",
    "killed": "kill -9 $$",
    "talks": "echo out; echo error >&2; exit 1",
}


@pytest.mark.parametrize("case", BROKEN)
def test_program_that_fails(workspace: Workspace, kind: str, case: str) -> None:
    """L-11: a program that fails is told of once, and not started again until the files change again."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(BROKEN[case])
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        edit(project / "devenv.toml")
        said = prompt_until(shell, "devenv: ")
        assert said.startswith("devenv: the files of ")
        assert said.endswith(NOTHING_FOLLOWS)
        assert said.count("\n") == 1
        assert shell.run("true\ncd .\ntrue\necho $INSIDE") == "yes\n"
        assert len(workspace.asked()) == 1
        edit(project / "devenv.lock")
        workspace.answer(switch(workspace, project, INSIDE="new"))
        assert prompt_until(shell, "switched") == "devenv: switched to the new environment of api\n"
        assert shell.value("INSIDE") == "new"


@pytest.mark.parametrize("form", ["missing", "not_executable"])
def test_program_that_is_missing(workspace: Workspace, kind: str, form: str) -> None:
    """L-11: with devenv uninstalled the prompt works, the environment stays, and one line says what is wrong."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    if form == "missing":
        workspace.program.unlink()
    else:
        workspace.program.chmod(0o600)
    with workspace.shell(kind) as shell:
        assert shell.run("cd api") == "devenv: entered api\n"
        edit(project / "devenv.toml")
        said = prompt_until(shell, "devenv: ")
        assert said.endswith(NOTHING_FOLLOWS)
        assert said.count("\n") == 1
        assert shell.run("true\necho $INSIDE\ntrue") == "yes\n"
        shell.run("cd ~")
        assert shell.value("INSIDE") is None
        assert shell.run("cd ~/api").startswith("devenv: entered api\n")


def test_program_that_hangs(workspace: Workspace, kind: str, gate: Gate) -> None:
    """L-11: a program that hangs keeps nobody waiting, also not whoever enters, leaves or ends the shell."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(gate.script)
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        edit(project / "devenv.toml")
        assert shell.run("true") == ""
        gate.wait()
        assert shell.run("cd ~") == ""
        assert shell.value("INSIDE") is None
        assert shell.run("cd api") == "devenv: entered api\n"
        assert shell.run("jobs").removeprefix("jobs: There are no jobs\n") == "", "nothing of it is a job of the user's"
        with shell.nested(kind, workspace.executable(kind)) as child:
            assert child.value("INSIDE") == "yes"
    assert len(workspace.asked()) == 1


def test_program_that_answers_without_effect(workspace: Workspace, kind: str, gate: Gate) -> None:
    """A program that claims success but changes nothing is not started at every prompt."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(gate.script + "exit 0")
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        edit(project / "devenv.toml")
        shell.run("true")
        gate.wait()
        gate.open()
        shell.run("true\ntrue\ntrue")
        assert len(workspace.asked()) == 1


def test_files_from_the_future(workspace: Workspace, kind: str, gate: Gate) -> None:
    """Files whose time lies ahead of the clock do not make the hook ask at every prompt."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(gate.script)
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        os.utime(project / "devenv.toml", (4_000_000_000, 4_000_000_000))
        shell.run("true")
        gate.wait()
        gate.open()
        shell.run("true\ntrue")
        assert shell.value("INSIDE") == "yes"
        assert len(workspace.asked()) == 1


def test_program_runs_beside_the_shell(workspace: Workspace, kind: str, gate: Gate) -> None:
    """S-21, S-26: what the program prints is not seen, it has no terminal, and Ctrl-C at the prompt does not end it."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(gate.script + f"echo seen; echo seen >&2; cat; {answer(workspace, project, 'went on')}")
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        edit(project / "devenv.toml")
        assert shell.run("true") == ""
        gate.wait()
        _interrupt_something(shell)
        gate.open()
        assert prompt_until(shell, "went on") == "devenv: went on\n"


def _interrupt_something(shell: Shell) -> None:
    shell.interrupt_when("sh -c 'echo waiting; exec sleep 600'", "waiting\r\n")
