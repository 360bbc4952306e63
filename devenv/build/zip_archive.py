"""Reads the members of zip archives and wheels; lengths are counted while they are read, never believed.

`zip_directory` says what is in an archive and refuses what is ambiguous; here the contents come out.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from devenv.build.zip_directory import STORED, InvalidZipError, Member, read_members
from devenv.errors import BuildError

PIECE_BYTES = 1 << 20
MAX_BYTES = 16 << 30
"""Of all members together, unpacked."""
MAX_RATIO = 200
"""Unpacked to packed, of the whole archive; deflate cannot reach 1,032, and no real toolchain comes near 20."""


class ZipArchive:
    """An open archive: `members` are its files, in the order of the directory. A context manager.

    `name` is what errors call it. Raises BuildError (`archive-invalid`).
    """

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            members = read_members(self._descriptor)
            total = sum(member.size for member in members)
            if total > min(MAX_BYTES, MAX_RATIO * os.fstat(self._descriptor).st_size):
                raise InvalidZipError(f"it would unpack to {total} bytes")
        except InvalidZipError as error:
            os.close(self._descriptor)
            raise self._invalid(str(error)) from error
        except BaseException:
            os.close(self._descriptor)
            raise
        self.members = [member for member in members if not member.is_directory]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def _invalid(self, reason: str) -> BuildError:
        return BuildError(f"the archive `{self._name}` is not accepted: {reason}", slug="archive-invalid")

    def read(self, member: Member) -> Iterator[bytes]:
        """The member's content in pieces, never more than announced.

        Raises BuildError where length or check sum are not as announced.
        """
        size = checksum = 0
        try:
            for piece in self._packed(member) if member.method == STORED else self._inflated(member):
                size += len(piece)
                checksum = zlib.crc32(piece, checksum)
                if size > member.size:
                    break
                yield piece
        except zlib.error as error:
            raise self._invalid(f"`{member.name}` is damaged: {error}") from error
        if (size, checksum) != (member.size, member.checksum):
            raise self._invalid(f"`{member.name}` does not have the announced length and check sum")

    def _packed(self, member: Member) -> Iterator[bytes]:
        position, left = member.start, member.packed_size
        while left:
            piece = os.pread(self._descriptor, min(left, PIECE_BYTES), position)
            if not piece:
                raise self._invalid(f"`{member.name}` ends too early")
            position += len(piece)
            left -= len(piece)
            yield piece

    def _inflated(self, member: Member) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        for packed in self._packed(member):
            yield inflater.decompress(packed, PIECE_BYTES)
            while inflater.unconsumed_tail:
                yield inflater.decompress(inflater.unconsumed_tail, PIECE_BYTES)
        while piece := inflater.decompress(b"", PIECE_BYTES):
            yield piece
        if not inflater.eof or inflater.unused_data:
            raise self._invalid(f"`{member.name}` does not end where it should")
