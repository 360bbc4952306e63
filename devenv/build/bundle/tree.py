"""The tree of a bundle while it is made: files with their contents in spools, links, and where each leads."""

from __future__ import annotations

import itertools
import os
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from devenv.build.bundle.paths import MERGED, parent, relative

MAX_HOPS = 40
"""How many links may stand in the way of a path; as many as Linux follows."""
MAX_STEPS = 1 << 10
"""Names that are gone through to where a path leads, links included; real ones have some twenty."""
PIECE_BYTES = 1 << 20


class Stored(Struct, frozen=True, gc=False):
    """A file whose `size` bytes lie at `offset` of the open file `spool`. `owner` is the `.deb` it came in."""

    owner: str
    executable: bool
    spool: int
    offset: int
    size: int

    def read(self) -> bytes:
        """The whole content."""
        return (
            os.pread(self.spool, self.size, self.offset) if self.size <= PIECE_BYTES else b"".join(self.iter_pieces())
        )

    def read_head(self, size: int) -> bytes:
        """The first bytes, at most `size`."""
        return os.pread(self.spool, min(size, self.size), self.offset)

    def iter_pieces(self, first: int = 0) -> Iterator[bytes]:
        """The content from the byte `first` on, in pieces."""
        for start in range(first, self.size, PIECE_BYTES):
            yield os.pread(self.spool, min(PIECE_BYTES, self.size - start), self.offset + start)


class Made(Struct, frozen=True, gc=False):
    """A file of a recipe's own, or a wrapper, in the name of `owner`; with all paths in it as they shall be."""

    owner: str
    executable: bool
    content: bytes

    @property
    def size(self) -> int:
        """Bytes of it."""
        return len(self.content)

    def read(self) -> bytes:
        """The whole content."""
        return self.content

    def read_head(self, size: int) -> bytes:
        """The first bytes, at most `size`."""
        return self.content[:size]


class Link(Struct, frozen=True, gc=False):
    """A symbolic link to `target`, a relative path, in the name of `owner`."""

    owner: str
    target: bytes


TreeFile = Stored | Made


@dataclass(slots=True)
class Tree:
    """Path → file, path → link, and the `directories` above them; empty directories are none."""

    files: dict[bytes, TreeFile]
    links: dict[bytes, Link]
    directories: set[bytes]

    @classmethod
    def of(cls, files: dict[bytes, TreeFile], links: dict[bytes, Link]) -> Tree:
        """The tree with these files and links."""
        tree = cls(files, links, set())
        tree._find_directories()
        return tree

    def owner(self, path: bytes) -> str | None:
        """The `.deb` that the file or link came in."""
        entry = self.files.get(path) or self.links.get(path)
        return None if entry is None else entry.owner

    def put(self, path: bytes, entry: TreeFile | Link) -> None:
        """Add an entry, or replace the one at this path."""
        self.files.pop(path, None)
        self.links.pop(path, None)
        if isinstance(entry, Link):
            self.links[path] = entry
        else:
            self.files[path] = entry
        self._add_directories(path)

    def put_link(self, path: bytes, goal: bytes, owner: str) -> None:
        """Add a link to `goal`, a path in the tree."""
        self.put(path, Link(owner, relative(goal, parent(path))))

    def move(self, path: bytes, name: bytes) -> bytes:
        """Give the entry another name in its directory; returns its new path."""
        new = parent(path) + b"/" + name
        self.put(new, self.files.pop(path) if path in self.files else self.links.pop(path))
        return new

    def iter_paths(self) -> Iterator[bytes]:
        """All files, then all links."""
        yield from self.files
        yield from self.links

    def resolve(self, path: bytes) -> bytes | None:
        """The file or directory that `path` leads to; None if that is nothing, outside, or in circles."""
        if path in self.files or path in self.directories:
            return path
        return self._walk(path, [])

    def _walk(self, path: bytes, passed: list[bytes]) -> bytes | None:
        """As `resolve`. The links and directories without which the answer would be another are added to `passed`."""
        names, real = path.split(b"/")[::-1], b""
        hops = 0
        for _ in range(MAX_STEPS):
            if not names:
                passed.append(real)
                return real
            name = names.pop()
            if name == b"..":
                if not real or real not in self.directories:
                    return None
                passed.append(real)
                real = parent(real)
            elif name not in {b"", b"."}:
                below = real + b"/" + name if real else name
                target = self._target(below)
                if target is None:
                    if below not in self.directories and below not in self.files:
                        return None
                    real = below
                    continue
                hops += 1
                if hops > MAX_HOPS:
                    return None
                passed.append(below)
                names += target.split(b"/")[::-1]
        return None

    def find_file(self, path: bytes) -> bytes | None:
        """The file that `path` leads to."""
        real = self.resolve(path)
        return real if real in self.files else None

    def is_program(self, path: bytes) -> bool:
        """Whether it leads to an executable file."""
        real = self.find_file(path)
        return real is not None and self.files[real].executable

    def drop_dangling(self) -> None:
        """Leave out links that lead nowhere, and those that do because of that."""
        gone = deque(path for path in self.links if self.resolve(path) is None)
        if not gone:
            return
        dependents = self._find_dependents()
        held = self._count_held()
        while gone:
            path = gone.popleft()
            if path not in self.links:
                continue
            del self.links[path]
            lost = [path, *self._iter_emptied(path, held)]
            self.directories.difference_update(lost)
            waiting = itertools.chain.from_iterable(dependents.pop(each, ()) for each in lost)
            gone += (each for each in waiting if each in self.links and self.resolve(each) is None)

    def _find_dependents(self) -> dict[bytes, list[bytes]]:
        """Link or directory → the links that lead through it or to it."""
        dependents: dict[bytes, list[bytes]] = {}
        for path in self.links:
            passed: list[bytes] = []
            if self._walk(path, passed) is not None:
                for each in dict.fromkeys(passed):
                    dependents.setdefault(each, []).append(path)
        return dependents

    def _count_held(self) -> Counter[bytes]:
        """Directory → how many entries and directories are in it."""
        held = Counter(map(parent, self.iter_paths()))
        held.update(map(parent, self.directories - {b""}))
        return held

    @staticmethod
    def _iter_emptied(path: bytes, held: Counter[bytes]) -> Iterator[bytes]:
        """The directories that are none any more once nothing is at `path`, which `held` forgets."""
        while path:
            path = parent(path)
            held[path] -= 1
            if held[path] or not path:
                return
            yield path

    def _target(self, path: bytes) -> bytes | None:
        link = self.links.get(path)
        return MERGED.get(path) if link is None else link.target

    def _find_directories(self) -> None:
        self.directories = {b""}
        for path in self.iter_paths():
            self._add_directories(path)

    def _add_directories(self, path: bytes) -> None:
        above = parent(path)
        while above not in self.directories:
            self.directories.add(above)
            above = parent(above)
