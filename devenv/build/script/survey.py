"""What a first walk over an output finds: where its links lead, and which of its directories have which libraries.

Whether a link leads out of the output cannot be told from its target alone: `a/../x` depends on what `a` is. So links
are followed here, in what was read, as the system would follow them, and never on the disk.
"""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from devenv.build.script.output_tree import OutputTree
from devenv.build.script.scope import Scope, join, normal, parent
from devenv.errors import BuildError

MAX_REMEMBERED_BYTES = 256 << 20
"""Of paths and targets; a large package has one."""
MAX_HOPS = 40
"""How many links may stand in the way of a path; as many as Linux follows."""
MAX_STEPS = 1 << 11
"""Names that are gone through to where a path leads, links included: as many as one path can have."""
LIBRARY = b".so"
"""In the name of whatever a program can need."""
UNSAFE_IN_SEARCH_PATH = re.compile(rb"[:$]")
"""What would end an entry of a search path, or be replaced in it: no library is found in such a directory."""


class Goal(NamedTuple):
    """Where a path leads: in the output, or to an absolute path in its one spelling that may lie anywhere else."""

    inside: bool
    path: bytes


CLIMBED = Goal(False, b"/")
"""Where a path leads that leaves the output other than by an absolute link."""


@dataclass(slots=True)
class Survey:
    """The links and libraries of an output."""

    scope: Scope
    links: dict[bytes, bytes] = field(default_factory=dict)
    """Path of a link → its target."""
    libraries: dict[bytes, list[bytes]] = field(default_factory=dict)
    """Name of a library → the directories that have it, as a file or a link, sorted."""
    directories: set[bytes] = field(default_factory=set)
    """Those that have libraries."""

    def follow(self, directory: bytes, target: bytes) -> Goal:
        """Where `target` leads from a directory of the output, which is none of its links.

        What is not there counts for a directory. What takes too many links or names leads nowhere, which is inside.
        """
        names, place = self._begin(directory, target)
        if names is None:
            return Goal(False, normal(target))
        hops = steps = 0
        while names:
            name = names.popleft()
            steps += 1
            if steps > MAX_STEPS:
                return CLIMBED if name == b".." or b".." in names else Goal(True, place)
            if name == b"..":
                if not place:
                    return CLIMBED
                place = parent(place)
                continue
            path = join(place, name)
            link = self.links.get(path)
            if link is None:
                place = path
                continue
            hops += 1
            if hops > MAX_HOPS:
                return CLIMBED if b".." in names else Goal(True, path)
            below, start = self._begin(place, link)
            if below is None:
                rest = b"/".join(names)
                return CLIMBED if b".." in names else Goal(False, normal(link + b"/" + rest))
            names.extendleft(reversed(below))
            place = start
        return Goal(True, place)

    def _begin(self, directory: bytes, target: bytes) -> tuple[deque[bytes] | None, bytes]:
        """The names to go through, and from where; None where they begin outside."""
        if not target.startswith(b"/"):
            return deque(split(target)), directory
        own = self.own_names(target)
        return (None if own is None else deque(own)), b""

    def own_names(self, target: bytes) -> Sequence[bytes] | None:
        """The names behind the output's own path with which an absolute target begins; None for other targets."""
        names, out = split(target), split(self.scope.out)
        if names[: len(out)] != out:
            names = split(normal(target))
        return names[len(out) :] if names[: len(out)] == out else None


def split(path: bytes) -> list[bytes]:
    """The names of a path, without those that say nothing."""
    return [name for name in path.split(b"/") if name not in {b"", b"."}]


def survey_output(tree: OutputTree, scope: Scope) -> Survey:
    """Walk over all of it once. Raises BuildError on what no object can hold."""
    survey = Survey(scope)
    remembered = 0
    for entry in tree.iter_entries():
        if entry.kind == stat.S_IFDIR:
            continue
        if entry.kind == stat.S_IFLNK:
            survey.links[entry.path] = os.readlink(entry.name, dir_fd=entry.directory)
            remembered += len(entry.path) + len(survey.links[entry.path])
        if LIBRARY in entry.name and entry.path and not UNSAFE_IN_SEARCH_PATH.search(parent(entry.path)):
            directory = parent(entry.path)
            survey.libraries.setdefault(entry.name, []).append(directory)
            survey.directories.add(directory)
            remembered += len(entry.path)
        if remembered > MAX_REMEMBERED_BYTES:
            raise BuildError(
                f"{scope.shown(entry.path)} is where the names of links and libraries have more than "
                f"{MAX_REMEMBERED_BYTES >> 20} MiB",
                hint="let the install phase install less",
                slug="output-too-large",
            )
    return survey
