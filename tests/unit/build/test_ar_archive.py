"""Archives of `ar`: what is read, and that there is one way to read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devenv.build.ar_archive import (
    MAX_MEMBERS,
    PIECE_BYTES,
    ArMember,
    InvalidArError,
    iter_ar_content,
    read_ar_members,
)
from tests.debs import ar_header, make_ar

MEMBERS = [(b"debian-binary", b"2.0\n"), (b"odd", b"abc"), (b"empty", b""), (b"sixteen-letters_", b"even")]
ARCHIVE = make_ar(MEMBERS)


def read(tmp_path: Path, content: bytes) -> list[tuple[str, bytes]]:
    path = tmp_path / "archive.ar"
    path.write_bytes(content)
    with path.open("rb") as file:
        descriptor = file.fileno()
        return [(member.name, b"".join(iter_ar_content(descriptor, member))) for member in read_ar_members(descriptor)]


def refuse(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(InvalidArError) as caught:
        read(tmp_path, content)
    return str(caught.value)


def test_members(tmp_path: Path) -> None:
    """Members come in their order with their contents, whatever parity their sizes have."""
    assert read(tmp_path, ARCHIVE) == [(name.decode(), content) for name, content in MEMBERS]
    assert read(tmp_path, b"!<arch>\n") == []


BAD_HEADERS = {
    "slash behind the name": ar_header(b"odd/", 3),
    "long name of System V": ar_header(b"/12", 3),
    "symbol table": ar_header(b"/", 3),
    "table of names": ar_header(b"//", 3),
    "long name of BSD": ar_header(b"#1/20", 3),
    "no name": ar_header(b"", 3),
    "blank in the name": ar_header(b"a b", 3),
    "blank before the name": ar_header(b" a", 3),
    "NUL in the name": ar_header(b"a\0", 3),
    "path": ar_header(b"../a", 3),
    "not ASCII": ar_header(b"\xe9", 3),
    "negative size": ar_header(b"a", b"-3"),
    "no size": ar_header(b"a", b""),
    "size with a sign": ar_header(b"a", b"+3"),
    "size with a blank before it": ar_header(b"a", b" 3"),
    "hexadecimal size": ar_header(b"a", b"0x3"),
    "size with an underscore": ar_header(b"a", b"0_3"),
    "other digits": ar_header(b"a", "³".encode()),
    "mode": ar_header(b"a", 3, mode=b"rw-r--r-"),
    "other ending": ar_header(b"a", 3, ending=b"\n`"),
}


@pytest.mark.parametrize("defect", BAD_HEADERS)
def test_bad_headers(tmp_path: Path, defect: str) -> None:
    """Each way in which a header can be wrong or be read differently is refused (I-12: member name tricks)."""
    refuse(tmp_path, b"!<arch>\n" + BAD_HEADERS[defect] + b"abc\n")
    refuse(tmp_path, ARCHIVE + BAD_HEADERS[defect] + b"abc\n")


BAD_ARCHIVES = {
    "nothing": b"",
    "thin archive": b"!<thin>\n" + ARCHIVE[8:],
    "something in front": b"\n" + ARCHIVE,
    "something behind": ARCHIVE + b"x",
    "zeros behind": ARCHIVE + bytes(60),
    "line feed behind": ARCHIVE + b"\n",
    "other padding": make_ar([(b"odd", b"abc")])[:-1] + b"\0",
    "no padding at the end": make_ar([(b"odd", b"abc")])[:-1],
    "no padding between": make_ar([(b"odd", b"abc")])[:-1] + ARCHIVE[8:],
    "larger than the file": b"!<arch>\n" + ar_header(b"a", 9_999_999_999) + b"abc\n",
    "too many": make_ar([(b"a", b"")] * (MAX_MEMBERS + 1)),
}


@pytest.mark.parametrize("defect", BAD_ARCHIVES)
def test_bad_archives(tmp_path: Path, defect: str) -> None:
    """Members fill an archive from its first to its last byte, and are few (I-12)."""
    refuse(tmp_path, BAD_ARCHIVES[defect])


def test_members_lie_in_the_archive(tmp_path: Path) -> None:
    """A member that would be longer than the file is refused before anything is read of it (I-12)."""
    path = tmp_path / "archive.ar"
    path.write_bytes(b"!<arch>\n" + ar_header(b"a", 6) + b"abcd")
    with path.open("rb") as file, pytest.raises(InvalidArError, match="`a` ends too early"):
        read_ar_members(file.fileno())


def test_truncated_anywhere(tmp_path: Path) -> None:
    """An archive that ends too early is refused, unless exactly whole members are left."""
    whole = {8, *(len(make_ar(MEMBERS[:count])) for count in range(len(MEMBERS)))}
    for length in range(len(ARCHIVE)):
        if length not in whole:
            refuse(tmp_path, ARCHIVE[:length])


def test_shortened_while_read(tmp_path: Path) -> None:
    """A file that somebody shortens after its members were read ends in an error, not in short contents."""
    path = tmp_path / "archive.ar"
    path.write_bytes(make_ar([(b"a", bytes(1000))]))
    with path.open("rb") as file:
        (member,) = read_ar_members(file.fileno())
        os.truncate(path, 500)
        with pytest.raises(InvalidArError, match="`a` ends too early"):
            list(iter_ar_content(file.fileno(), member))


def test_large_members_come_in_pieces(tmp_path: Path) -> None:
    """A large member passes in pieces of bounded size."""
    path = tmp_path / "archive.ar"
    content = os.urandom(2 * PIECE_BYTES + 1)
    path.write_bytes(make_ar([(b"a", content)]))
    with path.open("rb") as file:
        pieces = list(iter_ar_content(file.fileno(), ArMember("a", 68, len(content))))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) == PIECE_BYTES


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=8), st.integers(0, 8)), max_size=3))
def test_mutated_archives(tmp_path: Path, edits: list[tuple[int, bytes, int]]) -> None:
    """Whatever is done to an archive: an error of ours, or members that lie in it."""
    content = ARCHIVE
    for position, inserted, removed in edits:
        start = position % (len(content) + 1)
        content = content[:start] + inserted + content[start + removed :]
    try:
        members = read(tmp_path, content)
    except InvalidArError:
        return
    assert all(found in content for _, found in members)
