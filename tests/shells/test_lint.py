"""The shipped shell code, read by the shells themselves and by shellcheck."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from devenv.activation.hook import format_hook
from devenv.activation.shells import SHELLS
from tests.shells.executables import require_program
from tests.shells.workspace import HOOKS, KINDS, Workspace

FILES = sorted(path.name for path in HOOKS.iterdir())
REPOSITORY = HOOKS.parent
CHECKED = sorted(
    [
        *(HOOKS / name for name in FILES if name.endswith((".bash", ".sh"))),
        *(REPOSITORY / ".ci").glob("[rs]*"),
        *REPOSITORY.glob("tests/**/*.bash"),
    ]
)


def call(*command: str) -> str:
    """What a check has to say; nothing is what it should."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return f"{done.stdout}{done.stderr}" if done.returncode else ""


@pytest.mark.parametrize("path", CHECKED, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(programs: Mapping[str, str], path: Path, pytestconfig: pytest.Config) -> None:
    """Issue 6, item 1: shellcheck has nothing to say of bash and `sh` code."""
    if pytestconfig.getoption("--oldest-shells"):
        pytest.skip("no shell runs this: it is looked at once")
    # SC2154: scripts in the state directory assign variables that it does not see assigned.
    assert call(require_program(programs, "shellcheck"), "--exclude=SC2154", str(path)) == ""


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("hook.")])
def test_shells_can_read_it(programs: Mapping[str, str], name: str) -> None:
    """Issue 6, item 1: `bash -n`, `zsh -n` and `fish -n` take each hook as it is shipped."""
    shell = name.removeprefix("hook.")
    assert call(require_program(programs, shell), "-n", str(HOOKS / name)) == ""


def test_shells_can_read_what_is_printed(workspace: Workspace, kind: str) -> None:
    """M-04: the hook with hostile places put in is code that the shell takes."""
    place = workspace.home / 'it\'s $(x) `y` "z" \\'
    hook = workspace.home / "printed"
    hook.write_bytes(format_hook(kind, workspace.settings, place))
    assert call(workspace.executable(kind), "-n", str(hook)) == ""


def test_every_shell_has_a_hook() -> None:
    """A shell that can be activated has a file, and each file belongs to one."""
    assert {name.removeprefix("hook.") for name in FILES if name.startswith("hook.")} == SHELLS.keys()
    assert set(KINDS) <= SHELLS.keys()
