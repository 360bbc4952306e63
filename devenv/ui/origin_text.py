"""What `why` says of a package, a file or a program of a project: question, answer, size, and who needs it."""

from __future__ import annotations

from collections.abc import Iterator

from devenv.sizes import format_size
from devenv.ui.closure_text import shorten
from devenv.ui.terminal import USUAL_WIDTH, Painter, make_visible
from devenv.workflow.closure.results import Measure, Member, Named, Origin, Part, PinnedFile

INDENT = 12
SHOWN_FILES = 8
SHOWN_USERS = 8
SHOWN_KEY = len("blake3:") + 16
KINDS = {
    "package": "a package that {} asks for",
    "dependency": "what other packages of {} are built with",
    "runtime": "what programs of {} run on",
    "file": "a file that the lock of {} pins",
    "program": "a program in {}",
}


def origin_lines(origin: Origin, painter: Painter) -> Iterator[str]:
    """All that is known of one origin, in 80 columns."""
    place = shorten(origin.project.name, 24)
    if origin.environment != "default":
        place += f" ({shorten(origin.environment, 16)})"
    yield painter.paint("name", shorten(_title(origin), USUAL_WIDTH))
    yield _field("what", KINDS[origin.kind].format(place))
    yield _field("system", str(origin.system))
    if origin.file is not None:
        yield from _file_lines(origin.file)
    if origin.program is not None and origin.member is not None:
        yield _field("program", f"{origin.program} of {_named(origin.member)}")
    if origin.member is not None:
        yield from _member_lines(origin.member, files=origin.file is None and origin.program is None)
    yield from _list("needs", [f"{_text(each)}, {format_size(each.size)}" for each in origin.needs])
    ways = [" → ".join(map(_text, chain)) for chain in origin.users if len(chain) > 1 or origin.kind == "file"]
    yield from _list("needed by", ways)


def _title(origin: Origin) -> str:
    if origin.file is not None:
        return origin.file.name
    if origin.program is not None or origin.member is None:
        return origin.name
    return _named(origin.member)


def _member_lines(member: Member, *, files: bool) -> Iterator[str]:
    question = member.question
    if question is not None:
        yield _field(
            "question", f"{member.name} = {_quoted(question.request)} of {question.input} ({question.locator})"
        )
        by = "" if question.index is None else f" by {question.index} ({question.index_locator})"
        date = "" if question.date is None else f", {question.date}"
        yield _field("answer", f"{member.version}{by}{date}")
        yield _field("revision", question.revision[:SHOWN_KEY])
    if member.derivation is not None:
        yield _field("derivation", member.derivation[:SHOWN_KEY])
    if member.output is not None:
        yield _field("object", f"{member.output}{'' if member.present else ' (not here)'}")
    if member.installed is not None:
        yield _field("size", _measure(member.installed))
    if files and member.files:
        yield from _list(
            "files", [f"{format_size(file.size):>8}  {file.name}" for file in _by_size(member)], SHOWN_FILES
        )
        yield _field("download", _measure(member.download))


def _by_size(member: Member) -> list[PinnedFile]:
    return sorted(member.files, key=lambda file: (-file.size, file.name))


def _file_lines(file: PinnedFile) -> Iterator[str]:
    yield _field("locator", file.locator)
    yield _field("sha256", file.sha256)
    yield _field("size", f"{format_size(file.size)} to download")
    if file.requires is not None:
        yield _field("requires", file.requires)


def _measure(measure: Measure) -> str:
    if measure.closure == measure.own and not measure.shared:
        return format_size(measure.own)
    own, closure, shared = map(format_size, (measure.own, measure.closure, measure.shared))
    return f"{own} itself, {closure} with all it needs, {shared} of that shared"


def _list(title: str, items: list[str], most: int = SHOWN_USERS) -> Iterator[str]:
    for place, item in enumerate(items[:most]):
        yield _field("" if place else title, item)
    if len(items) > most:
        yield _field("", f"and {len(items) - most} more: `devenv tree --files`, or `--json`")


def _field(name: str, text: str) -> str:
    return f"{name:{INDENT}}{shorten(text, USUAL_WIDTH - INDENT)}"


def _quoted(request: str) -> str:
    return f'"{make_visible(request)}"'


def _named(member: Member) -> str:
    return member.name if member.version is None or member.part is Part.OBJECT else f"{member.name} {member.version}"


def _text(each: Named) -> str:
    return each.name if each.version is None else f"{each.name} {each.version}"
