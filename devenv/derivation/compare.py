"""Why two derivations have different keys: what differs in them, and in which of their inputs, down to the cause.

Works on canonical forms as plain data (`Derivation.document`), since what was built before is known by those
only. Pure: how a key becomes a document is handed in.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
Load = Callable[[str], Document | None]
"""Key → canonical form; None where nobody remembers it."""

SHOWN_LINES = 12
"""Lines of a difference between two scripts."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. `path` are the names of the inputs that lead there, from the top; empty at the top."""

    path: tuple[str, ...]
    what: str
    """Such as `the script`, `the variable CFLAGS`, `a source`."""
    before: str | None
    after: str | None
    """None: it is not there."""


def iter_differences(first: str, second: str, load: Load) -> Iterator[Difference]:
    """What differs between two keys. An input that differs is gone into; each pair of keys once."""
    seen: set[tuple[str, str]] = set()
    pending: list[tuple[tuple[str, ...], str, str]] = [((), first, second)]
    while pending:
        path, one, other = pending.pop(0)
        if one == other or (one, other) in seen:
            continue
        seen.add((one, other))
        before, after = load(one), load(other)
        if before is None or after is None:
            # As far as can be told.
            yield Difference(path, "the key", one, other)
            continue
        yield from _iter_own(path, before, after)
        ours, theirs = _inputs(before, load), _inputs(after, load)
        for name in sorted(ours.keys() | theirs.keys()):
            if name in ours and name in theirs:
                pending.append(((*path, name), ours[name], theirs[name]))
            else:
                yield Difference(path, f"the input {name}", ours.get(name), theirs.get(name))


def _inputs(document: Document, load: Load) -> dict[str, str]:
    """Name → key of each input: as the script calls it, else as the input calls itself, without its version."""
    names: Sequence[str] = document["arguments"].get("inputs", ())
    inputs = {}
    for number, each in enumerate(document["inputs"]):
        if number < len(names):
            name = names[number]
        else:
            below = load(each["derivation"])
            name = f"input {number + 1}" if below is None else str(below["name"]).partition("-")[0]
        inputs[name if name not in inputs else f"{name} ({number + 1})"] = each["derivation"]
    return inputs


def _iter_own(path: tuple[str, ...], before: Document, after: Document) -> Iterator[Difference]:
    """What differs in a derivation itself."""
    for field, what in (("name", "the name"), ("system", "the system"), ("builder", "the builder")):
        if before[field] != after[field]:
            yield Difference(path, what, before[field], after[field])
    yield from _iter_mapping(path, "the variable", before["environment"], after["environment"])
    arguments = {"inputs", "roles", "script"}
    yield from _iter_script(path, before["arguments"].get("script"), after["arguments"].get("script"))
    yield from _iter_mapping(
        path,
        "the argument",
        {name: value for name, value in before["arguments"].items() if name not in arguments},
        {name: value for name, value in after["arguments"].items() if name not in arguments},
    )
    yield from _iter_sources(path, before, after)
    for field, what in (("outputs", "the outputs"), ("output_hash", "the content")):
        if before[field] != after[field]:
            yield Difference(path, what, _shown(before[field]), _shown(after[field]))


def _iter_mapping(
    path: tuple[str, ...], what: str, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Difference(path, f"{what} {name}", _shown(before.get(name)), _shown(after.get(name)))


def _iter_script(path: tuple[str, ...], before: str | None, after: str | None) -> Iterator[Difference]:
    """The lines that went and that came."""
    if before == after:
        return
    lines = [
        line
        for line in difflib.unified_diff((before or "").splitlines(), (after or "").splitlines(), lineterm="", n=0)
        if line[:3] not in {"---", "+++"} and line[:2] != "@@"
    ]
    went = [line[1:] for line in lines if line.startswith("-")]
    came = [line[1:] for line in lines if line.startswith("+")]
    yield Difference(path, "the script", "\n".join(went[:SHOWN_LINES]), "\n".join(came[:SHOWN_LINES]))


def _iter_sources(path: tuple[str, ...], before: Document, after: Document) -> Iterator[Difference]:
    ours, theirs = before["sources"], after["sources"]
    for went in (each for each in ours if each not in theirs):
        yield Difference(path, "a file", went, None)
    for came in (each for each in theirs if each not in ours):
        yield Difference(path, "a file", None, came)


def _shown(value: object) -> str | None:
    return None if value is None else str(value)
