"""Turns the output of a build script into the nodes of an object (DESIGN section 4).

A first walk looks at names, kinds and links; the second one hands on the nodes. Of contents, only those of programs are
held in memory; others pass in pieces. What changes is what would not work outside of the sandbox (links, interpreters,
search paths) or would differ from one build to the next (build identifiers, times in the heads of gzip files); what
only gets in the way is left out (libtool's descriptions of libraries, the index of info pages).
"""

from __future__ import annotations

import itertools
import os
import re
import stat
from collections.abc import Iterable, Iterator

from devenv.build.script.libraries import LibrarySearch, find_loader
from devenv.build.script.links import fix_target
from devenv.build.script.mentions import Mentions
from devenv.build.script.output_tree import Entry, OutputTree, open_file
from devenv.build.script.programs import ProgramFixer
from devenv.build.script.scope import FixupRequest, Scope
from devenv.build.script.scripts import MARK, ScriptFixer
from devenv.build.script.survey import LIBRARY, survey_output
from devenv.elf.image import IMAGE_LIMIT, is_elf, parse_elf
from devenv.elf.tables import ElfError
from devenv.errors import BuildError
from devenv.nar.nodes import Directory, File, Node, Symlink
from devenv.store.links import READ_BYTES

HEAD_BYTES = 4096
"""What is read of a file to see what it is."""

LEFT_OUT = frozenset({b"share/info/dir"})
"""An index of all packages' pages on a machine, of which every package would bring one."""
LIBTOOL_PATH = re.compile(rb"lib(?:64)?/[^/]+\.la")
LIBTOOL_MARK = b"libtool library file"
"""In the first lines of what names directories of the build for who links statically; Debian leaves it out as well.
Those of plugins, in directories below, are read by the programs that load them."""

GZIP = b"\x1f\x8b\x08"
GZIP_NAME = b".gz"
GZIP_TIME = range(4, 8)
"""Where a gzip file says when what is in it was changed (RFC 1952)."""

CAPABILITIES = "security.capability"


def iter_output(request: FixupRequest) -> Iterator[Node]:
    """The nodes of the output, the root first; the content of a file can be read until the next is asked for.

    Raises BuildError where the output cannot become an object; also while a content is read.
    """
    scope = Scope(request)
    with OutputTree(scope) as tree, tree.named:
        fixer = _Fixer(tree, scope)
        for entry in tree.iter_entries():
            fixer.mentions.scan(entry.path, entry.name)
            if entry.kind == stat.S_IFREG:
                descriptor = open_file(entry.directory, entry.name)
                try:
                    node = fixer.fix_file(entry, descriptor)
                    if node is not None:
                        yield node
                finally:
                    os.close(descriptor)
            else:
                yield fixer.fix_other(entry)


class _Fixer:
    def __init__(self, tree: OutputTree, scope: Scope) -> None:
        runtime = scope.request.runtime
        self._scope = scope
        self._survey = survey_output(tree, scope)
        self._scripts = ScriptFixer(tree, self._survey, scope)
        self._programs: ProgramFixer | None = None
        if runtime is not None:
            loader = find_loader(runtime)
            self._programs = ProgramFixer(scope, LibrarySearch(tree, self._survey, scope, loader), loader)
        self.mentions = Mentions(scope)

    def fix_other(self, entry: Entry) -> Node:
        """The node of a directory or a link."""
        path = _names(entry.path)
        if entry.kind == stat.S_IFDIR:
            return Directory(path)
        target = fix_target(self._survey, self._scope, entry.path, self._survey.links[entry.path])
        self.mentions.scan(entry.path, target)
        return Symlink(path, target)

    def fix_file(self, entry: Entry, descriptor: int) -> File | None:
        """The node of an open file; None if it is left out."""
        status = os.fstat(descriptor)
        self._require_plain(entry.path, descriptor)
        head = os.pread(descriptor, HEAD_BYTES, 0)
        if entry.path in LEFT_OUT or (LIBTOOL_PATH.fullmatch(entry.path) and LIBTOOL_MARK in head):
            return None
        size = status.st_size
        if is_elf(head):
            fixed = self._fix_program(entry, descriptor, size)
            if fixed is not None:
                return self._file(entry, len(fixed), [fixed])
        replaced, text = self._fix_head(entry, head)
        pieces = itertools.chain([text] if text else [], _iter_pieces(descriptor, replaced, size))
        return self._file(entry, size - replaced + len(text), pieces)

    def _file(self, entry: Entry, size: int, pieces: Iterable[bytes]) -> File:
        return File(_names(entry.path), entry.executable, size, self.mentions.watch(entry.path, pieces))

    def _require_plain(self, path: bytes, descriptor: int) -> None:
        """Capabilities are refused and not dropped: the program was made to need them, as one with a set-id bit."""
        if _has_attribute(descriptor, CAPABILITIES):
            raise BuildError(
                f"{self._scope.shown(path)} has capabilities: no package can give the rights of another user",
                hint="let the install phase take them away: `setcap -r`",
                slug="output-set-id",
            )

    def _fix_head(self, entry: Entry, head: bytes) -> tuple[int, bytes]:
        """How many bytes at the beginning of the file are replaced, and by what."""
        if entry.executable and head.startswith(MARK):
            return self._scripts.fix_line(entry.path, head)
        if entry.name.endswith(GZIP_NAME) and head.startswith(GZIP) and len(head) >= GZIP_TIME.stop:
            return GZIP_TIME.stop, head[: GZIP_TIME.start] + bytes(len(GZIP_TIME))
        return 0, b""

    def _fix_program(self, entry: Entry, descriptor: int, size: int) -> bytes | None:
        """The image as it shall be; None for what is no program and stays as it is: a test's damaged one, say."""
        is_program = entry.executable or LIBRARY in entry.name
        try:
            if size > IMAGE_LIMIT:
                raise ElfError(f"it has more than {IMAGE_LIMIT} bytes")
            content = b"".join(_iter_pieces(descriptor, 0, size))
            if self._programs is not None:
                return self._programs.fix(entry.path, content)
            self._require_static(entry.path, content)
        except ElfError as error:
            if not is_program:
                return None
            raise BuildError(
                f"{self._scope.shown(entry.path)} is a damaged program: {error}",
                hint="let the install phase take its executable bit away, if it is no program",
                slug="elf-invalid",
            ) from error
        return None

    def _require_static(self, path: bytes, content: bytes) -> None:
        """Raises BuildError where the image would need a runtime: none was declared."""
        image = parse_elf(content)
        if image is not None and (image.interpreter is not None or image.needed):
            raise BuildError(
                f"{self._scope.shown(path)} is a program, and nothing was declared that it could run on",
                hint="give the derivation an input with the role `runtime`",
                slug="output-runtime-missing",
            )


def _names(path: bytes) -> tuple[bytes, ...]:
    return tuple(path.split(b"/")) if path else ()


def _iter_pieces(descriptor: int, start: int, size: int) -> Iterator[bytes]:
    """The bytes of an open file from `start`, up to `size`."""
    while start < size:
        piece = os.pread(descriptor, min(READ_BYTES, size - start), start)
        if not piece:
            return
        start += len(piece)
        yield piece


def _has_attribute(descriptor: int, name: str) -> bool:
    """Whether an open file has the extended attribute."""
    get = getattr(os, "getxattr", None)
    if get is None:
        return False
    try:
        get(descriptor, name)
    except OSError:
        # There is none, or the file system knows of none.
        return False
    return True
