"""The store against a dictionary: whatever is done to it in whatever order, it knows what the dictionary knows.

    python -m tests.functional.store.test_model [EXAMPLES]

tries as many sequences of steps as it is told (500 by default); the test tries a few. A step adds, builds, roots,
collects, kills a process at a point of its work, damages, verifies, repairs, exports, imports or rebuilds.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.build.realize import realize
from devenv.derivation.model import Derivation, Input
from devenv.errors import StoreError
from devenv.events import ignore
from devenv.fsutil import delete_tree
from devenv.nar.nodes import Node
from devenv.settings import Settings, default_settings
from devenv.store.address import AddressHasher
from devenv.store.archive import export_closures, import_archive
from devenv.store.collection import Collection, CollectionRequest, Roots, collect
from devenv.store.layout import layout_of
from devenv.store.rebuilding import rebuild_database
from devenv.store.root_links import add_root_link, iter_root_links
from devenv.store.store import Store
from devenv.store.verification import DAMAGED, MISSING, UNREGISTERED, Finding, verify_store
from devenv.store_path import StorePath, parse_store_path
from tests.fsck import check_store
from tests.functional.store.stores import run_killed
from tests.homes import temporary_home
from tests.objects import SCRATCH, damage, lose, output
from tests.trees import Link, Tree, iter_tree_nodes, nar_of

EXAMPLES = 40
STEPS = 25
CONTENTS = (b"", b"shared", b"L" * 1_100_000)
"""Of files that several objects have: empty, small, and large enough to be shared after it was written."""

ONE = Derivation("one", "x86_64-linux", "test/1")
LEFT = Derivation("left", "x86_64-linux", "test/1", inputs=(Input(ONE),))
RIGHT = Derivation("right", "x86_64-linux", "test/1", inputs=(Input(ONE),))
TOP = Derivation("top", "x86_64-linux", "test/1", inputs=(Input(LEFT), Input(RIGHT)))
DERIVATIONS = (ONE, LEFT, RIGHT, TOP)

ADD_POINTS = ("temporary-root.write", "tree.file", "tree.sync", "register.rename", "register.sync", "database.commit",
              "database.committed", "self-references.file", "links.offer")  # fmt: skip
COLLECT_POINTS = ("database.begin", "database.commit", "database.committed", "collect.rename", "collect.delete",
                  "links.remove")  # fmt: skip
NUMBERS = st.integers(0, 1 << 16)
"""Chooses among what is there at the time."""


def built_tree(name: str, inputs: Iterable[Path]) -> Tree:
    return {b"name": name.encode(), b"uses": b"\n".join(map(os.fsencode, inputs)), b"shared": CONTENTS[1]}


def build(request: BuilderRequest) -> Iterator[Node]:
    return iter_tree_nodes(built_tree(request.name, request.inputs))


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an object is made again."""

    name: str
    tree: Tree
    references: frozenset[StorePath]


class StoreMachine(RuleBasedStateMachine):
    """One store, and another that archives go to and come from."""

    def __init__(self) -> None:
        super().__init__()
        self._opened = contextlib.ExitStack()
        self._opened.enter_context(patch.dict(BUILDERS, {"test/1": build}))
        self._home = self._opened.enter_context(temporary_home(in_memory=True))
        self._settings = default_settings(self._home)
        self._other = default_settings(self._opened.enter_context(temporary_home(in_memory=True)))
        self._recipes: dict[StorePath, Recipe] = {}
        self._built: dict[Derivation, StorePath] = {}
        self._valid: set[StorePath] = set()
        self._rooted: set[StorePath] = set()
        self._broken: set[StorePath] = set()
        self._elsewhere: set[StorePath] = set()
        self._links_damaged = False

    def teardown(self) -> None:
        self._opened.close()

    # --- the dictionary ---

    def _closure(self, paths: Iterable[StorePath]) -> set[StorePath]:
        found: set[StorePath] = set()
        pending = [path for path in paths if path in self._valid]
        while pending:
            path = pending.pop()
            if path not in found:
                found.add(path)
                pending += self._recipes[path].references
        return found

    def _above(self, paths: Iterable[StorePath]) -> set[StorePath]:
        """Everything valid that leads to `paths`."""
        wanted = set(paths)
        return {path for path in self._valid if self._closure([path]) & wanted}

    def _choose(self, paths: Iterable[StorePath], number: int) -> StorePath:
        ordered = sorted(paths)
        return ordered[number % len(ordered)]

    def _link(self, path: StorePath) -> Path:
        return self._home / f"link-{path.digest}-{path.name}"

    # --- adding and building ---

    def _spec(self, name: str, content: bytes, numbers: Iterable[int]) -> Recipe:
        """An object that names itself and some of those that are there and whole."""
        whole = self._valid - self._above(self._broken)
        references = sorted({self._choose(whole, number) for number in numbers} if whole else ())
        with Store(self._settings) as store:
            lines = [str(store.path(path)) for path in references] + [f"{store.root}/{SCRATCH}-{name}"]
        tree: Tree = {b"f": content, b"l": Link(lines[-1].encode()), b"uses": "\n".join(lines).encode()}
        recipe = Recipe(name, tree, frozenset(references))
        self._recipes[self._address(recipe)] = recipe
        return recipe

    def _address(self, recipe: Recipe) -> StorePath:
        """What the object is called, by the definition."""
        hasher = AddressHasher(os.fsencode(layout_of(self._settings.base).root), SCRATCH)
        hasher.update(nar_of(recipe.tree))
        return StorePath(hasher.finish(), recipe.name)

    def _add(self, recipe: Recipe) -> StorePath:
        with Store(self._settings) as store:
            path = store.add(output(recipe.tree, recipe.name, *recipe.references))
        assert path == self._address(recipe)
        return path

    @rule(name=st.sampled_from("abc"), content=st.sampled_from(CONTENTS), numbers=st.lists(NUMBERS, max_size=3))
    def add(self, name: str, content: bytes, numbers: list[int]) -> None:
        path = self._add(self._spec(name, content, numbers))
        self._valid.add(path)
        self._forget_mended()

    @rule(number=st.integers(0, len(DERIVATIONS) - 1))
    @precondition(lambda self: not self._broken)
    def build(self, number: int) -> None:
        with Store(self._settings) as store:
            realize(store, [DERIVATIONS[number]], lambda _: {}, ignore)
            for derivation in DERIVATIONS:
                path = store.find_realisation(derivation.key, "out")
                if path is not None:
                    assert self._built.setdefault(derivation, path) == path
        self._note_built(DERIVATIONS[number])

    def _note_built(self, derivation: Derivation) -> None:
        for each in derivation.inputs:
            self._note_built(each.derivation)
        path = self._built[derivation]
        references = [self._built[each.derivation] for each in derivation.inputs]
        with Store(self._settings) as store:
            tree = built_tree(derivation.name, map(store.path, references))
        self._recipes[path] = Recipe(derivation.name, tree, frozenset(references))
        self._valid.add(path)

    # --- roots and collections ---

    @rule(number=NUMBERS)
    @precondition(lambda self: self._valid)
    def root(self, number: int) -> None:
        path = self._choose(self._valid, number)
        with Store(self._settings) as store:
            add_root_link(store, self._link(path), path)
        self._rooted.add(path)

    @rule(number=NUMBERS)
    @precondition(lambda self: self._rooted)
    def unroot(self, number: int) -> None:
        self._drop_root(self._choose(self._rooted, number))

    def _drop_root(self, path: StorePath) -> None:
        self._rooted.discard(path)
        self._link(path).unlink(missing_ok=True)

    def _collect(self, *, dry_run: bool = False, max_freed: int | None = None) -> Collection:
        with Store(self._settings) as store:

            def find_roots() -> Roots:
                found = (each.object for each in iter_root_links(store.layout))
                return Roots(frozenset(path for path in found if path is not None))

            return collect(store, CollectionRequest(find_roots, dry_run, max_freed), ignore)

    @rule(max_freed=st.sampled_from([None, None, 0, 2000]))
    def collect(self, max_freed: int | None) -> None:
        planned = self._collect(dry_run=True, max_freed=max_freed)
        done = self._collect(max_freed=max_freed)
        assert (planned.dead, planned.leftovers) == (done.dead, done.leftovers)
        assert done.failures == []
        dead = self._valid - self._closure(self._rooted)
        gone = {each.path for each in done.dead}
        assert gone == dead if max_freed is None else gone <= dead
        self._valid -= gone
        self._broken -= gone
        if not self._broken:
            self._remove_damaged_links()
            check_store(self._settings, finished=True)

    # --- kills ---

    @rule(
        name=st.sampled_from("abc"),
        content=st.sampled_from(CONTENTS),
        numbers=st.lists(NUMBERS, max_size=2),
        point=st.sampled_from(ADD_POINTS),
        passed=st.integers(1, 2),
    )
    def kill_add(self, name: str, content: bytes, numbers: list[int], point: str, passed: int) -> None:
        recipe = self._spec(name, content, numbers)

        def work() -> None:
            with Store(self._settings) as store:
                store.add(output(recipe.tree, recipe.name, *recipe.references))

        run_killed(work, point, passed)
        new = self._read_valid() - self._valid
        assert new <= {self._address(recipe)}
        self._valid |= new
        self._forget_mended()

    @rule(point=st.sampled_from(COLLECT_POINTS), passed=st.integers(1, 3))
    @precondition(lambda self: self._valid)
    def kill_collect(self, point: str, passed: int) -> None:
        run_killed(lambda: _void(self._collect()), point, passed)
        left = self._read_valid()
        assert left in (self._valid, self._closure(self._rooted))
        self._valid = left
        self._broken &= left

    @rule(number=NUMBERS, point=st.sampled_from(ADD_POINTS), passed=st.integers(1, 3))
    @precondition(lambda self: self._elsewhere and not self._broken)
    def kill_import(self, number: int, point: str, passed: int) -> None:
        target = self._choose(self._elsewhere, number)
        archive = self._export(self._other, target)
        run_killed(lambda: _void(self._import(self._settings, archive)), point, passed)
        added = self._read_valid() - self._valid
        # They come in one batch: all or none.
        assert not added or target in added
        self._valid |= added

    def _read_valid(self) -> set[StorePath]:
        with Store(self._settings) as store:
            return set(store.database.read_graph())

    # --- damage ---

    @rule(number=NUMBERS, kind=st.sampled_from(["edited", "executable", "more", "gone"]))
    @precondition(lambda self: self._valid - self._broken)
    def corrupt(self, number: int, kind: str) -> None:
        path = self._choose(self._valid - self._broken, number)
        with Store(self._settings) as store:
            place = store.path(path)
            file = place / "uses"
            # Every object that has this very file is damaged with it.
            sharing = {each for each in self._valid if _has_inode(store.path(each), file.stat().st_ino)}
            match kind:
                case "edited":
                    damage(file)
                case "executable":
                    file.chmod(0o555)
                case "more":
                    place.chmod(0o755)
                    (place / "more").touch()
                    sharing = {path}
                case _:
                    lose(store, path)
                    sharing = {path}
        self._broken |= sharing
        self._links_damaged = True

    def _forget_mended(self) -> None:
        """What had lost its files and was added again is whole; what is damaged is valid, and left alone."""
        if self._broken:
            with Store(self._settings) as store:
                self._broken &= {parse_store_path(each.name) for each in _broken_findings(store)}

    @rule()
    def verify(self) -> None:
        with Store(self._settings) as store:
            findings = verify_store(store, ignore).findings
        named = {finding.name for finding in findings if finding.problem in {DAMAGED, MISSING}}
        assert named == set(map(str, self._broken))
        rest = {finding.problem for finding in findings if finding.name not in named}
        assert rest <= {UNREGISTERED}

    @rule()
    @precondition(lambda self: self._broken)
    def repair(self) -> None:
        affected = self._above(self._broken)
        with Store(self._settings) as store:
            store.keep(affected)
            store.database.forget(sorted(self._broken))
            assert set(store.database.read_graph()) == self._valid - affected
            for path in self._order(affected):
                recipe = self._recipes[path]
                assert store.add(output(recipe.tree, recipe.name, *recipe.references)) == path
        self._broken.clear()

    def _order(self, paths: Iterable[StorePath]) -> list[StorePath]:
        return sorted(paths, key=lambda path: (len(self._closure([path])), path))

    @rule()
    def rebuild(self) -> None:
        rebuilding = rebuild_database(self._settings, ignore)
        lost = self._above(self._broken)
        assert {finding.name for finding in rebuilding.findings} >= set(map(str, lost & self._on_disk()))
        # What lies on the disk whole, though it was not registered, is registered now.
        found = self._read_valid()
        assert found >= self._valid - lost
        assert found <= self._recipes.keys() - lost
        for path in (self._rooted | lost) - found:
            self._drop_root(path)
        self._valid = found
        for path in self._broken:
            with Store(self._settings) as store:
                delete_tree(store.path(path))
        self._broken.clear()

    def _on_disk(self) -> set[StorePath]:
        present = set(os.listdir(layout_of(self._settings.base).root))
        return {path for path in self._recipes if str(path) in present}

    # --- archives ---

    def _export(self, source: Settings, target: StorePath) -> bytes:
        archive = io.BytesIO()
        with Store(source) as store:
            export_closures(store, [target], archive, ignore)
        return archive.getvalue()

    def _import(self, target: Settings, archive: bytes) -> list[StorePath]:
        with Store(target) as store:
            return import_archive(store, io.BytesIO(archive), ignore)

    @rule(number=NUMBERS)
    @precondition(lambda self: self._valid)
    def export(self, number: int) -> None:
        target = self._choose(self._valid, number)
        closure = self._closure([target])
        if closure & self._broken:
            with pytest.raises(StoreError) as caught:
                self._export(self._settings, target)
            assert caught.value.slug == "object-mismatch"
            return
        assert set(self._import(self._other, self._export(self._settings, target))) == closure
        self._elsewhere |= closure
        check_store(self._other, finished=True)

    @rule(number=NUMBERS)
    @precondition(lambda self: self._elsewhere and not self._broken)
    def fetch_back(self, number: int) -> None:
        target = self._choose(self._elsewhere, number)
        self._valid |= set(self._import(self._settings, self._export(self._other, target)))

    # --- what always holds ---

    @invariant()
    def knows_what_the_dictionary_knows(self) -> None:
        with Store(self._settings) as store:
            graph = store.database.read_graph()
            assert set(graph) == self._valid
            for path, record in graph.items():
                assert set(record.references) == self._recipes[path].references
                closure = self._closure([path])
                gone = {each for each in self._broken if not store.is_present(each)}
                assert store.is_complete(path) == (not closure & gone)
        if not self._broken:
            self._remove_damaged_links()
            check_store(self._settings, finished=False)

    def _remove_damaged_links(self) -> None:
        """A damaged file among the links is not believed, and there until its like is added: not what is checked."""
        if self._links_damaged:
            self._links_damaged = False
            with Store(self._settings) as store:
                for name in os.listdir(store.layout.links):
                    store.links.remove(name)


def _void(_: object) -> None:
    """For callers that take no value."""


def _has_inode(top: Path, inode: int) -> bool:
    return any(place.lstat().st_ino == inode for place in top.rglob("*"))


def _broken_findings(store: Store) -> list[Finding]:
    return [each for each in verify_store(store, ignore).findings if each.problem in {DAMAGED, MISSING}]


def run(examples: int) -> None:
    """Try so many sequences of steps."""
    run_state_machine_as_test(
        StoreMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_store_is_like_a_dictionary() -> None:
    """Any sequence of steps, kills and damage among them, leaves what a dictionary says (A-05, D-09, D-11, E-03)."""
    run(EXAMPLES)


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
