"""Why two derivations have different keys: what differs in them, and in which of their inputs, down to the cause.

Works on canonical forms as plain data (`Derivation.document`), since what was built before is known by those
only. Pure: how a key becomes a document is handed in.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Document = Mapping[str, Any]
Load = Callable[[str], Document | None]
"""Key → canonical form; None where nobody remembers it."""

SHOWN_LINES = 12
"""Lines of a difference between two scripts, or between two lists."""

SCRIPT_ARGUMENTS = frozenset({"script", "inputs", "roles", "sources"})
"""What a derivation of a script says of its inputs and sources besides these themselves."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. `path` are the names of the inputs that lead there, from the top; empty at the top."""

    path: tuple[str, ...]
    what: str
    """Such as `the script`, `the variable CFLAGS`, `a source`."""
    before: str | None
    after: str | None
    """None: it is not there. Of what has lines, those that went and those that came; there may be none."""


class _Input(NamedTuple):
    """An input as it stands in a document, and what the script takes it for."""

    key: str
    output: str
    role: str | None


def iter_differences(first: str, second: str, load: Load) -> Iterator[Difference]:
    """What differs between two keys: nothing where they are the same, else something.

    An input that differs is gone into; each pair of keys once.
    """
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
        ours, theirs = _inputs(before, load), _inputs(after, load)
        own = [*_iter_own(path, before, after), *_iter_inputs(path, ours, theirs)]
        below = [((*path, name), ours[name].key, theirs[name].key) for name in ours if name in theirs]
        yield from own
        if not own and all(first == second for _, first, second in below):
            # In nothing that has words: an empty list where there was none.
            yield Difference(path, "the key", one, other)
        pending += below


def _inputs(document: Document, load: Load) -> dict[str, _Input]:
    """The inputs by name: as the script calls each, else as it calls itself, without its version."""
    names: Sequence[str] = document["arguments"].get("inputs", ())
    roles: Sequence[str] = document["arguments"].get("roles", ())
    inputs: dict[str, _Input] = {}
    for number, each in enumerate(document["inputs"]):
        if number < len(names):
            name = names[number]
        else:
            below = load(each["derivation"])
            name = f"input {number + 1}" if below is None else str(below["name"]).partition("-")[0]
        role = roles[number] if number < len(roles) else None
        inputs[name if name not in inputs else f"{name} ({number + 1})"] = _Input(
            each["derivation"], each["output"], role
        )
    return inputs


def _iter_inputs(
    path: tuple[str, ...], before: Mapping[str, _Input], after: Mapping[str, _Input]
) -> Iterator[Difference]:
    """Inputs that came or went, or are there in another way."""
    for name in sorted(before.keys() ^ after.keys()):
        yield Difference(
            path,
            f"the input {name}",
            before[name].key if name in before else None,
            after[name].key if name in after else None,
        )
    common = [name for name in before if name in after]
    for name in common:
        ours, theirs = before[name], after[name]
        if ours.role != theirs.role:
            yield Difference(path, f"the role of {name}", ours.role, theirs.role)
        if ours.output != theirs.output:
            yield Difference(path, f"the output of {name}", ours.output, theirs.output)
    order = [name for name in after if name in before]
    if common != order:
        yield Difference(path, "the order of the inputs", " ".join(common), " ".join(order))


def _iter_own(path: tuple[str, ...], before: Document, after: Document) -> Iterator[Difference]:
    """What differs in a derivation itself."""
    for field, what in (
        ("format", "the format"),
        ("name", "the name"),
        ("system", "the system"),
        ("builder", "the builder"),
    ):
        yield from _iter_value(path, what, before[field], after[field])
    yield from _iter_mapping(path, "the variable ", before["environment"], after["environment"])
    ours, theirs = before["arguments"], after["arguments"]
    yield from _iter_lines(path, "the script", _lines(ours.get("script")), _lines(theirs.get("script")))
    yield from _iter_mapping(path, "the argument ", _other_arguments(ours), _other_arguments(theirs))
    yield from _iter_sources(path, _sources(before), _sources(after))
    for field, what in (("outputs", "the outputs"), ("output_hash", "the content")):
        yield from _iter_value(path, what, before[field], after[field])


def _other_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in SCRIPT_ARGUMENTS}


def _iter_mapping(
    path: tuple[str, ...], what: str, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        if name in before and name in after:
            yield from _iter_value(path, what + name, before[name], after[name])
        else:
            went, came = (_spelled(each[name]) if name in each else None for each in (before, after))
            yield Difference(path, what + name, went, came)


def _iter_value(path: tuple[str, ...], what: str, before: object, after: object) -> Iterator[Difference]:
    """What differs in plain data: in nested tables by their keys, in lists by what came and went."""
    # Not by `==`: to Python 1 is True.
    if json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _iter_mapping(path, f"{what}.", before, after)
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        yield from _iter_lines(path, what, [_spelled(each) for each in before], [_spelled(each) for each in after])
    else:
        yield Difference(
            path, what, None if before is None else _spelled(before), None if after is None else _spelled(after)
        )


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _lines(text: str | None) -> list[str]:
    return [] if text is None else text.split("\n")


def _iter_lines(path: tuple[str, ...], what: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Difference]:
    """The lines that went and that came."""
    went, came = list[str](), list[str]()
    for tag, start, end, other_start, other_end in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if tag != "equal":
            went += before[start:end]
            came += after[other_start:other_end]
    if went or came:
        yield Difference(path, what, _cut(went), _cut(came))


def _cut(lines: Sequence[str]) -> str:
    """The first of them."""
    if len(lines) > SHOWN_LINES:
        lines = [*lines[:SHOWN_LINES], f"… and {len(lines) - SHOWN_LINES} more"]
    return "\n".join(lines)


def _sources(document: Document) -> list[str]:
    """The artifacts, each with the name that the script knows it by."""
    names: Sequence[str] = document["arguments"].get("sources", ())
    digests: Sequence[str] = document["sources"]
    if len(names) != len(digests):
        return [*digests, *map(str, names)]
    return [f"{name} {digest}" for name, digest in zip(names, digests, strict=True)]


def _iter_sources(path: tuple[str, ...], before: Sequence[str], after: Sequence[str]) -> Iterator[Difference]:
    for went in (each for each in before if each not in after):
        yield Difference(path, "a file", went, None)
    for came in (each for each in after if each not in before):
        yield Difference(path, "a file", None, came)
    if before != after and set(before) == set(after):
        yield Difference(path, "the order of the files", "\n".join(before), "\n".join(after))
