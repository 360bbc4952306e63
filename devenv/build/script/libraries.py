"""The search path of a program or library of an output: the directories that have what it needs, and no others.

In the order in which they are searched: the output's own directories, those of inputs, the runtime's, and last those
that hold a C library: that must be the one of the loader, which is the runtime's. An input that is a bundle has one.
Its libraries lie in its `root/usr/lib`; what its `lib` shows are links, beside which they would not find their own.

All is written as DT_RPATH, as in bundles: libraries of bundles have no search path of their own and follow whoever
loads them. So a path also holds what the libraries of inputs need in turn; those of the output have their own.
Directories are named absolutely, also those of the output: a library may be loaded through a link of an environment,
from where `$ORIGIN` leads elsewhere.
"""

from __future__ import annotations

import functools
import itertools
import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from devenv.build.bundle.libraries import LOADERS, MACHINES
from devenv.build.runtime import Runtime
from devenv.build.script.output_tree import OutputTree
from devenv.build.script.scope import ALLOWED, Realm, Scope, join, normal, parent
from devenv.build.script.survey import LIBRARY, Survey
from devenv.elf.image import IMAGE_LIMIT, ElfImage, find_machine, parse_elf
from devenv.elf.tables import HEADER_BYTES, ElfError
from devenv.errors import BuildError
from devenv.manifest.wording import format_shown_path

BUNDLE_LIBRARIES = "root/usr/lib"
LIBRARY_DIRECTORIES = (b"lib", b"lib64")
C_LIBRARY = b"libc.so.6"
ORIGINS = (b"$ORIGIN", b"${ORIGIN}")
MAX_OWN_DIRECTORIES = 64
"""Entries of a search path that the build wrote; real ones have a handful."""
MAX_DIRECTORIES = 256
"""Of a search path that is written."""
MAX_CLOSURE = 4096
"""Libraries of inputs that one program needs, at any depth."""
MAX_LOOKUPS = 1 << 24
"""Directories in which libraries are looked for, in all; 1,000 programs with 20 libraries take a twentieth."""
KNOWN = 1 << 14
"""Answers that are kept."""


class Loader(NamedTuple):
    """The loader that programs get, and the libraries that belong to it."""

    path: bytes
    directory: bytes
    """The libraries of C and C++."""
    machine: str


def find_loader(runtime: Path) -> Loader:
    """The loader in a runtime's object. Raises BuildError (`runtime-invalid`) where there is none."""
    path = Runtime(runtime).loader
    name = path.rpartition(b"/")[2]
    machines = [MACHINES[each] for each, loader in LOADERS.items() if loader.endswith(b"/" + name)]
    if not machines:
        raise BuildError(f"`{runtime}` has a loader for no machine that is known", slug="runtime-invalid")
    return Loader(path, parent(path), machines[0])


class Library(NamedTuple):
    """A library, found."""

    directory: bytes
    name: bytes
    own: bool
    """Whether it lies in the output, and so has a search path of its own."""


class LibrarySearch:
    """Finds the libraries of one output."""

    def __init__(self, tree: OutputTree, survey: Survey, scope: Scope, loader: Loader) -> None:
        self._tree = tree
        self._survey = survey
        self._scope = scope
        self._loader = loader
        self._lookups = 0
        triplet = loader.directory.rpartition(b"/")[2]
        self._inputs = [each for path in scope.request.inputs for each in _iter_directories(path, triplet)]
        self._tools = [each for path in scope.request.tools for each in _iter_directories(path, triplet)]
        self._bundles = {os.fsencode(path) for path in scope.request.inputs if os.path.isdir(path / BUNDLE_LIBRARIES)}
        self._usual = [scope.own_path(each) for each in LIBRARY_DIRECTORIES if each in survey.directories]
        # Caches of bounded size: an output chooses what is asked.
        self._has_own = functools.lru_cache(KNOWN)(self._find_own)
        self._image = functools.lru_cache(KNOWN)(_read_image)
        self._is_late = functools.lru_cache(KNOWN)(self._has_c_library)

    def search_path(self, path: bytes, image: ElfImage) -> bytes:
        """What the image at `path` gets for its search path.

        Raises BuildError (`library-undeclared`) if something that it needs is nowhere, ElfError if it asks for too
        much.
        """
        entries = list(dict.fromkeys(self._iter_entries(path, image.rpath if image.runpath is None else image.runpath)))
        order = self._order(entries)
        own = {each for each in entries if self._scope.realm_of(each) is Realm.OWN}
        used = dict.fromkeys(each for each in order if each in own)
        pending: deque[Library] = deque()
        for name in image.needed:
            library = self._require(path, name, order)
            if library is not None:
                used[library.directory] = None
                pending.append(library)
        self._add_closure(pending, order, used)
        directories = [*(each for each in order if each in used), *(each for each in used if each not in order)]
        if len(directories) > MAX_DIRECTORIES:
            raise ElfError(f"its libraries lie in more than {MAX_DIRECTORIES} directories")
        return b":".join(directories)

    def _order(self, entries: list[bytes]) -> list[bytes]:
        """The directories that are searched."""
        known = {*self._inputs, *self._usual}
        further = [each for each in entries if each not in known]
        own = [each for each in further if self._scope.realm_of(each) is Realm.OWN]
        others = [each for each in further if self._scope.realm_of(each) is not Realm.OWN]
        directories = [*own, *self._usual, *others, *self._inputs]
        early = [each for each in directories if not self._is_late(each)]
        late = [each for each in directories if self._is_late(each)]
        return list(dict.fromkeys([*early, self._loader.directory, *late]))

    def _iter_entries(self, path: bytes, text: bytes | None) -> Iterator[bytes]:
        """The directories of the path that the build wrote which may stay, the output's by their real names."""
        entries = text.split(b":") if text else []
        if len(entries) > MAX_OWN_DIRECTORIES:
            raise ElfError(f"its search path has more than {MAX_OWN_DIRECTORIES} directories")
        for entry in entries:
            expanded = expand_origin(entry, self._scope.own_path(parent(path)))
            if not expanded.startswith(b"/"):
                continue
            goal = self._survey.follow(b"", expanded)
            if goal.inside:
                if goal.path in self._survey.directories:
                    yield self._scope.own_path(goal.path)
            elif self._scope.realm_of(goal.path) in ALLOWED:
                yield goal.path

    def _require(self, path: bytes, name: bytes, order: list[bytes]) -> Library | None:
        """The library; None for one that is named by its path, and is there."""
        if b"/" in name:
            expanded = expand_origin(name, self._scope.own_path(parent(path)))
            if expanded.startswith(b"/") and self._is_there(expanded):
                return None
            raise self._undeclared(path, name)
        library = self._find(name, order) or self._find_anywhere(name, parent(path))
        if library is None:
            raise self._undeclared(path, name)
        return library

    def _is_there(self, absolute: bytes) -> bool:
        goal = self._survey.follow(b"", absolute)
        if goal.inside:
            return self._is_own_library(goal.path)
        return self._scope.realm_of(goal.path) in ALLOWED and os.path.isfile(goal.path)

    def _find(self, name: bytes, directories: Iterable[bytes]) -> Library | None:
        for directory in directories:
            self._count()
            own = self._scope.own_part(directory)
            if own is not None:
                if self._has_own(own, name):
                    return Library(directory, name, own=True)
            elif self._image(directory + b"/" + name) is not None:
                return Library(directory, name, own=False)
        return None

    def _find_anywhere(self, name: bytes, directory: bytes) -> Library | None:
        """A library in a private directory of the output, one beside whoever needs it first."""
        places = self._survey.libraries.get(name, ())
        for place in itertools.chain([directory] if directory in places else [], places):
            self._count()
            if self._has_own(place, name):
                return Library(self._scope.own_path(place), name, own=True)
        return None

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > MAX_LOOKUPS:
            raise BuildError(
                f"the programs of `{self._scope.request.name}` need more than {MAX_LOOKUPS} look-ups of libraries",
                slug="elf-invalid",
            )

    def _find_own(self, directory: bytes, name: bytes) -> bool:
        return directory in self._survey.libraries.get(name, ()) and self._is_there(
            self._scope.own_path(join(directory, name))
        )

    def _is_own_library(self, path: bytes) -> bool:
        descriptor = self._tree.open_file(path)
        if descriptor is None:
            return False
        try:
            machine = find_machine(os.pread(descriptor, HEADER_BYTES, 0))
            return machine == self._loader.machine
        finally:
            os.close(descriptor)

    def _has_c_library(self, directory: bytes) -> bool:
        own = self._scope.own_part(directory)
        if own is not None:
            return own in self._survey.libraries.get(C_LIBRARY, ())
        return self._scope.object_of(directory) in self._bundles or os.path.lexists(directory + b"/" + C_LIBRARY)

    def _add_closure(self, pending: deque[Library], order: list[bytes], used: dict[bytes, None]) -> None:
        """Add the directories that the libraries of inputs need, which do not have them in their own search paths."""
        seen: set[tuple[bytes, bytes]] = set()
        while pending and len(seen) < MAX_CLOSURE:
            library = self._behind_links(pending.popleft())
            if library is None or (library.directory, library.name) in seen:
                continue
            seen.add((library.directory, library.name))
            image = self._image(library.directory + b"/" + library.name)
            if image is None:
                continue
            own = _own_directories(library.directory, image)
            for name in image.needed:
                found = self._find(name, own)
                if found is None and image.runpath is None:
                    found = self._find(name, order) or self._find_in_object(name, library.directory)
                    if found is not None:
                        used[found.directory] = None
                if found is not None:
                    pending.append(found)

    def _behind_links(self, library: Library) -> Library | None:
        """The library of an input; None for one of the output."""
        if not library.own:
            return library
        goal = self._survey.follow(b"", library.directory + b"/" + library.name)
        return None if goal.inside else Library(parent(goal.path), goal.path.rpartition(b"/")[2], own=False)

    def _find_in_object(self, name: bytes, directory: bytes) -> Library | None:
        """A library in a private directory of the object that `directory` lies in: a bundle's programs know of it."""
        place = _private_directories(self._scope.object_of(directory)).get(name)
        return None if place is None else Library(place, name, own=False)

    def _undeclared(self, path: bytes, name: bytes) -> BuildError:
        shown = format_shown_path(name)
        tool = next((each for each in self._tools if os.path.isfile(each + b"/" + name)), None)
        hint = f"add the package that has `{shown}` to `inputs`"
        if tool is not None and b"/" not in name:
            hint = f"`{self._scope.package_of(tool)}` has it: take that from `tools` to `inputs`"
        return BuildError(
            f"{self._scope.shown(path)} needs the library `{shown}`, which neither the output nor its inputs have",
            hint=hint,
            slug="library-undeclared",
        )


def expand_origin(entry: bytes, directory: bytes) -> bytes:
    """An entry of a search path as the loader reads it in an image in `directory`."""
    for origin in ORIGINS:
        if entry.startswith(origin) and entry[len(origin) :][:1] in {b"", b"/"}:
            return directory + entry[len(origin) :]
    return entry


def _iter_directories(top: Path, triplet: bytes) -> Iterator[bytes]:
    """Where an object of the store has its libraries."""
    place = os.fsencode(top)
    bundle = place + b"/" + BUNDLE_LIBRARIES.encode()
    candidates = [bundle + b"/" + triplet, bundle] if os.path.isdir(bundle) else []
    candidates += [place + b"/" + each for each in LIBRARY_DIRECTORIES]
    return filter(os.path.isdir, candidates)


@functools.lru_cache(maxsize=8)
def _private_directories(top: bytes) -> dict[bytes, bytes]:
    """Name of a library in an object of the store → the first directory that has it."""
    found: dict[bytes, bytes] = {}
    for directory, below, names in os.walk(top):
        below.sort()
        for name in names:
            if LIBRARY in name:
                found.setdefault(name, directory)
    return found


def _own_directories(directory: bytes, image: ElfImage) -> list[bytes]:
    text = image.rpath if image.runpath is None else image.runpath
    entries = [expand_origin(entry, directory) for entry in (text or b"").split(b":")][:MAX_OWN_DIRECTORIES]
    return [normal(entry) for entry in entries if entry.startswith(b"/")]


def _read_image(path: bytes) -> ElfImage | None:
    """What the library of an input asks for; None if there is none at `path`."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > IMAGE_LIMIT:
                return None
            return parse_elf(file.read())
    except (OSError, ElfError):
        return None
