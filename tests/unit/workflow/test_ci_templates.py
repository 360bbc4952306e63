"""Files to start from: read as their services read them, and what they call exists."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click
import pytest
import yaml

from devenv.cli import devenv_command
from devenv.workflow.ci.templates import FILES, read_template


def iter_calls(text: str) -> list[list[str]]:
    """The calls of devenv in a file."""
    return [shlex.split(call) for call in re.findall(r"(?<![/\w.-])devenv ((?:ci|allow)\b[^\n)\"]*)", text)]


@pytest.mark.parametrize("name", FILES)
def test_calls_exist(name: str) -> None:
    """Every verb and option that a template uses is one of ours; no host of a registry is named."""
    content = read_template(name).content
    calls = iter_calls("\n".join(line for line in content.splitlines() if not line.lstrip().startswith("#")))
    assert calls
    for verb, *arguments in calls:
        command = devenv_command.get_command(click.Context(devenv_command), verb)
        assert command is not None
        command.make_parser(click.Context(command)).parse_args(arguments)
    assert not re.search(r"https?://|[a-z]\.(?:org|com|io)\b", content)


def test_github_workflow() -> None:
    """The workflow is valid YAML: it caches the archive by the key of the lock, and may write nothing."""
    document: dict[Any, Any] = yaml.safe_load(read_template("github").content)
    assert document["permissions"] == {"contents": "read"}
    (job,) = document["jobs"].values()
    steps = {step.get("uses", "").partition("@")[0]: step for step in job["steps"] if "uses" in step}
    cache = steps["actions/cache"]["with"]
    run = next(step["run"] for step in job["steps"] if "--archive" in step.get("run", ""))
    assert cache["path"] in run
    assert cache["key"] == "${{ steps.closure.outputs.key }}"
    # YAML 1.1 reads `on` as a truth.
    assert set(document[True]) == {"push", "pull_request"}


def test_gitlab_job() -> None:
    """The job is valid YAML: what it caches and keeps is what it writes."""
    job = yaml.safe_load(read_template("gitlab").content)["devenv"]
    (call,) = job["script"]
    assert job["cache"]["paths"][0] in call
    assert job["cache"]["key"]["files"] == ["devenv.lock"]
    assert job["artifacts"]["reports"]["junit"] in call


def test_dockerfile() -> None:
    """Every line is an instruction that Docker knows, and the lock is copied before the rest of the project."""
    lines = [line for line in read_template("docker").content.splitlines() if line and not line.startswith("#")]
    instructions = [line.split(" ")[0] for line in lines]
    assert instructions[0] == "FROM"
    assert set(instructions) <= {"FROM", "RUN", "WORKDIR", "COPY", "ENTRYPOINT", "CMD"}
    assert lines.index("COPY devenv.toml devenv.lock ./") < lines.index("RUN devenv ci --no-checks")
    assert lines.index("RUN devenv ci --no-checks") < lines.index("COPY . .")
