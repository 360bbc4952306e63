"""The whole process and the real calls to the system: their order, on which power loss turns, and a kill at them."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from devenv.settings import default_settings
from tests.fsck import check_store
from tests.functional.faults.points import Faults
from tests.functional.faults.scenarios import SCENARIOS
from tests.functional.faults.sweep import SUCCEEDED, Ground, prepared, require_tidy, run_child
from tests.functional.faults.traced import Call, can_trace, run_traced

KILLS, MANY_KILLS = 1, 5
"""How often the process is killed at each kind of call, at equal distances."""


@pytest.fixture(autouse=True)
def traceable() -> None:
    """No test here without strace."""
    if not can_trace():
        pytest.skip("strace is not here, or may not be used")


def trace(name: str) -> list[Call]:
    """The calls of a scenario that is not disturbed."""
    with prepared(SCENARIOS[name]) as ground:
        ground.restore()
        status, calls = run_traced(name, ground.home)
        assert status == 0
        return calls


def place_of(calls: list[Call], name: str, *parts: str, after: int = -1) -> int:
    """Where in `calls`, behind `after`, the first call `name…` is whose arguments hold all `parts`."""
    for number, call in enumerate(calls):
        if number > after and call.name.startswith(name) and all(part in call.arguments for part in parts):
            return number
    raise AssertionError(f"no {name} of {parts} among the {len(calls) - after - 1} calls after the {after + 1}th")


def places_of(calls: list[Call], name: str, part: str) -> Iterator[int]:
    """All such calls."""
    return (number for number, call in enumerate(calls) if call.name.startswith(name) and part in call.arguments)


def test_object_is_durable_before_it_is_valid() -> None:
    """After power loss an object is whole or not valid: content, name and row reach the disk in this order (A-14)."""
    calls = trace("register")
    synced = place_of(calls, "syncfs")
    renamed = place_of(calls, "rename", "/.tmp-", "-own", after=synced)
    entered = place_of(calls, "fsync", "/store/", after=renamed)
    journal = place_of(calls, "pwrite", "/store.sqlite-journal", after=entered)
    journalled = place_of(calls, "fdatasync", "/store.sqlite-journal", after=journal)
    written = place_of(calls, "pwrite", "/store.sqlite>", after=journalled)
    stored = place_of(calls, "fdatasync", "/store.sqlite>", after=written)
    committed = place_of(calls, "ftruncate", "/store.sqlite-journal", after=stored)
    place_of(calls, "fdatasync", "/store.sqlite-journal", after=committed)
    # Nothing of the tree changes once it was synchronised, and no row is written while it can still be lost.
    changes = [*places_of(calls, "write", "/.tmp-"), *places_of(calls, "fchmod", "/.tmp-")]
    assert changes
    assert max(changes) < synced
    assert not [number for number in places_of(calls, "pwrite", "/store.sqlite") if synced < number < entered]


def test_temporary_root_comes_before_the_object() -> None:
    """The temporary root is written before the object gets its name: a collection never meets it without (D-01)."""
    calls = trace("register")
    kept = place_of(calls, "write", "/temporary-roots/")
    assert kept < place_of(calls, "rename", "/.tmp-", "-own")


def test_lock_file_is_durable_before_it_replaces() -> None:
    """After power loss `devenv.lock` is the old or the new one: content, then name, then directory (A-09, A-14)."""
    calls = trace("lock")
    written = place_of(calls, "write", "/project/.tmp-")
    synced = place_of(calls, "fsync", "/project/.tmp-", after=written)
    renamed = place_of(calls, "rename", "/project/.tmp-", "/project/devenv.lock", after=synced)
    place_of(calls, "fsync", "/project>", after=renamed)


def test_generation_is_durable_before_it_is_current() -> None:
    """After power loss the current generation is whole: its files, its name, then the link to it (A-13, A-14)."""
    calls = trace("switch")
    synced = place_of(calls, "fsync", "/generations/.tmp-")
    renamed = place_of(calls, "rename", "/generations/.tmp-", "/generations/2", after=synced)
    inside = [number for number in places_of(calls, "fsync", "/generations/.tmp-") if number < renamed]
    entered = place_of(calls, "fsync", "/generations>", after=renamed)
    current = place_of(calls, "rename", "/current", after=entered)
    place_of(calls, "rename", "/@devenv", after=current)
    names = ("generation.json", "devenv.toml", "devenv.lock", "activation.json", "activate.bash")
    files = [place_of(calls, "rename", f"/{name}") for name in names]
    assert max(files) < max(inside), "the directory is synchronised when it is complete"


def test_mirrored_file_is_durable_before_it_has_its_name() -> None:
    """After power loss a mirror serves no half file: content, then name, then directory (A-09, A-14)."""
    calls = trace("mirror")
    written = place_of(calls, "write", "/mirror/partial/")
    synced = place_of(calls, "fsync", "/mirror/partial/", after=written)
    renamed = place_of(calls, "rename", "/mirror/partial/", "/mirror/sha256/", after=synced)
    place_of(calls, "fsync", "/mirror/sha256/", after=renamed)


def choose_kills(calls: list[Call], kills: int) -> Iterator[tuple[str, int]]:
    """Kinds of calls, each with so many of the times that it is made (from 1)."""
    for name, count in sorted(Counter(call.name for call in calls).items()):
        for number in sorted({1 + place * count // kills for place in range(kills)}):
            yield name, number


def kill_at(ground: Ground, name: str, call: str, number: int) -> None:
    """Kill the process at its call `number` of a kind, and check what must hold then."""
    scenario = SCENARIOS[name]
    ground.restore()
    status, _ = run_traced(name, ground.home, "-e", f"inject={call}:signal=KILL:when={number}")
    assert status in {-signal.SIGKILL, 128 + signal.SIGKILL}, f"at {call} {number} it ended with {status}"
    check_store(default_settings(ground.home), finished=False)
    assert run_child(ground, scenario.run, Faults("kill")).status == SUCCEEDED
    scenario.require_done(ground.home)
    require_tidy(ground)


@pytest.mark.parametrize("kills_of_a_kind", [KILLS, pytest.param(MANY_KILLS, marks=pytest.mark.long)])
def test_kill_at_system_calls(kills_of_a_kind: int, record_property: Callable[[str, object], None]) -> None:
    """A kill at any call, those that SQLite makes by itself among them, leaves old or new (A-03 to A-06, E-06)."""
    with prepared(SCENARIOS["register"]) as ground:
        ground.restore()
        status, calls = run_traced("register", ground.home)
        assert status == 0
        kills = list(choose_kills(calls, kills_of_a_kind))
        for call, number in kills:
            kill_at(ground, "register", call, number)
    record_property("kills", len(kills))
    sys.stdout.write(f"killed at {len(kills)} of {len(calls)} calls\n")
    assert len(kills) > 10
