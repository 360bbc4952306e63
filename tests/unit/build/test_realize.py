"""Realization: what is built, in what order, how often, and what a failure leaves."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devenv.build.build_one import Artifacts
from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.build.plan import plan_realization
from devenv.build.realize import realize
from devenv.derivation.model import Derivation, Input
from devenv.errors import BuildError, FetchError
from devenv.events import Event, WorkFinished, WorkStarted, ignore
from devenv.fsutil import delete_tree
from devenv.nar.nodes import Directory, File, Node
from devenv.settings import Settings
from devenv.store.store import Store

LINUX = "x86_64-linux"


def nothing(_: str) -> None:
    """Happens before and after builds unless a test wants something else."""


class Builds:
    """A builder `test/1` that writes its arguments and inputs to a file, and remembers for whom it did."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.before: Callable[[str], None] = nothing
        self.after: Callable[[str], None] = nothing

    def __call__(self, request: BuilderRequest) -> Iterator[Node]:
        self.names.append(request.name)
        self.before(request.name)
        content = "\n".join([str(request.arguments.get("content", "")), *map(str, request.inputs)]).encode()
        yield Directory(())
        yield File((b"file",), executable=False, size=len(content), content=[content])
        self.after(request.name)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Builds:
    builds = Builds()
    monkeypatch.setitem(BUILDERS, "test/1", builds)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    return builds


def make(name: str, *inputs: Derivation, content: str = "", note: str = "") -> Derivation:
    """A derivation; `note` is part of its key and not of its output."""
    return Derivation(
        name,
        LINUX,
        "test/1",
        arguments={"content": content},
        environment={"note": note},
        inputs=tuple(map(Input, inputs)),
    )


def no_fetch(digests: Sequence[str]) -> Artifacts:
    assert not digests
    return {}


def content(store: Store, derivation: Derivation) -> str:
    path = store.find_realisation(derivation.key, "out")
    assert path is not None
    return (store.path(path) / "file").read_text()


def test_builds_in_order(store: Store, builds: Builds) -> None:
    """Inputs are built first, and each is handed over as the path that it came out as."""
    leaf = make("leaf", content="x")
    middle = make("middle", leaf)
    top = make("top", middle, leaf)
    events: list[Event] = []
    realized = realize(store, [top], no_fetch, events.append)
    assert builds.names == ["leaf", "middle", "top"]
    started = [event.text for event in events if isinstance(event, WorkStarted)]
    assert started == [f"building {name}" for name in builds.names]
    assert sum(isinstance(event, WorkFinished) for event in events) == 3
    assert content(store, top) == f"\n{store.path(realized[middle])}\n{store.path(realized[leaf])}"
    assert store.database.references(realized[top]) == sorted([realized[middle], realized[leaf]])


def test_what_is_known_is_not_built(store: Store, builds: Builds) -> None:
    """A second realization builds nothing, fetches nothing, and does not look below what it has."""
    top = make("top", make("leaf"))
    first = realize(store, [top], no_fetch, ignore)
    delete = store.find_realisation(make("leaf").key, "out")
    assert delete is not None

    def never(digests: Sequence[str]) -> Artifacts:
        raise AssertionError(digests)

    assert realize(store, [top], never, ignore) == {top: first[top]}
    assert builds.names == ["leaf", "top"]


def test_missing_output_is_built_again(store: Store, builds: Builds) -> None:
    """What somebody deleted from the store is made again, at the same path (N-06)."""
    top = make("top", make("leaf"))
    first = realize(store, [top], no_fetch, ignore)
    delete_tree(store.path(first[make("leaf")]))
    assert realize(store, [top], no_fetch, ignore) == first
    assert builds.names == ["leaf", "top"] * 2


def test_early_cutoff(store: Store, builds: Builds) -> None:
    """When a rebuilt input comes out the same, what is above is not built; when it does not, it is (DESIGN 3)."""

    def graph(note: str, content: str = "same") -> Derivation:
        return make("top", make("middle", make("leaf", content=content, note=note)))

    first = realize(store, [graph("1")], no_fetch, ignore)[graph("1")]
    assert realize(store, [graph("2")], no_fetch, ignore)[graph("2")] == first
    assert builds.names == ["leaf", "middle", "top", "leaf"]
    realize(store, [graph("1")], no_fetch, ignore)
    assert len(builds.names) == 4
    assert realize(store, [graph("3", "other")], no_fetch, ignore)[graph("3", "other")] != first
    assert builds.names[4:] == ["leaf", "middle", "top"]


def test_one_object_two_derivations(store: Store, builds: Builds) -> None:
    """Two derivations that come out alike share one object (C-06)."""
    one, two = make("x", note="1"), make("x", note="2")
    realized = realize(store, [one, two], no_fetch, ignore)
    assert realized[one] == realized[two]
    assert len(os.listdir(store.root)) == 1


def diamond(levels: int) -> Derivation:
    top = make("leaf")
    for level in range(levels):
        top = make(f"top{level}", make(f"a{level}", top), make(f"b{level}", top))
    return top


def test_plan_is_linear(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph with 2⁴⁰ ways through it is planned by asking once for each node (N-08)."""
    asked: list[str] = []
    monkeypatch.setattr(store, "find_realisation", lambda key, _: asked.append(key))
    plan = plan_realization(store, [diamond(40)])
    assert len(plan.builds) == len(asked) == len(set(asked)) == 121
    position = {derivation: number for number, derivation in enumerate(plan.builds)}
    assert all(position[each.derivation] < position[above] for above in plan.builds for each in above.inputs)


def test_diamond_is_built_once(store: Store, builds: Builds) -> None:
    """However many ways lead to an input, it is built once."""
    realize(store, [diamond(5)], no_fetch, ignore)
    assert len(builds.names) == len(set(builds.names)) == 16


def test_artifacts_are_fetched_once_and_first(store: Store, builds: Builds, tmp_path: Path) -> None:
    """All that the missing builds need is fetched in one call, each digest once, before anything is built."""
    artifact = tmp_path / "artifact"
    artifact.write_bytes(b"x")
    one, two = "1" * 64, "2" * 64
    known = dataclasses.replace(make("known"), sources=("3" * 64,))
    realize(store, [known], lambda digests: dict.fromkeys(digests, artifact), ignore)
    builds.names.clear()
    calls: list[Sequence[str]] = []

    def fetch(digests: Sequence[str]) -> Artifacts:
        calls.append(digests)
        assert builds.names == []
        return dict.fromkeys(digests, artifact)

    leaf = dataclasses.replace(make("leaf"), sources=(two, one))
    top = dataclasses.replace(make("top", leaf, known), sources=(one,))
    realize(store, [top], fetch, ignore)
    assert [sorted(call) for call in calls] == [[one, two]]


def test_failed_fetch_builds_nothing(store: Store, builds: Builds) -> None:
    """Where an artifact cannot be had, nothing is built and nothing registered."""

    def fetch(digests: Sequence[str]) -> Artifacts:
        raise FetchError("no network")

    with pytest.raises(FetchError, match="no network"):
        realize(store, [make("top", make("leaf"))], fetch, ignore)
    assert builds.names == os.listdir(store.root) == []


def test_failure_keeps_what_was_built(store: Store, builds: Builds) -> None:
    """When one build fails, others that run are completed and registered, and what needs it is not begun."""
    good_is_built = threading.Event()

    def before(name: str) -> None:
        if name == "bad":
            assert good_is_built.wait(10)
            raise BuildError("this one fails")

    builds.before = before
    builds.after = lambda name: good_is_built.set() if name == "good" else None
    top = make("top", make("bad"), make("good"))
    with pytest.raises(BuildError, match="this one fails"):
        realize(store, [top], no_fetch, ignore)
    assert store.find_realisation(make("good").key, "out")
    assert store.find_realisation(make("bad").key, "out") is None
    assert "top" not in builds.names
    assert len(os.listdir(store.root)) == 1
    builds.before = nothing
    realize(store, [top], no_fetch, ignore)
    assert builds.names.count("good") == 1


def test_waiting_builds_are_cancelled(store: Store, builds: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure no further build begins."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)

    def before(_: str) -> None:
        raise BuildError("the first fails")

    builds.before = before
    with pytest.raises(BuildError, match="the first fails"):
        realize(store, [make(f"x{number}") for number in range(20)], no_fetch, ignore)
    assert len(builds.names) < 5


def endless(began: threading.Event, ended: list[str]) -> Iterator[Node]:
    """A tree whose file never ends; `ended` is told by what it was ended."""

    def iter_content() -> Iterator[bytes]:
        try:
            while True:
                began.set()
                yield b"x"
        finally:
            ended.append("file")

    yield Directory(())
    yield File((b"file",), executable=False, size=1 << 40, content=iter_content())


def test_failure_stops_what_is_being_built(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that fails does not wait for others that go on, and these leave nothing."""
    began, ended = threading.Event(), list[str]()

    def build(request: BuilderRequest) -> Iterator[Node]:
        if request.name == "endless":
            yield from endless(began, ended)
        assert began.wait(30)
        raise BuildError("no")

    monkeypatch.setitem(BUILDERS, "test/1", build)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with pytest.raises(BuildError, match="no"):
        realize(store, [make("endless"), make("failing")], no_fetch, ignore)
    assert ended == ["file"]
    assert [name for name in os.listdir(store.root) if "endless" in name or name.startswith(".tmp-")] == []


@pytest.mark.usefixtures("interruptible")
def test_interrupt_stops_what_is_being_built(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a build at its next piece, and not when it is done (A-11)."""
    began, ended = threading.Event(), list[str]()

    def build(request: BuilderRequest) -> Iterator[Node]:
        for node in endless(began, ended):
            if isinstance(node, File):
                os.kill(os.getpid(), signal.SIGINT)
            yield node

    monkeypatch.setitem(BUILDERS, "test/1", build)
    with pytest.raises(KeyboardInterrupt):
        realize(store, [make("endless")], no_fetch, ignore)
    assert ended == ["file"]


def test_unknown_builder(store: Store) -> None:
    """A derivation for a builder that this devenv does not have is an error that says so."""
    derivation = Derivation("x", LINUX, "unpack/999")
    with pytest.raises(BuildError) as caught:
        realize(store, [derivation], no_fetch, ignore)
    assert caught.value.slug == "builder-unknown"
    assert caught.value.hint


def test_sixteen_at_once_build_once(settings: Settings, builds: Builds) -> None:
    """Sixteen that realize the same thing at the same time build it once, and all have it (C-01, C-02)."""
    top = make("top", make("left", make("leaf")), make("right", make("leaf")))
    ready = threading.Barrier(16)

    def run(_: int) -> str:
        with Store(settings) as own:
            ready.wait(20)
            return str(realize(own, [top], no_fetch, ignore)[top])

    with ThreadPoolExecutor(16) as pool:
        paths = set(pool.map(run, range(16)))
    assert len(paths) == 1
    assert sorted(builds.names) == ["leaf", "left", "right", "top"]


def test_failing_holder_lets_the_next_try(settings: Settings, builds: Builds) -> None:
    """Who waits for a build that then fails tries himself (C-03)."""
    begun, waiting = threading.Event(), threading.Event()

    def before(_: str) -> None:
        if not begun.is_set():
            begun.set()
            assert waiting.wait(10)
            raise BuildError("only the first fails")

    builds.before = before

    def run(announce: bool) -> str:
        with Store(settings) as own:
            if announce:
                waiting.set()
            try:
                return str(realize(own, [make("x")], no_fetch, ignore)[make("x")])
            except BuildError as error:
                return error.message

    with ThreadPoolExecutor(2) as pool:
        failed = pool.submit(run, announce=False)
        assert begun.wait(10)
        built = pool.submit(run, announce=True)
    assert failed.result() == "only the first fails"
    assert built.result().endswith("-x")
    assert builds.names == ["x", "x"]
