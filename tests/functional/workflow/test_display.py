"""What people and programs get to see: help, progress, quiet and verbose, JSON in its envelope."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import click
import jsonschema
import pexpect
import pytest
from click.testing import CliRunner

import devenv.cli.set as set_
from devenv.cli import artifacts, devenv_command, store
from devenv.cli.group import HIDDEN, SECTIONS
from devenv.fsutil import delete_tree
from devenv.system import host_system
from tests.functional.catalogue import Catalogue
from tests.functional.loopback import Fault, Kind
from tests.functional.workflow.command import TIME_LIMIT, User

VERBS = tuple(name for names in SECTIONS.values() for name in names)

ENVELOPE = {
    "type": "object",
    "required": ["format", "command"],
    "properties": {
        "format": {"const": 1},
        "command": {"enum": [*VERBS, "devenv"]},
        "result": {"type": "object"},
        "error": {
            "type": "object",
            "required": ["domain", "slug", "message", "hint", "place", "details", "exit_code"],
            "additionalProperties": False,
            "properties": {
                "domain": {"enum": ["evaluation", "fetch", "build", "activation", "trust", "usage", "internal"]},
                "slug": {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$"},
                "message": {"type": "string", "minLength": 1},
                "hint": {"type": ["string", "null"]},
                "place": {
                    "type": ["object", "null"],
                    "required": ["file", "line", "column"],
                    "properties": {
                        "file": {"type": "string"},
                        "line": {"type": ["integer", "null"], "minimum": 1},
                        "column": {"type": ["integer", "null"], "minimum": 1},
                    },
                },
                "details": {"type": "array", "items": {"type": "string"}},
                "exit_code": {"type": "integer", "minimum": 1, "maximum": 127},
            },
        },
    },
    "oneOf": [{"required": ["result"]}, {"required": ["error"]}],
    "additionalProperties": False,
}


def require_envelope(output: bytes) -> Any:
    """The one JSON document that `output` must be, in the envelope."""
    document = json.loads(output.decode())
    jsonschema.validate(document, ENVELOPE)
    return document


def test_every_reporting_verb_speaks_json(user: User) -> None:
    """With `--json` each verb that reports prints one document in the envelope, on success and on failure."""
    api = user.project("api", "just")
    succeeding = {
        "init": ["../other"],
        "add": ["uv"],
        "remove": ["uv"],
        "lock": [],
        "allow": [],
        "deny": [],
        "status": [],
        "search": ["zig"],
        "info": ["zig"],
        "cache": [],
    }
    for verb, arguments in succeeding.items():
        outcome = api.devenv(verb, *arguments, "--json")
        document = require_envelope(outcome.output)
        assert document["command"] == verb
        assert "result" in document
    failing = {
        "init": [],
        "add": ["frobnicate"],
        "remove": [],
        "lock": ["surplus"],
        "info": ["frobnicate"],
        "allow": ["/no/such/directory"],
        "status": ["--frobnicate"],
    }
    for verb, arguments in failing.items():
        outcome = api.call(verb, *arguments, "--json")
        document = require_envelope(outcome.output)
        assert document["command"] == verb
        assert document["error"]["exit_code"] == outcome.status != 0


def test_json_is_all_there_is_on_stdout(user: User) -> None:
    """Progress goes to stderr, so that a program can read stdout as it stands."""
    api = user.project("api")
    outcome = api.devenv("add", "just", "-v", "--json")
    require_envelope(outcome.output)
    assert "downloading" in outcome.messages


GROUPS = {"artifacts": artifacts, "set": set_, "store": store}
OF_GROUPS = [
    f"{group} {name}" for group, module in GROUPS.items() for names in module.SECTIONS.values() for name in names
]


@pytest.mark.parametrize("verb", [*VERBS, *HIDDEN, *OF_GROUPS])
def test_help_begins_with_examples(verb: str) -> None:
    """The help of every verb fits 80 columns, begins with examples of it and describes every option in a sentence."""
    result = CliRunner(env={"COLUMNS": "80"}).invoke(devenv_command, [*verb.split(), "--help"])
    assert result.exit_code == 0
    first, example, *rest = result.output.splitlines()
    assert first == "Examples:"
    assert f"devenv {verb}" in example
    assert any(line.startswith("Usage: ") for line in rest)
    assert max(map(len, result.output.splitlines())) <= 80
    command: click.Command | None = devenv_command
    for name in verb.split():
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name)
    assert command is not None
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_quiet_and_verbose(user: User) -> None:
    """`-q` leaves the result and errors, `-v` adds detail; without either there is a line a download and build."""
    outcomes = {}
    for option in ("-q", "", "-v"):
        api = user.project(f"api{option}")
        outcomes[option] = api.devenv("add", *filter(None, [option]), "just", "uv")
        for directory in (user.settings.base, user.settings.cache):
            delete_tree(directory)
    assert outcomes["-q"].errors == b""
    assert outcomes["-q"].output == outcomes[""].output == outcomes["-v"].output
    assert "downloading uv-0.9.2" in outcomes[""].messages
    assert len(outcomes["-v"].errors) > len(outcomes[""].errors)
    assert "\x1b" not in outcomes[""].messages + outcomes[""].text
    assert "`frobnicate`" in user.at("api").call("info", "-q", "frobnicate").messages


def run_on_terminal(user: User, arguments: list[str], **variables: str) -> tuple[pexpect.spawn[Any], io.BytesIO]:
    """`devenv` on a terminal of 100 columns, and all that it writes."""
    first, *rest = user.command(*arguments)
    environ = {**user.environ, "TERM": "xterm-256color", **variables}
    child = pexpect.spawn(
        first, rest, cwd=str(user.directory), env=environ, timeout=TIME_LIMIT, dimensions=(24, 100), echo=False
    )
    written = io.BytesIO()
    child.logfile_read = written
    return child, written


def finish(child: pexpect.spawn[Any], written: io.BytesIO) -> str:
    """Wait for the end; what was written in all."""
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, written.getvalue()
    return written.getvalue().decode()


def visible_lines(text: str) -> list[str]:
    """What a terminal shows in the end, as far as our output goes: text, line feeds, and lines erased upwards."""
    lines = [""]
    row = 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        if part == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        elif part == "\r":
            continue
        elif part.endswith("A"):
            row = max(0, row - int(part[2:-1] or 1))
        elif part.endswith("K"):
            lines[row] = ""
        elif not part.startswith("\x1b"):
            lines[row] += part
    return [line for line in lines if line.strip()]


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}])
def test_bars_on_a_terminal(user: User, catalogue: Catalogue, variables: dict[str, str]) -> None:
    """On a terminal downloads are bars with name and size, which vanish when all is done; colours obey `NO_COLOR`."""
    api = user.project("api")
    file = catalogue.published("uv", "0.9.2", host_system())
    catalogue.registry.fail(file.path, Fault(Kind.STALL, times=1))
    child, written = run_on_terminal(api, ["add", "uv", "just"], **variables)
    catalogue.registry.wait_for(file.path)
    child.expect("bytes")
    catalogue.registry.closing.set()
    text = finish(child, written)
    assert "uv-0.9.2-py3" in text
    assert "uv-0.9.2-py3" not in "\n".join(visible_lines(text))
    assert visible_lines(text)[-2:] == ["added just 1.42.0", "added uv 0.9.2"]
    assert ("\x1b[32m" in text) is not bool(variables)
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h"), "the cursor is shown again"


def test_dumb_terminal(user: User) -> None:
    """A terminal without abilities gets plain lines."""
    api = user.project("api")
    child, written = run_on_terminal(api, ["add", "uv"], TERM="dumb")
    text = finish(child, written)
    assert "\x1b" not in text
    assert "downloading uv-0.9.2" in text


def test_bars_when_interrupted(user: User, catalogue: Catalogue) -> None:
    """Ctrl-C on a terminal takes the bars away and gives the cursor back."""
    api = user.project("api")
    file = catalogue.published("uv", "0.9.2", host_system())
    catalogue.registry.fail(file.path, Fault(Kind.STALL))
    child, written = run_on_terminal(api, ["add", "uv", "just"])
    catalogue.registry.wait_for(file.path)
    child.expect("bytes")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    text = written.getvalue().decode()
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h"), "the cursor is shown again"
    assert "Traceback" not in text


def test_help_of_the_whole(user: User) -> None:
    """`devenv` alone, `-h` and `--help` show the same: examples first, then every verb with a summary."""
    alone = user.devenv()
    assert alone.output == user.devenv("--help").output == user.devenv("-h").output
    assert alone.text.splitlines()[0] == "Examples:"
    assert all(re.search(rf"^  {verb} +\S", alone.text, re.MULTILINE) for verb in VERBS)
    assert user.devenv("--version").text.startswith("devenv ")
