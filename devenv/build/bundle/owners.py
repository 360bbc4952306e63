"""Whose programs are shown where no recipe says it: those of the packages asked for, and of what stands for them.

Debian divides programs among packages in ways that nobody who asks for one knows: `perl` is in `perl-base`, `redis` and
`build-essential` have nothing but dependencies, `telnet` is whatever provides it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from devenv.build.bundle.merge import read_field
from devenv.build.bundle.paths import PROGRAM_DIRECTORIES, parent
from devenv.build.bundle.tree import Tree
from devenv.build.bundle.unpack import Deb
from devenv.debian.relations import Relation, parse_relations
from devenv.errors import BuildError

LIBRARY_SECTIONS = frozenset({"libdevel", "libs", "oldlibs"})


def find_owners(tree: Tree, debs: Sequence[Deb], own: Sequence[str]) -> frozenset[str]:
    """`own`, and of the other `debs` those that they consist of.

    These are what one of them depends on in exactly its own version, those that its programs are links to, and all
    that one without programs depends on. Raises BuildError (`archive-invalid`) where a package's dependencies cannot be
    read.
    """
    present = {deb.name: deb for deb in debs}
    goals = _find_goals(tree)
    owners: set[str] = set()
    pending = list(own)
    while pending:
        name = pending.pop()
        if name not in owners:
            owners.add(name)
            pending += _iter_parts(present[name], present, has_programs=name in goals)
            pending += goals.get(name, set()) & present.keys()
    return frozenset(owners)


def _find_goals(tree: Tree) -> dict[str, set[str]]:
    """The packages that have programs, each with those in which these lie: their own, or what links lead to."""
    goals: defaultdict[str, set[str]] = defaultdict(set)
    for path in tree.iter_paths():
        owner = tree.owner(path)
        if owner is not None and parent(path) in PROGRAM_DIRECTORIES:
            real = tree.resolve(path)
            goals[owner].add((None if real is None else tree.owner(real)) or owner)
    return goals


def _iter_parts(deb: Deb, others: Mapping[str, Deb], *, has_programs: bool) -> Iterator[str]:
    version = read_field(deb.unpacked.control, "Version")
    for relation in _relations(deb):
        other = others.get(relation.name)
        is_part = not has_programs or (relation.operator, relation.version) == ("=", version)
        if other is not None and is_part and not _is_library(other):
            yield other.name


def _is_library(deb: Deb) -> bool:
    """Whether it is no program: that of C brings its loader as one."""
    return read_field(deb.unpacked.control, "Section").rpartition("/")[2] in LIBRARY_SECTIONS


def _relations(deb: Deb) -> list[Relation]:
    fields = (read_field(deb.unpacked.control, name) for name in ("Pre-Depends", "Depends"))
    try:
        return [relation for field in fields for group in parse_relations(field) for relation in group]
    except ValueError as error:
        raise BuildError(f"the archive `{deb.name}` is not accepted: {error}", slug="archive-invalid") from error
