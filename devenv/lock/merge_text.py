"""Merges the texts of three locks, package by package, without knowing the manifest: for git's merge driver.

What only one side changed is taken; of what both changed, each in its way, the result has both versions between the
markers of a conflict, whole tables at a time, so that each side of it is a lock again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from devenv.lock.format import format_lock
from devenv.lock.merge import agree, join_inputs, join_packages
from devenv.lock.model import Lock, LockedInput, LockedPackage
from devenv.lock.parse import parse_lock
from devenv.lock.sections import read_sections

Path = tuple[str, ...]

ORDER = ("inputs", "runtime", "dependencies", "packages", "environments")
"""Tables in the order in which they are written."""


@dataclass(frozen=True, slots=True)
class MergedText:
    """The text of a merged lock; with `conflicts` in it, it is one only when they are resolved."""

    content: bytes
    conflicts: int


def merge_lock_texts(base: bytes | None, ours: bytes, theirs: bytes, marker_size: int, file: str) -> MergedText:
    """The merged text. `base` is what both began with; None where there is none. `file` names the lock in errors.

    Raises LockError, ForeignFileError where one of them is no lock; then git's own way of merging is the one to take.
    """
    before = None if base is None else parse_lock(base, file)
    one, other = _join_all(before, parse_lock(ours, file), parse_lock(theirs, file))
    merging = _Merging(before, one, other, marker_size)
    text = "\n".join([*merging.iter_lines(), ""])
    if merging.conflicts == 0:
        return MergedText(format_lock(parse_lock(text.encode(), file)), 0)
    return MergedText(text.encode(), merging.conflicts)


class _Merging:
    """Three locks, table by table."""

    def __init__(self, base: Lock | None, ours: Lock, theirs: Lock, marker_size: int) -> None:
        self._base, self._ours, self._theirs = base, ours, theirs
        self._marker_size = marker_size
        self.conflicts = 0

    def iter_lines(self) -> Iterator[str]:
        """The lines of the result; `conflicts` has counted those in them when they end."""
        before = {} if self._base is None else _tables(self._base)
        ours, theirs = _tables(self._ours), _tables(self._theirs)
        yield format_lock(self._ours).decode().partition("\n")[0]
        yield f"version = {max(self._ours.version, self._theirs.version)}"
        fingerprints = [None if each is None else each.fingerprint for each in (self._base, self._ours, self._theirs)]
        yield from self._merge(*([] if each is None else [f'fingerprint = "{each}"'] for each in fingerprints))
        for path in sorted({*ours, *theirs}, key=_place):
            one, other = ours.get(path, []), theirs.get(path, [])
            if path[0] == "inputs" and not (one and other):
                # One that nothing needs means nothing; a package of the other side may need it.
                yield from one or other
            else:
                yield from self._merge(before.get(path, []), one, other)

    def _merge(self, base: list[str], ours: list[str], theirs: list[str]) -> Iterator[str]:
        """Lines that both have, or that one changed; else both, with markers."""
        if theirs in (ours, base):
            yield from ours
            return
        if base == ours:
            yield from theirs
            return
        self.conflicts += 1
        yield f"{'<' * self._marker_size} ours"
        yield from ours
        if self._base is not None:
            yield f"{'|' * self._marker_size} base"
            yield from base
        yield "=" * self._marker_size
        yield from theirs
        yield f"{'>' * self._marker_size} theirs"


def _tables(lock: Lock) -> dict[Path, list[str]]:
    """The lines of each input, package and so on, all its tables together, without those at the top."""
    text = format_lock(lock).decode()
    lines = text.rstrip("\n").split("\n")
    tables: dict[Path, list[str]] = {}
    headers = [section for section in read_sections(text) if section.path]
    starts = [section.line - 2 for section in headers]
    for section, start, end in zip(headers, starts, [*starts[1:], len(lines)], strict=True):
        # Each header stands below an empty line.
        tables.setdefault(_owner(section.path), []).extend(lines[start:end])
    return tables


def _owner(path: Path) -> Path:
    """`packages.uv.systems.x86_64-linux` → `packages.uv`."""
    if path[0] == "environments":
        return (*path[:2], *_owner(path[2:]))
    return path[: 1 if path[0] == "runtime" else 2]


def _place(path: Path) -> tuple[tuple[int, str], ...]:
    """Where a table is written: by kind, then by name."""
    kind, *names = path
    place = ((ORDER.index(kind), ""), *((0, name) for name in names[:1]))
    return place if len(names) < 2 else (*place, *_place(tuple(names[1:])))


def _join_all(base: Lock | None, ours: Lock, theirs: Lock) -> tuple[Lock, Lock]:
    """Both sides with what both changed and which still agrees put together, the same in both."""
    inputs = _join_inputs({} if base is None else base.inputs, ours.inputs, theirs.inputs)
    packages = _join_packages({} if base is None else base.packages, ours.packages, theirs.packages)
    dependencies = _join_packages({} if base is None else base.dependencies, ours.dependencies, theirs.dependencies)

    def complete(lock: Lock) -> Lock:
        return replace(
            lock,
            inputs={**lock.inputs, **inputs},
            packages={**lock.packages, **packages},
            dependencies={**lock.dependencies, **dependencies},
        )

    return complete(ours), complete(theirs)


def _join_inputs(
    base: Mapping[str, LockedInput], ours: Mapping[str, LockedInput], theirs: Mapping[str, LockedInput]
) -> dict[str, LockedInput]:
    common = [name for name in ours if name in theirs and base.get(name) not in (ours[name], theirs[name])]
    joined = {name: join_inputs(ours[name], theirs[name]) for name in common}
    return {name: each for name, each in joined.items() if each is not None}


def _join_packages(
    base: Mapping[str, LockedPackage], ours: Mapping[str, LockedPackage], theirs: Mapping[str, LockedPackage]
) -> dict[str, LockedPackage]:
    common = [name for name in ours if name in theirs and base.get(name) not in (ours[name], theirs[name])]
    return {name: join_packages(ours[name], theirs[name]) for name in common if _are_joinable(ours[name], theirs[name])}


def _are_joinable(ours: LockedPackage, theirs: LockedPackage) -> bool:
    """Whether they agree, also in what only a manifest could tell apart."""
    common = ours.systems.keys() & theirs.systems.keys()
    return (
        agree(ours, theirs)
        and replace(ours, systems=theirs.systems, lacking=theirs.lacking) == theirs
        and all(ours.systems[each].derivation == theirs.systems[each].derivation for each in common)
    )
