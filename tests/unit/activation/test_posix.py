"""The script that the front reads: data in plain `sh`, one command, nothing that a shell could not keep."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from devenv.activation.model import Activation, Entries
from devenv.activation.scripts.posix import SCRIPT_FORMAT, format_posix_script, is_special
from devenv.resources import resource_path

FRONT = resource_path("shell_hooks", "devenv.sh").read_text()


def script(**fields: object) -> str:
    activation = Activation(Path("/api"), Path("/state/1"), "api", **fields)  # type: ignore[arg-type]
    return format_posix_script(activation).decode("utf-8", "surrogateescape")


def test_the_front_reads_this_format() -> None:
    """Both sides have the same number, so that a front of another version leaves scripts to its program."""
    assert f"__devenv_format={SCRIPT_FORMAT}\n" in FRONT


def test_all_of_it_is_one_command() -> None:
    """A-15: what breaks off anywhere behind the first line is no complete command, of which nothing runs."""
    lines = script(variables={"A": "x"}).splitlines()
    assert lines[0].startswith("#")
    assert lines[1].startswith("if ")
    assert lines[-1] == "fi"
    assert all(line.startswith("  ") for line in lines[2:-1])


def test_values_stand_alone() -> None:
    """M-04: a value is a word of its own or beside quoted words, never inside quotes."""
    text = script(
        variables={"A": "it's"}, lists={"CPATH": Entries(("/it's",), ("/b",)), "MANPATH": Entries((), ("/m",))}
    )
    assert "export A='it'\\''s'\n" in text
    assert "export CPATH='/it'\\''s'\"${CPATH:+:$CPATH}\":'/b'\n" in text
    assert "export MANPATH=\"${MANPATH:-}\":'/m'\n" in text


@pytest.mark.parametrize("name", ["RANDOM", "BASH_ENV2", "OPTIND", "FUNCNEST"])
def test_special_variables_are_left_to_the_program(name: str) -> None:
    """What a shell would compute or check gets into no script; the project's other variables go the same way."""
    assert is_special(name)
    assert "export" not in script(variables={name: "1", "A": "x"})


def test_every_name_of_the_front_is_cleared() -> None:
    """None of the front's own variables reaches a program, not even where it came from the environment."""
    assigned = set(re.findall(r"(?<![\w$])(__devenv_[a-z]+)=", FRONT)) | set(re.findall(r"read -r (\w+)", FRONT))
    cleared = re.search(r"__devenv_clear\(\) \{\n(.*?)\n\}", FRONT, re.DOTALL)
    assert cleared is not None
    assert assigned == set(re.findall(r"__devenv_[a-z]+", cleared[1]))
