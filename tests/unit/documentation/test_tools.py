"""What `docs/tools.md` gives editors, containers and workflows to read is what they can read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest

from devenv.cli.group import devenv_command
from devenv.workflow.project_links import ENVIRONMENT_LINK, PYTHON_LINK, link_path

TEXT = (Path(__file__).parents[3] / "docs" / "tools.md").read_text(encoding="utf-8")
EXAMPLES = [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)]
CONTAINER_KEYS = {"image", "mounts", "postCreateCommand", "customizations"}
"""Of those that the dev container specification has, the ones that the example needs."""


def iter_texts(value: Any) -> list[str]:
    """All strings in a JSON value."""
    if isinstance(value, str):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for child in children for text in iter_texts(child)]


def test_editors_are_led_to_the_links() -> None:
    """The paths in the examples are those of the links that devenv makes, or of the virtual environment."""
    variables = re.compile(r"^\$\{(?:workspaceFolder|containerWorkspaceFolder)\}/(.*)$")
    paths = [match[1] for example in EXAMPLES for text in iter_texts(example) if (match := variables.match(text))]
    links = tuple(str(link_path(Path(), name)) for name in (ENVIRONMENT_LINK, PYTHON_LINK))
    assert len(paths) >= 3
    for path in paths:
        assert path.startswith((*(f"{link}/bin/" for link in links), ".venv/bin/", ".devenv/variables")), path


def test_container_example() -> None:
    """The dev container has the keys of the specification, keeps the store in a volume, and allows the project."""
    (container,) = [example for example in EXAMPLES if "postCreateCommand" in example]
    assert set(container) == CONTAINER_KEYS
    assert container["postCreateCommand"] == "devenv allow"
    fields = dict(field.split("=") for field in container["mounts"][0].split(","))
    assert fields["type"] == "volume"
    assert fields["target"].endswith("/.local/share/devenv")


def test_tasks_start_commands_of_the_environment() -> None:
    """Where an example starts `devenv`, it is with a verb that exists."""
    (tasks,) = [example for example in EXAMPLES if "tasks" in example]
    (profile,) = [example for example in EXAMPLES if "terminal.integrated.profiles.linux" in example]
    calls = [task["args"] for task in tasks["tasks"] if task["command"] == "devenv"]
    calls.append(profile["terminal.integrated.profiles.linux"]["devenv"]["args"])
    context = click.Context(devenv_command)
    assert len(calls) == 2
    assert {call[0] for call in calls} <= set(devenv_command.list_commands(context))


CODE = re.compile(r"^```\w+\n(.*?)^```$|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
COMMANDS = {
    command
    for match in CODE.finditer(TEXT)
    for command in re.findall(r"(?<![\w/.-])devenv ([a-z]+(?: --[a-z]+)?)", match[1] or match[2])
}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_commands_exist(command: str) -> None:
    """Every `devenv VERB --option` in the text is one."""
    verb, _, option = command.partition(" ")
    context = click.Context(devenv_command)
    known = devenv_command.get_command(context, verb)
    assert known is not None
    assert not option or option in {name for each in known.get_params(context) for name in each.opts}
