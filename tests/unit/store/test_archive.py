"""Archives of closures: what comes out is what went in, and nothing in them is believed."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from devenv.errors import StoreError
from devenv.events import Event, WorkAdvanced, WorkFinished, WorkStarted, ignore
from devenv.settings import Settings, default_settings
from devenv.store import archive as archive_module
from devenv.store.archive import export_closures, import_archive
from devenv.store.check import is_intact
from devenv.store.store import Store
from devenv.store_path import CANONICAL_ROOT, StorePath
from tests.fsck import check_store
from tests.homes import temporary_home
from tests.objects import add_naming, damage, lose, output
from tests.trees import SMALL, nar_of, strings
from tests.unit.nar.corpus import CORPUS as NAR_CORPUS
from tests.unit.store.archives import (
    ABOVE,
    BELOW,
    CORPUS,
    MAGIC,
    OTHER,
    SELF,
    TOP,
    VALID,
    compress,
    expected_slug,
    pack,
    spell,
    spell_corpus,
    stream,
)

ENTRIES = spell_corpus()


def unpack(content: bytes) -> bytes:
    """What a stream of frames holds."""
    return zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True).read()


def export(store: Store, *targets: StorePath) -> bytes:
    target = io.BytesIO()
    export_closures(store, targets, target, ignore)
    return target.getvalue()


def load(store: Store, content: bytes) -> list[StorePath]:
    return import_archive(store, io.BytesIO(content), ignore)


def refuse(store: Store, content: bytes) -> StoreError:
    """The error that an archive gives; nothing of it is to be seen afterwards."""
    before = sorted(os.listdir(store.root))
    with pytest.raises(StoreError) as caught:
        load(store, content)
    assert sorted(os.listdir(store.root)) == before
    assert sorted(map(str, store.database.read_graph())) == before
    assert os.listdir(store.layout.locks) == []
    # A name with its own digest is what a builder did wrong: there is nothing to do about it here.
    assert caught.value.hint or caught.value.slug == "self-reference-in-name"
    return caught.value


@pytest.fixture
def other(settings: Settings) -> Iterator[Store]:
    """A store below another home directory, whose name has another length."""
    with temporary_home() as home:
        longer = home / "a" / "longer"
        longer.mkdir(parents=True)
        with Store(default_settings(longer)) as other:
            yield other


def test_round_trip(store: Store, other: Store) -> None:
    """A closure arrives under another root with paths, references, self-references and contents right (invariant 3)."""
    below = add_naming(store, "below")
    above = add_naming(store, "above", below, content=b"x" * 3_000_000)
    unrelated = add_naming(store, "unrelated")
    assert load(other, export(store, above)) == [below, above]
    assert other.database.closure(above) == sorted([below, above])
    assert other.database.references(above) == [below]
    assert not other.is_present(unrelated)
    lines = (other.path(above) / "uses").read_bytes().split(b"\n")
    assert lines == [os.fsencode(other.path(above)), os.fsencode(other.path(below))]
    assert (other.path(above) / "content").read_bytes() == b"x" * 3_000_000
    assert all(is_intact(other.root, path) for path in (below, above))


def test_same_bytes_wherever_they_come_from(store: Store, other: Store) -> None:
    """Two stores with the same closure export the same archive, in whatever order things came to them."""
    for each in (store, other):
        below = add_naming(each, "below") if each is store else None
        lone = add_naming(each, "lone")
        below = below or add_naming(each, "below")
        above = add_naming(each, "above", below, lone)
    assert export(store, above, lone) == export(other, lone, above)
    assert export(store) == export(other)


def test_progress(store: Store, other: Store) -> None:
    """Export and import say how far they are: all bytes are counted, from beginning to end."""
    path = add_naming(store, "thing", content=b"x" * 100_000)
    size = store.database.read_graph()[path].size
    exporting: list[Event] = []
    importing: list[Event] = []
    target = io.BytesIO()
    export_closures(store, [path], target, exporting.append)
    import_archive(other, io.BytesIO(target.getvalue()), importing.append)
    for events in (exporting, importing):
        assert isinstance(events[0], WorkStarted)
        assert isinstance(events[-1], WorkFinished)
        assert sum(each.count for each in events if isinstance(each, WorkAdvanced)) >= size


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_corpus(store: Store, settings: Settings, name: str) -> None:
    """Valid archives are taken, and spelt back the same; each defect is refused for what it is (F-02, F-12, F-13)."""
    content = ENTRIES[name]
    if name.startswith("invalid-"):
        assert refuse(store, content).slug == expected_slug(name)
    else:
        paths = load(store, content)
        assert unpack(export(store, *paths)) == unpack(content)
        assert load(store, content) == paths
    check_store(settings, finished=False)


def test_committed_corpus() -> None:
    """The committed archives are those that the tests spell; `python -m tests.unit.store.archives` writes them."""
    assert sorted(path.stem for path in CORPUS.glob("*valid-*")) == sorted(ENTRIES)
    for name, content in ENTRIES.items():
        committed = (CORPUS / f"{name}.zst").read_bytes()
        # Another release of Zstandard may compress otherwise.
        if name.startswith("valid-"):
            assert unpack(committed) == unpack(content)


def test_cut_off_anywhere(store: Store) -> None:
    """A stream that ends early is refused wherever it ends, and nothing is registered (F-01)."""
    whole = stream(spell(OTHER), spell(SELF))
    for end in range(len(whole)):
        assert refuse(store, compress(whole[:end])).slug == "archive-malformed"
    packed = compress(VALID["closure"])
    for end in range(len(packed)):
        assert refuse(store, packed[:end]).slug == "archive-malformed"


NAR_DEFECTS = sorted(path for path in NAR_CORPUS.iterdir() if path.name.startswith("invalid-"))


@pytest.mark.parametrize("place", NAR_DEFECTS, ids=lambda path: path.stem)
def test_defects_of_nars(store: Store, place: Path) -> None:
    """Every defect that a NAR can have is refused inside of an archive too (F-03 to F-10)."""
    error = refuse(store, compress(stream(spell(BELOW, nar=place.read_bytes()))))
    assert error.slug == "archive-malformed"


def test_nar_of_another_object_in_between(store: Store) -> None:
    """Two NARs behind each other for one object are refused (F-02)."""
    assert refuse(store, compress(stream(spell(BELOW, nar=BELOW.nar + OTHER.nar)))).slug == "archive-malformed"


def test_too_many_references(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of references has a bound, so that a list without end takes no memory without end (F-07)."""
    monkeypatch.setattr(archive_module, "MAX_REFERENCES", 3)
    below = [pack(f"n{number}", b"%d" % number) for number in range(4)]
    assert len(load(store, compress(stream(*map(spell, below))))) == 4
    paths = tuple(sorted(each.path for each in below))
    assert "too many" in refuse(store, compress(stream(spell(OTHER, references=paths)))).message


def test_what_is_here_stays_as_it_is(store: Store) -> None:
    """A valid object is not written again, whatever the archive holds under its name (F-15)."""
    load(store, compress(VALID["closure"]))
    before = {path: store.path(path).lstat() for path in store.database.read_graph()}
    lie = stream(spell(BELOW, nar=nar_of({b"a": b"another", b"large": b"x" * 3_000_000})), spell(SELF))
    assert load(store, compress(lie)) == [BELOW.path, SELF.path]
    after = {path: store.path(path).lstat() for path in before}
    assert {path: (status.st_ino, status.st_ctime_ns) for path, status in after.items()} == {
        path: (status.st_ino, status.st_ctime_ns) for path, status in before.items()
    }
    assert all(is_intact(store.root, path) for path in before)


def test_missing_part_of_a_known_closure(store: Store) -> None:
    """Objects whose files were lost come back with an archive, and so do those above them (E-03)."""
    load(store, compress(VALID["closure"]))
    lose(store, BELOW.path)
    assert not store.is_complete(TOP.path)
    load(store, compress(VALID["closure"]))
    assert store.is_complete(TOP.path)
    assert is_intact(store.root, BELOW.path)


def test_reference_that_is_here_already(store: Store) -> None:
    """An archive need not hold what the store has."""
    load(store, compress(stream(spell(BELOW), spell(OTHER))))
    assert load(store, compress(stream(spell(ABOVE)))) == [ABOVE.path]
    assert store.is_complete(ABOVE.path)


@pytest.mark.parametrize("shape", ["file", "directory", "link", "tree"])
def test_something_lies_at_the_path(store: Store, settings: Settings, shape: str) -> None:
    """What somebody put where the object belongs is neither followed nor written into: it is replaced (F-16)."""
    victim = settings.home / "victim"
    victim.mkdir()
    place = store.path(BELOW.path)
    match shape:
        case "file":
            place.write_bytes(b"mine")
        case "directory":
            place.mkdir()
        case "link":
            place.symlink_to(victim)
        case _:
            (place / "d").mkdir(parents=True)
            (place / "a").symlink_to(victim / "a")
    load(store, compress(VALID["one"]))
    assert is_intact(store.root, BELOW.path)
    assert os.listdir(victim) == []
    check_store(settings, finished=False)


def test_root_of_this_store_in_a_foreign_archive(store: Store) -> None:
    """An object that was made elsewhere and happens to name our root would change its meaning here: it is refused."""
    stranger = pack("stranger", b"at " + os.fsencode(store.root) + b"/x")
    assert refuse(store, compress(stream(spell(stranger)))).slug == "object-mismatch"


def test_objects_before_a_defect(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was registered with an earlier batch stays when a later object is refused; it is whole."""
    from devenv.store import adding

    monkeypatch.setattr(adding, "BATCH_OBJECTS", 1)
    with pytest.raises(StoreError):
        load(store, compress(stream(spell(BELOW), spell(OTHER, nar=BELOW.nar))))
    assert list(store.database.read_graph()) == [BELOW.path]
    assert os.listdir(store.root) == [str(BELOW.path)]


def test_damaged_objects_do_not_travel(store: Store) -> None:
    """An object with other content than its name says is not exported, nor is one that is gone or unknown (B-14)."""
    below = add_naming(store, "below")
    above = add_naming(store, "above", below)
    damage(store.path(below) / "content")
    with pytest.raises(StoreError) as caught:
        export(store, above)
    assert caught.value.slug == "object-mismatch"
    assert str(below) in caught.value.message
    lose(store, below)
    with pytest.raises(StoreError) as caught:
        export(store, above)
    assert caught.value.slug == "object-mismatch"
    with pytest.raises(StoreError) as caught:
        export(store, OTHER.path)
    assert caught.value.slug == "object-missing"


def test_imports_are_kept_meanwhile(store: Store) -> None:
    """What is being imported, and what it refers to, is a temporary root from before it is looked for (D-01)."""
    from devenv.store.temporary_roots import read_temporary_roots

    load(store, compress(VALID["closure"]))
    assert {BELOW.path, OTHER.path, SELF.path, ABOVE.path, TOP.path} <= read_temporary_roots(store.layout)


def test_errors_of_the_source(store: Store) -> None:
    """What goes wrong with reading the file is reported as what it is, not as a malformed archive (B-03)."""

    class Broken(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(OSError, match="Input/output"):
        import_archive(store, Broken(), ignore)
    assert os.listdir(store.root) == []


def test_canonical_spelling(store: Store) -> None:
    """An archive begins with its kind and version, and holds no local root."""
    path = store.add(output(SMALL))
    content = unpack(export(store, path))
    assert content == MAGIC + strings(b"object", str(path).encode(), b"nar") + nar_of(SMALL) + strings(b"end")
    own = add_naming(store, "own")
    content = unpack(export(store, own))
    assert os.fsencode(store.root) not in content
    assert CANONICAL_ROOT + b"/" + str(own).encode() in content
