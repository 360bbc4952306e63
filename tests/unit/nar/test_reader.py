"""The NAR reader: Nix's vectors, every defect by name, streams that end, go on or come in crumbs, and injectivity."""

from __future__ import annotations

import hashlib
import io
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.digest import nix32_encode
from devenv.nar.nodes import File, Node
from devenv.nar.reader import PIECE_BYTES, NarError, iter_nar, require_end
from tests.trees import HELLO, HELLO_NAR, SMALL, SMALL_NAR, Tree, iter_tree_nodes, nar_of, strings, trees
from tests.unit.nar.corpus import CORPUS, INVALID, TERABYTE, VALID, corpus, file_up_to
from tests.unit.nar.mutations import Stream, check, mutate, read_whole, respell

SEED = 20
ROUNDS = 20_000


def file_at(nodes: list[Node], *path: bytes) -> File:
    [found] = [node for node in nodes if node.path == path]
    assert isinstance(found, File)
    return found


def whole_nodes(tree: Tree) -> list[Node]:
    return [
        File(node.path, node.executable, node.size, [b"".join(node.content)]) if isinstance(node, File) else node
        for node in iter_tree_nodes(tree)
    ]


@pytest.mark.parametrize(("tree", "size", "sha256"), [(HELLO, 120, HELLO_NAR), (SMALL, 880, SMALL_NAR)])
def test_vectors_of_nix(tree: Tree, size: int, sha256: str) -> None:
    """Archives that Nix writes are read to their last byte, and are the trees that Nix archived."""
    archive = nar_of(tree)
    assert nix32_encode(hashlib.sha256(archive).digest()) == sha256
    stream = Stream(archive)
    assert read_whole(stream) == whole_nodes(tree)
    assert stream.position == size


@given(trees(), st.integers(1, 50))
def test_reads_what_was_written(tree: Tree, piece_size: int) -> None:
    """Nodes come back as they were written, however few bytes the stream gives at a time; no request passes the end."""
    nodes = whole_nodes(tree)
    stream = Stream(respell(nodes) + b"more", piece_size)
    assert read_whole(stream) == nodes
    assert stream.asked_to == stream.position == len(nar_of(tree))


@given(trees(), trees(), st.integers(), st.integers(1, 2000))
def test_accepts_only_what_the_writer_spells(tree: Tree, other: Tree, seed: int, piece_size: int) -> None:
    """Whatever is done to an archive, the reader refuses it or it is canonical (F-03, F-10)."""
    check(mutate(random.Random(seed), nar_of(tree), [nar_of(other)]), piece_size)


@pytest.mark.parametrize("name", VALID)
def test_valid_archives(name: str) -> None:
    """Every kind of node, and names, targets and depth up to their limits, are accepted and spelled back the same."""
    assert check(VALID[name])
    assert check(VALID[name], piece_size=1)


@pytest.mark.parametrize("name", INVALID)
@pytest.mark.parametrize("piece_size", [1, PIECE_BYTES])
def test_defects(name: str, piece_size: int) -> None:
    """Each defect is refused with the byte and what should stand there (F-01, F-03, F-04, F-05, F-06, F-07, F-09)."""
    with pytest.raises(NarError, match=INVALID[name].reason):
        read_whole(Stream(INVALID[name].archive, piece_size))


@pytest.mark.parametrize("name", INVALID)
def test_defects_are_found_in_passing(name: str) -> None:
    """Who takes no content, as a listing does, is told of the same defects."""
    with pytest.raises(NarError, match=INVALID[name].reason):
        list(iter_nar(io.BytesIO(INVALID[name].archive).read))


def test_corpus_is_what_its_names_say() -> None:
    """The committed archives are those that the tests spell; `python -m tests.unit.nar.corpus` writes them."""
    assert {path.name: path.read_bytes() for path in CORPUS.iterdir()} == corpus()


def test_mutated_corpus() -> None:
    """Fuzzing in small: mutants are refused with NarError or canonical; `tests.functional.nar.fuzz` goes on longer."""
    source = random.Random(SEED)
    archives = list(corpus().values())
    accepted = sum(check(mutate(source, source.choice(archives), archives)) for _ in range(ROUNDS))
    assert 0 < accepted < ROUNDS


@pytest.mark.parametrize("piece_size", [1, 100, PIECE_BYTES])
def test_truncation(piece_size: int) -> None:
    """An archive that ends early is refused, wherever it ends, and the message says where (F-01)."""
    archive = nar_of(SMALL)
    for size in range(len(archive)):
        with pytest.raises(NarError, match=f"at byte {size}, found the end of the stream"):
            read_whole(Stream(archive[:size], piece_size))


@pytest.mark.parametrize("tree", [b"", HELLO, {}, SMALL])
def test_what_follows_is_left_unread(tree: Tree) -> None:
    """The reader stops at the archive's end: two can follow each other, and who wants one demands the end (F-02)."""
    stream = io.BytesIO(nar_of(tree) + nar_of(HELLO))
    for _ in iter_nar(stream.read):
        pass
    assert stream.tell() == len(nar_of(tree))
    with pytest.raises(NarError, match="the end of the stream"):
        require_end(stream.read)
    stream.seek(len(nar_of(tree)))
    assert [node.path for node in iter_nar(stream.read)] == [()]
    require_end(stream.read)


def test_content_comes_in_bounded_pieces() -> None:
    """A large file is never in memory as a whole (B-12)."""
    content = bytes(range(256)) * 10_000
    node = next(iter_nar(io.BytesIO(nar_of(content)).read))
    assert isinstance(node, File)
    pieces = list(node.content)
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= PIECE_BYTES < len(content)


@pytest.mark.parametrize("taken", ["none", "some", "closed", "all"])
def test_content_may_be_left(taken: str) -> None:
    """Who skips a file, or stops in the middle of it, still sees the next nodes as they are."""
    content = bytes(3 * PIECE_BYTES)
    tree: Tree = {b"a": content, b"b": HELLO}
    later = b""
    for node in iter_nar(io.BytesIO(nar_of(tree)).read):
        if isinstance(node, File) and node.path == (b"a",):
            pieces = iter(node.content)
            if taken in {"some", "closed"}:
                next(pieces)
            if taken == "closed":
                pieces.close()  # type: ignore[attr-defined] # an iterator may have it, and callers may call it
            if taken == "all":
                assert b"".join(pieces) == content
        elif isinstance(node, File):
            later = b"".join(node.content)
    assert later == HELLO


def test_content_ends_with_its_turn() -> None:
    """Content that is taken too late is not that of another file: there is none."""
    nodes = iter_nar(io.BytesIO(nar_of({b"a": b"first", b"b": b"second"})).read)
    next(nodes)
    first, second = next(nodes), next(nodes)
    assert isinstance(first, File)
    assert isinstance(second, File)
    assert list(first.content) == []
    assert list(second.content) == [b"second"]
    assert list(second.content) == []


def test_claimed_lengths_take_no_memory() -> None:
    """A file that claims a terabyte costs what arrives of it, and the claim is found out at the stream's end (F-08)."""
    archive = file_up_to(b"contents") + TERABYTE + bytes(5 * PIECE_BYTES)
    stream = Stream(archive)
    tracemalloc.start()
    try:
        with pytest.raises(NarError, match="more bytes of content"):
            list(iter_nar(stream.read))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * PIECE_BYTES


def test_endless_nesting() -> None:
    """Directories in directories, a hundred thousand deep, are refused at once and without recursion (F-06)."""
    archive = (
        strings(b"nix-archive-1") + strings(b"(", b"type", b"directory", b"entry", b"(", b"name", b"d", b"node") * 10**5
    )
    stream = Stream(archive)
    with pytest.raises(NarError, match="at most 64 levels"):
        list(iter_nar(stream.read))
    assert stream.position < 20_000


def test_failures_of_the_stream_pass_through() -> None:
    """What goes wrong below the reader is reported as what it is, not as a damaged archive."""

    def read(size: int) -> bytes:
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        list(iter_nar(read))
