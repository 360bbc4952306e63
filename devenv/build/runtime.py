"""Programs from wheels, led to a runtime of the store instead of the host's libraries.

A wheel's program names the host's loader and expects the host's C library (PEP 600). Here it gets the loader of a
runtime, an object made by `bundle/1`, and its libraries in front of everything that loader would look through.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from devenv.build.bundle.libraries import LOADERS
from devenv.elf.image import IMAGE_LIMIT, is_elf, parse_elf
from devenv.elf.patch import ElfChange, patch_elf
from devenv.elf.tables import ElfError
from devenv.errors import BuildError
from devenv.manifest.wording import format_shown_path
from devenv.nar.nodes import File, Node

GLIBC_LOADERS = frozenset(b"/" + loader for loader in LOADERS.values())
"""The interpreters that programs for glibc name."""


class Runtime:
    """The loader and the libraries in a runtime's object."""

    def __init__(self, path: Path) -> None:
        """Raises BuildError where there is no runtime at `path`."""
        loaders = sorted((path / "root/usr/lib").glob("*-linux-gnu/ld-linux-*.so.[12]"))
        if len(loaders) != 1:
            raise BuildError(f"`{path}` is no runtime: it has {len(loaders)} loaders", slug="runtime-invalid")
        self.loader = bytes(loaders[0])
        """The path of the loader."""
        self._libraries = bytes(loaders[0].parent)

    def link(self, nodes: Iterator[Node], name: str) -> Iterator[Node]:
        """The same tree, its programs led to this runtime. Raises BuildError where a program is damaged."""
        for node in nodes:
            yield self._link_file(node, name) if isinstance(node, File) else node

    def _link_file(self, file: File, name: str) -> File:
        pieces = iter(file.content)
        head = next(pieces, b"")
        content: Iterator[bytes] = itertools.chain([head], pieces)
        if not is_elf(head):
            return File(file.path, file.executable, file.size, content)
        place = format_shown_path(b"/".join(file.path))
        if file.size > IMAGE_LIMIT:
            raise BuildError(f"`{place}` of `{name}` is larger than {IMAGE_LIMIT} bytes", slug="elf-invalid")
        try:
            patched = self._patch(b"".join(content))
        except ElfError as error:
            raise BuildError(f"`{place}` of `{name}` is a damaged program: {error}", slug="elf-invalid") from error
        return File(file.path, file.executable, len(patched), [patched])

    def _patch(self, content: bytes) -> bytes:
        image = parse_elf(content)
        if image is None:
            return content
        own = image.rpath if image.runpath is None else image.runpath
        if image.interpreter in GLIBC_LOADERS:
            return patch_elf(content, ElfChange(self.loader, self._search_path(own)))
        # A library that says where to look hides what its program says; others follow the program.
        if image.interpreter is None and own is not None:
            return patch_elf(content, ElfChange(rpath=self._search_path(own)))
        return content

    def _search_path(self, own: bytes | None) -> bytes:
        return b":".join([*([own] if own else []), self._libraries])
