"""Runs the project's formatters: in place, or on a copy to see what they would change."""

from __future__ import annotations

import contextlib
import difflib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from devenv.activation.environ import apply_activation
from devenv.activation.state import leave_inherited
from devenv.build.project.files import SourceRules, list_files
from devenv.build.project.git import find_git
from devenv.errors import ActivationError, UsageError
from devenv.events import Step
from devenv.manifest.globs import find_matching
from devenv.manifest.model import DEFAULT_ENVIRONMENT, Formatter
from devenv.manifest.wording import format_names
from devenv.workflow.enter import enter_project
from devenv.workflow.formatters import Failure, run_formatter
from devenv.workflow.results import FileChange, FormatResult, FormatterRun
from devenv.workflow.tools import Tools

COMPARED_BYTES = 1 << 20
"""A larger file is not compared line by line: that takes the square of their number."""
DIFF_LIMIT = 64 << 10
"""Characters of one file's difference."""


@dataclass(frozen=True, slots=True)
class FormatRequest:
    """What to format, from the directory `start`: `paths`, or where there are none, the whole project."""

    start: Path
    paths: tuple[Path, ...] = ()
    check: bool = False
    environment: str = DEFAULT_ENVIRONMENT
    """Which the formatters are run in."""


def format_project(tools: Tools, request: FormatRequest) -> FormatResult:
    """Run the formatters of the project that `start` lies in, which must be allowed.

    Raises UsageError (`formatters-missing`, `path-outside`), ActivationError (`formatter-failed`, once all have run),
    BuildError where the project's files cannot be listed, and as `enter_project` does.
    """
    entered = enter_project(tools, request.start, request.environment)
    project, manifest = entered.project.path, entered.project.manifest
    if not manifest.formatters:
        raise UsageError(
            f"`{entered.project.manifest_path}` has no formatters",
            hint="write some under `[formatters]`",
            slug="formatters-missing",
        )
    outside = leave_inherited(tools.settings, tools.environ)
    rules = SourceRules(find_git(outside, project), nested=False)
    source = [os.fsdecode(b"/".join(path)) for path in list_files(project, rules)]
    files = [file for file in _choose(source, project, request) if _is_plain(project / file)]
    matching = {each: find_matching(files, each.files) for each in manifest.formatters.values()}
    environ = apply_activation(entered.activation, outside)
    given = sorted({file for chosen in matching.values() for file in chosen})
    with contextlib.ExitStack() as stack:
        place = project
        if request.check:
            place = stack.enter_context(_copied(project, source))
        before = {file: _digest(project / file) for file in given}
        _run(tools, matching, place, environ)
        changed = [file for file in given if _digest(place / file) != before[file]]
        changes = tuple(FileChange(file, _diff(file, project, place) if request.check else None) for file in changed)
    runs = tuple(FormatterRun(each.name, len(chosen)) for each, chosen in matching.items())
    return FormatResult(project, request.check, runs, len(given), changes)


def _choose(source: Iterable[str], project: Path, request: FormatRequest) -> list[str]:
    """Those of the project's files that the request is about."""
    if not request.paths:
        return list(source)
    wanted = [_require_inside(request.start / path, project) for path in request.paths]
    return [file for file in source if any(each in {"", file} or file.startswith(f"{each}/") for each in wanted)]


def _require_inside(path: Path, project: Path) -> str:
    """The path relative to the project, empty for the project itself. Raises UsageError."""
    place = path.parent.resolve() / path.name if path.name not in {"", ".."} else path.resolve()
    if not place.is_relative_to(project) or not os.path.lexists(place):
        raise UsageError(
            f"there is no `{path}` in the project", hint=f"name a path below `{project}`", slug="path-outside"
        )
    relative = str(place.relative_to(project))
    return "" if relative == "." else relative


def _is_plain(path: Path) -> bool:
    """Whether it is a regular file: what a link leads to may be anywhere."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


@contextlib.contextmanager
def _copied(project: Path, source: Iterable[str]) -> Iterator[Path]:
    """A directory with copies of files and links of the project, which goes away again."""
    with tempfile.TemporaryDirectory(prefix="devenv-fmt-") as directory:
        copy = Path(directory, project.name)
        copy.mkdir()
        for file in source:
            target = copy / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if _is_plain(project / file) or (project / file).is_symlink():
                shutil.copy2(project / file, target, follow_symlinks=False)
        yield copy


def _run(tools: Tools, matching: Mapping[Formatter, Sequence[str]], place: Path, environ: Mapping[str, str]) -> None:
    """Run every formatter that has files. Raises ActivationError where one of them failed."""
    failures = []
    for formatter, files in matching.items():
        if not files:
            continue
        tools.report(Step(f"formatting {len(files)} file{'' if len(files) == 1 else 's'} with {formatter.name}"))
        failure = run_formatter(formatter, files, place, environ)
        if failure is not None:
            failures.append(failure)
    if failures:
        plural = "" if len(failures) == 1 else "s"
        raise ActivationError(
            f"the formatter{plural} {format_names(each.formatter for each in failures)} failed",
            hint="correct what they complain of, or their commands under `[formatters]`",
            details=tuple(line for each in failures for line in _iter_details(each)),
            slug="formatter-failed",
        )


def _iter_details(failure: Failure) -> Iterator[str]:
    yield f"{failure.formatter}: {failure.reason}"
    yield from (f"  {line}" for line in failure.lines)


def _digest(path: Path) -> bytes | None:
    """What stands for the file's content; None where there is no file any more."""
    try:
        return blake3(path.read_bytes()).digest()
    except FileNotFoundError:
        return None


def _diff(file: str, project: Path, copy: Path) -> str | None:
    """What formatters changed in the copy of a file; None where that cannot be shown in lines."""
    before = (project / file).read_bytes()
    after = (copy / file).read_bytes() if _is_plain(copy / file) else b""
    if max(len(before), len(after)) > COMPARED_BYTES or b"\0" in before + after:
        return None
    old, new = (text.decode(errors="replace").splitlines(keepends=True) for text in (before, after))
    lines = difflib.unified_diff(old, new, file, f"{file} (formatted)")
    diff = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return diff if len(diff) <= DIFF_LIMIT else f"{diff[:DIFF_LIMIT]}\n…\n"
