"""Tar archives: what is read, and everything that two readers could understand differently is refused."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from devenv.build import tar_archive
from devenv.build.tar_archive import iter_tar_members
from devenv.build.tar_header import InvalidTarError, TarKind
from devenv.nar.nodes import MAX_DEPTH
from tests.debs import (
    BLOCK,
    DIRECTORY,
    FILE,
    HARD_LINK,
    LONG_NAME,
    LONG_TARGET,
    SYMLINK,
    TAR_END,
    USTAR,
    V7,
    TarEntry,
    directory,
    hard_link,
    make_tar,
    symlink,
)

Found = tuple[str, TarKind, bool, bytes, bytes | None, str | None]
CHUNK_BYTES = [1, 511, 512, 1000, 1 << 20]


def read(archive: bytes, chunk_bytes: int = 1 << 20) -> list[Found]:
    """Path, kind, executable, content, target and link of all members."""
    chunks = (archive[start : start + chunk_bytes] for start in range(0, len(archive), chunk_bytes))
    found: list[Found] = []
    for member in iter_tar_members(chunks):
        content = b"".join(member.content)
        assert len(content) == member.size
        link = None if member.link is None else _text(member.link)
        found.append((_text(member.path), member.kind, member.executable, content, member.target, link))
    return found


def _text(path: Iterable[bytes]) -> str:
    return b"/".join(path).decode(errors="surrogateescape")


def refuse(archive: bytes) -> str:
    """Why the archive is refused, in whatever pieces it comes."""
    reasons = set()
    for chunk_bytes in (512, 1 << 20):
        with pytest.raises(InvalidTarError) as caught:
            read(archive, chunk_bytes)
        reasons.add(str(caught.value))
    (reason,) = reasons
    assert len(reason) < 20_000
    return reason


TREE = [
    directory(b"./"),
    directory(b"./usr/"),
    TarEntry(b"./usr/script", b"#!/bin/sh\n", mode=0o755),
    TarEntry(b"./usr/block", bytes(range(256)) * 2),
    TarEntry(b"./usr/empty"),
    symlink(b"./usr/link", b"/etc/../nowhere"),
    hard_link(b"./usr/other", b"./usr/script"),
]
EXPECTED: list[Found] = [
    ("usr", TarKind.DIRECTORY, False, b"", None, None),
    ("usr/script", TarKind.FILE, True, b"#!/bin/sh\n", None, None),
    ("usr/block", TarKind.FILE, False, bytes(range(256)) * 2, None, None),
    ("usr/empty", TarKind.FILE, False, b"", None, None),
    ("usr/link", TarKind.SYMLINK, False, b"", b"/etc/../nowhere", None),
    ("usr/other", TarKind.HARD_LINK, False, b"", None, "usr/script"),
]


@pytest.mark.parametrize("chunk_bytes", CHUNK_BYTES)
def test_tree(chunk_bytes: int) -> None:
    """Files, directories and both kinds of links come out as they went in, in whatever pieces the archive comes."""
    assert read(make_tar(TREE), chunk_bytes) == EXPECTED
    assert read(make_tar(TREE) + bytes(8192), chunk_bytes) == EXPECTED
    assert read(TAR_END, chunk_bytes) == []


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
def test_reads_what_python_writes(form: int) -> None:
    """Archives of an independent writer, with long names and targets by the means of their form."""
    long = "usr/" + "/".join(["directory"] * 12) + "/" + "n" * (90 if form == tarfile.USTAR_FORMAT else 200)
    target = "t" * (100 if form == tarfile.USTAR_FORMAT else 300)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in (("usr/bücher", b"text"), (long, b"deep")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.uid, info.gid, info.mtime = 1 << 20, 1 << 20, 1 << 32
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("./link")
        link.type, link.linkname = tarfile.SYMTYPE, target
        archive.addfile(link)
        again = tarfile.TarInfo("again")
        again.type, again.linkname = tarfile.LNKTYPE, "usr/bücher"
        archive.addfile(again)
    assert read(buffer.getvalue()) == [
        ("usr/bücher", TarKind.FILE, False, b"text", None, None),
        (long, TarKind.FILE, False, b"deep", None, None),
        ("link", TarKind.SYMLINK, False, b"", target.encode(), None),
        ("again", TarKind.HARD_LINK, False, b"", None, "usr/bücher"),
    ]


def test_forms() -> None:
    """V7 and POSIX headers are read, with the type that V7 gives files and the split paths of POSIX."""
    archive = make_tar(
        [
            TarEntry(b"v7", b"x", b"\0", magic=V7),
            TarEntry(b"n" * 100, b"y", magic=USTAR, prefix=b"p/" * 40 + b"q"),
            TarEntry(b"blank", size=b"          0 "),
        ]
    )
    assert [path for path, *_ in read(archive)] == ["v7", "p/" * 40 + "q/" + "n" * 100, "blank"]


def test_modes() -> None:
    """Of a mode only what the owner may execute is read: set-id and sticky bits and odd modes say nothing (I-05)."""
    modes = {0o6755: True, 0o7777: True, 0o1644: False, 0: False, 0o100: True, 0o077: False}
    found = read(make_tar([TarEntry(b"%o" % mode, mode=mode) for mode in modes]))
    assert [executable for _, _, executable, *_ in found] == list(modes.values())
    assert read(make_tar([directory(b"d", mode=0)])) == [("d", TarKind.DIRECTORY, False, b"", None, None)]


def test_contents_may_be_left() -> None:
    """Who does not take a content, or only a part of it, gets the next member all the same."""
    archive = make_tar([TarEntry(b"a", bytes(5000)), TarEntry(b"b", bytes(1700)), TarEntry(b"c", b"c")])
    members = iter_tar_members(archive[start : start + 1000] for start in range(0, len(archive), 1000))
    taken = [(member.path, bytes(next(iter(member.content)))) for member in members]
    assert taken == [((b"a",), bytes(488)), ((b"b",), bytes(856)), ((b"c",), b"c")]
    assert [member.path for member in iter_tar_members([archive])] == [(b"a",), (b"b",), (b"c",)]


def test_contents_end_with_their_turn() -> None:
    """A content that is taken too late is empty: it never gives what belongs to the next member."""
    members = iter_tar_members([make_tar([TarEntry(b"a", b"one"), TarEntry(b"b", b"two")])])
    first, second = next(members), next(members)
    assert b"".join(first.content) == b""
    assert b"".join(second.content) == b"two"


def test_hard_link_to_a_hard_link() -> None:
    """A link always names the member that has the content, however many names lie between."""
    archive = make_tar([TarEntry(b"a", b"x"), hard_link(b"b", b"a"), hard_link(b"./c", b"./b")])
    assert [link for *_, link in read(archive)] == [None, "a", "a"]


def test_sizes_in_binary() -> None:
    """A size may be a binary number, as it is from 8 GiB on; a negative one is refused (I-04, CVE-2025-8194)."""
    assert read(make_tar([TarEntry(b"a", b"abc", size=b"\x80" + (3).to_bytes(11, "big"))]))[0][3] == b"abc"
    for size in (b"\xff" * 12, b"\xff" + (-512).to_bytes(11, "big", signed=True), b"\x81" + bytes(11)):
        refuse(make_tar([TarEntry(b"a", b"", size=size), TarEntry(b"b")]))


BAD_NAMES = {
    "parent": b"../a",
    "parent inside": b"a/../b",
    "parent behind the top": b"./../a",
    "parent at the end": b"a/..",
    "absolute": b"/etc/passwd",
    "two slashes": b"//a",
    "two slashes inside": b"a//b",
    "two slashes behind the top": b".//a",
    "top twice": b"././a",
    "dot inside": b"a/./b",
    "dot at the end": b"a/.",
    "empty": b"",
    "slash": b"/",
    "slash behind a file": b"a/",
    "hidden behind NUL": b"a\0b",
    "too long a name": b"n" * 256,
    "too long a path": b"/".join([b"n" * 250] * 17),
    "too deep": b"/".join([b"d"] * (MAX_DEPTH + 1)),
    "top as a file": b"./",
}


@pytest.mark.parametrize("defect", BAD_NAMES)
def test_bad_names(defect: str) -> None:
    """A name that is not plainly below the top is refused, of files, links and what links lead to (I-01, I-02)."""
    name = BAD_NAMES[defect]
    refuse(make_tar([TarEntry(name, b"x")]))
    refuse(make_tar([symlink(name, b"x")]))
    refuse(make_tar([TarEntry(b"x"), hard_link(name, b"x")]))
    refuse(make_tar([TarEntry(b"x"), hard_link(b"y", name)]))


A = TarEntry(b"a", b"text")
BAD_TYPES = b"3467DMNSVXgxAZ9\xff"


@pytest.mark.parametrize("number", BAD_TYPES)
@pytest.mark.parametrize("content", [b"", b"30 path=../../etc/passwd12345\n"])
def test_bad_types(number: int, content: bytes) -> None:
    """Devices, FIFOs, sparse files, volumes, pax attributes and whatever nobody knows are refused (I-04, I-08)."""
    assert "'x'" in refuse(make_tar([TarEntry(b"x", content, kind=bytes([number])), A]))


BAD_MEMBERS = {
    "device of GNU tar": TarEntry(b"a", kind=b"3", mode=0o666),
    "directory with content": TarEntry(b"a", b"x", DIRECTORY),
    "link with content": TarEntry(b"a", b"x", SYMLINK, target=b"b"),
    "file with a target": TarEntry(b"a", b"x", target=b"b"),
    "directory with a target": TarEntry(b"a", kind=DIRECTORY, target=b"b"),
    "link to nothing": symlink(b"a", b""),
    "target with NUL": symlink(b"a", b"b\0c"),
    "target too long": symlink(b"a", b"t" * 4096),
    "hard link to nothing": hard_link(b"a", b""),
    "hard link to what is not there": hard_link(b"a", b"b"),
    "hard link to itself": hard_link(b"a", b"a"),
    "hard link to the outside": hard_link(b"a", b"/etc/passwd"),
    "wrong sum": TarEntry(b"a", checksum=b"000001\0 "),
    "no sum": TarEntry(b"a", checksum=bytes(8)),
    "sum not octal": TarEntry(b"a", checksum=b"99999\0 "),
    "size not octal": TarEntry(b"a", b"x", size=b"0000000000x\0"),
    "size with a sign": TarEntry(b"a", size=b"-0000000001\0"),
    "size hidden behind NUL": TarEntry(b"a", b"x", size=b"1\x000000000000"),
    "no size": TarEntry(b"a", size=bytes(12)),
    "endless": TarEntry(b"a", size=b"77777777777\0"),
    "endless in binary": TarEntry(b"a", size=b"\x80" + b"\xff" * 11),
    "other magic": TarEntry(b"a", magic=b"ustar\x0001"),
    "no magic, but more": TarEntry(b"a", magic=V7, prefix=b"p"),
    "GNU's magic, POSIX's prefix": TarEntry(b"a", prefix=b"p"),
    "prefix leads out": TarEntry(b"a", magic=USTAR, prefix=b".."),
    "absolute prefix": TarEntry(b"a", magic=USTAR, prefix=b"/p"),
    "hidden behind the prefix": TarEntry(b"a", magic=USTAR, prefix=b"p\0q"),
    "hidden behind the content": TarEntry(b"a", b"x", padding=b"\0" * 510 + b"y"),
}


@pytest.mark.parametrize("defect", BAD_MEMBERS)
def test_bad_members(defect: str) -> None:
    """Each way in which a member can be wrong or ambiguous is refused, and reading ends (I-02, I-04, I-08)."""
    refuse(make_tar([BAD_MEMBERS[defect]]))
    refuse(make_tar([BAD_MEMBERS[defect], TarEntry(b"z", b"z")]))


BAD_TREES = {
    "file twice": [A, A],
    "file in two spellings": [A, TarEntry(b"./a")],
    "directory twice": [directory(b"d"), directory(b"./d/")],
    "top twice": [directory(b"./"), directory(b".")],
    "file, then directory": [A, directory(b"a/")],
    "directory, then file": [directory(b"a/"), A],
    "directory that was not announced, then file": [TarEntry(b"d/x"), TarEntry(b"d")],
    "directory that was not announced, then link": [TarEntry(b"d/x"), symlink(b"d", b"/etc")],
    "link, then file": [symlink(b"a", b"/etc/passwd"), A],
    "link, then directory": [symlink(b"d", b"/etc"), directory(b"d")],
    "below a link": [symlink(b"d", b"/etc"), TarEntry(b"d/passwd")],
    "deep below a link": [symlink(b"d", b"/etc"), TarEntry(b"d/e/f/g")],
    "directory below a link": [symlink(b"d", b"/etc"), directory(b"d/e")],
    "link below a link": [symlink(b"d", b"."), symlink(b"d/e", b"..")],
    "hard link below a link": [A, symlink(b"d", b"/etc"), hard_link(b"d/e", b"a")],
    "below a file": [A, TarEntry(b"a/b")],
    "below a hard link": [A, hard_link(b"b", b"a"), TarEntry(b"b/c")],
    "hard link to a link": [symlink(b"s", b"/etc/passwd"), hard_link(b"h", b"s")],
    "hard link through a link": [directory(b"d"), TarEntry(b"d/x"), symlink(b"s", b"d"), hard_link(b"h", b"s/x")],
    "hard link to a directory": [directory(b"d"), hard_link(b"h", b"d")],
    "hard link to what follows": [hard_link(b"h", b"a"), A],
    "hard link on a file": [A, TarEntry(b"b"), hard_link(b"b", b"a")],
}


@pytest.mark.parametrize("defect", BAD_TREES)
def test_bad_trees(defect: str) -> None:
    """One path is one member, below directories only, and hard links lead to files before them (I-01, I-02)."""
    refuse(make_tar(BAD_TREES[defect]))


def long_header(content: bytes, kind: bytes = LONG_NAME) -> TarEntry:
    return TarEntry(b"././@LongLink", content, kind)


BAD_LONG_NAMES = {
    "twice": [long_header(b"n\0"), long_header(b"m\0"), A],
    "empty": [long_header(b"\0"), A],
    "no content": [long_header(b""), A],
    "no NUL": [long_header(b"name"), A],
    "two names": [long_header(b"n\0m\0"), A],
    "too long": [long_header(b"n/" * 2500 + b"\0"), A],
    "leads out": [long_header(b"../a\0"), A],
    "for nothing": [long_header(b"n\0")],
    "target for nothing": [A, long_header(b"n\0", LONG_TARGET)],
    "target for a file": [long_header(b"n\0", LONG_TARGET), A],
    "target too long": [long_header(b"n" * 4096 + b"\0", LONG_TARGET), symlink(b"s", b"n")],
}


@pytest.mark.parametrize("defect", BAD_LONG_NAMES)
def test_bad_long_names(defect: str) -> None:
    """A long name or target is said once, in full, and belongs to a member that has one (I-08)."""
    refuse(make_tar(BAD_LONG_NAMES[defect]))


def test_long_name_of_an_endless_size() -> None:
    """A long name that announces gibibytes is refused before they are read (I-04)."""
    refuse(make_tar([TarEntry(b"././@LongLink", b"n\0", LONG_NAME, size=b"77777777777\0"), A]))


WHOLE = make_tar(TREE)
BAD_ENDS = {
    "nothing": b"",
    "no end": make_tar(TREE, b""),
    "half of an end": make_tar(TREE, bytes(BLOCK)),
    "half of an end, then a member": make_tar(TREE, bytes(BLOCK)) + make_tar([A]),
    "within a block": WHOLE + bytes(100),
    "something behind": WHOLE + bytes(BLOCK - 1) + b"x",
    "second archive": WHOLE + make_tar([A]),
    "second archive behind padding": WHOLE + bytes(8192) + make_tar([A]),
}


@pytest.mark.parametrize("defect", BAD_ENDS)
def test_bad_ends(defect: str) -> None:
    """An archive ends with two empty blocks, and only more of them may follow (I-08: concatenated, no end)."""
    refuse(BAD_ENDS[defect])


def test_truncated_anywhere() -> None:
    """An archive that ends too early, wherever, is refused."""
    for length in range(0, len(WHOLE), 37):
        refuse(WHOLE[:length])


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members, their contents and their paths are bounded together (I-06)."""
    archive = make_tar([TarEntry(b"a", bytes(600)), TarEntry(b"b", bytes(600))])
    for limit, enough, reason in [
        ("MAX_MEMBERS", 3, "members"),
        ("MAX_BYTES", 1200, "bytes"),
        ("MAX_PATHS_BYTES", 2, "paths"),
    ]:
        with monkeypatch.context() as patched:
            patched.setattr(tar_archive, limit, enough)
            assert len(read(archive)) == 2
            patched.setattr(tar_archive, limit, enough - 1)
            assert reason in refuse(archive)


def test_targets_count_as_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where links lead is kept in memory as well."""
    archive = make_tar([symlink(b"a", b"t" * 50), symlink(b"b", b"t" * 50)])
    monkeypatch.setattr(tar_archive, "MAX_PATHS_BYTES", 101)
    assert "paths" in refuse(archive)
    monkeypatch.setattr(tar_archive, "MAX_PATHS_BYTES", 102)
    assert len(read(archive)) == 2


def test_flipped_anywhere() -> None:
    """One flipped bit of a header is an error, or changes nothing: the sum over it sees all of them."""
    archive = make_tar([A])
    for position in range(BLOCK * 8):
        flipped = bytearray(archive)
        flipped[position // 8] ^= 1 << position % 8
        try:
            # The form of the sum itself is free: blanks and NULs may surround it.
            assert read(bytes(flipped)) == [("a", TarKind.FILE, False, b"text", None, None)]
            assert 148 <= position // 8 < 156
        except InvalidTarError:
            pass


names = st.sampled_from([b"a", b"./a", b"a/b", b"a/b/c", b"b", b"../a", b"/a", b"a/", b"n" * 120, b"./", b"."])
entries = st.builds(
    TarEntry,
    name=names,
    content=st.binary(max_size=3),
    kind=st.sampled_from([FILE, HARD_LINK, SYMLINK, DIRECTORY, LONG_NAME, b"x", b"3"]),
    target=st.one_of(st.just(b""), names),
    magic=st.sampled_from([b"ustar  \0", USTAR, V7]),
)


@settings(max_examples=300)
@given(members=st.lists(entries, max_size=6))
def test_made_archives(members: list[TarEntry]) -> None:
    """Whatever members an archive has: an error of ours, or a tree: each path once, below directories only."""
    try:
        found = read(make_tar(members))
    except InvalidTarError:
        return
    kinds = {path: kind for path, kind, *_ in found}
    assert len(kinds) == len(found)
    for path, _, _, _, _, link in found:
        parents = {path[:index] for index, letter in enumerate(path) if letter == "/"}
        assert all(kinds.get(parent, TarKind.DIRECTORY) is TarKind.DIRECTORY for parent in parents)
        assert link is None or kinds[link] is TarKind.FILE


@settings(max_examples=300)
@given(
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=8), st.integers(0, 520)), max_size=4),
    chunk_bytes=st.sampled_from(CHUNK_BYTES),
)
@example(edits=[(0, b"", 512)], chunk_bytes=512)
def test_mutated_archives(edits: list[tuple[int, bytes, int]], chunk_bytes: int) -> None:
    """Whatever is done to an archive: an error of ours or its members, and reading ends."""
    content = WHOLE
    for position, inserted, removed in edits:
        start = position % (len(content) + 1)
        content = content[:start] + inserted + content[start + removed :]
    try:
        read(content, chunk_bytes)
    except InvalidTarError:
        return
