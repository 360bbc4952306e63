"""Reads zip archives and wheels, strictly: whatever two readers could understand differently is refused (FAULTS I-07).

`zipfile` reads the central directory; the members are read here, because `zipfile` opens each with a good deal of
ceremony (a wheel of nodejs has 5,800) and the version in Python 3.11 does not notice members that overlap
(CVE-2024-0450, I-06). Lengths are counted while they are written, never believed.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from devenv.errors import BuildError

PIECE_BYTES = 1 << 20
MAX_MEMBERS = 500_000
MAX_BYTES = 16 << 30
"""Of all members together, unpacked."""
MAX_RATIO = 200
"""Unpacked to packed, of the whole archive; deflate cannot reach 1,032, and no real toolchain comes near 20."""

LOCAL_HEADER = struct.Struct("<4s5H3L2H")
ENCRYPTED = 0x1


class ZipArchive:
    """An open archive: `members` in the order of the directory, files only."""

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        self._file = path.open("rb")
        try:
            with zipfile.ZipFile(self._file) as archive:
                members = archive.infolist()
                end_of_members = archive.start_dir
                comment = archive.comment
            self._size = self._file.seek(0, 2)
            self._check(members, end_of_members, comment)
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error) as error:
            self._file.close()
            raise self._invalid(f"it cannot be read: {error}") from error
        except BaseException:
            self._file.close()
            raise
        self._end_of_members = end_of_members
        self.members = {member.filename: member for member in members if not member.is_dir()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _invalid(self, reason: str) -> BuildError:
        return BuildError(f"the archive `{self._name}` is not accepted: {reason}", slug="archive-invalid")

    def _check(self, members: list[zipfile.ZipInfo], end_of_members: int, comment: bytes) -> None:
        if len(members) > MAX_MEMBERS:
            raise self._invalid(f"it has more than {MAX_MEMBERS} members")
        if comment:
            raise self._invalid("it carries a comment, in which a second archive could hide")
        total = sum(member.file_size for member in members)
        if total > min(MAX_BYTES, MAX_RATIO * self._size):
            raise self._invalid(f"it would unpack to {total} bytes")
        seen = set()
        for member in members:
            self._check_member(member)
            if member.filename.rstrip("/") in seen:
                raise self._invalid(f"`{member.filename}` is in it twice")
            seen.add(member.filename.rstrip("/"))
        end = 0
        for member in sorted(members, key=lambda member: member.header_offset):
            if member.header_offset < end or (end == 0 and member.header_offset != 0):
                raise self._invalid(f"`{member.filename}` overlaps another member or stands behind foreign data")
            end = member.header_offset + LOCAL_HEADER.size + len(member.orig_filename) + member.compress_size
        if end > end_of_members:
            raise self._invalid("its last member reaches into its directory")

    def _check_member(self, member: zipfile.ZipInfo) -> None:
        name = member.filename
        parts = name.removesuffix("/").split("/")
        if member.orig_filename != name or "\\" in name or any(part in {"", ".", ".."} for part in parts):
            raise self._invalid(f"{member.orig_filename!r} is no name inside an archive")
        if member.flag_bits & ENCRYPTED or member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise self._invalid(f"`{name}` is encrypted or compressed in an unknown way")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise self._invalid(f"`{name}` is a link or a special file")

    def read(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        """The member's content in pieces. Raises BuildError where length or check sum are not as announced."""
        try:
            yield from self._read(member)
        except (zlib.error, struct.error) as error:
            raise self._invalid(f"`{member.filename}` is damaged: {error}") from error

    def _read(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        self._file.seek(member.header_offset)
        header = LOCAL_HEADER.unpack(self._file.read(LOCAL_HEADER.size))
        signature, name_length, extra_length = header[0], header[9], header[10]
        encoding = "utf-8" if member.flag_bits & 0x800 else "cp437"
        if signature != b"PK\3\4" or self._file.read(name_length) != member.filename.encode(encoding, "replace"):
            raise self._invalid(f"`{member.filename}` has another name in its own header")
        start = member.header_offset + LOCAL_HEADER.size + name_length + extra_length
        if start + member.compress_size > self._end_of_members:
            raise self._invalid(f"`{member.filename}` reaches into the directory")
        self._file.seek(start)
        pieces = self._stored(member) if member.compress_type == zipfile.ZIP_STORED else self._inflated(member)
        size = checksum = 0
        for piece in pieces:
            size += len(piece)
            checksum = zlib.crc32(piece, checksum)
            if size > member.file_size:
                break
            yield piece
        if size != member.file_size or checksum != member.CRC:
            raise self._invalid(f"`{member.filename}` does not have the announced length and check sum")

    def _stored(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        left = member.compress_size
        while left and (piece := self._file.read(min(left, PIECE_BYTES))):
            left -= len(piece)
            yield piece

    def _inflated(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        for packed in self._stored(member):
            yield inflater.decompress(packed, PIECE_BYTES)
            while inflater.unconsumed_tail:
                yield inflater.decompress(inflater.unconsumed_tail, PIECE_BYTES)
        while piece := inflater.decompress(b"", PIECE_BYTES):
            yield piece
        if not inflater.eof or inflater.unused_data:
            raise self._invalid(f"`{member.filename}` does not end where it should")


def is_executable(member: zipfile.ZipInfo) -> bool:
    """Whether the archive marks the member as executable for its owner."""
    return bool(member.external_attr >> 16 & stat.S_IXUSR)
