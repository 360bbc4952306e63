"""A project's source as a tree of nodes, which the store takes in and a build sees a copy of.

What is read is what `files` lists, each file once and through descriptors, so that no link on the way is followed
(FAULTS F-16). Links are kept as they are, wherever they lead: in the sandbox there is nothing else for them to lead to.
Of a file only its content and whether its owner may execute it count. What is no file, directory or link is an error
that names it (H-11), and so is a file that changes while it is read: half of one state and half of another is none.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from devenv.build.project.files import SourceRules, list_files
from devenv.errors import BuildError
from devenv.fsutil import OPEN_DIRECTORY, NamedErrors
from devenv.nar.nodes import Directory, File, Node, NodePath, Symlink
from devenv.sizes import format_size

READ_BYTES = 1 << 20
BYTES_LIMIT = 16 << 30
"""Bytes of one source. Where there are more, something was caught up that was not meant."""

OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
OPEN_REAL_DIRECTORY = OPEN_DIRECTORY | os.O_NOFOLLOW

GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""What opening a directory says where it was removed, or something else stands in its place."""


def iter_source(project: Path, source: str, rules: SourceRules) -> Iterator[Node]:
    """The nodes of `source`, a path in the directory `project` as a manifest has it: a tree, or a single file.

    A file's content can be read until the next node is asked for. Raises BuildError as `list_files` does, and
    (`source-changed`, `source-empty`, `source-invalid`, `source-missing`); OSError.
    """
    project = project.resolve()
    place = project / source
    with contextlib.closing(_Descriptors(project)) as opened, NamedErrors(place):
        kind = _kind_of(opened, source)
        if stat.S_ISREG(kind):
            *above, name = os.fsencode(source).split(b"/")
            yield from _Reading(opened, project, rules).read_file((*above, name), ())
        elif stat.S_ISDIR(kind):
            yield from _iter_tree(place, rules)
        else:
            hint = "name what it leads to" if stat.S_ISLNK(kind) else "name a file or a directory"
            raise BuildError(f"the source `{place}` is no file or directory", hint=hint, slug="source-invalid")


def _iter_tree(directory: Path, rules: SourceRules) -> Iterator[Node]:
    paths = list_files(directory, rules)
    with contextlib.closing(_Descriptors(directory)) as opened:
        yield Directory(())
        reading = _Reading(opened, directory, rules)
        written: NodePath = ()
        is_empty = True
        for path in paths:
            for node in reading.read(path):
                for depth in range(_count_common(written, path[:-1]) + 1, len(path)):
                    yield Directory(path[:depth])
                written, is_empty = path[:-1], False
                yield node
    if is_empty:
        raise BuildError(
            f"the source `{directory}` has no files",
            hint="in a git work tree, what git ignores is no source: `git status --ignored`",
            slug="source-empty",
        )


def _count_common(one: NodePath, other: NodePath) -> int:
    count = 0
    for own, its in zip(one, other, strict=False):
        if own != its:
            break
        count += 1
    return count


def _kind_of(opened: _Descriptors, source: str) -> int:
    """The mode of what `source` is. Raises BuildError where it is not there, or a link stands on the way to it."""
    *above, name = os.fsencode(source).split(b"/")
    directory = opened.find(tuple(above))
    try:
        if directory is None:
            raise FileNotFoundError
        return os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
    except FileNotFoundError as error:
        raise BuildError(
            f"the project has no `{source}`",
            hint="a path in `devenv.toml` is relative to its directory, and no directory on the way is a link",
            slug="source-missing",
        ) from error


class _Descriptors:
    """The directories on the way to the entry that is being read, kept open. None of them is a link."""

    def __init__(self, top: Path) -> None:
        self._opened: list[tuple[bytes, int]] = [(b"", os.open(top, OPEN_DIRECTORY))]

    def find(self, path: NodePath) -> int | None:
        """The directory at `path`; None where it is none, or not there."""
        names = (b"", *path)
        common = _count_common(tuple(name for name, _ in self._opened), names)
        while len(self._opened) > common:
            os.close(self._opened.pop()[1])
        for name in names[common:]:
            try:
                self._opened.append((name, os.open(name, OPEN_REAL_DIRECTORY, dir_fd=self._opened[-1][1])))
            except OSError as error:
                if error.errno in GONE:
                    return None
                raise
        return self._opened[-1][1]

    def close(self) -> None:
        """Close all of them."""
        while self._opened:
            os.close(self._opened.pop()[1])


class _Reading:
    """Makes nodes of what stands at paths below `directory`."""

    def __init__(self, opened: _Descriptors, directory: Path, rules: SourceRules) -> None:
        self._opened = opened
        self._directory = directory
        self._store = None if rules.store is None else os.fsencode(rules.store) + b"/"
        self._left = BYTES_LIMIT

    def read(self, path: NodePath) -> Iterator[Node]:
        """The entry at `path`; nothing where there is none, or only a directory."""
        parent = self._opened.find(path[:-1])
        if parent is None:
            return
        try:
            yield from self.read_file(path, path)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.EMLINK}:
                yield from self._read_link(path, parent)
            elif error.errno == errno.ENXIO:
                raise self._special(path) from error
            elif error.errno != errno.ENOENT:
                error.filename = str(self._name(path))
                raise

    def read_file(self, path: NodePath, shown: NodePath) -> Iterator[Node]:
        """The regular file at `path` as the node `shown`. Raises OSError where it cannot be opened."""
        parent = self._opened.find(path[:-1])
        assert parent is not None
        descriptor = os.open(path[-1], OPEN_FILE, dir_fd=parent)
        try:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                return
            if not stat.S_ISREG(status.st_mode):
                raise self._special(path)
            self._left -= status.st_size
            if self._left < 0:
                raise BuildError(
                    f"the source `{self._directory}` has more than {format_size(BYTES_LIMIT)}",
                    hint="name a smaller `source`, or have git ignore what does not belong to it",
                    slug="source-too-large",
                )
            executable = bool(status.st_mode & stat.S_IXUSR)
            yield File(shown, executable, status.st_size, self._read_pieces(descriptor, status, path))
        finally:
            os.close(descriptor)

    def _read_link(self, path: NodePath, parent: int) -> Iterator[Node]:
        target = os.readlink(path[-1], dir_fd=parent)
        if self._store is None or not target.startswith(self._store):
            yield Symlink(path, target)

    def _read_pieces(self, descriptor: int, status: os.stat_result, path: NodePath) -> Iterable[bytes]:
        """The content: exactly what was there when the file was opened."""
        left = status.st_size
        try:
            is_over = False
            while not is_over:
                # One byte more than there should be shows what was appended meanwhile; fewer bytes show the end.
                wanted = min(left + 1, READ_BYTES)
                piece = os.read(descriptor, wanted)
                left -= len(piece)
                is_over = len(piece) < wanted or left < 0
                if piece and left >= 0:
                    yield piece
            after = os.fstat(descriptor)
        except OSError as error:
            error.filename = str(self._name(path))
            raise
        if left != 0 or (after.st_mtime_ns, after.st_ctime_ns) != (status.st_mtime_ns, status.st_ctime_ns):
            raise BuildError(
                f"`{self._name(path)}` changed while it was read",
                hint="wait until nothing writes there any more, and run the command again",
                slug="source-changed",
            )

    def _special(self, path: NodePath) -> BuildError:
        return BuildError(
            f"`{self._name(path)}` is no file, directory or link",
            hint="remove it, or have git ignore it",
            slug="source-invalid",
        )

    def _name(self, path: NodePath) -> Path:
        return self._directory.joinpath(*map(os.fsdecode, path))
