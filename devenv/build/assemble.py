"""Puts files into the order of an archive: from destinations in any order to a stream of nodes."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from devenv.errors import BuildError
from devenv.manifest.wording import format_shown_path
from devenv.nar.nodes import Directory, File, Node, NodePath, Symlink


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be: `read` yields its `size` bytes when its turn comes."""

    executable: bool
    size: int
    read: Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file whose content, and so its size, is only made when its turn comes: it is in memory as a whole then."""

    executable: bool
    make: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class NewLink:
    """A symbolic link to be."""

    target: bytes


Entry = NewFile | MadeFile | NewLink


def parse_destination(text: str) -> NodePath:
    """`bin/node` → its names. Raises BuildError on an empty path, `.`, `..`, or an absolute path."""
    names = tuple(text.encode(errors="surrogateescape").split(b"/"))
    if any(name in {b"", b".", b".."} or b"\0" in name for name in names):
        raise BuildError(f"`{text}` is no path inside a package", slug="destination-invalid")
    return names


def iter_nodes(entries: Mapping[NodePath, Entry]) -> Iterator[Node]:
    """A tree with these files and links, directories added.

    Raises BuildError where one entry would have to be a file and a directory.
    """
    yield Directory(())
    last: NodePath = ()
    for path in sorted(entries):
        # What an entry would be a directory of follows it at once in this order.
        common = len(tuple(itertools.takewhile(bool, map(operator.eq, last, path))))
        if last and common == len(last):
            name = format_shown_path(b"/".join(last))
            raise BuildError(f"`{name}` would be a file and a directory", slug="tree-conflict")
        for depth in range(common + 1, len(path)):
            yield Directory(path[:depth])
        last = path
        match entries[path]:
            case NewFile(executable, size, read):
                yield File(path, executable, size, read())
            case MadeFile(executable, make):
                content = make()
                yield File(path, executable, len(content), [content])
            case NewLink(target):
                yield Symlink(path, target)
