"""An activation for tools that are no shell: what they read back is what was meant."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.activation.environ import apply_activation
from devenv.activation.exports import find_ready, format_direnv, format_dotenv, format_github
from devenv.activation.model import Activation, Entries
from devenv.manifest.dotenv import parse_dotenv

PROJECT, GENERATION = Path("/project"), Path("/state/generations/1")
ACTIVATION = Activation(
    PROJECT,
    GENERATION,
    "api",
    variables={"A": "1", "GONE": None, "NODE_OPTIONS": "--inspect"},
    lists={"PATH": Entries(("/one", "/two")), "XDG_DATA_DIRS": Entries(("/share",), ("/behind",))},
)
BEFORE = {"HOME": "/home/x", "PATH": "/bin", "GONE": "here"}
READY = find_ready(ACTIVATION, BEFORE, apply_activation(ACTIVATION, BEFORE))

VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
HARD = [
    "",
    " ",
    "a b",
    "it's",
    'say "x"',
    "$HOME ${HOME} `x` $(x)",
    "a\\",
    "\\'",
    "line\nbreak",
    "\r\n",
    "#",
    " #x",
    "ü",
    "=",
]


def test_ready_values() -> None:
    """All that the environment is about is there with its final value, and what has nothing to do with it is not."""
    expected = {
        "A": "1", "DEVENV_GENERATION": str(GENERATION), "DEVENV_NAME": "api", "DEVENV_PROJECT": "/project",
        "DEVENV_WAS_GONE": "here", "DEVENV_WAS_PATH": "/bin", "GONE": None, "NODE_OPTIONS": "--inspect",
        "PATH": "/one:/two:/bin", "XDG_DATA_DIRS": "/share:/usr/local/share:/usr/share:/behind",
    }  # fmt: skip
    assert expected == READY


def test_ready_says_what_another_project_left() -> None:
    """In the environment of another project, its variables are named as well, with what they were before it."""
    after = apply_activation(ACTIVATION, {"PATH": "/bin"})
    ready = find_ready(ACTIVATION, {"PATH": "/other:/bin", "OTHER": "x", "DEVENV_WAS_PATH": "/bin"}, after)
    assert (ready["OTHER"], ready["PATH"]) == (None, "/one:/two:/bin")


@pytest.mark.parametrize("value", HARD)
def test_dotenv_examples(value: str) -> None:
    """Hard values come out of a dotenv file as they went in."""
    assert parse_dotenv(format_dotenv({"A": value}), "x") == {"A": value}


@given(VALUES)
def test_dotenv_values(value: str) -> None:
    """So does any other."""
    assert parse_dotenv(format_dotenv({"A": value}), "x") == {"A": value}


def test_dotenv_spelling() -> None:
    """Simple values stand bare, for docker; what is to be unset is a comment; shells' own markers are left out."""
    assert format_dotenv(READY).decode() == (
        "A=1\n# GONE is not set\nNODE_OPTIONS=--inspect\nPATH=/one:/two:/bin\n"
        "XDG_DATA_DIRS=/share:/usr/local/share:/usr/share:/behind\n"
    )
    assert format_dotenv({"A": "it's $x", "B": "a $x"}) == b"A=\"it's \\$x\"\nB='a $x'\n"


@pytest.mark.parametrize("value", HARD)
def test_bash_reads_the_same(value: str) -> None:
    """Whoever sources such a file instead of parsing it gets the same, line feeds apart, and nothing runs."""
    if "\n" in value or "\r" in value:
        return
    script = b"set -a\n" + format_dotenv({"A": value}) + b'printf %s "$A"\n'
    shown = subprocess.run(["bash", "-c", script], check=True, capture_output=True, env={}).stdout
    assert shown.decode() == value


def parse_github(content: bytes) -> dict[str, str]:
    """As GitHub's runner reads the file: a name, `<<` and a delimiter, then lines up to one that is the delimiter."""
    variables = {}
    lines = iter(content.decode().split("\n")[:-1])
    for line in lines:
        name, found, delimiter = line.partition("<<")
        assert found
        value = []
        for each in lines:
            if each == delimiter:
                break
            value.append(each)
        variables[name] = "\n".join(value)
    return variables


def test_github_files() -> None:
    """Variables are heredocs, directories of `PATH` keep their order though later lines win, and limits are told."""
    files = format_github(ACTIVATION, READY, "random")
    assert parse_github(files.env) == {
        "A": "1", "GONE": "", "XDG_DATA_DIRS": "/share:/usr/local/share:/usr/share:/behind",
    }  # fmt: skip
    assert files.path == b"/two\n/one\n"
    assert (files.emptied, files.refused) == (("GONE",), ("NODE_OPTIONS",))


def test_github_path_with_entries_behind() -> None:
    """What stands behind the rest of `PATH` goes by the variable itself, since the file knows only the front."""
    activation = Activation(PROJECT, GENERATION, lists={"PATH": Entries(("/one",), ("/last",))})
    ready = find_ready(activation, {"PATH": "/bin"}, apply_activation(activation, {"PATH": "/bin"}))
    files = format_github(activation, ready, "random")
    assert parse_github(files.env) == {"PATH": "/one:/bin:/last"}
    assert files.path == b"/one\n"


@given(VALUES.filter(lambda value: "\r" not in value))
def test_github_values(value: str) -> None:
    """Any value comes out as it went in: nobody can write a delimiter that they do not know."""
    files = format_github(ACTIVATION, {"A": value, "B": "2"}, "devenv_0123456789abcdef")
    assert parse_github(files.env) == {"A": value, "B": "2"}


@pytest.mark.parametrize("value", HARD)
def test_direnv_code(value: str) -> None:
    """M-01: direnv's bash gets every value byte for byte, and the files to watch by whole words."""
    code = format_direnv({"A": value, "B": None, "DEVENV_PROJECT": "/p", "DEVENV_NAME": "n"}, ["/a b", "/it's"])
    script = b"watch_file() { printf '[%s]' \"$@\"; }\nB=1\n" + code
    script += b'printf \'%s|%s|%s|%s\' "$A" "${B-unset}" "${DEVENV_PROJECT-unset}" "$DEVENV_NAME"'
    shown = subprocess.run(["bash", "-c", script], check=True, capture_output=True, env={}).stdout
    assert shown.decode() == f"[/a b][/it's]{value}|unset|unset|n"
