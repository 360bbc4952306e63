"""Debian packages byte by byte, for tests: correct by default, wrong wherever a test says so.

The forms are those of deb(5) and of GNU tar's manual, written here independently of what reads them.
"""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import zstandard

FILE, HARD_LINK, SYMLINK, DIRECTORY = b"0", b"1", b"2", b"5"
LONG_TARGET, LONG_NAME = b"K", b"L"
USTAR, GNU, V7 = b"ustar\x0000", b"ustar  \0", bytes(8)
BLOCK = 512
TAR_END = bytes(2 * BLOCK)
LONGEST_NAME = 100

PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "": lambda content: content,
    ".gz": lambda content: gzip.compress(content, mtime=0),
    ".xz": lambda content: lzma.compress(content, preset=0),
    ".zst": lambda content: zstandard.ZstdCompressor().compress(content),
}
"""By the ending of the member's name."""

CONTROL = b"Package: greeting\nVersion: 1.0-1\nArchitecture: amd64\nMaintainer: Nobody <nobody@greeting.example>\n"


@dataclass(frozen=True, slots=True)
class TarEntry:
    """A member of a tar archive. What is not None replaces a field of its header, as it will stand there."""

    name: bytes
    content: bytes = b""
    kind: bytes = FILE
    mode: int = 0o644
    target: bytes = b""
    magic: bytes = GNU
    prefix: bytes = b""
    size: bytes | None = None
    checksum: bytes | None = None
    padding: bytes | None = None
    """What fills the content's last block."""

    def pack(self) -> bytes:
        """Header and content, with headers for a long name and a long target in front where they are needed."""
        long = b""
        if self.magic == GNU and len(self.target) > LONGEST_NAME:
            long += TarEntry(b"././@LongLink", self.target + b"\0", LONG_TARGET).pack()
        if self.magic == GNU and len(self.name) > LONGEST_NAME:
            long += TarEntry(b"././@LongLink", self.name + b"\0", LONG_NAME).pack()
        padding = bytes(-len(self.content) % BLOCK) if self.padding is None else self.padding
        return long + self.header() + self.content + padding

    def header(self) -> bytes:
        """The 512 bytes in front of the content."""
        size = b"%011o\0" % len(self.content) if self.size is None else self.size
        front = self.name[:100].ljust(100, b"\0") + b"%07o\0" % self.mode + b"0000000\0" * 2 + size.ljust(12, b"\0")
        front += b"14371573222\0"
        behind = self.kind + self.target[:100].ljust(100, b"\0") + self.magic.ljust(8, b"\0")
        behind += bytes(80) + self.prefix.ljust(167, b"\0")
        checksum = b"%06o\0 " % (sum(front) + sum(behind) + 8 * ord(" "))
        return front + (checksum if self.checksum is None else self.checksum) + behind


def directory(name: bytes, mode: int = 0o755) -> TarEntry:
    return TarEntry(name, kind=DIRECTORY, mode=mode)


def symlink(name: bytes, target: bytes) -> TarEntry:
    return TarEntry(name, kind=SYMLINK, target=target, mode=0o777)


def hard_link(name: bytes, target: bytes) -> TarEntry:
    return TarEntry(name, kind=HARD_LINK, target=target)


def make_tar(entries: Sequence[TarEntry], end: bytes = TAR_END) -> bytes:
    """An archive, not compressed."""
    return b"".join(entry.pack() for entry in entries) + end


def make_ar(members: Sequence[tuple[bytes, bytes]]) -> bytes:
    """An archive of names and contents."""
    packed = [ar_header(name, len(content)) + content + b"\n" * (len(content) % 2) for name, content in members]
    return b"!<arch>\n" + b"".join(packed)


def ar_header(name: bytes, size: int | bytes, ending: bytes = b"`\n", mode: bytes = b"100644") -> bytes:
    """The 60 bytes in front of a member; `size` as bytes stands there as it is."""
    length = b"%d" % size if isinstance(size, int) else size
    fields = (name.ljust(16), b"1700000000".ljust(12), b"0".ljust(6), b"0".ljust(6), mode.ljust(8), length.ljust(10))
    return b"".join(fields) + ending


def make_deb(
    entries: Sequence[TarEntry], control: Mapping[str, bytes] | None = None, *, compression: str = ".xz"
) -> bytes:
    """A package that installs `entries`; `control` are the files about it, a plain `control` where nothing is given.

    Directories above the entries are added, as dpkg wants them.
    """
    about = {"control": CONTROL} | dict(control or {})
    files = [directory(b"./"), *(TarEntry(b"./" + name.encode(), text) for name, text in sorted(about.items()))]
    return make_raw_deb(make_tar(files), make_tar(with_parents(entries)), compression=compression)


def make_raw_deb(control: bytes, data: bytes, *, compression: str = ".xz") -> bytes:
    """A package of two tar archives, whatever they hold."""
    pack = PACKERS[compression]
    return make_ar(
        [
            (b"debian-binary", b"2.0\n"),
            (f"control.tar{compression}".encode(), pack(control)),
            (f"data.tar{compression}".encode(), pack(data)),
        ]
    )


def with_parents(entries: Sequence[TarEntry]) -> list[TarEntry]:
    """The same in `./` form behind their directories, those of theirs that have no entry of their own added."""
    own = {_plain(entry.name) for entry in entries}
    found: list[TarEntry] = [directory(b"./")]
    seen: set[bytes] = {b"", *own}
    for entry in entries:
        names = _plain(entry.name).split(b"/")
        for depth in range(1, len(names)):
            parent = b"/".join(names[:depth])
            if parent not in seen:
                seen.add(parent)
                found.append(directory(b"./" + parent + b"/"))
        found.append(entry)
    return found


def _plain(name: bytes) -> bytes:
    return name.removeprefix(b"./").removesuffix(b"/")
