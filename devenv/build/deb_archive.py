"""Reads Debian packages: what they install, as data, and the few words of theirs that a builder may read (deb(5)).

A .deb is an `ar` archive of three members in a fixed order (FAULTS I-12): its format's version, a tar archive about the
package, a tar archive of what it installs. Nothing here runs, and nothing is created but the content of one temporary
file: where what the package installs may go is the builder's question.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from devenv.build.ar_archive import ArMember, InvalidArError, iter_ar_content, read_ar_members
from devenv.build.tar_archive import Budget, TarMember, iter_tar_members
from devenv.build.tar_header import InvalidTarError, TarKind
from devenv.compression import Compression, InvalidStreamError, iter_decompressed, limit_of
from devenv.errors import BuildError

VERSION_NAME = "debian-binary"
VERSION = b"2.0\n"
CONTROL_NAMES = {f"control.tar{compression}" for compression in Compression}
DATA_NAMES = {f"data.tar{compression}" for compression in Compression}
CONTROL_FILES = {"conffiles", "control", "postinst", "postrm", "preinst", "prerm", "triggers"}
"""What a builder reads. The others are check sums, of which there are many, and translations of questions."""
MAX_CONTROL_FILE_BYTES = 1 << 20
SPOOL_BYTES = 1 << 20
"""Small files are written to the spool so many bytes at once."""


class DebMember(Struct, frozen=True):
    """Something that the package installs, by its path below the root directory (`usr/bin/x`: names would take more).

    The content of a FILE is the `size` bytes from `offset` in the spool. `target` is that of a SYMLINK, unchanged.
    `link` is the path of the FILE that a HARD_LINK is another name for; that one is no member if it was not kept.
    """

    path: bytes
    kind: TarKind
    executable: bool
    offset: int
    size: int
    target: bytes | None
    link: bytes | None


class UnpackedDeb(Struct, frozen=True):
    """A package: its control files by name (`control` is always there), and its kept members in the order they came."""

    control: Mapping[str, bytes]
    members: tuple[DebMember, ...]


def unpack_deb(
    path: Path, name: str, spool: int, keep: Callable[[bytes], bool], budget: Budget | None = None
) -> UnpackedDeb:
    """Read the package at `path`, which errors call `name`.

    `spool` is the descriptor of a file, to whose end the contents of the kept files are written one after another.
    `keep` is asked for each member by its path (`usr/share/doc/x`). What the package holds counts towards `budget`. May
    be called by several threads for different packages and spools. Raises BuildError (`archive-invalid`).
    """
    with _refusals(f"`{name}`"), _opened(path) as descriptor:
        control, data = _find_parts(descriptor)
        with _refusals(f"`{control.name}` of `{name}`"):
            about = _read_control(_iter_part(descriptor, control, None))
            if budget is not None:
                budget.take(path_bytes=sum(map(len, about.values())))
        with _refusals(f"`{data.name}` of `{name}`"):
            return UnpackedDeb(about, _unpack(_iter_part(descriptor, data, budget), spool, keep))


@contextlib.contextmanager
def _refusals(subject: str) -> Iterator[None]:
    """Errors of the formats become ours, about `subject`."""
    try:
        yield
    except (InvalidArError, InvalidStreamError, InvalidTarError) as error:
        raise BuildError(f"the archive {subject} is not accepted: {error}", slug="archive-invalid") from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _find_parts(descriptor: int) -> tuple[ArMember, ArMember]:
    """The archive about the package, and that of what it installs. Raises InvalidArError unless all is in order."""
    members = read_ar_members(descriptor)
    names = [member.name for member in members]
    if len(members) != 3 or names[0] != VERSION_NAME or names[1] not in CONTROL_NAMES or names[2] not in DATA_NAMES:
        raise InvalidArError(f"its members are {', '.join(names)}, not those of a Debian package")
    version, control, data = members
    if version.size != len(VERSION) or b"".join(iter_ar_content(descriptor, version)) != VERSION:
        raise InvalidArError("it is not of Debian's package format 2.0")
    return control, data


def _iter_part(descriptor: int, part: ArMember, budget: Budget | None) -> Iterator[TarMember]:
    kind = Compression(part.name.partition(".tar")[2])
    packed = iter_ar_content(descriptor, part)
    return iter_tar_members(iter_decompressed(packed, kind, limit_of(part.size)), budget)


def _read_control(members: Iterable[TarMember]) -> dict[str, bytes]:
    """The files about the package. Raises InvalidTarError where there is no `control`, or anything but files."""
    found: dict[str, bytes] = {}
    for member in members:
        if member.kind is not TarKind.FILE or len(member.path) != 1:
            raise InvalidTarError(f"{b'/'.join(member.path)!r} is none of the files that are about a package")
        name = member.path[0].decode("ascii", errors="replace")
        if name in CONTROL_FILES:
            if member.size > MAX_CONTROL_FILE_BYTES:
                raise InvalidTarError(f"`{name}` is larger than {MAX_CONTROL_FILE_BYTES} bytes")
            found[name] = b"".join(member.content)
    if "control" not in found:
        raise InvalidTarError("there is no `control` in it")
    return found


def _unpack(members: Iterable[TarMember], spool: int, keep: Callable[[bytes], bool]) -> tuple[DebMember, ...]:
    # Closed in any case: a buffer that is left behind would be written later, when the descriptor is another file's.
    with open(spool, "wb", buffering=SPOOL_BYTES, closefd=False) as file:
        return tuple(_iter_kept(members, file, keep))


def _iter_kept(members: Iterable[TarMember], spool: BinaryIO, keep: Callable[[bytes], bool]) -> Iterator[DebMember]:
    offset = spool.seek(0, os.SEEK_END)
    for member in members:
        path, kind, size = b"/".join(member.path), member.kind, member.size
        if keep(path):
            spool.writelines(member.content)
            link = None if member.link is None else b"/".join(member.link)
            yield DebMember(path, kind, member.executable, offset, size, member.target, link)
            offset += size
