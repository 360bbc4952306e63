"""Adding objects: what they look like afterwards, and what may lie in the way."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from devenv.errors import StoreError, UsageError
from devenv.fsutil import TEMPORARY_PREFIX, delete_tree, locked
from devenv.nar.nodes import Directory, File, Node
from devenv.settings import Settings, default_settings
from devenv.store.adding import Output
from devenv.store.check import examine, is_intact
from devenv.store.store import Store
from devenv.store.tree import iter_tree
from devenv.store_path import StorePath, parse_store_path
from tests.homes import temporary_home
from tests.objects import KEY, SCRATCH, output
from tests.trees import SMALL, Link, Script, Tree, iter_tree_nodes, trees, write_files


def own_path(store: Store, name: str = "thing") -> bytes:
    """How an object calls itself while it is being made."""
    return os.fsencode(store.root) + b"/" + SCRATCH.encode() + b"-" + name.encode()


def every_path(top: Path) -> Iterator[Path]:
    yield top
    if top.is_dir() and not top.is_symlink():
        for entry in sorted(top.iterdir()):
            yield from every_path(entry)


def leftovers(store: Store) -> list[str]:
    """Names in the store's directories that only unfinished work leaves."""
    return [name for place in (store.root, store.root.parents[1] / "locks") for name in os.listdir(place)
            if name.startswith(TEMPORARY_PREFIX)]  # fmt: skip


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_normalised_whatever_the_umask(store: Store, umask: int) -> None:
    """Modes and times of objects are always the same: read-only, one second after the epoch (B-09)."""
    before = os.umask(umask)
    try:
        path = store.path(store.add(output(SMALL)))
    finally:
        os.umask(before)
    statuses = {str(entry.relative_to(path)): entry.lstat() for entry in every_path(path)}
    assert {name: stat.S_IMODE(status.st_mode) for name, status in statuses.items() if name != "d/l"} == {
        ".": 0o555,
        "a": 0o444,
        "d": 0o555,
        "d/x": 0o555,
    }
    assert {status.st_mtime_ns for status in statuses.values()} == {1_000_000_000}


@hypothesis_settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees())
def test_any_tree_comes_back(store: Store, tree: Tree) -> None:
    """What was added is read back node by node, and its name is that of its content."""
    path = store.add(output(tree))
    assert [_plain(node) for node in iter_tree(store.path(path))] == [_plain(node) for node in iter_tree_nodes(tree)]
    assert is_intact(store.root, path)


def _plain(node: Node) -> object:
    """A node by value: the content of a file is joined."""
    return (node.path, node.executable, node.size, b"".join(node.content)) if isinstance(node, File) else node


@pytest.mark.parametrize(
    "name", [b"\n", b"\x1b[31m", b"\xff\xfe", b"-rf", b"n" * 255, "ü".encode(), b"a b", b"*", b"'\""]
)
def test_hostile_names_are_kept(store: Store, name: bytes) -> None:
    """File names are bytes: newlines, escapes, invalid UTF-8 and the longest name arrive as they are (B-11)."""
    path = store.path(store.add(output({name: b"x"})))
    assert os.listdir(os.fsencode(path)) == [name]


@pytest.mark.parametrize("tree", [b"file", Script(b"script"), Link(b"/nowhere")])
def test_root_need_not_be_a_directory(store: Store, tree: Tree) -> None:
    """A tree may be one file or one link; a link is not followed."""
    path = store.add(output(tree))
    assert is_intact(store.root, path)
    assert store.add(output(tree)) == path


def test_same_content_is_one_object(store: Store) -> None:
    """Adding what is there changes nothing: the object keeps its inodes (N-07, C-06)."""
    path = store.add(output(SMALL))
    before = [entry.lstat() for entry in every_path(store.path(path))]
    assert store.add(output(SMALL)) == path
    assert [entry.lstat().st_ino for entry in every_path(store.path(path))] == [status.st_ino for status in before]
    assert os.listdir(store.root) == [str(path)]


def test_name_is_no_content(store: Store) -> None:
    """Two names of one content have one digest."""
    assert store.add(output(SMALL, "one")).digest == store.add(output(SMALL, "two")).digest


def test_self_references(store: Store) -> None:
    """An object's own path, in files and links, is the final one afterwards; modes and times stay normal."""
    own = own_path(store)
    path = store.add(
        output({b"d": {b"l": Link(own + b"/x")}, b"e": b"", b"x": Script(b"#!" + own + b"/x\n" + own), b"y": own})
    )
    final = os.fsencode(store.path(path))
    top = store.path(path)
    assert (top / "x").read_bytes() == b"#!" + final + b"/x\n" + final
    assert (top / "y").read_bytes() == final
    assert os.readlink(os.fsencode(top / "d" / "l")) == final + b"/x"
    assert {stat.S_IMODE(entry.lstat().st_mode) for entry in every_path(top) if not entry.is_symlink()} == {
        0o444,
        0o555,
    }
    assert {entry.lstat().st_mtime_ns for entry in every_path(top)} == {1_000_000_000}
    assert is_intact(store.root, path)


@pytest.mark.parametrize("shape", ["file", "link"])
def test_self_reference_of_a_root(store: Store, shape: str) -> None:
    """A tree that is one file or link may name itself too."""
    own = own_path(store)
    path = store.add(output(own if shape == "file" else Link(own)))
    place = store.path(path)
    assert (place.read_bytes() if shape == "file" else os.readlink(os.fsencode(place))) == os.fsencode(place)
    assert is_intact(store.root, path)


def test_scratch_digest_does_not_show(store: Store) -> None:
    """Two builds of the same thing under different scratch paths give the same object."""
    other = SCRATCH[::-1]
    tree = {b"x": own_path(store)}
    renamed = {b"x": own_path(store).replace(SCRATCH.encode(), other.encode())}
    first = store.add(output(tree))
    assert store.add(Output(iter_tree_nodes(renamed), "thing", other)) == first


def test_two_stores_agree(store: Store) -> None:
    """The same content made in two home directories has the same name (invariant 3)."""
    with temporary_home() as home, Store(default_settings(home)) as other:
        assert other.root != store.root
        first = store.add(output({b"x": own_path(store)}))
        assert other.add(output({b"x": own_path(other)})) == first


@pytest.mark.parametrize(
    ("nodes", "slug"),
    [
        ([Directory(()), File((SCRATCH.encode(),), executable=False, size=0, content=[])], "self-reference-in-name"),
        ([Directory(()), File((b"a",), executable=False, size=9, content=[b"short"])], "tree-invalid"),
        ([Directory(()), File((b"a",), executable=False, size=1, content=[b"long"])], "tree-invalid"),
        ([Directory(()), File((b"..",), executable=False, size=0, content=[])], "tree-invalid"),
        ([Directory(()), File((b"../../x",), executable=False, size=0, content=[])], "tree-invalid"),
        ([Directory(()), File((b"/tmp/x",), executable=False, size=0, content=[])], "tree-invalid"),
        ([], "tree-invalid"),
    ],
)
def test_refused_tree_leaves_nothing(store: Store, nodes: list[Node], slug: str) -> None:
    """What cannot be archived is refused, and nothing of it stays, inside the store or outside."""
    home = store.root.parents[4]
    before = sorted(every_path(home))
    with pytest.raises(StoreError) as caught:
        store.add(Output(nodes, "thing", SCRATCH))
    assert caught.value.slug == slug
    assert sorted(every_path(home)) == before


def test_failing_builder_leaves_nothing(store: Store) -> None:
    """When what produces the nodes fails, nothing of the tree stays (B-01)."""

    def nodes() -> Iterator[Node]:
        yield Directory(())
        yield File((b"a",), executable=False, size=2, content=iter([b"x", b"y"]))
        raise StoreError("no more")

    with pytest.raises(StoreError, match="no more"):
        store.add(Output(nodes(), "thing", SCRATCH))
    assert os.listdir(store.root) == leftovers(store) == []


@pytest.mark.parametrize("garbage", ["file", "empty", "tree", "link", "fifo", "locked", "deep"])
def test_garbage_at_the_final_path_is_replaced(store: Store, garbage: str, tmp_path: Path) -> None:
    """Whatever lies where an object belongs and is not registered is not believed and not followed (N-07, F-16)."""
    path = store.add(output(SMALL))
    place = store.path(path)
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").touch()
    delete_tree(place)
    assert store.find_realisation(KEY, "out") is None
    store.database.forget([path])
    match garbage:
        case "file":
            place.write_bytes(b"garbage")
        case "empty":
            place.mkdir()
        case "tree":
            write_files({b"a": b"hello\n", b"d": {}}, place)
        case "link":
            place.symlink_to(victim)
        case "fifo":
            place.mkdir()
            os.mkfifo(place / "a")
        case "locked":
            place.mkdir(mode=0)
        case _:
            deep: Tree = {}
            for _ in range(70):
                deep = {b"d": deep}
            write_files(deep, place)
    assert store.add(output(SMALL)) == path
    assert is_intact(store.root, path)
    assert not place.is_symlink()
    assert (victim / "kept").exists()


def test_intact_object_without_row_is_adopted(store: Store) -> None:
    """A crash between rename and registration leaves a whole object: it is checked by its name and kept (A-04)."""
    path = store.add(output(SMALL))
    inode = store.path(path).lstat().st_ino
    store.database.forget([path])
    assert not store.is_valid(path)
    assert store.add(output(SMALL)) == path
    assert store.is_valid(path)
    assert store.path(path).lstat().st_ino == inode


def test_row_without_files_is_no_object(store: Store) -> None:
    """What the database says of an object whose files are gone is not believed; adding brings them back (E-03)."""
    path = store.add(output(SMALL))
    delete_tree(store.path(path))
    assert not store.is_valid(path)
    assert store.add(output(SMALL)) == path
    assert store.is_valid(path)
    assert is_intact(store.root, path)


def test_abandoned_work_is_removed(settings: Settings, store: Store) -> None:
    """What a killed process left unfinished goes when another one adds something; a living one's stays (A-03)."""
    locks = store.root.parents[1] / "locks"
    dead, lock_only, alive = (f"{TEMPORARY_PREFIX}{name}" for name in ("dead", "lock", "alive"))
    for name in (dead, alive):
        write_files({b"d": {b"x": b""}}, store.root / f"{name}-0")
    (store.root / f"{dead}-0" / "d").chmod(0)
    for name in (lock_only, "blake3-of-a-dead-build"):
        (locks / name).touch()
    with locked(locks / alive):
        store.add(output(SMALL))
        assert leftovers(store) == [f"{alive}-0", alive]
        assert (store.root / f"{alive}-0" / "d" / "x").exists()
    with Store(settings) as other:
        other.add(output(SMALL))
    assert leftovers(store) == os.listdir(locks) == []


def test_locks_do_not_pile_up(store: Store) -> None:
    """Locks are files while they are held, and gone afterwards."""
    locks = store.root.parents[1] / "locks"
    with store.lock("something"):
        assert os.listdir(locks) == ["something"]
    store.add(output(SMALL))
    assert os.listdir(locks) == []


def test_references_are_registered(store: Store) -> None:
    """An object keeps what it names, if that was among the inputs of its build, and nothing else (N-10)."""
    named, unnamed = store.add(output(b"1")), store.add(output(b"2"))
    content = os.fsencode(store.path(named)) + b" " + unnamed.digest[:31].encode()
    path = store.add(output(content, "thing", named, unnamed))
    assert store.database.references(path) == [named]
    assert store.database.closure(path) == sorted([path, named])


def test_references_come_later(store: Store) -> None:
    """Content that was added without its inputs keeps what it names once a build declares them: else it dangles."""
    named = store.add(output(b"1"))
    content = os.fsencode(store.path(named))
    path = store.add(output(content, "thing"))
    assert store.database.references(path) == []
    assert store.add(output(content, "thing", named)) == path
    assert store.database.references(path) == [named]


def test_reference_must_be_valid(store: Store) -> None:
    """An object is not registered whose reference is not valid, and is valid once that is (E-08, A-05)."""
    named = store.add(output(b"1"))
    store.database.forget([named])
    content = os.fsencode(store.path(named))
    with pytest.raises(StoreError):
        store.add(output(content, "thing", named))
    assert not [name for name in os.listdir(store.root) if store.is_valid(parse_store_path(name))]
    store.add(output(b"1"))
    assert store.is_complete(store.add(output(content, "thing", named)))


def test_realisation_with_missing_output(store: Store) -> None:
    """A realisation whose object, or anything below it, is gone counts as missing and is dropped (N-06)."""
    lower = store.add(output(b"1"))
    upper = store.add(output(os.fsencode(store.path(lower)), "upper", lower))
    store.register_realisation(KEY, "out", upper)
    assert store.find_realisation(KEY, "out") == upper
    assert store.is_complete(upper)
    delete_tree(store.path(lower))
    assert not store.is_complete(upper)
    assert store.find_realisation(KEY, "out") is None
    assert store.database.find_realisation(KEY, "out") is None
    assert not store.is_valid(upper)


def test_realisation_needs_an_object(store: Store) -> None:
    """A realisation never points at what is not valid."""
    with pytest.raises(StoreError):
        store.register_realisation(KEY, "out", StorePath(SCRATCH, "thing"))


def test_damage_is_found(store: Store) -> None:
    """An object that was changed no longer has the address that its name says (B-14)."""
    path = store.add(output(SMALL))
    assert examine(store.root, path).digest == path.digest
    (store.path(path) / "a").chmod(0o755)
    assert examine(store.root, path).digest != path.digest
    assert not is_intact(store.root, path)


@pytest.mark.parametrize("shape", ["fifo", "deep"])
def test_what_is_no_object_is_said(store: Store, shape: str) -> None:
    """Checking what can be no object gives an error that says so, not a hang or a crash (K-05, F-06)."""
    path = StorePath(SCRATCH, "thing")
    if shape == "fifo":
        os.mkfifo(store.path(path))
    else:
        os.makedirs(store.path(path).joinpath(*["d"] * 70))
    with pytest.raises(StoreError) as caught:
        examine(store.root, path)
    assert caught.value.slug in {"special-file", "tree-invalid"}


@pytest.mark.parametrize("base", ["x" * 80, "with space", "semi;colon", "quo'te", "new\nline", "co:lon", "dollar$"])
def test_unusable_base_names_the_setting(settings: Settings, base: str) -> None:
    """A base that is too long, or that `PATH` and `#!` lines cannot carry, is an error that says what to change."""
    with pytest.raises(UsageError) as caught:
        Store(replace(settings, base=settings.home / base))
    assert caught.value.slug == "base-invalid"
    assert "`base`" in (caught.value.hint or "")


def test_longest_base(settings: Settings) -> None:
    """A base may be as long as leaves one byte of filler; the root is 80 bytes then as always."""
    base = settings.home / ("x" * (72 - len(os.fsencode(settings.home)) - 1))
    with Store(replace(settings, base=base)) as store:
        assert len(os.fsencode(store.root)) == 80
        assert is_intact(store.root, store.add(output(SMALL)))


def test_base_that_is_a_file(settings: Settings) -> None:
    """A base that cannot be made is an error with the reason and the setting."""
    settings.base.parent.mkdir(parents=True)
    settings.base.touch()
    with pytest.raises(StoreError) as caught:
        Store(settings)
    assert caught.value.slug == "store-unusable"
    assert "`base`" in (caught.value.hint or "")


def test_store_is_private(store: Store) -> None:
    """Only the owner can look into the store's directories, whatever the umask was."""
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.root.parents[1].stat().st_mode) == 0o700
