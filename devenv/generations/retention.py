"""Which generations are to go. Pure: it decides about what `devenv.generations.projects` found.

What a living shell is in never goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from devenv.generations.presence import Presence
from devenv.generations.projects import GenerationState, ProjectState

DAY = 24 * 60 * 60
"""Seconds."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """What is kept of projects that were not deleted: what was used within `older_than` seconds, and the `keep` newest.

    With both, what either keeps stays. With neither, everything stays.
    """

    older_than: float | None = None
    keep: int | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """A generation that is to go, and why, in words that follow on `because`."""

    project: ProjectState
    generation: GenerationState
    reason: str


def plan_retention(projects: Iterable[ProjectState], policy: RetentionPolicy, now: float) -> tuple[Removal, ...]:
    """The generations that are to go, in the order of `projects` and their numbers; `now` in seconds since the epoch.

    Of a deleted project all go. Of others the current one stays, unless the project's disk is not mounted and has not
    been for longer than `older_than`: this is what ends the grace of FAULTS D-07. It counts among the `keep` newest.
    """
    return tuple(removal for project in projects for removal in _plan_project(project, policy, now))


def _plan_project(project: ProjectState, policy: RetentionPolicy, now: float) -> Iterator[Removal]:
    newest = _find_newest(project.generations, policy.keep or 0)
    for generation in project.generations:
        if generation.shells:
            continue
        if project.presence is Presence.GONE:
            yield Removal(project, generation, "project deleted")
        elif _may_go(project, generation, policy) and generation.number not in newest:
            unused = now - generation.last_used
            if policy.older_than is None:
                yield Removal(project, generation, f"not among the {policy.keep} newest")
            elif unused > policy.older_than:
                yield Removal(project, generation, f"not used for {unused / DAY:.0f} days")


def _may_go(project: ProjectState, generation: GenerationState, policy: RetentionPolicy) -> bool:
    """Whether there is a policy that may take it: there is one at all, and the current one is not for any to take."""
    if generation.current:
        return project.presence is Presence.UNMOUNTED and policy.older_than is not None
    return policy != RetentionPolicy()


def _find_newest(generations: Sequence[GenerationState], keep: int) -> frozenset[int]:
    """The numbers of those that count as newest: the current one before all, however low its number."""
    newest = sorted(generations, key=lambda each: (each.current, each.number), reverse=True)
    return frozenset(each.number for each in newest[:keep])


def iter_least_recently_used(projects: Iterable[ProjectState]) -> Iterator[Removal]:
    """All generations that no shell is in, in the order in which they are to go until there is enough space.

    Those that are not current come first; within each part, those that were not used for the longest time.
    """
    found = [(project, each) for project in projects for each in project.generations if not each.shells]
    found.sort(key=lambda pair: (pair[1].current, pair[1].last_used, pair[0].directory, pair[1].number))
    for project, generation in found:
        yield Removal(project, generation, "least recently used")
