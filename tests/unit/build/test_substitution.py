"""Substitution: what another store has is taken before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.build.realize import BuildOptions, realize
from devenv.build.substitution import StoreSubstituter
from devenv.derivation.model import Derivation, Input
from devenv.events import Event, Notice, ignore
from devenv.nar.nodes import Directory, File, Node
from devenv.settings import default_settings
from devenv.store.store import Store
from devenv.store_path import StorePath
from tests.homes import temporary_home

SYSTEM = "x86_64-linux"
BELOW = Derivation("below", SYSTEM, "counted/1")
ABOVE = Derivation("above", SYSTEM, "counted/1", inputs=(Input(BELOW),))


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was built, by name; objects name themselves and their inputs."""
    names: list[str] = []

    def build(request: BuilderRequest) -> Iterator[Node]:
        names.append(request.name)
        content = "\n".join(map(str, [request.out, *request.inputs])).encode()
        yield Directory(())
        yield File((b"file",), executable=False, size=len(content), content=[content])

    monkeypatch.setitem(BUILDERS, "counted/1", build)
    return names


@pytest.fixture
def other(built: list[str]) -> Iterator[Path]:
    """The base of a store, below another home, where everything was built."""
    with temporary_home() as home:
        settings = default_settings(home)
        with Store(settings) as theirs:
            realize(theirs, [ABOVE], lambda _: {}, ignore)
        built.clear()
        yield settings.base


def take(store: Store, *bases: Path, report: list[Event] | None = None) -> StorePath:
    options = BuildOptions(substituters=tuple(map(StoreSubstituter, bases)))
    return realize(store, [ABOVE], lambda _: {}, ignore if report is None else report.append, options)[ABOVE]


def test_is_taken_with_its_closure(store: Store, other: Path, built: list[str]) -> None:
    """What another store built comes here with all it refers to, its root replaced, and nothing is built."""
    path = take(store, other)
    assert built == []
    assert store.is_complete(path)
    assert str(store.root) in (store.path(path) / "file").read_text()


def test_what_is_missing_above_is_built_of_what_is_taken_below(store: Store, other: Path, built: list[str]) -> None:
    """A store that has only an input saves its build."""
    with Store(default_settings(other.parents[2])) as theirs:
        theirs.database.delete([realize(theirs, [ABOVE], lambda _: {}, ignore)[ABOVE]])
    take(store, other)
    assert built == ["above"]


def test_first_that_has_it_wins_and_others_are_passed_over(store: Store, other: Path, built: list[str]) -> None:
    """A store that is not there, or whose database is none, is no reason to stop."""
    broken = other.parent / "broken"
    broken.mkdir()
    (broken / "store.sqlite").write_bytes(b"no database")
    take(store, other.parent / "nowhere", broken, other)
    assert built == []


def test_damaged_object_is_not_taken(store: Store, other: Path, built: list[str]) -> None:
    """An object that is not what its name says is built instead, and it is told (F-12, finding 4)."""
    with Store(default_settings(other.parents[2])) as theirs:
        victim = theirs.path(realize(theirs, [ABOVE], lambda _: {}, ignore)[ABOVE]) / "file"
    victim.chmod(0o600)
    victim.write_text("forged")
    events: list[Event] = []
    path = take(store, other, report=events)
    # What it was built of came from there.
    assert built == ["above"]
    assert (store.path(path) / "file").read_text() != "forged"
    assert any(isinstance(event, Notice) and "above" in event.text for event in events)
