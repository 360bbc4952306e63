"""Zip archives: what is read, and everything that two readers could understand differently is refused."""

from __future__ import annotations

import io
import os
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devenv.build import zip_archive
from devenv.build.zip_archive import PIECE_BYTES, ZipArchive
from devenv.errors import BuildError
from tests.zips import (
    DEFLATED,
    EXECUTABLE,
    FOLLOWS,
    LINK,
    REGULAR,
    STORED,
    UTF_8,
    Ending,
    Entry,
    descriptor,
    make_zip,
    zip64_extra,
)

ReadZip = Callable[..., dict[str, bytes]]

TEXT = b"hello hello hello\n"
A = Entry(b"a", TEXT)
B = Entry(b"b", b"other")
WIDE = 0xFFFFFFFF


def packed_size(entry: Entry) -> int:
    return len(entry.pack())


def refuse(read_zip: ReadZip, archive: object, ending: Ending | None = None) -> str:
    """Why the archive is refused."""
    with pytest.raises(BuildError) as caught:
        read_zip(archive, ending)
    assert caught.value.slug == "archive-invalid"
    assert "archive.zip" in caught.value.message
    assert len(caught.value.message) < 10_000
    return caught.value.message


def test_reads_what_python_writes(tmp_path: Path) -> None:
    """Ordinary archives: deflated and stored members, directories, Unix modes, non-ASCII names."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("d/", b"")
        archive.writestr("d/text", TEXT * 1000)
        archive.writestr(zipfile.ZipInfo("stored"), b"\0\1\2")
        archive.writestr("bücher/ü", b"")
        script = zipfile.ZipInfo("script")
        script.external_attr = EXECUTABLE << 16
        archive.writestr(script, b"#!/bin/sh\n")
    with ZipArchive(path, "x") as opened:
        contents = {member.name: b"".join(opened.read(member)) for member in opened.members}
        executable = [member.name for member in opened.members if member.is_executable]
    assert contents == {
        "d/text": TEXT * 1000,
        "stored": b"\0\1\2",
        "bücher/ü": b"",
        "script": b"#!/bin/sh\n",
    }
    assert executable == ["script"]


class Unseekable(io.RawIOBase):
    """A pipe: who writes an archive there cannot come back to fill in sizes."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        assert isinstance(piece, bytes | bytearray | memoryview)
        self.content += piece
        return len(piece)


def test_reads_what_python_streams(read_zip: ReadZip) -> None:
    """Archives that were written to a pipe have sizes behind their members, with 32 and with 64 bits."""
    stream = Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", TEXT)
        with archive.open("b", "w", force_zip64=True) as member:
            member.write(TEXT)
    assert read_zip(bytes(stream.content)) == {"a": TEXT, "b": TEXT}


def test_reads_many_members(read_zip: ReadZip) -> None:
    """More members than 16 bits count need the 64-bit record, which is read."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(65_536):
            archive.writestr(zipfile.ZipInfo(str(number)), b"")
    assert len(read_zip(buffer.getvalue())) == 65_536


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("wide", [True, False])
def test_descriptors(read_zip: ReadZip, signed: bool, wide: bool) -> None:
    """A descriptor has one of four forms; each is read, and its numbers must be right."""
    zeros = {"checksum": 0, "packed_size": 0, "size": 0}
    right = descriptor(TEXT, packed_size(A), signed=signed, wide=wide)
    # Nothing is known in front of the content, or the size alone (Info-ZIP), or all of it.
    for local in (zeros, zeros | {"size": len(TEXT)}, {}):
        entry = Entry(b"a", TEXT, flags=FOLLOWS, local=local, descriptor=right)
        assert read_zip([entry, B]) == {"a": TEXT, "b": b"other"}
    wrong = descriptor(TEXT, packed_size(A), signed=signed, wide=wide, checksum=1)
    assert "behind its content" in refuse(read_zip, [Entry(b"a", TEXT, flags=FOLLOWS, local=zeros, descriptor=wrong)])


@pytest.mark.parametrize("announced", [0, WIDE])
def test_sizes_that_follow_in_64_bits(read_zip: ReadZip, announced: int) -> None:
    """A field of 64 bits before content whose size follows says nothing, or the truth (old Pythons write zeros)."""
    size, packed = len(TEXT), packed_size(A)
    local = {"checksum": 0, "packed_size": announced, "size": announced}
    behind = descriptor(TEXT, packed, wide=True)
    for sizes in [(0, 0), (size, packed)]:
        entry = Entry(b"a", TEXT, flags=FOLLOWS, local=local, local_extra=zip64_extra(*sizes), descriptor=behind)
        assert read_zip([entry]) == {"a": TEXT}
    entry = Entry(b"a", TEXT, flags=FOLLOWS, local=local, local_extra=zip64_extra(size, 1), descriptor=behind)
    refuse(read_zip, [entry])


def test_needless_sizes_in_64_bits(read_zip: ReadZip) -> None:
    """Some writers repeat in 64 bits what fits into 32: accepted in front of a member if it is the same."""
    size, packed = len(TEXT), packed_size(A)
    assert read_zip([Entry(b"a", TEXT, local_extra=zip64_extra(size, packed))]) == {"a": TEXT}
    for sizes in [(size, packed + 1), (size + 1, packed), (0, 0), (size,), (size, packed, 0)]:
        refuse(read_zip, [Entry(b"a", TEXT, local_extra=zip64_extra(*sizes))])


def test_sizes_of_64_bits(read_zip: ReadZip) -> None:
    """Sizes and offsets in the 64-bit field are read where the short ones are saturated."""
    size, packed = len(TEXT), packed_size(A)
    wide = Entry(
        b"a",
        TEXT,
        extra=zip64_extra(size, packed, 0),
        local_extra=zip64_extra(size, packed),
        local={"packed_size": WIDE, "size": WIDE},
        central={"packed_size": WIDE, "size": WIDE, "offset": WIDE},
    )
    assert read_zip([wide, B], Ending(wide=True)) == {"a": TEXT, "b": b"other"}
    saturated = {"count": 0xFFFF, "here": 0xFFFF, "size": WIDE, "start": WIDE}
    assert read_zip([wide, B], Ending(wide=True, end=saturated)) == {"a": TEXT, "b": b"other"}


@pytest.mark.parametrize("mode", [0, 0o040755, REGULAR])
def test_directories(read_zip: ReadZip, mode: int) -> None:
    """A directory is one by its name, whatever mode a writer gave it, and is no file."""
    assert read_zip([Entry(b"d/", b"", STORED, mode=mode), A]) == {"a": TEXT}


def test_empty_archive(read_zip: ReadZip) -> None:
    """An archive without members is one."""
    assert read_zip([]) == {}


BAD_ENTRIES = {
    "check sum": Entry(b"a", TEXT, local={"checksum": 1}, central={"checksum": 1}),
    "check sum of nothing": Entry(b"a", b"", local={"checksum": 1}, central={"checksum": 1}),
    "longer than announced": Entry(b"a", TEXT, local={"size": 3}, central={"size": 3}),
    "shorter than announced": Entry(b"a", TEXT, local={"size": 99}, central={"size": 99}),
    "stored, two sizes": Entry(b"a", TEXT, STORED, local={"size": 3}, central={"size": 3}),
    "local check sum": Entry(b"a", TEXT, local={"checksum": 1}),
    "local size": Entry(b"a", TEXT, local={"size": 3}),
    "local packed size": Entry(b"a", TEXT, local={"packed_size": 3}),
    "local name": Entry(b"a", TEXT, local={"name": b"b"}),
    "longer local name": Entry(b"a", TEXT, local={"name": b"aa"}),
    "local method": Entry(b"a", TEXT, STORED, local={"method": DEFLATED}),
    "local flags": Entry(b"a", TEXT, local={"flags": UTF_8}),
    "local signature": Entry(b"a", TEXT, local={"signature": b"PK\3\5"}),
    "central signature": Entry(b"a", TEXT, central={"signature": b"PK\1\3"}),
    "encrypted": Entry(b"a", TEXT, flags=0x1),
    "strongly encrypted": Entry(b"a", TEXT, flags=0x40),
    "masked headers": Entry(b"a", TEXT, flags=0x2000),
    "patch": Entry(b"a", TEXT, flags=0x20),
    "bzip2": Entry(b"a", TEXT, 12),
    "lzma": Entry(b"a", TEXT, 14),
    "link": Entry(b"a", b"/etc/passwd", mode=LINK),
    "device": Entry(b"a", b"", mode=0o020644),
    "fifo": Entry(b"a", b"", mode=0o010644),
    "directory by mode only": Entry(b"a", b"", mode=0o040755),
    "link by mode, directory by name": Entry(b"a/", b"", STORED, mode=LINK),
    "directory with content": Entry(b"a/", TEXT, mode=0o040755),
    "absolute": Entry(b"/a", TEXT),
    "upwards": Entry(b"../a", TEXT),
    "upwards inside": Entry(b"a/../../b", TEXT),
    "dot": Entry(b"./a", TEXT),
    "only a dot": Entry(b".", TEXT),
    "empty name": Entry(b"", TEXT),
    "only a slash": Entry(b"/", b"", mode=0o040755),
    "double slash": Entry(b"a//b", TEXT),
    "double slash at the end": Entry(b"a//", b"", mode=0o040755),
    "backslash": Entry(b"a\\b", TEXT),
    "drive": Entry(b"C:\\a", TEXT),
    "NUL": Entry(b"a\0.txt", TEXT),
    "not UTF-8": Entry(b"\xff", TEXT, flags=UTF_8),
    "unmarked encoding": Entry("ü".encode(), TEXT),
    "long name": Entry(b"n" * 5000, TEXT),
    "other disk": Entry(b"a", TEXT, central={"disk": 1}),
    "second name": Entry(b"a", TEXT, extra=struct.pack("<2HBL", 0x7075, 6, 1, zlib.crc32(b"a")) + b"b"),
    "second local name": Entry(b"a", TEXT, local_extra=struct.pack("<2HBL", 0x7075, 6, 1, zlib.crc32(b"a")) + b"b"),
    "extra runs over": Entry(b"a", TEXT, extra=struct.pack("<2H", 0x5455, 9)),
    "extra too short": Entry(b"a", TEXT, extra=b"\0"),
    "needless 64-bit size": Entry(b"a", TEXT, extra=zip64_extra(len(TEXT))),
    "missing 64-bit size": Entry(b"a", TEXT, central={"size": WIDE}),
    "two 64-bit sizes": Entry(b"a", TEXT, extra=zip64_extra(len(TEXT)) * 2, central={"size": WIDE}),
    "odd 64-bit size": Entry(b"a", TEXT, extra=struct.pack("<2HQB", 1, 9, len(TEXT), 0), central={"size": WIDE}),
    "endless 64-bit sizes": Entry(
        b"a",
        TEXT,
        extra=zip64_extra(len(TEXT), (1 << 64) - 1),
        local={"packed_size": WIDE},
        local_extra=zip64_extra((1 << 64) - 1),
        central={"packed_size": WIDE, "size": WIDE},
    ),
    "endless offset": Entry(b"a", TEXT, extra=zip64_extra((1 << 64) - 1), central={"offset": WIDE}),
    "descriptor without flag": Entry(b"a", TEXT, descriptor=descriptor(TEXT, 12)),
    "wrong size in front of a descriptor": Entry(
        b"a",
        TEXT,
        flags=FOLLOWS,
        local={"checksum": 0, "packed_size": 0, "size": 3},
        descriptor=descriptor(TEXT, packed_size(A)),
    ),
    "flag without descriptor": Entry(b"a", TEXT, flags=FOLLOWS),
    "no deflated data": Entry(b"a", TEXT, packed=b""),
    "not deflated": Entry(b"a", TEXT, packed=b"\xff" * 9),
    "deflated data cut off": Entry(b"a", TEXT, packed=A.pack()[:-3]),
    "deflated data runs on": Entry(b"a", TEXT, packed=A.pack() + b"x"),
    "foreign data in front": Entry(b"a", TEXT, before=b"#!/bin/sh\n"),
}


@pytest.mark.parametrize("defect", BAD_ENTRIES)
def test_bad_members(read_zip: ReadZip, defect: str) -> None:
    """Each way in which a member can be wrong or ambiguous is refused (I-01, I-02, I-04, I-07)."""
    refuse(read_zip, [BAD_ENTRIES[defect]])
    refuse(read_zip, [BAD_ENTRIES[defect], Entry(b"z", b"")])


BAD_LAYOUTS = {
    "twice": ([A, Entry(b"a", b"other")], Ending()),
    "file and directory": ([A, Entry(b"a/", b"", mode=0o040755)], Ending()),
    "overlap": ([A, Entry(b"b", b"x", central={"offset": 0})], Ending()),
    "shifted into each other": ([A, Entry(b"b", b"x", central={"offset": 1})], Ending()),
    "hidden member": ([A, Entry(b"b", b"x", before=make_zip([Entry(b"c", b"y")])[:34])], Ending()),
    "beyond the directory": ([A, Entry(b"b", b"x", central={"offset": 10_000})], Ending()),
    "data before the directory": ([A], Ending(before_directory=b"x")),
    "data behind the directory": ([A], Ending(after_directory=b"x")),
    "comment": ([A], Ending(comment=b"x")),
    "archive in the comment": ([A], Ending(comment=make_zip([B]))),
    "too few entries": ([A, B], Ending(end={"count": 1, "here": 1})),
    "too many entries": ([A, B], Ending(end={"count": 3, "here": 3})),
    "more than there can be": ([A], Ending(wide=True, wide_fields={"count": 1 << 60, "here": 1 << 60},
                                           end={"count": 0xFFFF, "here": 0xFFFF})),
    "directory elsewhere": ([A], Ending(end={"start": 0})),
    "directory too long": ([A], Ending(end={"size": 1_000_000})),
    "several disks": ([A], Ending(end={"disk": 1})),
    "directory on another disk": ([A], Ending(end={"directory_disk": 1})),
    "part of the entries": ([A, B], Ending(end={"here": 1})),
    "saturated without record": ([A], Ending(end={"start": WIDE})),
    "saturated count without record": ([A], Ending(end={"count": 0xFFFF, "here": 0xFFFF})),
    "records contradict": ([A], Ending(wide=True, wide_fields={"count": 0, "here": 0})),
    "64-bit record elsewhere": ([A], Ending(wide=True, wide_fields={"place": 0})),
    "64-bit record of another length": ([A], Ending(wide=True, wide_fields={"length": 45})),
    "64-bit record on several disks": ([A], Ending(wide=True, wide_fields={"disks": 2})),
}  # fmt: skip


@pytest.mark.parametrize("defect", BAD_LAYOUTS)
def test_bad_layouts(read_zip: ReadZip, defect: str) -> None:
    """Where a directory lies, what it counts, and that members lie side by side, leaves no choice (I-06, I-07)."""
    refuse(read_zip, *BAD_LAYOUTS[defect])


@pytest.mark.parametrize("addition", [b"x", b"\0" * 22, make_zip([B])], ids=["byte", "zeros", "archive"])
def test_prepended_and_appended(read_zip: ReadZip, addition: bytes) -> None:
    """An archive with anything in front of it or behind it is refused: other readers would find other members."""
    archive = make_zip([A])
    refuse(read_zip, addition + archive)
    refuse(read_zip, archive + addition)


def test_truncated_anywhere(read_zip: ReadZip) -> None:
    """An archive that ends too early, wherever, is refused (F-01's kind)."""
    archive = make_zip([A, B])
    for length in range(len(archive)):
        refuse(read_zip, archive[:length])


def test_flipped_anywhere(tmp_path: Path) -> None:
    """One flipped bit gives an error, or changes nothing of the files: never other contents under the same names."""
    archive = make_zip([A, Entry(b"s", b"stored", STORED)])
    whole = {"a": TEXT, "s": b"stored"}
    silent = 0
    for position in range(len(archive) * 8):
        flipped = bytearray(archive)
        flipped[position // 8] ^= 1 << position % 8
        contents = _read_or_refuse(tmp_path, bytes(flipped))
        if contents is not None:
            assert contents == whole
            silent += 1
    # Versions, times, permissions and attributes say nothing about contents.
    assert silent < len(archive) * 8 / 3


def _read_or_refuse(tmp_path: Path, content: bytes) -> dict[str, bytes] | None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    try:
        with ZipArchive(path, "x") as opened:
            contents = {}
            for member in opened.members:
                pieces = []
                for piece in opened.read(member):
                    pieces.append(piece)
                    assert sum(map(len, pieces)) <= member.size
                contents[member.name] = b"".join(pieces)
            return contents
    except BuildError:
        return None


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=8), st.integers(0, 8)), max_size=4),
    wide=st.booleans(),
)
@example(edits=[(0, b"", 8)], wide=False)
def test_mutated_archives(tmp_path: Path, edits: list[tuple[int, bytes, int]], wide: bool) -> None:
    """Whatever is done to an archive: an error of ours or its files, and never a byte more than announced (I-06)."""
    size = len(TEXT)
    content = make_zip(
        [
            A,
            Entry(b"d/", b"", STORED, mode=0o040755),
            Entry(b"d/s", b"stored", STORED, mode=EXECUTABLE),
            Entry(b"f", TEXT, flags=FOLLOWS, descriptor=descriptor(TEXT, packed_size(A))),
            Entry(b"w", TEXT, extra=zip64_extra(size), central={"size": WIDE}),
        ],
        Ending(wide=wide),
    )
    for position, inserted, removed in edits:
        start = position % (len(content) + 1)
        content = content[:start] + inserted + content[start + removed :]
    _read_or_refuse(tmp_path, content)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_arbitrary_bytes(tmp_path: Path, content: bytes) -> None:
    """Bytes that are no archive are refused, alone and in front of an end that could be one's."""
    assert not _read_or_refuse(tmp_path, content)
    assert not _read_or_refuse(tmp_path, content + make_zip([]))


def test_bomb_by_ratio(read_zip: ReadZip) -> None:
    """An archive that unpacks to hundreds of times its size is refused before anything is unpacked (I-06)."""
    assert "would unpack to" in refuse(read_zip, [Entry(b"a", bytes(10_000_000))])


def test_bomb_by_size(read_zip: ReadZip, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that unpacks to more than all of it may be is refused (I-06)."""
    monkeypatch.setattr(zip_archive, "MAX_BYTES", 100)
    assert read_zip([Entry(b"a", os.urandom(50)), Entry(b"b", os.urandom(50))])
    assert "would unpack to" in refuse(read_zip, [Entry(b"a", os.urandom(50)), Entry(b"b", os.urandom(51))])


def test_bomb_that_lies(tmp_path: Path) -> None:
    """A member that unpacks to more than announced is stopped at the announced size (I-06)."""
    path = tmp_path / "bomb.zip"
    lie = {"size": 100}
    path.write_bytes(make_zip([Entry(b"a", bytes(50_000_000), local=lie, central=lie)]))
    received: list[bytes] = []
    with ZipArchive(path, "bomb") as opened, pytest.raises(BuildError, match="announced"):
        received.extend(opened.read(opened.members[0]))
    assert sum(map(len, received)) <= 100


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_large_members_come_in_pieces(tmp_path: Path, method: int) -> None:
    """A large member passes in pieces of bounded size, so that memory does not grow with it (B-12)."""
    content = random.Random(1).randbytes(PIECE_BYTES) * 3 + b"end"
    path = tmp_path / "large.zip"
    path.write_bytes(make_zip([Entry(b"a", content, method)]))
    with ZipArchive(path, "large") as opened:
        pieces = list(opened.read(opened.members[0]))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= PIECE_BYTES


def test_changed_while_open(tmp_path: Path) -> None:
    """An archive that somebody truncates while it is read ends in an error, not in a short file."""
    path = tmp_path / "x.zip"
    path.write_bytes(make_zip([Entry(b"a", TEXT, STORED)]))
    with ZipArchive(path, "x") as opened:
        os.truncate(path, 40)
        with pytest.raises(BuildError, match="too early"):
            list(opened.read(opened.members[0]))


def test_missing_file(tmp_path: Path) -> None:
    """An archive that is not there is the system's error, with its path."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        ZipArchive(tmp_path / "nowhere", "x")


def test_nothing_stays_open(tmp_path: Path, read_zip: ReadZip) -> None:
    """Refused and accepted archives are closed."""
    before = len(os.listdir("/dev/fd"))
    read_zip([A])
    refuse(read_zip, b"no archive")
    refuse(read_zip, [Entry(b"a", bytes(10_000_000))])
    assert len(os.listdir("/dev/fd")) == before
