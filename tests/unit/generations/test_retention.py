"""Which generations are to go, against a plain model."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.generations.presence import Presence
from devenv.generations.projects import GenerationState, ProjectState
from devenv.generations.retention import RetentionPolicy, iter_least_recently_used, plan_retention
from devenv.store_path import StorePath

NOW = 1000.0


def make_state(
    number: int, last_used: float, *, current: bool = False, shells: tuple[int, ...] = ()
) -> GenerationState:
    return GenerationState(
        number=number,
        path=Path(f"/{number}"),
        environment=StorePath("a" * 32, "environment"),
        digest="",
        created=0,
        host_libraries=False,
        files={},
        selected=None,
        last_used=last_used,
        current=current,
        shells=shells,
    )


def make_project(presence: Presence, *generations: GenerationState) -> ProjectState:
    return ProjectState(Path("/s"), Path("/p"), presence, generations, ())


@st.composite
def project_states(draw: st.DrawFn) -> ProjectState:
    numbers = sorted(draw(st.sets(st.integers(1, 9), max_size=6)))
    generations = [
        make_state(
            number,
            draw(st.integers(0, 10).map(lambda hundreds: hundreds * 100.0)),
            current=draw(st.booleans()),
            shells=draw(st.sampled_from([(), (), (7,)])),
        )
        for number in numbers
    ]
    return make_project(draw(st.sampled_from(Presence)), *generations)


policies = st.builds(
    RetentionPolicy,
    older_than=st.none() | st.integers(0, 10).map(lambda hundreds: hundreds * 100.0),
    keep=st.none() | st.integers(0, 4),
)


def kept_by_model(project: ProjectState, policy: RetentionPolicy) -> set[int]:
    """The numbers of what stays, by one rule after the other."""
    everything = {each.number: each for each in project.generations}
    kept = {number for number, each in everything.items() if each.shells}
    if project.presence is Presence.GONE:
        return kept
    if policy.older_than is None and policy.keep is None:
        return set(everything)
    current = {number for number, each in everything.items() if each.current}
    if project.presence is not Presence.UNMOUNTED or policy.older_than is None:
        kept |= current
    if policy.keep is not None:
        others = sorted(set(everything) - current)
        kept |= set((others + sorted(current))[::-1][: policy.keep])
    if policy.older_than is not None:
        kept |= {number for number, each in everything.items() if NOW - each.last_used <= policy.older_than}
    return kept


@given(st.lists(project_states(), max_size=3), policies)
def test_plan_is_that_of_the_model(projects: list[ProjectState], policy: RetentionPolicy) -> None:
    """D-05, D-07: what a shell is in stays; so does what the policy keeps; the rest goes, in a fixed order."""
    plan = plan_retention(projects, policy, NOW)
    assert [(removal.project, removal.generation.number) for removal in plan] == [
        (project, each.number)
        for project in projects
        for each in project.generations
        if each.number not in kept_by_model(project, policy)
    ]


@given(st.lists(project_states(), max_size=3))
def test_budget_takes_what_was_used_longest_ago(projects: list[ProjectState]) -> None:
    """D-11: everything but what shells are in goes at last, the current ones after all others, older ones first."""
    removals = list(iter_least_recently_used(projects))
    order = [(removal.generation.current, removal.generation.last_used) for removal in removals]
    assert order == sorted(order)
    free = [each for project in projects for each in project.generations if not each.shells]
    assert sorted(map(repr, free)) == sorted(repr(removal.generation) for removal in removals)


@pytest.mark.parametrize(
    ("presence", "policy", "expected"),
    [
        (Presence.GONE, RetentionPolicy(), {1: "project deleted", 2: "project deleted", 3: "project deleted"}),
        (Presence.PRESENT, RetentionPolicy(), {}),
        (Presence.PRESENT, RetentionPolicy(keep=2), {1: "not among the 2 newest"}),
        (Presence.PRESENT, RetentionPolicy(keep=0), {1: "not among the 0 newest", 3: "not among the 0 newest"}),
        (Presence.PRESENT, RetentionPolicy(older_than=10), {1: "not used for 10 days"}),
        (Presence.PRESENT, RetentionPolicy(older_than=10, keep=3), {}),
        (Presence.UNMOUNTED, RetentionPolicy(older_than=10), {1: "not used for 10 days", 2: "not used for 5 days"}),
        (Presence.UNKNOWN, RetentionPolicy(older_than=10), {1: "not used for 10 days"}),
    ],
)
def test_reasons(presence: Presence, policy: RetentionPolicy, expected: dict[int, str]) -> None:
    """D-11: a person reads why each generation goes; the current one counts as newest after a step back."""
    day = 24 * 60 * 60.0
    generations = (make_state(1, -10 * day), make_state(2, -5 * day, current=True), make_state(3, 0.0))
    plan = plan_retention([make_project(presence, *generations)], policy, now=1.0)
    assert {removal.generation.number: removal.reason for removal in plan} == expected
