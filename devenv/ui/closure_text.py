"""What `tree` prints for people: a tree with sizes beside it, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from devenv.sizes import format_size
from devenv.ui.lines import iter_lines
from devenv.ui.terminal import USUAL_WIDTH, Painter, make_visible
from devenv.workflow.closure.results import ClosureResult, DrawnResult, Measure, Member, TreeResult

SIZE_WIDTH = 10
HEADINGS = ("itself", "with all", "only its")
NAME_WIDTH = USUAL_WIDTH - len(HEADINGS) * SIZE_WIDTH
ABOVE = " …"
"""Behind a name whose tree was shown already."""


@iter_lines.register
def _(result: TreeResult, painter: Painter) -> Iterator[str]:
    closure = result.closure
    yield from title_lines(closure, painter)
    installed = uses_installed(closure)
    columns = "".join(f"{each:>{SIZE_WIDTH}}" for each in HEADINGS)
    yield painter.paint("faint", f"{'in the store' if installed else 'to download':{NAME_WIDTH}}{columns}")
    tree = _Tree(result, painter, installed)
    for key in result.starts:
        yield from tree.iter_lines(key, "", "", 1)
    if set(closure.asked) <= set(result.starts):
        others = sorted(closure.members.keys() - tree.reached())
        if others:
            yield painter.paint("faint", "locked besides")
        for key in others:
            yield from tree.iter_lines(key, "", "", 1)
    if tree.repeated:
        yield painter.paint("faint", f"{ABOVE.strip()} what is below stands further up")
    for name, reason in closure.lacking.items():
        yield f"{painter.paint('warning', 'missing')} {make_visible(name)}: {make_visible(reason)}"


@iter_lines.register
def _(result: DrawnResult, painter: Painter) -> Iterator[str]:
    yield f"{painter.paint('good', 'wrote')} {make_visible(str(result.file))} ({format_size(result.size)})"


def title_lines(closure: ClosureResult, painter: Painter) -> Iterator[str]:
    """Which environment it is, and how big."""
    name = closure.project.name + ("" if closure.environment == "default" else f" ({closure.environment})")
    kept = "not in the store" if closure.installed is None else f"{format_size(closure.installed)} in the store"
    if closure.installed is None and any(each.present for each in closure.members.values()):
        kept = "not all in the store"
    count = f"{len(closure.asked)} package{'' if len(closure.asked) == 1 else 's'}"
    yield f"{painter.paint('name', shorten(name, 40))}  {closure.system}, {count}"
    yield f"{format_size(closure.download)} to download, {kept}"


def uses_installed(closure: ClosureResult) -> bool:
    """Whether sizes are those in the store: it has all of it."""
    return closure.installed is not None


def shorten(text: str, width: int) -> str:
    """Visible text in at most `width` columns, the middle left out where it is longer."""
    text = make_visible(text)
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


@dataclass
class _Tree:
    result: TreeResult
    painter: Painter
    installed: bool
    shown: set[str] = field(default_factory=set)
    repeated: bool = False

    def reached(self) -> set[str]:
        """All that is needed by what was shown, at any depth."""
        found: set[str] = set()
        pending = list(self.result.starts)
        while pending:
            key = pending.pop()
            if key not in found:
                found.add(key)
                pending += _below(self.result.closure.members[key])
        return found

    def iter_lines(self, key: str, lead: str, branch: str, level: int) -> Iterator[str]:
        """The member `key` behind `lead` and `branch`, and what is below."""
        member = self.result.closure.members[key]
        below = _below(member)
        is_again = key in self.shown and bool(below or (self.result.files and member.files))
        self.repeated |= is_again
        self.shown.add(key)
        yield self._line(member, f"{lead}{branch}", ABOVE if is_again else "")
        if is_again or (self.result.depth is not None and level >= self.result.depth):
            return
        lead += {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
        files = [(file.name, file.size) for file in member.files] if self.result.files else []
        last = len(below) + len(files) - 1
        for place, child in enumerate(below):
            yield from self.iter_lines(child, lead, "└─ " if place == last else "├─ ", level + 1)
        for place, (name, size) in enumerate(files, start=len(below)):
            yield self._file_line(f"{lead}{'└─ ' if place == last else '├─ '}", name, size)

    def _line(self, member: Member, lead: str, note: str) -> str:
        name = f"{member.name} {member.version}" if member.version is not None else member.name
        lead = shorten(lead, NAME_WIDTH // 2)
        room = NAME_WIDTH - len(lead) - len(note) - 1
        name = shorten(name, room)
        measure = member.installed if self.installed else member.download
        padding = " " * (NAME_WIDTH - len(lead) - len(name) - len(note))
        painted = self.painter.paint("name", name) if member.key in self.result.closure.asked else name
        return f"{lead}{painted}{note}{padding}{_columns(measure)}"

    def _file_line(self, lead: str, name: str, size: int) -> str:
        lead = shorten(lead, NAME_WIDTH // 2)
        room = USUAL_WIDTH - SIZE_WIDTH * 2 - len(lead) - 1
        text = f"{lead}{shorten(name, room)}"
        return self.painter.paint("faint", f"{text:{USUAL_WIDTH - SIZE_WIDTH * 2}}{format_size(size):>{SIZE_WIDTH}}")


def _below(member: Member) -> list[str]:
    """What it needs to run, then what else it is made with."""
    return list(dict.fromkeys((*member.needs, *member.made_with)))


def _columns(measure: Measure | None) -> str:
    sizes = ("?",) * 3 if measure is None else map(format_size, (measure.own, measure.closure, measure.alone))
    return "".join(f"{each:>{SIZE_WIDTH}}" for each in sizes)
