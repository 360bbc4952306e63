"""Equal files of the store share one inode: `<base>/links` holds a link to each distinct one, named by its content.

A link there is believed only after its content, mode and time were compared: a file that somebody changed, or that a
power cut left short, must not spread into new objects; it is replaced. Sharing is a saving and no duty, so whatever
prevents it (too many links to one file, a full directory, a file system without hard links) is passed over (FAULTS
B-13, D-14).
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from devenv.fault_points import fault_point
from devenv.fsutil import OPEN_DIRECTORY, TEMPORARY_PREFIX, temporary_name

READ_BYTES = 1 << 20
OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FILE_MODE = 0o444
EXECUTABLE_MODE = 0o555
NORMAL_TIMES = (1_000_000_000, 1_000_000_000)
"""Of access and modification, in nanoseconds: one second after the epoch, not zero, which some take for «no time»."""
NAME_DIGITS = 40
"""Hexadecimal digits of a link's name: 160 bits of BLAKE3, as in store paths; an `x` follows for executables."""


class FileLinks:
    """The links of one store, and the way into them. A context manager; may be used from several threads."""

    def __init__(self, directory: Path) -> None:
        self._directory = os.open(directory, OPEN_DIRECTORY | os.O_NOFOLLOW)

    def __enter__(self) -> FileLinks:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._directory)

    def put(self, link: str, content: bytes, name: bytes, parent: int) -> bool:
        """Make `name` in the directory `parent` a link to `link`; False where there is none with this content."""
        with contextlib.suppress(OSError):
            # Most files are new, and to be told so by an exception takes three times as long.
            if os.access(link, os.F_OK, dir_fd=self._directory, follow_symlinks=False) and self._holds(link, content):
                os.link(link, name, src_dir_fd=self._directory, dst_dir_fd=parent, follow_symlinks=False)
                return True
        return False

    def _holds(self, link: str, content: bytes) -> bool:
        """Whether the link is there with this content; if it was changed, it goes. Raises FileNotFoundError."""
        descriptor = os.open(link, OPEN_FILE, dir_fd=self._directory)
        try:
            if _is_normal(link, descriptor) and os.read(descriptor, len(content) + 1) == content:
                return True
        finally:
            os.close(descriptor)
        os.unlink(link, dir_fd=self._directory)
        return False

    def offer(self, link: str, name: bytes, parent: int) -> None:
        """Let later files equal to `name` in `parent`, whose content `link` names, share its inode."""
        with contextlib.suppress(OSError):
            fault_point("links.offer")
            os.link(name, link, src_dir_fd=parent, dst_dir_fd=self._directory, follow_symlinks=False)

    def share(self, link: str, name: bytes, parent: int) -> None:
        """Like `offer`; where an equal file is known, `name` becomes a link to that one. For files of any size."""
        temporary = temporary_name()
        try:
            if not self._equals(link, name, parent):
                os.unlink(link, dir_fd=self._directory)
                raise FileNotFoundError
            os.link(link, temporary, src_dir_fd=self._directory, dst_dir_fd=self._directory, follow_symlinks=False)
            os.replace(temporary, name, src_dir_fd=self._directory, dst_dir_fd=parent)
        except FileNotFoundError:
            self.offer(link, name, parent)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=self._directory)

    def _equals(self, link: str, name: bytes, parent: int) -> bool:
        """Whether the link is normal and both files have the same content. Raises FileNotFoundError without a link."""
        with (
            open(os.open(link, OPEN_FILE, dir_fd=self._directory), "rb", buffering=0) as known,
            open(os.open(name, OPEN_FILE, dir_fd=parent), "rb", buffering=0) as new,
        ):
            if not _is_normal(link, known.fileno()):
                return False
            while piece := new.read(READ_BYTES):
                if known.read(READ_BYTES) != piece:
                    return False
            return not known.read(1)

    def iter_unused(self) -> Iterator[tuple[str, int]]:
        """Links that no object shares any more, each with the bytes that it occupies on the disk."""
        with os.scandir(self._directory) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode) and (
                        status.st_nlink == 1 or entry.name.startswith(TEMPORARY_PREFIX)
                    ):
                        yield entry.name, status.st_blocks * 512

    def remove_unused(self) -> None:
        """Give back what only links hold, as far as that can be done."""
        with contextlib.suppress(OSError):
            for link, _ in self.iter_unused():
                self.remove(link)

    def remove(self, link: str) -> None:
        """Remove a link. One that has just been taken again only loses its further sharers."""
        with contextlib.suppress(FileNotFoundError):
            fault_point("links.remove")
            os.unlink(link, dir_fd=self._directory)


def _is_normal(link: str, descriptor: int) -> bool:
    """Whether the open file `link` still has the mode and the time of a store's file: its content can be compared."""
    status = os.fstat(descriptor)
    mode = EXECUTABLE_MODE if link.endswith("x") else FILE_MODE
    return status.st_mode == stat.S_IFREG | mode and status.st_mtime_ns == NORMAL_TIMES[1]


def link_name(content: blake3, executable: bool) -> str:
    """What the link to a file with this content is called."""
    return content.hexdigest()[:NAME_DIGITS] + ("x" if executable else "")
