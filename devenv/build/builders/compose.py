"""`compose/1`: several objects → one environment, a tree of links.

The directories in `JOINED` are joined; a directory that only one object has becomes one link, one that several have is
made anew and joined in turn. The same file from two objects is accepted if it is the same indeed, else the build
fails and names both: an order that silently decides which `python` runs is what environments are meant to end.
"""

from __future__ import annotations

import filecmp
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from devenv.build.assemble import Entry, NewLink, iter_nodes
from devenv.build.builders.request import BuilderRequest
from devenv.errors import BuildError
from devenv.nar.nodes import Node, NodePath

JOINED = (b"bin", b"etc", b"include", b"lib", b"libexec", b"sbin", b"share")


class ComposeArguments(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """There are none: the inputs say it all."""


def build_compose(request: BuilderRequest) -> Iterator[Node]:
    """The nodes of the tree. Raises BuildError (`compose-collision`)."""
    request.arguments_as(ComposeArguments)
    entries: dict[NodePath, Entry] = {}
    for name in JOINED:
        _join((name,), list(request.inputs), entries)
    yield from iter_nodes(entries)


def _join(path: NodePath, objects: list[Path], entries: dict[NodePath, Entry]) -> None:
    """Add what the objects have at `path`. As deep as the objects' trees have directories in common."""
    places = [(each, os.path.join(os.fsencode(each), *path)) for each in objects]
    having = [(each, place) for each, place in places if os.path.lexists(place)]
    directories = [each for each, place in having if stat.S_ISDIR(os.lstat(place).st_mode)]
    if having and len(directories) == len(having) and (len(having) > 1 or len(path) == 1):
        names = {name for _, place in having for name in os.listdir(place)}
        for name in sorted(names):
            _join((*path, name), directories, entries)
    elif having:
        first, place = having[0]
        for other, other_place in having[1:]:
            if not _is_same(place, other_place):
                raise _collision(path, first, other)
        entries[path] = NewLink(place)


def _is_same(first: bytes, second: bytes) -> bool:
    """Whether both are files with the same content, of which both or neither can be run."""
    if not (os.path.isfile(first) and os.path.isfile(second)):
        return False
    modes = os.stat(first).st_mode ^ os.stat(second).st_mode
    return not modes & stat.S_IXUSR and filecmp.cmp(first, second, shallow=False)


def _collision(path: NodePath, first: Path, second: Path) -> BuildError:
    names = sorted(each.name.split("-", 1)[1] for each in (first, second))
    return BuildError(
        f"`{names[0]}` and `{names[1]}` both have `{b'/'.join(path).decode(errors='replace')}`",
        hint="they cannot be in one environment: take one of them out, or do not add both",
        slug="compose-collision",
    )
