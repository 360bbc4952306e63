"""Zip archives byte by byte, for tests: correct by default, wrong wherever a test says so.

The structures are those of PKWARE's APPNOTE 6.3, written here independently of what reads them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

STORED = 0
DEFLATED = 8
REGULAR = 0o100644
EXECUTABLE = 0o100755
LINK = 0o120777
FOLLOWS = 0x8
UTF_8 = 0x800


@dataclass(frozen=True, slots=True)
class Entry:
    """A member. `local` and `central` replace single fields of its two headers; `descriptor` stands behind it."""

    name: bytes
    content: bytes = b""
    method: int = DEFLATED
    mode: int = REGULAR
    flags: int = 0
    packed: bytes | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    descriptor: bytes = b""
    before: bytes = b""
    """Foreign bytes in front of the member."""
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)

    def pack(self) -> bytes:
        """The content as it stands in the archive."""
        if self.packed is not None:
            return self.packed
        if self.method == STORED:
            return self.content
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return deflater.compress(self.content) + deflater.flush()


@dataclass(frozen=True, slots=True)
class Ending:
    """What stands around the members. `end` replaces fields of the directory's end."""

    before_directory: bytes = b""
    after_directory: bytes = b""
    comment: bytes = b""
    wide: bool = False
    """With a 64-bit record of the directory's place."""
    wide_fields: dict[str, int] = field(default_factory=dict)
    end: dict[str, int] = field(default_factory=dict)


def make_zip(entries: Sequence[Entry], ending: Ending | None = None) -> bytes:
    """An archive."""
    ending = ending or Ending()
    body = b""
    directory = b""
    for entry in entries:
        packed = entry.pack()
        body += entry.before
        fields: dict[str, Any] = {
            "signature": b"PK\3\4",
            "flags": entry.flags,
            "method": entry.method,
            "checksum": zlib.crc32(entry.content),
            "packed_size": len(packed),
            "size": len(entry.content),
            "name": entry.name,
        }
        central: dict[str, Any] = {
            **fields,
            "signature": b"PK\1\2",
            "offset": len(body),
            "disk": 0,
            "comment": b"",
        } | entry.central
        local = fields | entry.local
        body += struct.pack(
            "<4s5H3L2H",
            local["signature"],
            20,
            local["flags"],
            local["method"],
            0,
            0x21,
            local["checksum"],
            local["packed_size"],
            local["size"],
            len(local["name"]),
            len(entry.local_extra),
        )
        body += local["name"] + entry.local_extra + packed + entry.descriptor
        directory += struct.pack(
            "<4s6H3L5H2L",
            central["signature"],
            0x0314,
            20,
            central["flags"],
            central["method"],
            0,
            0x21,
            central["checksum"],
            central["packed_size"],
            central["size"],
            len(central["name"]),
            len(entry.extra),
            len(central["comment"]),
            central["disk"],
            0,
            entry.mode << 16,
            central["offset"],
        )
        directory += central["name"] + entry.extra + central["comment"]
    body += ending.before_directory
    return body + directory + ending.after_directory + _make_end(len(body), len(directory), len(entries), ending)


def _make_end(start: int, size: int, count: int, ending: Ending) -> bytes:
    known = {"disk": 0, "directory_disk": 0, "here": count, "count": count, "size": size, "start": start}
    wide = known | {"length": 44, "place": start + size, "disks": 1} | ending.wide_fields
    record = b""
    if ending.wide:
        record = struct.pack(
            "<4sQ2H2L4Q",
            b"PK\6\6",
            wide["length"],
            45,
            45,
            wide["disk"],
            wide["directory_disk"],
            wide["here"],
            wide["count"],
            wide["size"],
            wide["start"],
        ) + struct.pack("<4sLQL", b"PK\6\7", 0, wide["place"], wide["disks"])
    end = known | ending.end
    order = ("disk", "directory_disk", "here", "count", "size", "start")
    numbers = (end[key] for key in order)
    return record + struct.pack("<4s4H2LH", b"PK\5\6", *numbers, len(ending.comment)) + ending.comment


def descriptor(
    content: bytes, packed_size: int, *, signed: bool = True, wide: bool = False, checksum: int = 0
) -> bytes:
    """What stands behind content whose size was not known before it; `checksum` is added to the right one."""
    numbers = (zlib.crc32(content) + checksum, packed_size, len(content))
    return (b"PK\7\x08" if signed else b"") + struct.pack("<LQQ" if wide else "<LLL", *numbers)


def zip64_extra(*numbers: int) -> bytes:
    """The extra field with sizes and offset of 64 bits."""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)
