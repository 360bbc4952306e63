"""What happens after a build failed: what is tried again, what goes on, what is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from devenv.build import realize as realize_module
from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.build.plan import plan_realization
from devenv.build.realize import RETRIES, BuildOptions, realize, require_bubblewrap, try_realize
from devenv.derivation.model import Derivation, Input
from devenv.errors import BuildError
from devenv.events import ignore
from devenv.nar.nodes import Directory, Node
from devenv.store.store import Store
from devenv.store_path import StorePath

KEEP_GOING = BuildOptions(jobs=1, keep_going=True)


class Builder:
    """A builder `test/1` that fails for some names, as often as they say."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.failing: dict[str, int] = {}
        self.transient = False

    def __call__(self, request: BuilderRequest) -> Iterator[Node]:
        self.names.append(request.name)
        if self.failing.get(request.name, 0) > 0:
            self.failing[request.name] -= 1
            raise BuildError(
                f"`{request.name}` fails", details=(f"a line of {request.name}",), transient=self.transient
            )
        yield Directory(())


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Builder:
    builder = Builder()
    monkeypatch.setitem(BUILDERS, "test/1", builder)
    return builder


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, by a clock that takes no time."""
    pauses = list[float]()
    monkeypatch.setattr(realize_module, "pause", pauses.append)
    return pauses


def make(name: str, *inputs: Derivation) -> Derivation:
    return Derivation(name, "x86_64-linux", "test/1", inputs=tuple(map(Input, inputs)))


def no_fetch(digests: object) -> dict[str, object]:
    assert not digests
    return {}


Run = Callable[..., dict[Derivation, StorePath]]


@pytest.fixture
def run(store: Store) -> Run:
    def call(*targets: Derivation, options: BuildOptions = KEEP_GOING) -> dict[Derivation, StorePath]:
        return realize(store, targets, no_fetch, ignore, options)  # type: ignore[arg-type]

    return call


def test_others_go_on(run: Run, builder: Builder, store: Store) -> None:
    """With `keep_going` everything is built that does not need what failed, and nothing that does."""
    bad = make("bad")
    above, good = make("above", make("middle", bad)), make("good", make("leaf"))
    builder.failing["bad"] = 9
    with pytest.raises(BuildError) as caught:
        run(bad, above, good)
    assert caught.value.message == "`bad` fails"
    assert sorted(builder.names) == ["bad", "good", "leaf"]
    assert store.find_realisation(good.key, "out")


def test_failures_are_joined(run: Run, builder: Builder) -> None:
    """Several failures are one error: how many, and of each what it said itself."""
    builder.failing = {"one": 9, "two": 9}
    with pytest.raises(BuildError) as caught:
        run(make("one"), make("two"), make("three"))
    error = caught.value
    assert error.slug == "builds-failed"
    assert error.message.startswith("2 builds failed")
    assert sorted(error.details) == ["`one` fails", "`two` fails", "a line of one", "a line of two"]
    assert error.details.index("a line of one") == error.details.index("`one` fails") + 1


def test_failures_by_derivation(store: Store, builder: Builder) -> None:
    """Whoever asks gets what was built and what failed, each under its derivation; what was not begun in neither."""
    builder.failing["bad"] = 9
    bad, good = make("bad"), make("good")
    above = make("above", bad, good)
    result = try_realize(store, [above], no_fetch, ignore, KEEP_GOING)  # type: ignore[arg-type]
    assert set(result.failures) == {bad}
    assert set(result.objects) == {good}


def test_first_failure_ends_it(run: Run, builder: Builder) -> None:
    """Without `keep_going` nothing is begun after a failure."""
    builder.failing = {f"x{number}": 9 for number in range(9)}
    with pytest.raises(BuildError, match="fails"):
        run(*(make(f"x{number}") for number in range(9)), options=BuildOptions(jobs=1))
    assert len(builder.names) <= 2


def test_what_passes_by_itself_is_tried_again(run: Run, builder: Builder, pauses: list[float]) -> None:
    """A failure that is said to be transient is tried again after a while, as often as is allowed."""
    builder.transient = True
    builder.failing["x"] = RETRIES
    run(make("x"))
    assert builder.names == ["x"] * (RETRIES + 1)
    assert len(pauses) == RETRIES
    builder.failing["y"] = RETRIES + 1
    with pytest.raises(BuildError, match="`y` fails"):
        run(make("y"))


def test_what_does_not_is_not(run: Run, builder: Builder, pauses: list[float]) -> None:
    """A build that fails for a reason of its own is not tried again."""
    builder.failing["x"] = 1
    with pytest.raises(BuildError):
        run(make("x"))
    assert builder.names == ["x"]
    assert pauses == []


def test_several_outputs(store: Store, builder: Builder) -> None:
    """A derivation is known when all of its outputs are; each is known by itself to what needs it."""
    double = replace(make("double"), outputs=("out", "dev"))
    top = Derivation("top", "x86_64-linux", "test/1", inputs=(Input(double, "dev"),))
    leaf = make("leaf")
    tree = realize(store, [leaf], no_fetch, ignore)[leaf]  # type: ignore[arg-type]
    store.register_realisation(double.key, "out", tree)
    assert plan_realization(store, [top]).builds == (double, top)
    for output in double.outputs:
        store.register_realisation(double.key, output, tree)
    plan = plan_realization(store, [top])
    assert plan.builds == (top,)
    assert set(plan.known) == {Input(double, "out"), Input(double, "dev")}


def test_early_cutoff_above_a_script(store: Store, builder: Builder) -> None:
    """What needs a script whose rebuilt input came out the same is found by its resolved key: no sandbox is made."""
    leaf, again = make("leaf"), replace(make("leaf"), environment={"note": "another"})
    script = Derivation("script", "x86_64-linux", "script/1", inputs=(Input(leaf),))
    same = replace(script, inputs=(Input(again),))
    tree = realize(store, [leaf], no_fetch, ignore)[leaf]  # type: ignore[arg-type]
    for key in (script.key, script.resolved_key({Input(leaf): tree})):
        store.register_realisation(key, "out", tree)

    def never() -> None:
        raise AssertionError("a sandbox is looked for")

    options = BuildOptions(find_bubblewrap=never)
    assert realize(store, [script], no_fetch, ignore, options)[script] == tree  # type: ignore[arg-type]
    del never
    program = store.root / "bwrap"
    options = BuildOptions(find_bubblewrap=lambda: program)
    assert realize(store, [same], no_fetch, ignore, options)[same] == tree  # type: ignore[arg-type]
    assert store.find_realisation(same.key, "out") == tree
    assert builder.names == ["leaf", "leaf"]


def test_without_a_sandbox_nothing_is_run() -> None:
    """Where no bubblewrap is found a script is an error that says so, and is never run without."""
    with pytest.raises(BuildError) as caught:
        require_bubblewrap(BuildOptions())
    assert (caught.value.slug, caught.value.hint) == ("sandbox-unavailable", "install bubblewrap")


def test_scripts_ask_for_a_sandbox_once(store: Store, builder: Builder) -> None:
    """Bubblewrap is looked for where a script is to be run, once, and before anything is built."""
    asked = list[int]()
    script = Derivation("script", "x86_64-linux", "script/1", inputs=(Input(make("leaf")),))
    with pytest.raises(BuildError, match="nothing is built without a sandbox"):
        realize(store, [script], no_fetch, ignore, BuildOptions(find_bubblewrap=lambda: asked.append(1)))  # type: ignore[arg-type]
    assert asked == [1]
    assert builder.names == []
