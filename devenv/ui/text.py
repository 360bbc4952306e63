"""Results for people: what each verb prints on success. Fits 80 columns where the values do; searches fit terminals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from devenv.debian.suites import SUITES
from devenv.sizes import format_size
from devenv.system import ALL_SYSTEMS, System
from devenv.ui.lines import format_table, iter_lines
from devenv.ui.terminal import TEXT_LIMIT, Painter, make_visible
from devenv.workflow.results import (
    CacheCleanResult,
    CacheRemoval,
    CacheResult,
    DebianInfoResult,
    EditResult,
    FoundDebian,
    InfoResult,
    InitResult,
    LockCheckResult,
    LockResult,
    MirrorResult,
    PackageVersion,
    ReloadResult,
    SearchResult,
    SmokeResult,
    SmokeTest,
    StatusResult,
    TemplatesResult,
)

SUMMARY_WIDTH = 10
"""Characters of a summary that are worth showing."""
VERSION_WIDTH = 12
"""Characters of a version in a table on a terminal; `devenv info` shows all of it."""


def _packages(packages: Sequence[PackageVersion]) -> Iterator[str]:
    yield from (f"  {line}" for line in format_table([(each.name, each.version, each.request) for each in packages]))


def _coverage(systems: Sequence[System], lacking: dict[System, str], painter: Painter) -> Iterator[str]:
    if systems and len(systems) < len(ALL_SYSTEMS):
        yield f"for {', '.join(map(str, systems))}"
    for reason in dict.fromkeys(lacking.values()):
        names = ", ".join(str(system) for system in lacking if lacking[system] == reason)
        yield f"{painter.paint('warning', 'note:')} not for {names}: {make_visible(reason)}"


@iter_lines.register
def _(result: LockResult, painter: Painter) -> Iterator[str]:
    verb = "wrote" if result.changed else "kept"
    yield f"{painter.paint('good', verb)} {make_visible(str(result.project / 'devenv.lock'))}"
    for each in result.replaced:
        yield f"{painter.paint('warning', 'pinned anew')} {make_visible(each.file)} of {each.package}"
        yield f"  before: {'not pinned' if each.before is None else f'sha256 {each.before}'}"
        yield f"  now:    {'not pinned' if each.after is None else f'sha256 {each.after}'}"
    yield from _packages(result.packages)
    yield from _coverage(result.systems, dict(result.lacking), painter)


@iter_lines.register
def _(result: LockCheckResult, painter: Painter) -> Iterator[str]:
    lock = make_visible(str(result.project / "devenv.lock"))
    if not result.reasons:
        yield f"{painter.paint('good', 'answers')} {lock}"
        return
    yield f"{painter.paint('error', 'does not answer')} {lock}"
    yield from (f"  {make_visible(each.message)}" for each in result.reasons)
    yield f"{painter.paint('hint', 'next:')} `devenv lock` makes it answer"


@iter_lines.register
def _(result: EditResult, painter: Painter) -> Iterator[str]:
    for each in result.added:
        yield f"{painter.paint('good', 'added')} {painter.paint('name', each.name)} {make_visible(each.version)}"
    for name in result.removed:
        yield f"{painter.paint('good', 'removed')} {painter.paint('name', name)}"
    yield from _coverage(result.systems, {each: result.lacking[each] for each in result.newly_lacking}, painter)
    if not result.allowed:
        yield f"{painter.paint('hint', 'next:')} `devenv allow` to use this project"


@iter_lines.register
def _(result: InitResult, painter: Painter) -> Iterator[str]:
    for name in result.files:
        yield f"{painter.paint('good', 'wrote')} {make_visible(name)}"
    if not result.allowed:
        yield f"{painter.paint('hint', 'next:')} look at what others wrote, then `devenv lock` and `devenv allow`"
        return
    yield f"{painter.paint('hint', 'next:')} `devenv add NAME…` adds packages (`devenv search WORD` finds them),"
    yield "      `devenv run -- COMMAND` runs a command with them, `devenv shell` a shell;"
    yield "      `devenv hook --install`, once, makes `cd` enough"


@iter_lines.register
def _(result: TemplatesResult, painter: Painter) -> Iterator[str]:
    yield from (painter.paint("name", name) for name in result.templates)


@iter_lines.register
def _(result: ReloadResult, painter: Painter) -> Iterator[str]:
    done = "switched to" if result.changed else "nothing changed:"
    where = f"{make_visible(str(result.project))} (generation {result.generation})"
    yield f"{painter.paint('good', done)} the environment of {where}"


@iter_lines.register
def _(result: StatusResult, painter: Painter) -> Iterator[str]:
    yield f"project      {make_visible(str(result.project))}"
    yield f"trust        {painter.paint('good' if result.trust == 'allowed' else 'warning', result.trust)}"
    if result.lock is None:
        yield f"{painter.paint('hint', 'next:')} `devenv allow --dry-run` shows what is new, `devenv allow` lets it act"
        return
    yield f"lock         {result.lock}"
    for reason in result.unsatisfied:
        yield f"             {make_visible(reason)}"
    if result.generation is not None:
        yield f"generation   {result.generation}{'' if result.realized else ' (not realized as it is)'}"
    if result.systems:
        yield f"systems      {', '.join(map(str, result.systems))}"
    if result.environments:
        yield f"besides      {', '.join(f'-e {name}' for name in result.environments)}"
    yield "packages"
    yield from _packages(result.packages)
    if result.lock != "current":
        yield f"{painter.paint('hint', 'next:')} `devenv lock`"


@iter_lines.register
def _(result: SearchResult, painter: Painter) -> Iterator[str]:
    yield from _found([((each.name,), each.summary) for each in result.packages], painter.width)
    if result.packages and result.debian:
        yield ""
    header, *lines = _found(_fit_suites(result.debian, painter.width), painter.width)
    if lines:
        yield painter.paint("faint", header)
    yield from lines
    if result.omitted:
        yield painter.paint("hint", f"{_number(result.omitted, 'further package')} of Debian: `devenv search --all`")
    if result.suites:
        counts = ", ".join(f"{count} in {suite}" for suite, count in result.suites.items())
        yield painter.paint("hint", f"and Debian's with `devenv search WORD`: {counts}")


_FoundRow = tuple[Sequence[str], str]
"""The cells of a row (a name, then versions), and a summary."""


def _fit_suites(found: Sequence[FoundDebian], width: int | None) -> Sequence[_FoundRow]:
    """The rows of Debian packages below a header; where a terminal is too narrow for all suites, the oldest go."""
    suites = [suite for suite in SUITES if any(suite in each.versions for each in found)]
    while True:
        rows = [((each.name, *(each.versions.get(suite, "") for suite in suites)), each.summary) for each in found]
        table = [(("", *suites), ""), *rows]
        if width is None or len(suites) < 2 or len(_columns(table, width)[0]) + SUMMARY_WIDTH <= width:
            return table
        suites.pop(0)


def _columns(rows: Sequence[_FoundRow], width: int | None) -> list[str]:
    """The rows without their summaries, each as wide as the others; uncut where `width` is None."""
    limit = TEXT_LIMIT if width is None else VERSION_WIDTH
    # What ends in a mark keeps its width.
    cells = [(name, *(_shorten(version, limit) for version in versions), "|") for (name, *versions), _ in rows]
    return [line.removesuffix("|") for line in format_table(cells)]


def _found(rows: Sequence[_FoundRow], width: int | None) -> Iterator[str]:
    """Columns, and behind them a summary that is cut where the terminal's line ends; without a terminal it is whole."""
    for start, (_, summary) in zip(_columns(rows, width), rows, strict=True):
        room = TEXT_LIMIT if width is None else width - len(start)
        shown = _shorten(make_visible(summary), room) if room >= SUMMARY_WIDTH else ""
        yield (start + shown).rstrip()


def _shorten(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


@iter_lines.register
def _(result: InfoResult, painter: Painter) -> Iterator[str]:
    yield f"{painter.paint('name', result.name)}  {make_visible(result.summary)}"
    rows = [("license", result.license), ("programs", " ".join(result.programs))]
    if result.homepage is not None:
        rows.append(("homepage", result.homepage))
    rows += [("" if row else "sources", source) for row, source in enumerate(result.sources)]
    if result.variables:
        rows.append(("sets", " ".join(result.variables)))
    yield from format_table(rows)
    yield f"newest of {result.version_count} versions, with what each needs:"
    for offer in result.versions:
        needs = [
            str(system) if need is None else f"{system} ({need.replace('-', ' ')})"
            for system, need in offer.systems.items()
        ]
        yield f"  {make_visible(offer.version)}"
        yield from (f"    {need}" for need in needs)


@iter_lines.register
def _(result: DebianInfoResult, painter: Painter) -> Iterator[str]:
    yield f"{painter.paint('name', result.name)}  {make_visible(result.summary)}"
    if result.homepage is not None:
        yield from format_table([("section", result.section), ("homepage", result.homepage)])
    else:
        yield from format_table([("section", result.section)])
    yield "versions, each with Debian's own:"
    rows = [
        (each.suite, each.version, each.debian_version, ", ".join(map(str, each.systems))) for each in result.versions
    ]
    yield from (f"  {line}" for line in format_table(rows))
    if result.omitted is not None:
        reason = make_visible(result.omitted)
        yield f"{painter.paint('warning', 'note:')} it may not work, and other packages go without it: {reason}"
    if result.closure is not None:
        count, size = _number(result.closure.count, "package"), format_size(result.closure.size)
        yield f"with all that it needs {count}, {size} to download ({result.closure.system})"
        yield f"{painter.paint('hint', 'next:')} `devenv add {result.name}`"
    else:
        yield f"{painter.paint('warning', 'note:')} it cannot be added: {make_visible(result.defect or '')}"


@iter_lines.register
def _(result: SmokeResult, painter: Painter) -> Iterator[str]:
    rows = [(each.name, each.version or "", f"{each.seconds:.1f} s", _verdict(each)) for each in result.tests]
    for line, test in zip(format_table(rows), result.tests, strict=True):
        yield painter.paint("warning", line) if test.failures else line
        yield from (f"    {make_visible(failure)}" for failure in test.failures)
    failed = sum(bool(test.failures) for test in result.tests)
    lacking = sum(test.lacking is not None for test in result.tests)
    yield f"{len(result.tests) - failed - lacking} passed, {failed} failed, {lacking} skipped"


def _verdict(test: SmokeTest) -> str:
    if test.lacking is not None:
        return "not for this system"
    return "failed" if test.failures else "passed"


@iter_lines.register
def _(result: CacheResult, painter: Painter) -> Iterator[str]:
    del painter
    yield from _caches(result)


@iter_lines.register
def _(result: CacheCleanResult, painter: Painter) -> Iterator[str]:
    removed = [
        *_removal("artifact", result.removed_artifacts),
        *_removal("index page", result.removed_pages),
        *_removal("Debian index file", result.removed_debian),
        *_removal("git mirror", result.removed_repositories),
        *([_number(result.leftovers, "leftover")] if result.leftovers else []),
    ]
    verb = "would remove" if result.dry_run else "removed"
    yield f"{painter.paint('good', verb)} {', '.join(removed) or 'nothing'}"
    yield from _caches(result)


@iter_lines.register
def _(result: MirrorResult, painter: Painter) -> Iterator[str]:
    written = f"{_number(result.written, 'file')} ({format_size(result.written_size)})"
    yield f"{painter.paint('good', 'wrote')} {written if result.written else 'nothing'}"
    all_files = f"{_number(result.count, 'file')} ({format_size(result.size)})"
    yield f"{make_visible(str(result.directory))} has {all_files} for {', '.join(map(str, result.systems))}"


def _caches(result: CacheResult | CacheCleanResult) -> Iterator[str]:
    caches = {
        "artifacts": result.artifacts,
        "index pages": result.pages,
        "Debian indexes": result.debian,
        "git mirrors": result.repositories,
    }
    rows = [
        (name, str(each.count), format_size(each.size), "-" if each.limit is None else format_size(each.limit))
        for name, each in caches.items()
    ]
    yield from format_table([("", "files", "size", "limit"), *rows])


def _removal(name: str, removal: CacheRemoval) -> Iterator[str]:
    if removal.count:
        yield f"{_number(removal.count, name)} ({format_size(removal.size)})"


def _number(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
