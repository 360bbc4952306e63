"""Finds the packages that a program needs: its dependency closure in one suite, as apt would install it into nothing.

What apt does and this does not: `Recommends` and `Conflicts` are no matter (nothing is installed: packages are
laid into one tree, and a file that two of them bring is found there), and what only makes sense in an installed system
is taken as being there (`devenv.debian.policy`). No choice is taken back: a suite is consistent in itself, and where it
is not, a person should know.
"""

from __future__ import annotations

import functools
import itertools
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from devenv.debian.policy import Policy
from devenv.debian.record import DebRecord, is_name
from devenv.debian.relations import Relation, parse_relations
from devenv.debian.version import satisfies

CLOSURE_LIMIT = 4000
"""Packages; whole desktops have some 2,000."""

SHOWN_LINKS = 6
"""Of the chain from what is missing to what was wanted: a chain can have as many as the closure has packages."""
SHOWN_PROVIDERS = 20
SHOWN_LENGTH = 200
"""Characters of a dependency in a message."""


class DebIndex(Protocol):
    """The packages of one suite for one architecture."""

    def find(self, name: str) -> DebRecord | None:
        """The newest package of that name over the suite's pockets; None where there is none."""
        ...

    def providers(self, name: str) -> Sequence[tuple[DebRecord, str | None]]:
        """The packages that provide `name` besides their own name, and the version that they provide it in."""
        ...

    def names(self) -> Sequence[str]:
        """The names of all packages."""
        ...


class ClosureError(ValueError):
    """A package's dependencies are not to be had; the message names the chain that leads to what is missing."""


def find_closure(
    index: DebIndex, wanted: Sequence[str], policy: Policy, without: Collection[str] = ()
) -> tuple[DebRecord, ...]:
    """The packages that `wanted` need, themselves first and in their order, then the rest by name.

    `without` are left out besides what `policy` omits, except where they are wanted. The answer is the same whatever
    order the index answers in. Raises ClosureError where something is missing, ValueError where a relation is none.
    """
    return _Search(index, wanted, policy, without).run()


class _Search:
    """One walk through the dependencies."""

    def __init__(self, index: DebIndex, wanted: Sequence[str], policy: Policy, without: Collection[str]) -> None:
        # Asked for the same names over and over; an index on disk takes its time.
        self.find = functools.cache(index.find)
        self.providers = functools.cache(index.providers)
        self.policy = policy
        self.wanted = tuple(dict.fromkeys(wanted))
        self.omitted = (policy.omitted.keys() | set(without)) - set(wanted)
        self.always = [name for name in policy.always if name not in without]
        self.chosen: dict[str, DebRecord] = {}
        self.needed_by: dict[str, str] = {}
        self.pending: deque[str] = deque()
        self.open_choices: deque[tuple[str, tuple[Relation, ...]]] = deque()

    def run(self) -> tuple[DebRecord, ...]:
        for name in [*self.wanted, *self.always]:
            self.choose(self.require(name), None)
        # What has no alternative comes first, so that a choice sees as much as possible of what is there anyway.
        while self.pending or self.open_choices:
            if self.pending:
                self.follow(self.pending.popleft())
            else:
                self.decide(*self.open_choices.popleft())
        rest = sorted(self.chosen.keys() - set(self.wanted))
        return tuple(self.chosen[name] for name in [*self.wanted, *rest])

    def require(self, name: str) -> DebRecord:
        if not is_name(name):
            raise ClosureError(f"{name[:100]!a} is no name of a Debian package")
        record = self.find(name)
        if record is None:
            names = sorted({each.name for each, _ in self.providers(name)})
            providers = ", ".join(f"`{each}`" for each in names[:SHOWN_PROVIDERS])
            raise ClosureError(f"there is no package `{name}`" + (f"; provided by {providers}" if providers else ""))
        return record

    def choose(self, record: DebRecord, needed_by: str | None) -> None:
        if record.name in self.chosen:
            return
        if len(self.chosen) == CLOSURE_LIMIT:
            raise ClosureError(f"`{self.wanted[0]}` needs more than {CLOSURE_LIMIT} packages")
        self.chosen[record.name] = record
        self.pending.append(record.name)
        if needed_by is not None:
            self.needed_by[record.name] = needed_by

    def follow(self, name: str) -> None:
        try:
            groups = parse_relations(self.chosen[name].depends)
        except ValueError as error:
            raise ClosureError(f"the dependencies of `{name}` cannot be read: {error}") from error
        for group in groups:
            if len(group) == 1 and self.find(group[0].name) is not None:
                self.decide(name, group)
            else:
                self.open_choices.append((name, group))

    def decide(self, name: str, group: tuple[Relation, ...]) -> None:
        """Choose what satisfies one group of the dependencies of `name`."""
        if any(self.is_there(relation) for relation in group):
            return
        for relation in group:
            if relation.name in self.omitted:
                return
            record = next(self.iter_candidates(relation), None)
            if record is not None:
                if record.name not in self.omitted:
                    self.choose(record, name)
                return
        raise ClosureError(self.describe_missing(name, group))

    def is_there(self, relation: Relation) -> bool:
        record = self.chosen.get(relation.name)
        if record is not None and _is_answer(relation, record, record.version):
            return True
        return any(
            provider.name in self.chosen and _is_answer(relation, provider, version)
            for provider, version in self.providers(relation.name)
        )

    def iter_candidates(self, relation: Relation) -> Iterator[DebRecord]:
        """The packages that satisfy `relation`, best first: that of its name, those that the policy prefers, others."""
        record = self.find(relation.name)
        if record is not None and _is_answer(relation, record, record.version):
            yield record
        answers = {
            provider.name: provider
            for provider, version in self.providers(relation.name)
            if _is_answer(relation, provider, version)
        }
        preferred = [name for name in self.policy.providers.get(relation.name, ()) if name in answers]
        # What is taken as being there costs nothing, so it comes before a package that would have to be taken.
        for name in [*preferred, *sorted(answers, key=lambda name: (name not in self.omitted, name))]:
            yield answers[name]

    def describe_missing(self, name: str, group: tuple[Relation, ...]) -> str:
        wanted = " | ".join(map(str, group))
        message = f"`{name}` needs `{wanted if len(wanted) <= SHOWN_LENGTH else f'{wanted[:SHOWN_LENGTH]}…'}`"
        found = [record for record in (self.find(relation.name) for relation in group) if record is not None]
        if found:
            message += f", there is {' and '.join(f'`{each.name}` {each.version}' for each in found[:SHOWN_LINKS])}"
        else:
            message += ", which there is not"
        chain = [name]
        while chain[-1] in self.needed_by:
            chain.append(self.needed_by[chain[-1]])
        for below, above in itertools.islice(itertools.pairwise(chain), SHOWN_LINKS):
            message += f"; `{below}` is needed by `{above}`"
        return message if len(chain) <= SHOWN_LINKS + 1 else f"{message}; and so on up to `{chain[-1]}`"


def _is_answer(relation: Relation, record: DebRecord, version: str | None) -> bool:
    """Whether `record`, offering itself in `version` (None: in no version), satisfies `relation`."""
    if relation.qualifier not in {None, "any", "native", record.architecture}:
        return False
    if relation.operator is None or relation.version is None:
        return True
    return version is not None and satisfies(version, relation.operator, relation.version)
