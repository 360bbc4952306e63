"""Weighs what files say against each other, and against what the base set has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from devenv.detect.availability import Offered, Unavailable
from devenv.detect.model import ANY, Finding, Strength
from devenv.detect.ranges import combine, intersects


@dataclass(frozen=True, slots=True)
class ProposedPackage:
    """A line of the manifest, with its reasons."""

    name: str
    version: str
    reasons: tuple[Finding, ...]
    """The one that counts first."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two files ask for versions of one package that no version satisfies."""

    package: str
    counts: Finding
    """The one that is followed."""
    against: Finding


@dataclass(frozen=True, slots=True)
class Lacking:
    """Something that the base set does not have."""

    finding: Finding
    nearest: str
    """What comes nearest, in words; empty where nothing does."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a manifest could say."""

    packages: tuple[ProposedPackage, ...]
    """In the order in which they were found."""
    contradictions: tuple[Contradiction, ...]
    lacking: tuple[Lacking, ...]


def propose(
    findings: Iterable[Finding], find_offered: Callable[[str], Offered | None], find_similar: Callable[[str], str]
) -> Proposal:
    """`find_offered` says what there is of a package (None: it is unknown), `find_similar` what could replace it."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    lacking: list[Lacking] = []
    for finding in findings:
        if finding.package is None or find_offered(finding.package) is None:
            if not any(each.finding.tool == finding.tool for each in lacking):
                note = finding.wish.note if finding.package is None else ""
                lacking.append(Lacking(finding, note or find_similar(finding.tool)))
        else:
            groups[finding.package].append(finding)
    packages: list[ProposedPackage] = []
    contradictions: list[Contradiction] = []
    for name, group in groups.items():
        offered = find_offered(name)
        assert offered is not None
        # Stable: among equals, the file that was read first counts.
        group.sort(key=lambda each: (not each.wish.requests, each.strength.rank))
        package, gap = _propose_package(name, group, offered)
        packages.append(package)
        lacking += [Lacking(package.reasons[0], gap)] if gap else []
        contradictions += _find_contradictions(name, group)
    return Proposal(tuple(packages), tuple(contradictions), tuple(lacking))


def _propose_package(name: str, group: Sequence[Finding], offered: Offered) -> tuple[ProposedPackage, str]:
    """The line for one package; and what it has instead, where it lacks what is asked for."""
    telling = [each for each in group if each.strength is not Strength.NAMED] or list(group[:1])
    notes = dict.fromkeys(each.wish.note for each in telling if each.wish.note)
    first, *others = telling
    if not first.wish.requests:
        return ProposedPackage(name, ANY, tuple(telling), tuple(notes)), f"the newest `{name}`"
    requests = _narrow(first, [each for each in others if each.wish.requests])
    for request in requests:
        if offered.has(request):
            taken = offered.loosen(request)
            if taken != request:
                notes[_describe_loosening(request, taken, offered)] = None
            return ProposedPackage(name, taken, tuple(telling), tuple(notes)), ""
    agreeing = [each for each in others if not contradicts(first, each)]
    nearest = _find_nearest(requests[0], agreeing, offered)
    notes[f"there is no {first.asked or requests[0]}: {nearest} comes nearest"] = None
    return ProposedPackage(name, nearest, tuple(telling), tuple(notes)), f"`{name}` {nearest}"


def _narrow(first: Finding, others: Sequence[Finding]) -> tuple[str, ...]:
    """What the first asks for, best first: where it may, so that the others are content as well."""
    narrowed: list[str] = []
    for request in first.wish.requests:
        result: str | None = request
        for other in others:
            fitting = [combine(result, each) for each in other.wish.requests if result and intersects(result, each)]
            result = next((each for each in fitting if each is not None), None)
        if result is not None:
            narrowed.append(result)
    return tuple(dict.fromkeys([*narrowed, *first.wish.requests]))


def _find_nearest(request: str, others: Sequence[Finding], offered: Offered) -> str:
    def suits(line: str) -> bool:
        return all(agree(line, other) for other in others if other.wish.requests)

    try:
        return offered.nearest(request, suits)
    except Unavailable:
        return ANY


def _describe_loosening(request: str, taken: str, offered: Offered) -> str:
    if offered.versions is None:
        return f"of {taken} there is one version at a time, which {request} need not be"
    return f"there is no {request}, but another {taken}"


def agree(request: str, finding: Finding) -> bool:
    """Whether some version satisfies the request and what is found."""
    return any(intersects(request, each) for each in finding.wish.requests)


def contradicts(first: Finding, other: Finding) -> bool:
    """Whether no version satisfies both; what means nothing here contradicts nothing."""
    requests = first.wish.requests
    return bool(requests and other.wish.requests) and not any(agree(request, other) for request in requests)


def _find_contradictions(name: str, group: Sequence[Finding]) -> list[Contradiction]:
    first, *others = group
    return [Contradiction(name, first, other) for other in others if contradicts(first, other)]
