"""What of a bundle is seen from outside: links at the top of the object to things of the packages asked for."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from devenv.build.bundle.arguments import BundleArguments
from devenv.build.bundle.libraries import TRIPLETS
from devenv.build.bundle.paths import PROGRAM_DIRECTORIES, clean, name_of, parent
from devenv.build.bundle.tree import Tree
from devenv.errors import BuildError

MANUALS = b"usr/share/man/"
SHARED = {
    b"usr/share/man": b"share/man",
    b"usr/share/aclocal": b"share/aclocal",
    b"usr/share/bash-completion/completions": b"share/bash-completion/completions",
    b"usr/share/zsh/vendor-completions": b"share/zsh/site-functions",
    b"usr/share/fish/vendor_completions.d": b"share/fish/vendor_completions.d",
}
"""Directory in the tree → where a shell, `man` or `aclocal` looks for it in an environment."""


def iter_shown(tree: Tree, arguments: BundleArguments, owners: Collection[str]) -> Iterator[tuple[bytes, bytes]]:
    """Each path in the object with what it shows, a path in the tree: things of the packages `owners`.

    Raises BuildError (`member-missing`).
    """
    paths = [path for path in sorted(tree.iter_paths()) if tree.owner(path) in owners]
    programs = [path for path in paths if parent(path) in PROGRAM_DIRECTORIES]
    for path in (*programs, *_iter_further(tree, arguments.programs)):
        if _is_shown(tree, path, arguments.hide):
            yield b"bin/" + name_of(path), path
    yield from _iter_below([path for path in paths if not _is_hidden_page(path, arguments.hide)], SHARED)
    if arguments.development:
        yield from _iter_development(paths, TRIPLETS[arguments.architecture])


def _is_shown(tree: Tree, path: bytes, hide: Sequence[str]) -> bool:
    name = os.fsdecode(name_of(path))
    return not name.startswith(".") and not _is_hidden(name, hide) and tree.is_program(path)


def _is_hidden(name: str, hide: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in hide)


def _is_hidden_page(path: bytes, hide: Sequence[str]) -> bool:
    """Whether it is the manual of a program that is not shown: two packages may have it, as they have the program."""
    name, _, _ = name_of(path).partition(b".")
    return path.startswith(MANUALS) and _is_hidden(os.fsdecode(name), hide)


def _iter_further(tree: Tree, programs: Sequence[str]) -> Iterator[bytes]:
    """The programs, and those in the directories, that a recipe names."""
    for text in programs:
        path = clean(text.encode())
        real = tree.resolve(path)
        if real is None:
            raise BuildError(f"`{text}` is to be shown, and is not in the tree", slug="member-missing")
        if real in tree.files:
            yield path
        else:
            yield from (each for each in sorted(tree.iter_paths()) if parent(each) == real)


def _iter_below(paths: Iterable[bytes], directories: Mapping[bytes, bytes]) -> Iterator[tuple[bytes, bytes]]:
    """What lies below one of the directories, at any depth; of two that match, the longer one counts."""
    longest = sorted(directories, key=len, reverse=True)
    for path in paths:
        directory = next((each for each in longest if path.startswith(each + b"/")), None)
        if directory is not None:
            yield directories[directory] + path[len(directory) :], path


def _iter_development(paths: Iterable[bytes], triplet: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Headers, libraries to link, and `pkg-config` files; those of the architecture beside the others."""
    paths = list(paths)
    headers = (b"usr/include", b"usr/include/" + triplet)
    libraries = (b"usr/lib", b"usr/lib/" + triplet)
    descriptions = (b"usr/share/pkgconfig", *(each + b"/pkgconfig" for each in libraries))
    yield from _iter_below(paths, dict.fromkeys(headers, b"include"))
    for path in paths:
        if parent(path) in libraries and (name_of(path).endswith((b".so", b".a")) or b".so." in name_of(path)):
            yield b"lib/" + name_of(path), path
    yield from _iter_below(paths, dict.fromkeys(descriptions, b"lib/pkgconfig"))
