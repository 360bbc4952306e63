"""File trees as plain values, for tests of what reads, writes, hashes and builds them.

A file is bytes, an executable one a `Script`, a symbolic link a `Link`, a directory a dictionary. `nar_of` spells the
archive of a tree straight from the grammar (FORMATS.md 1.2), to hold the real writer against.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from hypothesis import strategies as st

from devenv.nar.nodes import Directory, File, Node, NodePath, Symlink


@dataclass(frozen=True, slots=True)
class Script:
    """An executable file."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: bytes


Tree = Union[bytes, Script, Link, Mapping[bytes, "Tree"]]  # noqa: UP007 - a name in quotes takes no `|`

HELLO = b"hello\n"
"""A file whose archive Nix hashes to `HELLO_NAR`."""
HELLO_NAR = "04zwf782yjwnh3q6hz5izfd6jyip8kgw6g6yj43fiqhbyhdd0dqw"
SMALL: Tree = {b"a": HELLO, b"d": {b"l": Link(b"../a"), b"x": Script(b"#!/bin/sh\n")}}
"""A tree with one of each kind, whose archive Nix hashes to `SMALL_NAR`."""
SMALL_NAR = "136jp3xzp36cghpk4q8r507rpd04zjgaqi7rfysh2i0rx3j6bf89"


def iter_tree_nodes(tree: Tree, path: NodePath = (), piece_size: int = 1 << 16) -> Iterator[Node]:
    """The nodes of a tree in archive order; contents come in pieces of `piece_size` bytes."""
    match tree:
        case bytes() | Script():
            content = tree if isinstance(tree, bytes) else tree.content
            pieces = [content[start : start + piece_size] for start in range(0, len(content), piece_size)]
            yield File(path, isinstance(tree, Script), len(content), pieces)
        case Link(target):
            yield Symlink(path, target)
        case _:
            yield Directory(path)
            for name in sorted(tree):
                yield from iter_tree_nodes(tree[name], (*path, name), piece_size)


def nar_of(tree: Tree) -> bytes:
    """The archive of a tree, by the grammar."""
    return strings(b"nix-archive-1") + _object(tree)


def strings(*values: bytes) -> bytes:
    """The strings of an archive, by the grammar."""
    return b"".join(len(value).to_bytes(8, "little") + value + b"\0" * (-len(value) % 8) for value in values)


def _object(tree: Tree) -> bytes:
    match tree:
        case bytes():
            return strings(b"(", b"type", b"regular", b"contents", tree, b")")
        case Script(content):
            return strings(b"(", b"type", b"regular", b"executable", b"", b"contents", content, b")")
        case Link(target):
            return strings(b"(", b"type", b"symlink", b"target", target, b")")
        case _:
            entries = [
                strings(b"entry", b"(", b"name", name, b"node") + _object(tree[name]) + strings(b")")
                for name in sorted(tree)
            ]
            return strings(b"(", b"type", b"directory") + b"".join(entries) + strings(b")")


def write_files(tree: Tree, place: Path) -> Path:
    """Put a tree on the disk in the ordinary way. Returns `place`."""
    match tree:
        case bytes():
            place.write_bytes(tree)
        case Script(content):
            place.write_bytes(content)
            place.chmod(0o755)
        case Link(target):
            place.symlink_to(target.decode(errors="surrogateescape"))
        case _:
            place.mkdir()
            for name, entry in tree.items():
                write_files(entry, place / name.decode(errors="surrogateescape"))
    return place


def names() -> st.SearchStrategy[bytes]:
    """Names of files: any bytes that a name may have."""
    letters = st.integers(1, 255).filter(lambda byte: byte != ord("/"))
    return st.lists(letters, min_size=1, max_size=6).map(bytes).filter(lambda name: name not in {b".", b".."})


def trees() -> st.SearchStrategy[Tree]:
    """Any tree, small."""
    contents = st.binary(max_size=40)
    targets = st.binary(min_size=1, max_size=12).filter(lambda target: b"\0" not in target)
    leaves: st.SearchStrategy[Tree] = st.one_of(contents, contents.map(Script), targets.map(Link))
    return st.recursive(leaves, lambda children: st.dictionaries(names(), children, max_size=4), max_leaves=12)
