"""Makes projects from templates."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devenv.environment.project import read_project, refuse_foreign_directory
from devenv.errors import EvaluationError, ForeignFileError, Place, UsageError
from devenv.events import Notice
from devenv.fsutil import read_regular_status, write_atomic
from devenv.manifest.wording import format_names
from devenv.project_names import LOCK_NAME, MANIFEST_NAME
from devenv.resources import resource_path
from devenv.workflow.allowed import record_allowed
from devenv.workflow.results import InitResult, TemplatesResult
from devenv.workflow.tools import Tools

DEFAULT_TEMPLATE = "minimal"
IGNORE_FILE = ".gitignore"
STATE_PATTERN = b"/.devenv/"
"""What devenv keeps in a project for this machine only."""
NAME_PLACEHOLDER = b"@NAME@"
IDENTIFIER_PLACEHOLDER = b"@IDENTIFIER@"
"""The same where neither dots nor a digit in front will do, as in Cargo's names."""
UNNAMEABLE = re.compile(r"[^a-z0-9._-]+")
"""What no template's language would take in the name of a project: npm, for one, wants no capitals."""
NAME_LIMIT = 64
TEMPLATE_LIMIT = 16 << 20
"""Bytes of all files of a template."""
TEMPLATE_FILES_LIMIT = 1000
TEMPLATE_DEPTH_LIMIT = 16
PRIVATE_NAMES = frozenset({".git", ".devenv"})
"""What belongs to one directory and its tools, and would act in another."""


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
    result = make_from_template(tools, directory, Template(template, resource_path("templates", template)), allow=True)
    telling = [name for name in find_telling_files(result.project) if name not in result.files]
    if telling:
        names = format_names(telling)
        tools.report(Notice(f"{names} may say what the project needs: `devenv init --detect --dry-run` shows it"))
    return result


def find_telling_files(directory: Path) -> list[str]:
    """The names of the files in `directory` that `--detect` reads, in the order in which they count."""
    from devenv.detect.kinds import KINDS

    return [name for name in KINDS if os.path.lexists(directory / name)]


@dataclass(frozen=True, slots=True)
class Template:
    """A directory whose files make a project, wherever it comes from."""

    name: str
    path: Path


def make_from_template(tools: Tools, directory: Path, template: Template, *, allow: bool) -> InitResult:
    """Make a project in `directory` (made where missing) from a template; `allow` it where its content may act.

    Raises UsageError where there is a manifest already, a file that the template would write, or where the template
    holds what none may (`template-invalid`); ForeignFileError where the directory belongs to another tool. Then nothing
    was written.
    """
    directory = Path(os.path.abspath(directory))
    refuse_taken(directory)
    files = _read_template(template, make_project_name(directory.resolve().name))
    if MANIFEST_NAME not in files:
        raise _invalid(template, f"it has no `{MANIFEST_NAME}`")
    written = write_files(tools, directory, files, allow=allow)
    return InitResult(directory.resolve(), template.name, written, allow)


def write_files(
    tools: Tools, directory: Path, files: Mapping[str, tuple[bytes, int]], *, allow: bool = True
) -> tuple[str, ...]:
    """Write a new project's files, by their names with content and mode; returns the names of those that changed.

    Raises UsageError (`file-exists`); then nothing was written.
    """
    # Lines are added to this one: it may be there already.
    patterns, _ = files.get(IGNORE_FILE, (b"", 0))
    files = {name: each for name, each in files.items() if name != IGNORE_FILE}
    for name in files:
        _refuse_existing(directory, name)
    directory.mkdir(parents=True, exist_ok=True)
    directory = directory.resolve()
    for name, (content, mode) in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(directory / name, content, mode)
    written = [*files, *_ignore(directory, [*patterns.splitlines(), STATE_PATTERN])]
    if allow:
        record_allowed(tools.settings, read_project(directory))
    return tuple(sorted(written))


def _refuse_existing(directory: Path, name: str) -> None:
    """Raise UsageError where something stands at `name`, or something that is no directory on the way there."""
    path = directory
    *parents, last = Path(name).parts
    for part in parents:
        path /= part
        if os.path.lexists(path) and (path.is_symlink() or not path.is_dir()):
            break
    else:
        path /= last
        if not os.path.lexists(path):
            return
    raise UsageError(
        f"`{path}` is there already; nothing was written",
        hint="choose another directory or template",
        slug="file-exists",
    )


def refuse_taken(directory: Path) -> None:
    """Raise UsageError or ForeignFileError where `directory` cannot become a project."""
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
            hint="add packages with `devenv add NAME`; `devenv init --detect --dry-run` proposes some",
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


def _read_template(template: Template, name: str) -> dict[str, tuple[bytes, int]]:
    """The template's files with their modes, sorted; `name` is put in where they ask for it.

    The template may be anybody's: what is no regular file, or too much, is refused. Raises UsageError.
    """
    files: dict[str, tuple[bytes, int]] = {}
    size = 0
    for path in _iter_files(template):
        try:
            content, status = read_regular_status(path, TEMPLATE_LIMIT - size)
        except OSError as error:
            raise _invalid(template, f"`{path.name}` is {error.strerror or error}") from error
        size += len(content)
        mode = 0o755 if status.st_mode & 0o111 else 0o644
        files[str(path.relative_to(template.path))] = (_fill_in(content, name), mode)
        if len(files) > TEMPLATE_FILES_LIMIT:
            raise _invalid(template, f"it has more than {TEMPLATE_FILES_LIMIT} files")
    return dict(sorted(files.items()))


def _fill_in(content: bytes, name: str) -> bytes:
    identifier = name.replace(".", "-")
    identifier = f"app-{identifier}" if identifier[0].isdigit() else identifier
    return content.replace(NAME_PLACEHOLDER, name.encode()).replace(IDENTIFIER_PLACEHOLDER, identifier.encode())


def _iter_files(template: Template) -> Iterator[Path]:
    """The files below the template's directory, which hold nothing that is for git or devenv alone."""
    for directory, directories, names in os.walk(template.path):
        if len(Path(directory).relative_to(template.path).parts) > TEMPLATE_DEPTH_LIMIT:
            raise _invalid(template, f"its directories are more than {TEMPLATE_DEPTH_LIMIT} deep")
        for name in (*directories, *names):
            if name in PRIVATE_NAMES:
                raise _invalid(template, f"it has a `{name}`")
            if (Path(directory) / name).is_symlink():
                raise _invalid(template, f"`{name}` is a symbolic link")
        yield from (Path(directory) / name for name in names)


def _invalid(template: Template, reason: str) -> UsageError:
    return UsageError(
        f"`{template.name}` cannot be used as a template: {reason}",
        hint="choose another template",
        slug="template-invalid",
    )


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
