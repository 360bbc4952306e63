"""Leads the programs and libraries of an output to the runtime's loader and to the libraries of what it may use.

Images without tables for a loader (objects, static programs, files of symbols) and those for other machines ask for
nothing. Whatever has a build identifier gets one that does not depend on where the store lies.
"""

from __future__ import annotations

import os

from blake3 import blake3

from devenv.build.bundle.libraries import LOADERS
from devenv.build.script.libraries import LibrarySearch, Loader
from devenv.build.script.scope import Realm, Scope, normal
from devenv.digest import STORE_DIGEST_LENGTH
from devenv.elf.build_id import MAX_IDENTIFIER_BYTES, find_build_ids, set_build_ids
from devenv.elf.erase import erase_requests
from devenv.elf.image import ElfImage, ElfKind, parse_elf
from devenv.elf.patch import ElfChange, patch_elf
from devenv.errors import BuildError
from devenv.manifest.wording import format_shown_path
from devenv.store_path import CANONICAL_ROOT

SYSROOT_LOADERS = frozenset(b"/" + path for loader in LOADERS.values() for path in (loader, b"usr/" + loader))
"""The interpreters that the compilers of a sysroot write."""
LOADER_NAMES = frozenset(path.rpartition(b"/")[2] for path in SYSROOT_LOADERS)


class ProgramFixer:
    """Leads the images of one output."""

    def __init__(self, scope: Scope, search: LibrarySearch, loader: Loader) -> None:
        self._scope = scope
        self._search = search
        self._loader = loader

    def fix(self, path: bytes, content: bytes) -> bytes:
        """The image at `path` as it shall be.

        Raises ElfError if it is damaged, BuildError where it needs what is not to be had (`library-undeclared`,
        `interpreter-undeclared`).
        """
        image = parse_elf(content)
        if image is None or image.kind is ElfKind.OBJECT:
            return content
        identifiers = find_build_ids(content)
        if image.machine == self._loader.machine:
            content = self._lead(path, content, image)
        return set_build_ids(content, identifiers, self._identify)

    def _lead(self, path: bytes, content: bytes, image: ElfImage) -> bytes:
        interpreter = self._interpreter(path, image.interpreter)
        rpath = self._search.search_path(path, image)
        if interpreter == image.interpreter and image.runpath is None and rpath == (image.rpath or b""):
            return content
        return patch_elf(erase_requests(content), ElfChange(interpreter, rpath))

    def _interpreter(self, path: bytes, interpreter: bytes | None) -> bytes | None:
        """A loader of glibc is replaced by the runtime's, whoever's it is: the C library is the runtime's as well."""
        if interpreter is None:
            return None
        if interpreter in SYSROOT_LOADERS:
            return self._loader.path
        realm = self._scope.realm_of(normal(interpreter))
        if realm not in {Realm.OWN, Realm.OUTSIDE} and interpreter.rpartition(b"/")[2] in LOADER_NAMES:
            return self._loader.path
        if realm in {Realm.OWN, Realm.INPUT, Realm.SIBLING}:
            return interpreter
        raise BuildError(
            f"{self._scope.shown(path)} is a program for the loader `{format_shown_path(interpreter)}`, "
            "which no input has",
            hint="let it be linked by the compiler of the sandbox, or add the package of the loader to `inputs`",
            slug="interpreter-undeclared",
        )

    def _identify(self, content: bytes) -> bytes:
        """What identifies the image, whatever the root is and however its object is called."""
        own = os.path.basename(self._scope.out)[:STORE_DIGEST_LENGTH]
        content = content.replace(self._scope.root, CANONICAL_ROOT).replace(own, bytes(len(own)))
        return blake3(content).digest(MAX_IDENTIFIER_BYTES)
