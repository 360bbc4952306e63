"""Gives a project's environment to tools that are no shell."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path

from devenv.activation.environ import apply_activation
from devenv.activation.exports import (
    GithubFiles,
    Ready,
    find_ready,
    format_direnv,
    format_dotenv,
    format_github,
    without_markers,
)
from devenv.activation.saved import ACTIVATION_NAME
from devenv.activation.state import LINK_NAME, leave_inherited
from devenv.errors import Place, UsageError
from devenv.events import Notice
from devenv.manifest.model import DEFAULT_ENVIRONMENT
from devenv.workflow.enter import Entered, enter_project
from devenv.workflow.export_results import EnvResult, GithubResult
from devenv.workflow.tools import Tools

GITHUB_VARIABLES = ("GITHUB_ENV", "GITHUB_PATH")
"""They name the files that a step of a workflow writes for the steps that follow."""


def show_environment(tools: Tools, start: Path, environment: str = DEFAULT_ENVIRONMENT) -> EnvResult:
    """The environment of the project that `start` lies in, which must be allowed. Raises as `enter_project` does."""
    entered = enter_project(tools, start, environment)
    activation = entered.activation
    variables = {name: value for name, value in sorted(activation.variables.items()) if value is not None}
    return EnvResult(
        project=activation.project,
        name=activation.name,
        generation=entered.generation.number,
        environment=tools.store.path(entered.generation.environment),
        variables=variables,
        unset=tuple(sorted(activation.variables.keys() - variables.keys())),
        lists=dict(sorted(activation.lists.items())),
        ready=_ready(tools, entered),
        watched=activation.watched,
    )


def export_dotenv(tools: Tools, start: Path, environment: str = DEFAULT_ENVIRONMENT) -> bytes:
    """The same as a dotenv file."""
    return format_dotenv(_ready(tools, enter_project(tools, start, environment)))


def export_direnv(tools: Tools, start: Path, environment: str = DEFAULT_ENVIRONMENT) -> bytes:
    """The same as what direnv evaluates."""
    entered = enter_project(tools, start, environment)
    activation = entered.activation
    watched = [str(activation.project / name) for name in activation.watched]
    if entered.project.selected is None:
        # This one changes with every switch to another generation.
        active = tools.settings.state / "active" / activation.project.relative_to("/") / LINK_NAME / ACTIVATION_NAME
        watched.append(str(active))
    return format_direnv(_ready(tools, entered), watched)


def export_github(tools: Tools, start: Path, environment: str = DEFAULT_ENVIRONMENT) -> GithubResult:
    """Hand the environment to the steps of a GitHub workflow that follow this one.

    Raises UsageError (`github-missing`) outside of one, and as `enter_project` does; then nothing was written.
    """
    places = [_require_file(tools, name) for name in GITHUB_VARIABLES]
    entered = enter_project(tools, start, environment)
    ready = _ready(tools, entered)
    files = format_github(entered.activation, ready, f"devenv_{secrets.token_hex(16)}")
    for place, content in zip(places, (files.env, files.path), strict=True):
        _append(place, content)
    _tell(tools, files)
    path = entered.activation.lists.get("PATH")
    names = (name for name in without_markers(ready) if name not in {"PATH", *files.refused})
    return GithubResult(entered.project.path, tuple(names), () if path is None else path.before)


def _ready(tools: Tools, entered: Entered) -> Ready:
    after = apply_activation(entered.activation, leave_inherited(tools.settings, tools.environ))
    return find_ready(entered.activation, tools.environ, after)


def _require_file(tools: Tools, name: str) -> Path:
    path = tools.environ.get(name, "")
    if not os.path.isabs(path):
        raise UsageError(
            f"`{name}` names no file: this is no step of a GitHub workflow",
            hint="leave `--github` out, or run it in a step",
            slug="github-missing",
        )
    return Path(path)


def _append(path: Path, content: bytes) -> None:
    """Append to a file that is there. Raises UsageError (`github-missing`) where it is none."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            with open(descriptor, "ab", closefd=False) as file:
                file.write(content)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UsageError(
            f"the file for the steps that follow cannot be written: {error.strerror}",
            hint="run `--github` in a step of a GitHub workflow",
            place=Place(str(path)),
            slug="github-missing",
        ) from error


def _tell(tools: Tools, files: GithubFiles) -> None:
    if files.emptied:
        names = ", ".join(f"`{name}`" for name in files.emptied)
        tools.report(Notice(f"GitHub cannot unset variables: {names} will be set and empty"))
    if files.refused:
        names = ", ".join(f"`{name}`" for name in files.refused)
        tools.report(Notice(f"GitHub lets no step set {names} for others: set it where it is needed"))
