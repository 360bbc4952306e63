"""The words for what tells two locks apart, which text, Markdown and the review of `allow` share.

Nothing here is made safe to print yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from devenv.lock.components import FileChange
from devenv.lock.review import Cause, InputChange, Move, PackageChange, Reason, Review, SystemChange, Table
from devenv.sizes import format_size
from devenv.workflow.review_results import EndOfLife

SHOWN_FILES = 4
"""Files of one package that are named."""
SHOWN_NAMES = 8
SHOWN_DIGITS = 12
"""Characters of a revision that tell it from others for people."""
NOTHING = "nothing"

MOVES = {
    Move.ADDED: "added",
    Move.REMOVED: "removed",
    Move.NEWER: "newer",
    Move.OLDER: "older",
    Move.REBUILT: "rebuilt",
    Move.SCOPE: "changed",
}


def summary(review: Review) -> str:
    """`2 newer, 1 rebuilt`: packages that were asked for, then how many others changed."""
    own = [each.move for each in review.packages if each.table is Table.PACKAGE]
    words = [f"{own.count(move)} {word}" for move, word in MOVES.items() if move in own]
    others = len(review.packages) - len(own)
    if others:
        words.append(f"{others} dependenc{'y' if others == 1 else 'ies'} changed")
    if review.inputs:
        words.append(f"{len(review.inputs)} input{'' if len(review.inputs) == 1 else 's'} moved")
    return ", ".join(words) or "no difference"


def version_text(change: PackageChange) -> str:
    """`24.1.0 → 24.2.0`, or the version alone where it came, went or stayed."""
    if change.before is None or change.after is None or change.before == change.after:
        return change.after or change.before or ""
    return f"{change.before} → {change.after}"


def move_notes(change: PackageChange) -> Iterator[str]:
    """What there is to say besides versions: systems, inputs, requests."""
    if change.move is Move.OLDER:
        yield "goes back to an older version"
    gone = [each for each in change.systems if each.after is None and change.after is not None]
    came = [each for each in change.systems if each.before is None and change.before is not None]
    if came:
        yield f"now for {_systems(came)} too"
    for reason in dict.fromkeys(each.lacking for each in gone):
        names = _systems([each for each in gone if each.lacking == reason])
        yield f"not for {names} any more{'' if reason is None else f': {reason}'}"
    before, after = change.inputs
    if before is not None and after is not None and before != after:
        yield f"from {before} → {after}"
    before, after = change.requests
    if change.move is not Move.REMOVED and before is not None and before != after:
        yield f"asked for as {before} → {after}"
    for files, systems in _by_files(
        each for each in change.systems if not each.rebuilt and change.move is not Move.ADDED
    ):
        replaced = [each for each in files if each.replaced]
        if replaced:
            yield f"{_files_text(replaced)}{_where(systems, change)}"


def reasons_text(change: PackageChange) -> Iterator[str]:
    """Why it is built again with the same version, for all systems at once where they agree."""
    rebuilt = [each for each in change.systems if each.rebuilt]
    groups: dict[tuple[str, ...], list[SystemChange]] = {}
    for each in rebuilt:
        groups.setdefault(tuple(_reason_text(reason, each.files) for reason in each.reasons), []).append(each)
    for texts, systems in groups.items():
        yield f"{'; '.join(texts)}{_where(systems, change)}"


def _where(systems: Sequence[SystemChange], change: PackageChange) -> str:
    return "" if len(systems) == len(change.systems) else f" ({_systems(systems)})"


def _by_files(changes: Iterator[SystemChange]) -> Iterator[tuple[tuple[FileChange, ...], list[SystemChange]]]:
    groups: dict[tuple[FileChange, ...], list[SystemChange]] = {}
    for each in changes:
        groups.setdefault(each.files, []).append(each)
    yield from groups.items()


def _reason_text(reason: Reason, files: Sequence[FileChange]) -> str:
    names = _list(reason.names)
    match reason.cause:
        case Cause.FILES:
            return _files_text(files)
        case Cause.OVERRIDES:
            return "the manifest changes how it is built"
        case Cause.DEPENDENCY:
            return f"is {'' if reason.certain else 'perhaps '}built with {names}"
        case Cause.RUNTIME:
            return f"{'runs' if reason.certain else 'perhaps runs'} on the runtime, which changed"
        case Cause.RECIPE:
            return f"its recipe, of the input {names}"
        case Cause.DEVENV:
            return "devenv builds it in another way, or `keep` in the manifest changed"


def _files_text(files: Sequence[FileChange]) -> str:
    words = [_file_text(each) for each in files[:SHOWN_FILES]]
    if len(files) > SHOWN_FILES:
        words.append(f"and {len(files) - SHOWN_FILES} more files")
    return ", ".join(words)


def _file_text(file: FileChange) -> str:
    if file.replaced:
        return f"{file.name} {file.after}: the same name with OTHER CONTENT"
    if file.before is None or file.after is None:
        return f"{'without' if file.after is None else 'with'} {file.name} {file.after or file.before or ''}".rstrip()
    return f"{file.name} {file.before} → {file.after}" if file.before != file.after else f"{file.name} {file.after}"


def input_text(change: InputChange) -> str:
    """Locator and revision, before and after."""
    (old, new), revisions = change.locators, change.revisions
    if old is None or new is None:
        return f"{new or old} {'is new' if old is None else 'is gone'}"
    if old != new:
        return f"{old} → {new}"
    if revisions[0] != revisions[1]:
        before, after = (
            f"{short_revision(revision)}{'' if date is None else f' of {date}'}"
            for revision, date in zip(revisions, change.dates, strict=True)
        )
        older = ", which is older" if change.goes_back and not change.releases else ""
        return f"{new} {before} → {after}{older}"
    return new


def short_revision(revision: str | None) -> str:
    """`blake3:67524fc9bc65…` → `67524fc9bc65`."""
    return "" if revision is None else revision.partition(":")[2][:SHOWN_DIGITS]


def release_texts(change: InputChange) -> Iterator[str]:
    """Each release of a suite with its times."""
    if None in change.locators:
        return
    for each in change.releases:
        if each.before is None or each.after is None:
            yield f"{each.name} {each.after or each.before} {'is new' if each.before is None else 'is gone'}"
        else:
            yield f"{each.name} {each.before} → {each.after}{', which goes back' if each.goes_back else ''}"


def end_text(end: EndOfLife, today: str) -> str:
    """`2026-04-30, which is past`."""
    if end.long_term is not None:
        return f"{end.date} by Debian's security team, which is past; for most packages {end.long_term} by LTS"
    return f"{end.date}{', which is past' if end.date < today else ''}"


def format_delta(before: int, after: int) -> str:
    """`+1.5 MiB`."""
    sign = "+" if after >= before else "-"
    return f"{sign}{format_size(abs(after - before))}"


def _systems(changes: Sequence[SystemChange]) -> str:
    return ", ".join(str(each.system) for each in changes)


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + more
