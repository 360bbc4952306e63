"""Makes projects from templates."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from devenv.environment.project import read_project, refuse_foreign_directory
from devenv.errors import EvaluationError, ForeignFileError, Place, UsageError
from devenv.fsutil import write_atomic
from devenv.project_names import LOCK_NAME, MANIFEST_NAME
from devenv.resources import resource_path
from devenv.workflow.allowed import record_allowed
from devenv.workflow.results import InitResult, TemplatesResult
from devenv.workflow.tools import Tools

IGNORE_FILE = ".gitignore"
STATE_PATTERN = b"/.devenv/"
"""What devenv keeps in a project for this machine only."""
NAME_PLACEHOLDER = b"@NAME@"
UNNAMEABLE = re.compile(r"[^a-z0-9._-]+")
"""What no template's language would take in the name of a project: npm, for one, wants no capitals."""
NAME_LIMIT = 64


def find_templates() -> TemplatesResult:
    """The shipped templates."""
    return TemplatesResult(_template_names())


def _template_names() -> tuple[str, ...]:
    return tuple(sorted(each.name for each in resource_path("templates").iterdir() if each.is_dir()))


def init_project(tools: Tools, directory: Path, template: str) -> InitResult:
    """Make a project in `directory` (made where missing) from a shipped template, and allow it.

    It is allowed because its content is devenv's own and the user asked for it. Raises UsageError where there is a
    manifest already, a file that the template would write, or no such template; ForeignFileError where the directory
    belongs to another tool. Then nothing was written.
    """
    if template not in _template_names():
        raise UsageError(
            f"there is no template `{template}`",
            hint=f"choose one of {', '.join(_template_names())}",
            slug="template-unknown",
        )
    directory = Path(os.path.abspath(directory))
    _refuse_taken(directory)
    files = _read_template(template, make_project_name(directory.resolve().name))
    # Lines are added to this one: it may be there already.
    patterns, _ = files.pop(IGNORE_FILE, (b"", 0))
    for name in files:
        if os.path.lexists(directory / name):
            raise UsageError(
                f"`{directory / name}` is there already; nothing was written",
                hint="choose another directory or template",
                slug="file-exists",
            )
    directory.mkdir(parents=True, exist_ok=True)
    directory = directory.resolve()
    for name, (content, mode) in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(directory / name, content, mode)
    written = [*files, *_ignore(directory, [*patterns.splitlines(), STATE_PATTERN])]
    record_allowed(tools.settings, read_project(directory))
    return InitResult(directory, template, tuple(sorted(written)))


def _refuse_taken(directory: Path) -> None:
    if os.path.lexists(directory) and not directory.is_dir():
        raise UsageError(
            f"`{directory}` is no directory", hint="choose another name for the project", slug="file-exists"
        )
    refuse_foreign_directory(directory)
    if os.path.lexists(directory / MANIFEST_NAME):
        try:
            read_project(directory).manifest  # noqa: B018 - asked for its errors: another tool's file says so
        except ForeignFileError:
            raise
        except EvaluationError:
            pass
        raise UsageError(
            f"`{directory / MANIFEST_NAME}` is there already",
            hint="add packages with `devenv add NAME`",
            slug="file-exists",
        )
    if os.path.lexists(directory / LOCK_NAME):
        raise ForeignFileError(
            f"`{directory / LOCK_NAME}` is there without a `{MANIFEST_NAME}`: it may be another tool's",
            hint="move it away if it is not needed",
            place=Place(str(directory / LOCK_NAME)),
        )


def make_project_name(directory_name: str) -> str:
    """A project name after its directory, such as a manifest, npm, Go and text between quotes take."""
    return UNNAMEABLE.sub("-", directory_name.lower()).strip("._-")[:NAME_LIMIT].rstrip("._-") or "project"


def _read_template(template: str, name: str) -> dict[str, tuple[bytes, int]]:
    """The template's files with their modes, sorted; `name` is put in where they ask for it."""
    top = resource_path("templates", template)
    files = {}
    for path in sorted(each for each in top.rglob("*") if each.is_file()):
        content = path.read_bytes().replace(NAME_PLACEHOLDER, name.encode())
        files[str(path.relative_to(top))] = (content, 0o755 if os.access(path, os.X_OK) else 0o644)
    return files


def _ignore(directory: Path, patterns: Sequence[bytes]) -> list[str]:
    """Have git ignore `patterns` besides what it ignores already; returns the file that was written, if any."""
    path = directory / IGNORE_FILE
    content = path.read_bytes() if path.exists() else b""
    missing = [pattern for pattern in patterns if pattern not in content.splitlines()]
    if not missing:
        return []
    separator = b"" if not content or content.endswith(b"\n") else b"\n"
    write_atomic(path, content + separator + b"\n".join([*missing, b""]))
    return [IGNORE_FILE]
