"""Lets every program of a bundle find its loader and its libraries in the bundle's tree, and nowhere else.

A program gets the tree's own loader as its interpreter and a search path of directories relative to itself, which (as
DT_RPATH) serves the look-ups of its libraries and plugins too. So libraries without a path of their own stay as they
are, byte for byte, and the store shares them between bundles; a library's own path is translated. What the rules do not
find is looked for in the whole tree: plugins need libraries in private directories that their program has loaded by
then. What is nowhere is an error now and not on somebody's first call.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from devenv.build.bundle.paths import clean, name_of, parent, relative
from devenv.build.bundle.place import Place
from devenv.build.bundle.tree import Tree, TreeFile
from devenv.elf.image import IMAGE_LIMIT, ElfImage, find_machine, parse_elf
from devenv.elf.patch import ElfChange, patch_elf
from devenv.elf.seal import seal_crypto, seal_libc, seal_loader, seal_plugins
from devenv.elf.tables import HEADER_BYTES, ElfError
from devenv.errors import BuildError
from devenv.manifest.wording import format_shown_path

Change = Callable[[bytes], bytes]
"""From an image to what it is to be."""

TRIPLETS = {"amd64": b"x86_64-linux-gnu", "arm64": b"aarch64-linux-gnu"}
LOADERS = {"amd64": b"lib64/ld-linux-x86-64.so.2", "arm64": b"lib/ld-linux-aarch64.so.1"}
"""Architecture → where programs expect their loader."""
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}

SEALS = {b"libcrypto": seal_crypto, b"libkrb5": seal_plugins, b"libsasl2": seal_plugins}
"""Name of a library up to its `.so` → what frees it from the host."""

MAX_ASKED_BYTES = 64 << 20
"""What all images of a bundle may ask for together, which is kept in memory; those of a desktop ask for some 2 MiB."""
ENTRY_BYTES = 64
"""What a thing in memory takes beside its text."""
MAX_OWN_DIRECTORIES = 64
"""Entries of an image's own search path; real ones have a handful."""
MAX_DIRECTORIES = 256
"""Of the search path that a program gets, and of those that packages tell the loader of."""
MAX_CONFIGURATIONS = 256
"""Files that tell the loader of directories; few packages have one."""
MAX_CONFIGURATION_BYTES = 1 << 12
MAX_LOOKUPS = 1 << 25
"""Directories in which libraries are looked for, in all; a desktop of 1,000 packages takes a tenth."""
PATH_LOOKUPS = 32
"""So many of them take as long as finding out about one directory of a search path."""

CONFIGURATION = re.compile(rb"etc/ld\.so\.conf\.d/[^/]+\.conf")
ORIGIN = re.compile(rb"\$(?:ORIGIN|\{ORIGIN\})(?=/|\Z)")


def plan_libraries(
    tree: Tree, architecture: str, place: Place, optional: Callable[[bytes], bool]
) -> dict[bytes, Change]:
    """Path of an image → how it has to be changed; images that stay as they are do not stand there.

    Without a loader in the tree, which is one of data then, nothing is changed or checked. Images at paths that are
    `optional` may lack libraries. Raises BuildError (`library-missing`, `elf-invalid`).
    """
    loader = tree.find_file(clean(LOADERS[architecture]))
    if loader is None:
        return {}
    images = dict(iter_images(tree, MACHINES[architecture], optional))
    search = _Search(tree, images, TRIPLETS[architecture])
    changes: dict[bytes, Change] = {}
    for path, image in images.items():
        is_optional = optional(path)
        change = _plan(search, path, image, place, strict=not is_optional)
        if change is not None:
            changes[path] = _patch(path, change, optional=is_optional)
        seal = SEALS.get(name_of(path).partition(b".so")[0])
        if seal is not None:
            changes[path] = _after(changes.get(path), _seal(path, seal))
    libc = tree.find_file(search.standard + b"/libc.so.6")
    for sealed, seal in ((loader, seal_loader), (libc, seal_libc)):
        if sealed is not None:
            if sealed not in images:
                raise _invalid(sealed, f"it is no image for {MACHINES[architecture]}")
            changes[sealed] = _seal(sealed, seal)
    return changes


def iter_images(tree: Tree, machine: str, optional: Callable[[bytes], bool]) -> Iterator[tuple[bytes, ElfImage]]:
    """The images for `machine` in the tree. Raises BuildError where one is damaged that is not `optional`.

    Only their heads are read of those for other machines.
    """
    asked = 0
    for path, file in sorted(tree.files.items()):
        if find_machine(file.read_head(HEADER_BYTES)) != machine:
            continue
        try:
            image = _read_image(file)
        except ElfError as error:
            if optional(path):
                continue
            raise _invalid(path, error) from error
        if image is None:
            continue
        asked += _size_of(image)
        if asked > MAX_ASKED_BYTES:
            raise BuildError(
                f"the programs of the bundle ask their loader for more than {MAX_ASKED_BYTES} bytes", slug="elf-invalid"
            )
        yield path, image


def _read_image(file: TreeFile) -> ElfImage | None:
    if file.size > IMAGE_LIMIT:
        raise ElfError(f"it has more than {IMAGE_LIMIT} bytes")
    return parse_elf(file.read())


def _size_of(image: ElfImage) -> int:
    """About what an image takes in memory, in bytes."""
    texts = (*image.needed, image.interpreter, image.soname, image.rpath, image.runpath)
    return sum(ENTRY_BYTES + len(text) for text in texts if text is not None) + ENTRY_BYTES


def _invalid(path: bytes, error: ElfError | str) -> BuildError:
    return BuildError(f"`{format_shown_path(path)}` is a damaged program: {error}", slug="elf-invalid")


def _patch(path: bytes, change: ElfChange, *, optional: bool) -> Change:
    """What makes `change`. An image that may be anything, such as a debugger's test data, stays as it is at worst."""

    def run(content: bytes) -> bytes:
        try:
            return patch_elf(content, change)
        except ElfError as error:
            if optional:
                return content
            raise _invalid(path, error) from error

    return run


def _seal(path: bytes, seal: Change) -> Change:
    def run(content: bytes) -> bytes:
        try:
            return seal(content)
        except ElfError as error:
            raise _invalid(path, error) from error

    return run


def _after(first: Change | None, second: Change) -> Change:
    return second if first is None else lambda content: second(first(content))


def _plan(search: _Search, path: bytes, image: ElfImage, place: Place, *, strict: bool) -> ElfChange | None:
    if image.interpreter is None or _is_library(path, image):
        missing = [name for name in image.needed if search.find(name, search.own(path)) is None]
        change = _plan_library(search, path, image)
    else:
        directories, missing = search.directories_for(path)
        loader = search.tree.find_file(clean(image.interpreter))
        missing += [image.interpreter] if loader is None else []
        interpreter = None if loader is None else place.of(loader)
        change = ElfChange(interpreter, _search_path(directories, path))
    if missing and strict:
        raise BuildError(
            f"`{format_shown_path(path)}` needs `{format_shown_path(missing[0])}`, which the bundle lacks",
            hint="add the package that has it, or list the file under `optional`",
            slug="library-missing",
        )
    return change


def _is_library(path: bytes, image: ElfImage) -> bool:
    """Whether an image with an interpreter is a library that can also be run, to say its version (`libc.so.6`)."""
    return image.soname is not None and b".so" in name_of(path)


def _plan_library(search: _Search, path: bytes, image: ElfImage) -> ElfChange | None:
    """A DT_RUNPATH goes even if it says the right thing: it would hide the search path of the program."""
    new = _search_path(search.own(path), path)
    return None if image.runpath is None and new == (image.rpath or b"") else ElfChange(rpath=new)


def _search_path(directories: Iterable[bytes], path: bytes) -> bytes:
    return b":".join(
        b"$ORIGIN" if step == b"." else b"$ORIGIN/" + step
        for step in (relative(directory, parent(path)) for directory in directories)
    )


class _Search:
    """Finds libraries by the loader's rules."""

    def __init__(self, tree: Tree, images: Mapping[bytes, ElfImage], triplet: bytes) -> None:
        self.tree = tree
        self.standard = b"usr/lib/" + triplet
        self._images = images
        self._lookups = 0
        self._own = {path: tuple(self._iter_own(path, image)) for path, image in images.items()}
        holding = {parent(path) for path in images}
        usual = (self.standard, b"usr/lib", *_iter_configured(tree))
        self._usual = tuple(each for each in dict.fromkeys(usual) if each in holding)[:MAX_DIRECTORIES]
        self._places = _find_places(tree, images)

    def own(self, path: bytes) -> tuple[bytes, ...]:
        """The directories of the image's own search path."""
        return self._own[path]

    def find(self, name: bytes, directories: Iterable[bytes]) -> tuple[bytes, bytes] | None:
        """The directory that has the library (one of `directories`, a usual one, any), and the library's real path.

        Raises BuildError where it would never end.
        """
        self._count(1)
        places = self._places.get(name)
        if not places:
            return None
        for number, directory in enumerate(itertools.chain(directories, self._usual, places), 1):
            if directory in places:
                self._count(number)
                return directory, places[directory]
        return None

    def _count(self, lookups: int) -> None:
        self._lookups += lookups
        if self._lookups > MAX_LOOKUPS:
            raise BuildError(
                f"the programs of the bundle need more than {MAX_LOOKUPS} look-ups of libraries", slug="elf-invalid"
            )

    def directories_for(self, program: bytes) -> tuple[list[bytes], list[bytes]]:
        """What the program's search path must hold so that all that it needs, at any depth, is found; what is missing.

        Its own directories come first, then the usual ones, which also serve plugins.
        """
        own = self._own[program]
        found = dict.fromkeys((*own, *self._usual))
        missing: list[bytes] = []
        seen, pending = {program}, deque([program])
        while pending:
            image = pending.popleft()
            directories = (*self._own[image], *own)
            for name in self._images[image].needed:
                place = self.find(name, directories)
                if place is None:
                    missing.append(name)
                    continue
                if place[0] not in self._own[image]:
                    found[place[0]] = None
                if place[1] not in seen:
                    seen.add(place[1])
                    pending.append(place[1])
        if len(found) > MAX_DIRECTORIES:
            raise _invalid(program, f"its libraries lie in more than {MAX_DIRECTORIES} directories")
        self._count(PATH_LOOKUPS * len(found))
        return list(found), missing

    def _iter_own(self, path: bytes, image: ElfImage) -> Iterator[bytes]:
        """The entries of DT_RUNPATH, or else DT_RPATH, that lead to directories of the tree."""
        text = image.rpath if image.runpath is None else image.runpath
        entries = (text or b"").split(b":")
        self._count(PATH_LOOKUPS * len(entries))
        if len(entries) > MAX_OWN_DIRECTORIES:
            raise _invalid(path, f"its search path has more than {MAX_OWN_DIRECTORIES} directories")
        found = dict[bytes, None]()
        for entry in entries:
            absolute = ORIGIN.sub(lambda _: b"/" + parent(path), entry, count=1)
            real = self.tree.resolve(clean(absolute)) if absolute.startswith(b"/") else None
            if real in self.tree.directories and real is not None:
                found[real] = None
        return iter(found)


def _find_places(tree: Tree, images: Mapping[bytes, ElfImage]) -> dict[bytes, dict[bytes, bytes]]:
    """Name of a library that an image needs → each directory that has it, in their order → the library's real path."""
    places: dict[bytes, dict[bytes, bytes]] = {name: {} for image in images.values() for name in image.needed}
    for path in sorted(path for path in tree.iter_paths() if name_of(path) in places):
        real = tree.find_file(path)
        if real is not None and real in images:
            places[name_of(path)][parent(path)] = real
    return places


def _iter_configured(tree: Tree) -> Iterator[bytes]:
    """The directories that packages tell the host's loader to search."""
    for path in sorted(filter(CONFIGURATION.fullmatch, tree.files))[:MAX_CONFIGURATIONS]:
        for line in tree.files[path].read_head(MAX_CONFIGURATION_BYTES).splitlines():
            directory = tree.resolve(clean(line.strip())) if line.startswith(b"/") else None
            if directory in tree.directories and directory is not None:
                yield directory
