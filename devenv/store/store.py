"""The store: adds objects, finds them, checks them.

Adding is one pass over a stream of nodes: the same bytes are written to fresh inodes, hashed and scanned. The order
is that of DESIGN section 3: files and directories durable, rename without replacing, store directory durable, row
committed. A crash before the row leaves an unfinished name (`.tmp-…`, removed by the next process that adds something)
or a complete directory without a row, which is checked by its own name before it is believed.
"""

from __future__ import annotations

import bisect
import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from devenv.errors import StoreError
from devenv.fsutil import (
    TEMPORARY_PREFIX,
    delete_tree,
    locked,
    make_private_directory,
    rename_new,
    sync_directory,
    temporary_name,
)
from devenv.nar.nodes import File, Node, NodePath, Symlink
from devenv.nar.writer import NarWriter
from devenv.settings import Settings
from devenv.store.address import AddressHasher
from devenv.store.database import StoreDatabase
from devenv.store.tree import NORMAL_TIME_NS, TreeWriter, iter_tree, sync_tree
from devenv.store_path import StorePath, store_root


@dataclass(frozen=True, slots=True)
class Output:
    """What is to become an object: its nodes, its name, how it calls itself, and what it may refer to.

    `scratch` is the 32-character digest under which the nodes refer to the object itself.
    """

    nodes: Iterable[Node]
    name: str
    scratch: str
    candidates: frozenset[StorePath] = frozenset()


@dataclass(frozen=True, slots=True)
class _Written:
    digest: str
    size: int
    references: frozenset[str]
    self_references: tuple[int, ...]
    files: tuple[tuple[int, NodePath], ...]
    """Where in the archive the content of each file begins, in order."""


class Store:
    """The store below `settings.base`. May be used from several threads and by several processes at once."""

    def __init__(self, settings: Settings) -> None:
        self._base = settings.base
        self.root = store_root(settings.base)
        """The 80-byte directory that the objects lie in."""
        try:
            make_private_directory(self.root)
            make_private_directory(self._base / "locks")
        except OSError as error:
            raise StoreError(
                f"the store cannot be made at `{self._base}`: {error.strerror}",
                hint="set `base` in `~/.config/devenv/settings.toml` to a directory that you can write to",
                slug="store-unusable",
            ) from error
        self._database = StoreDatabase(self._base / "store.sqlite")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def path(self, path: StorePath) -> Path:
        """Where the object lies."""
        return self.root / str(path)

    def is_valid(self, path: StorePath) -> bool:
        """Whether the object is registered and there."""
        return self._database.is_valid(path) and os.path.lexists(self.path(path))

    def is_complete(self, path: StorePath) -> bool:
        """Whether the object and everything it refers to is registered and there."""
        return self._database.is_valid(path) and all(
            os.path.lexists(self.path(member)) for member in self._database.closure(path)
        )

    def find_realisation(self, derivation: str, output: str) -> StorePath | None:
        """The object that this output is known to be, if it and its closure are there; a stale entry is dropped."""
        path = self._database.find_realisation(derivation, output)
        if path is None:
            return None
        for member in self._database.closure(path):
            if not os.path.lexists(self.path(member)):
                self._database.forget_object(member)
        return path if self._database.is_valid(path) else None

    def register_realisation(self, derivation: str, output: str, path: StorePath) -> None:
        """Remember what an output is. The object must be valid."""
        self._database.register_realisation(derivation, output, path)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock `name` (a digest: of a derivation, of a path) against threads and processes."""
        with locked(self._base / "locks" / name):
            yield

    def add(self, output: Output) -> StorePath:
        """Write, hash, scan and register one object; returns its path, new or known before.

        Raises StoreError where the output refers to itself in a file name, holds the canonical root, or cannot be
        archived. On any failure nothing of it stays visible.
        """
        name = temporary_name()
        with locked(self._base / "locks" / name):
            self._remove_abandoned()
            temporary = self.root / name
            try:
                written = self._write(output, temporary)
                path = StorePath(written.digest, output.name)
                if not self.is_valid(path):
                    _patch_self_references(temporary, written, output.scratch)
                    sync_tree(temporary)
                    self._install(temporary, path, written, output.candidates)
            finally:
                delete_tree(temporary)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._base / "locks" / name)
        return path

    def _write(self, output: Output, temporary: Path) -> _Written:
        hasher = AddressHasher(
            os.fsencode(self.root), output.scratch, (candidate.digest for candidate in output.candidates)
        )
        archive = NarWriter(hasher.update)
        tree = TreeWriter(temporary.parent, temporary.name)
        files = []
        try:
            for node in output.nodes:
                if node.path and output.scratch.encode() in node.path[-1]:
                    raise StoreError(
                        f"`{os.fsdecode(node.path[-1])}`: a file name must not hold the path of its own object",
                        slug="self-reference-in-name",
                    )
                sink = tree.begin(node)
                if isinstance(node, File):
                    archive.add(node, sink)
                    files.append((archive.content_start, node.path))
                    tree.end_file(executable=node.executable)
                else:
                    archive.add(node)
            size = archive.finish()
            tree.close()
        except ValueError as error:
            raise StoreError(f"`{output.name}` cannot be archived: {error}", slug="tree-invalid") from error
        finally:
            tree.abandon()
        return _Written(
            hasher.finish(), size, frozenset(hasher.references), tuple(hasher.self_references), tuple(files)
        )

    def _install(self, temporary: Path, path: StorePath, written: _Written, candidates: frozenset[StorePath]) -> None:
        with self.lock(path.digest):
            final = self.path(path)
            if os.path.lexists(final) and not self.is_valid(path) and compute_address(self.root, path) != path.digest:
                delete_tree(final)
            with contextlib.suppress(FileExistsError):
                rename_new(temporary, final)
            sync_directory(self.root)
            references = sorted(candidate for candidate in candidates if candidate.digest in written.references)
            self._database.register_object(path, written.size, references)

    def _remove_abandoned(self) -> None:
        """Delete what killed processes left unfinished. A live one holds the lock of the same name."""
        for name in os.listdir(self.root):
            if not name.startswith(TEMPORARY_PREFIX):
                continue
            lock = self._base / "locks" / name
            with locked(lock, wait=False) as dead:
                if dead:
                    delete_tree(self.root / name)
                    lock.unlink(missing_ok=True)


def compute_address(root: Path, path: StorePath) -> str:
    """The digest that the object at `path` should have by its content: equal to its own where it is intact."""
    hasher = AddressHasher(os.fsencode(root), path.digest)
    archive = NarWriter(hasher.update)
    for node in iter_tree(root / str(path)):
        archive.add(node)
    archive.finish()
    return hasher.finish()


def _patch_self_references(tree: Path, written: _Written, scratch: str) -> None:
    """Put the final digest in place of the scratch digest, in files and in the targets of links."""
    if not written.self_references:
        return
    final = written.digest.encode()
    starts = [start for start, _ in written.files]
    rest = list(written.self_references)
    for offset in written.self_references:
        index = bisect.bisect_right(starts, offset) - 1
        if index < 0:
            continue
        start, node_path = written.files[index]
        place = os.path.join(os.fsencode(tree), *node_path)
        if offset - start < os.lstat(place).st_size:
            _write_at(place, offset - start, final)
            rest.remove(offset)
    if rest:
        _patch_links(tree, scratch.encode(), final)


def _write_at(path: bytes, offset: int, data: bytes) -> None:
    mode = os.stat(path).st_mode & 0o777
    os.chmod(path, 0o600)
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, data, offset)
        os.fchmod(descriptor, mode)
        os.utime(descriptor, ns=(NORMAL_TIME_NS, NORMAL_TIME_NS))
    finally:
        os.close(descriptor)


def _patch_links(tree: Path, scratch: bytes, final: bytes) -> None:
    links = [node for node in iter_tree(tree) if isinstance(node, Symlink) and scratch in node.target]
    for link in links:
        place = os.path.join(os.fsencode(tree), *link.path)
        parent = os.path.dirname(place)
        mode = os.stat(parent).st_mode & 0o777
        os.chmod(parent, 0o700)
        os.unlink(place)
        os.symlink(link.target.replace(scratch, final), place)
        os.utime(place, ns=(NORMAL_TIME_NS, NORMAL_TIME_NS), follow_symlinks=False)
        os.chmod(parent, mode)
        os.utime(parent, ns=(NORMAL_TIME_NS, NORMAL_TIME_NS))
