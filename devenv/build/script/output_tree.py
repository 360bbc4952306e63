"""Walks over what a build script left, and follows nothing of it (FAULTS J-06, J-07, the shape of CVE-2026-39860).

Each step is relative to an open directory and refuses links. What the script made unreadable is made readable. What no
object can hold is refused here: special files, set-id bits, trees too deep or too large.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

from msgspec import Struct

from devenv.build.script.scope import Scope, join
from devenv.errors import BuildError
from devenv.fsutil import NamedErrors
from devenv.nar.nodes import MAX_DEPTH
from devenv.store.links import OPEN_FILE
from devenv.store.tree import OPEN_REAL_DIRECTORY

MAX_ENTRIES = 2_000_000
"""Files, directories and links of one output; the largest packages have some 200,000."""
MAX_OUTPUT_BYTES = 64 << 30
"""Of all files together, holes included: a sparse file says how long it is, and would be read all."""

SET_ID = stat.S_ISUID | stat.S_ISGID


class Entry(Struct, frozen=True, gc=False):
    """Something in the output. `directory` is open until the next one is asked for."""

    path: bytes
    kind: int
    """The file type bits of its mode: a file's, a directory's or a link's."""
    executable: bool
    directory: int
    """The descriptor of the directory that holds it."""
    name: bytes
    """What it is called there."""


class OutputTree:
    """The output on the disk. A context manager."""

    def __init__(self, scope: Scope) -> None:
        """Raises BuildError (`output-missing`) where there is none."""
        place = scope.request.tree
        self._scope = scope
        self._name = os.fsencode(place.name)
        self.named = NamedErrors(place)
        """Lets errors of the system name the output."""
        self._parent = os.open(place.parent, OPEN_REAL_DIRECTORY)
        try:
            os.stat(self._name, dir_fd=self._parent, follow_symlinks=False)
        except FileNotFoundError as error:
            self.close()
            raise BuildError(
                f"{scope.shown(b'')} was not made: its script ended without an error, but `$out` does not exist",
                hint="let the install phase write to `$out`",
                slug="output-missing",
            ) from error

    def __enter__(self) -> OutputTree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        os.close(self._parent)

    def iter_entries(self) -> Iterator[Entry]:
        """Everything in it, the root first, what is in a directory behind it and sorted by bytes.

        Raises BuildError on what no object can hold.
        """
        stack: list[tuple[int, bytes, list[bytes]]] = [(self._parent, b"", [self._name])]
        count = 0
        size = 0
        try:
            while stack:
                directory, above, names = stack[-1]
                if not names:
                    stack.pop()
                    if stack:
                        os.close(directory)
                    continue
                name = names.pop()
                path = join(above, name) if len(stack) > 1 else b""
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
                self._check(path, status)
                if len(stack) > MAX_DEPTH:
                    raise self._too_large(path, f"lies deeper than {MAX_DEPTH - 1} levels")
                size += status.st_size if stat.S_ISREG(status.st_mode) else 0
                if size > MAX_OUTPUT_BYTES:
                    raise self._too_large(path, f"is where its files have more than {MAX_OUTPUT_BYTES >> 30} GiB")
                yield Entry(path, stat.S_IFMT(status.st_mode), bool(status.st_mode & stat.S_IXUSR), directory, name)
                if stat.S_ISDIR(status.st_mode):
                    stack.append((_open_directory(directory, name, status), path, []))
                    stack[-1][2].extend(self._read_names(stack[-1][0], path, MAX_ENTRIES - count))
                    count += len(stack[-1][2])
        finally:
            for directory, _, _ in stack[1:]:
                os.close(directory)

    def _read_names(self, directory: int, path: bytes, most: int) -> list[bytes]:
        """The last one first."""
        names: list[bytes] = []
        with os.scandir(directory) as entries:
            for entry in entries:
                names.append(os.fsencode(entry.name))
                if len(names) > most:
                    raise self._too_large(path, f"is where it has more than {MAX_ENTRIES} files")
        names.sort(reverse=True)
        return names

    def _check(self, path: bytes, status: os.stat_result) -> None:
        kind = stat.S_IFMT(status.st_mode)
        if kind not in {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}:
            found = SPECIAL_KINDS.get(kind, "no file, directory or link")
            raise BuildError(
                f"{self._scope.shown(path)} is {found}, which no package can hold",
                hint="let the install phase delete it",
                slug="output-special-file",
            )
        # A directory's set-group bit says who owns what is made in it, and may come from the directory above.
        if kind == stat.S_IFREG and status.st_mode & SET_ID:
            raise BuildError(
                f"{self._scope.shown(path)} has a set-id bit: no package can give the rights of another user",
                hint="let the install phase take it away: `chmod u-s,g-s`",
                slug="output-set-id",
            )

    def _too_large(self, path: bytes, what: str) -> BuildError:
        return BuildError(
            f"{self._scope.shown(path)} {what}", slug="output-too-large", hint="let the install phase install less"
        )

    def open_file(self, path: bytes) -> int | None:
        """A descriptor of the file at `path`; None if there is no file, or a link on the way."""
        names = [self._name, *path.split(b"/")] if path else [self._name]
        directory = os.dup(self._parent)
        try:
            for name in names[:-1]:
                below = os.open(name, OPEN_REAL_DIRECTORY, dir_fd=directory)
                os.close(directory)
                directory = below
            if not stat.S_ISREG(os.stat(names[-1], dir_fd=directory, follow_symlinks=False).st_mode):
                return None
            return open_file(directory, names[-1])
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            return None
        finally:
            os.close(directory)


SPECIAL_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_file(directory: int, name: bytes) -> int:
    """Open the regular file `name` in `directory` to read it, whatever its mode."""
    with contextlib.suppress(PermissionError):
        return os.open(name, OPEN_FILE, dir_fd=directory)
    # No file of mode 0000 can be opened to be changed: its mode changes by name. All processes of the build are dead.
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if stat.S_ISREG(status.st_mode):
        os.chmod(name, stat.S_IMODE(status.st_mode) | stat.S_IRUSR, dir_fd=directory)
    return os.open(name, OPEN_FILE, dir_fd=directory)


def _open_directory(directory: int, name: bytes, status: os.stat_result) -> int:
    """Open the directory `name` in `directory`, whatever its mode, if it still is the one that `status` describes."""
    if status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(name, stat.S_IRWXU, dir_fd=directory)
    descriptor = os.open(name, OPEN_REAL_DIRECTORY, dir_fd=directory)
    if not os.path.samestat(os.fstat(descriptor), status):
        os.close(descriptor)
        raise OSError(errno.ESTALE, "a directory was moved while it was being read", os.fsdecode(name))
    return descriptor
