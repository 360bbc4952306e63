"""Merging two locks: what is taken from which side, what contradicts, what git's markers tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.lock.conflicts import has_conflicts, split_conflicts
from devenv.lock.format import format_lock
from devenv.lock.merge import Contradiction, LockSides, Side, Wanted, merge_locks, with_outputs
from devenv.lock.merge_text import merge_lock_texts
from devenv.lock.model import Lock, LockedArtifact, LockedBuild, LockedEnvironment, LockedInput, LockedPackage
from devenv.lock.parse import parse_lock
from devenv.lock.sections import LineError
from devenv.store_path import require_store_path
from devenv.system import System

KEY = "blake3:" + "0" * 64
EARLIER, LATER = "2026-10-03T09:15:00Z", "2026-11-18T22:17:41Z"
BASE_INPUT = LockedInput("base", "builtin:base", KEY)
LINUX, ARM = System.X86_64_LINUX, System.AARCH64_LINUX
PATH = require_store_path("0123456789abcdfghijklmnpqrsvwxyz-tool")


def artifact(version: str, name: str = "tool") -> LockedArtifact:
    return LockedArtifact(f"pypi:packages/{name}-{version}", f"{version.encode().hex():0<64}"[:64], 1)


def package(name: str, version: str, *systems: System, request: str = "*") -> LockedPackage:
    """A package in this version; its files and derivation follow from that."""
    build = LockedBuild((artifact(version, name),), f"blake3:{version.encode().hex():0<64}")
    return LockedPackage(name, "base", request, version, dict.fromkeys(systems or (LINUX,), build))


def deb(name: str, date: str) -> LockedPackage:
    """A dependency from Debian in its state of this date."""
    file = LockedArtifact(f"debian:pool/{name}-{date[:10]}.deb", f"{date.encode().hex():0<64}"[:64], 1)
    return LockedPackage(name, "base", "*", "1", {LINUX: LockedBuild((file,), KEY, index="debian", date=date)})


def lock(*packages: LockedPackage, debian: LockedInput | None = None, runtime: LockedPackage | None = None) -> Lock:
    inputs = {"base": BASE_INPUT} if debian is None else {"base": BASE_INPUT, "debian": debian}
    return Lock(KEY, inputs, {each.name: each for each in packages}, runtime)


def suite(date: str) -> LockedInput:
    return LockedInput("debian", "debian:trixie", f"blake3:{date.encode().hex():0<64}", {"trixie": date})


def refuse(contradiction: Contradiction) -> Side:
    raise AssertionError(f"asked about {contradiction}")


def wanted(*names: str, inputs: Mapping[str, str] | None = None) -> Wanted:
    return Wanted(KEY, inputs or {"base": "builtin:base"}, lambda each: each.name in names)


def versions(merged: Lock) -> dict[str, str]:
    others = {
        f"{head}/{name}": each.version
        for head, part in merged.environments.items()
        for name, each in part.packages.items()
    }
    return {name: each.version for name, each in merged.packages.items()} | others


def test_both_sides_additions_are_taken() -> None:
    """What either side added is in the merged lock, as far as the manifest wants it; nobody is asked."""
    sides = LockSides(lock(package("a", "1"), package("b", "1")), lock(package("a", "1"), package("c", "2")))
    merged, answers = merge_locks(sides, wanted("a", "b", "c"), refuse)
    assert versions(merged) == {"a": "1", "b": "1", "c": "2"}
    assert {(each.name, each.side) for each in answers} == {("a", "both"), ("b", "ours"), ("c", "theirs")}
    assert versions(merge_locks(sides, wanted("a", "c"), refuse)[0]) == {"a": "1", "c": "2"}


def test_one_side_changed() -> None:
    """Of an answer that one side left as it was, the other side's change is taken, in either direction."""
    old, new = lock(package("a", "1")), lock(package("a", "2"))
    for sides in (LockSides(old, new, old), LockSides(new, old, old)):
        assert versions(merge_locks(sides, wanted("a"), refuse)[0]) == {"a": "2"}


def test_the_manifest_decides_first() -> None:
    """An answer that the manifest does not take any more is no choice, so there is none to be made."""
    sides = LockSides(lock(package("a", "2")), lock(package("a", "3")))
    only = replace(wanted(), answers=lambda each: each.version == "3")
    assert versions(merge_locks(sides, only, refuse)[0]) == {"a": "3"}
    neither = replace(wanted(), answers=lambda each: each.version == "4")
    assert versions(merge_locks(sides, neither, refuse)[0]) == {}


def test_contradiction_is_asked() -> None:
    """What both sides changed is asked, once, with both answers and the one before; the answer counts."""
    sides = LockSides(lock(package("a", "2")), lock(package("a", "3")), lock(package("a", "1")))
    asked: list[Contradiction] = []

    def choose(contradiction: Contradiction) -> Side:
        asked.append(contradiction)
        return "theirs"

    merged, answers = merge_locks(sides, wanted("a"), choose)
    assert asked == [Contradiction("packages", "a", "2", "3", "1")]
    assert versions(merged) == {"a": "3"}
    assert [(each.side, each.contradicted) for each in answers] == [("theirs", True)]


def test_same_version_with_other_files_contradicts() -> None:
    """Two files for one version are never put together; each is told apart by its hash (FAULTS K-06)."""
    other = replace(package("a", "1").systems[LINUX], artifacts=(replace(artifact("1", "a"), sha256="e" * 64),))
    sides = LockSides(lock(package("a", "1")), lock(replace(package("a", "1"), systems={LINUX: other})))
    asked: list[Contradiction] = []

    def choose(contradiction: Contradiction) -> Side:
        asked.append(contradiction)
        return "ours"

    merge_locks(sides, wanted("a"), choose)
    assert asked[0].theirs == "1 with `a-1` of sha256 eeeeeeeeeeeeeeee…"


def test_systems_and_outputs_are_joined() -> None:
    """Answers that agree are put together: systems of both sides, and what somebody built already."""
    built = replace(package("a", "1").systems[LINUX], output=PATH)
    ours = lock(replace(package("a", "1"), lacking={ARM: "no file"}))
    theirs = lock(
        replace(package("a", "1", LINUX, ARM), systems={**package("a", "1", LINUX, ARM).systems, LINUX: built})
    )
    merged, _ = merge_locks(LockSides(ours, theirs), wanted("a"), refuse)
    assert merged.packages["a"].systems.keys() == {LINUX, ARM}
    assert merged.packages["a"].lacking == {}
    assert merged.packages["a"].systems[LINUX].output == PATH
    restricted = lock(replace(package("a", "1"), only=(LINUX,)))
    assert merge_locks(LockSides(restricted, theirs), wanted("a"), refuse)[0].packages == merged.packages
    assert with_outputs(ours, [theirs]).packages["a"].systems[LINUX].output == PATH


def test_what_nobody_asked_for_follows_its_release() -> None:
    """Of the runtime in two states of a suite, the younger is taken without a question; the input never goes back."""
    sides = [lock(debian=suite(date), runtime=deb("runtime", date)) for date in (LATER, EARLIER)]
    for pair in (sides, sides[::-1]):
        merged, answers = merge_locks(LockSides(*pair), wanted(inputs={"base": "builtin:base"}), refuse)
        assert merged.runtime == sides[0].runtime
        assert merged.inputs["debian"].releases == {"trixie": LATER}
        assert answers[0].contradicted


def test_an_input_that_moved_takes_its_answers_along() -> None:
    """Answers from an input that the merged manifest has elsewhere are no answers."""
    ours = lock(deb("a", EARLIER), debian=LockedInput("debian", "debian:sid", KEY, {"sid": EARLIER}))
    theirs = lock(deb("a", LATER), debian=suite(LATER))
    for pair in ((ours, theirs), (theirs, ours)):
        merged, _ = merge_locks(
            LockSides(*pair), wanted("a", inputs={"base": "builtin:base", "debian": "debian:trixie"}), refuse
        )
        assert merged.packages["a"] == theirs.packages["a"]
    assert versions(merge_locks(LockSides(None, theirs), wanted("a"), refuse)[0]) == {"a": "1"}


CONFLICT = "top\n<<<<<<< HEAD\nmine\n||||||| 1a2b3c\nold\n=======\nyours\nmore\n>>>>>>> topic\nend\n"


def test_markers_are_taken_apart() -> None:
    """Conflicts as git writes them, with the common beginning and without it."""
    sides = split_conflicts(CONFLICT)
    assert (sides.ours, sides.theirs, sides.base) == ("top\nmine\nend\n", "top\nyours\nmore\nend\n", "top\nold\nend\n")
    short = CONFLICT.replace("||||||| 1a2b3c\nold\n", "")
    assert (split_conflicts(short).base, split_conflicts(short).ours) == (None, "top\nmine\nend\n")
    assert split_conflicts(CONFLICT + short).base is None
    assert split_conflicts(CONFLICT.replace("\n", "\r\n")) == sides
    assert has_conflicts(CONFLICT)
    assert not has_conflicts('a = "<<<<<<< "\n========\n')


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<<<<<<< a\nx\n", 1),
        ("x\n=======\n", 2),
        ("<<<<<<< a\n<<<<<<< b\n", 2),
        ("<<<<<<< a\n=======\n||||||| c\n", 3),
        (">>>>>>> a", 1),
        ("<<<<<<< a\n=======\n=======\n", 3),
    ],
)
def test_markers_out_of_order(text: str, line: int) -> None:
    """A conflict that was cut or edited is refused at its line."""
    with pytest.raises(LineError) as error:
        split_conflicts(text)
    assert error.value.line == line


def merged_text(base: Lock | None, ours: Lock, theirs: Lock) -> tuple[str, int]:
    texts = [None if each is None else format_lock(each) for each in (base, ours, theirs)]
    assert texts[1] is not None
    assert texts[2] is not None
    merged = merge_lock_texts(texts[0], texts[1], texts[2], 7, "devenv.lock")
    return merged.content.decode(), merged.conflicts


def test_neighbours_merge_without_conflict() -> None:
    """Packages that both sides added in the same place are merged, where git would leave a conflict."""
    base = lock(package("a", "1"), package("z", "1"))
    ours = lock(package("a", "1"), package("m", "1"), package("z", "2"))
    theirs = lock(package("n", "1"), package("z", "1"))
    text, conflicts = merged_text(base, ours, theirs)
    assert conflicts == 0
    assert versions(parse_lock(text.encode(), "")) == {"m": "1", "n": "1", "z": "2"}


def test_conflicts_are_whole_tables() -> None:
    """What both sides changed stands between markers, such that each side of the text is that side's lock."""
    base, ours, theirs = (lock(package("a", version), package("b", "1")) for version in "123")
    text, conflicts = merged_text(base, ours, theirs)
    assert (conflicts, text.count("<<<<<<< ours")) == (1, 1)
    sides = split_conflicts(text)
    assert sides.base is not None
    assert [parse_lock(each.encode(), "") for each in (sides.ours, sides.theirs, sides.base)] == [ours, theirs, base]
    assert split_conflicts(merged_text(None, ours, theirs)[0]).base is None


def test_suites_that_moved_on_both_sides() -> None:
    """Both sides locked something from a suite in its state of another day: that is no conflict."""
    ours, theirs = lock(deb("a", EARLIER), debian=suite(EARLIER)), lock(deb("b", LATER), debian=suite(LATER))
    text, conflicts = merged_text(lock(), ours, theirs)
    assert conflicts == 0
    assert parse_lock(text.encode(), "").inputs["debian"].releases == {"trixie": LATER}


def made_lock(default: Mapping[str, str], other: Mapping[str, str]) -> Lock:
    """A lock with these versions in the default environment, and those in another one."""
    packages = {name: package(name, version) for name, version in other.items()}
    environments = {"ci": LockedEnvironment(packages)} if packages else {}
    return replace(lock(*(package(name, version) for name, version in default.items())), environments=environments)


VERSIONS = st.dictionaries(st.sampled_from("abcde"), st.sampled_from("123"), max_size=4)
LOCKS = st.builds(made_lock, VERSIONS, VERSIONS)


@given(base=st.none() | LOCKS, ours=LOCKS, theirs=LOCKS)
def test_nothing_is_ever_lost(base: Lock | None, ours: Lock, theirs: Lock) -> None:
    """A merge is symmetric; a side's change is in the result, and with markers each side says what it said."""
    text, conflicts = merged_text(base, ours, theirs)
    other, its = merged_text(base, theirs, ours)
    assert conflicts == its
    before = {} if base is None else versions(base)
    sides = split_conflicts(text)
    mine, yours = (parse_lock(each.encode(), "") for each in (sides.ours, sides.theirs))
    if conflicts == 0:
        assert text == other
        assert mine == yours == parse_lock(text.encode(), "")
    for side, now in ((ours, mine), (theirs, yours)):
        for name, version in versions(side).items():
            if before.get(name) != version:
                assert versions(now)[name] == version
    assert merged_text(base, ours, ours) == (format_lock(ours).decode(), 0)


@given(base=st.none() | LOCKS, ours=LOCKS, theirs=LOCKS)
def test_sides_are_equal_before_the_merge(base: Lock | None, ours: Lock, theirs: Lock) -> None:
    """Nothing is made up, nothing wanted is dropped, and naming the sides the other way round changes nothing."""
    everything = wanted(*"abcde")
    merged, answers = merge_locks(LockSides(ours, theirs, base), everything, lambda _: "ours")
    other, _ = merge_locks(LockSides(theirs, ours, base), everything, lambda _: "theirs")
    assert merged.packages == other.packages
    assert merged.packages.keys() == ours.packages.keys() | theirs.packages.keys()
    for each in answers:
        sides = {"ours": [ours], "theirs": [theirs], "both": [ours, theirs]}[each.side]
        assert all(side.packages[each.name] == merged.packages[each.name] for side in sides)


def test_a_tree_in_two_revisions_is_asked() -> None:
    """Of an input that is a tree, a revision is an answer like any other: what both sides moved is asked."""

    def tree(digit: str) -> LockedInput:
        return LockedInput("tools", "git+https://git.example/tools", f"git:{digit * 40}", tree=PATH, date=LATER)

    locks = [
        Lock(KEY, {"base": BASE_INPUT, "tools": tree(digit)}, {"a": replace(package("a", digit), input="tools")})
        for digit in "123"
    ]
    asked: list[Contradiction] = []

    def choose(contradiction: Contradiction) -> Side:
        asked.append(contradiction)
        return "theirs"

    inputs = {"base": "builtin:base", "tools": "git+https://git.example/tools"}
    merged, _ = merge_locks(LockSides(locks[1], locks[2], locks[0]), wanted("a", inputs=inputs), choose)
    assert [(each.table, each.name, each.ours[:5]) for each in asked] == [
        ("inputs", "tools", "git:2"),
        ("packages", "a", "2"),
    ]
    assert (merged.inputs["tools"], versions(merged)) == (tree("3"), {"a": "3"})
    text, conflicts = merged_text(*locks)
    assert (conflicts, split_conflicts(text).ours) == (2, format_lock(locks[1]).decode())
