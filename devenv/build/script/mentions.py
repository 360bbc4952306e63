"""Looks, while contents pass, for what must not stand in them: the paths of tools; and for the build directory.

A tool is found by the digest in its path, wherever that stands, because the store finds references in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from devenv.build.script.scope import Scope
from devenv.digest import STORE_DIGEST_LENGTH
from devenv.manifest.wording import format_shown_path
from devenv.store.scan import FEW_PATTERNS, ReferenceScanner, iter_places

SMALL_BYTES = 1 << 16
"""Up to here it takes less time to ask the interpreter for each digest than to have a block scanned."""
MAX_LEFTOVERS = 16
"""Files that are reported; nobody reads more."""
MAX_PLACES = 64
"""Of one block in which the build directory's name is looked at: `/usr/build/` is none."""
BEFORE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+/~}")
"""What stands before a slash in the middle of a path."""
OPTIONS = (b"-I", b"-L", b"-R")
"""Of compilers and linkers: a path follows at once."""


class Mentions:
    """What the contents of one output mention."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._tools = {name[:STORE_DIGEST_LENGTH].decode(): name for name in scope.tool_names()}
        self._digests = [digest.encode() for digest in self._tools]
        self._scanner = ReferenceScanner(self._tools.keys(), "")
        self._directory = scope.request.build_directory.rstrip(b"/") + b"/"
        self._overlap = max(STORE_DIGEST_LENGTH - 1, len(self._directory) + 1)
        self._leftovers = 0

    def watch(self, path: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The content of the file at `path`, as it comes.

        Raises BuildError (`tool-referenced`) before it hands on a piece in which a tool's path ends.
        """
        tail = b""
        reported = False
        for piece in pieces:
            block = tail + piece if tail else piece
            self.scan(path, block)
            reported = reported or self._find_leftover(path, block)
            tail = block[-self._overlap :]
            yield piece

    def scan(self, path: bytes, block: bytes) -> None:
        """Look for tools in a part of what stands at `path`. Raises BuildError (`tool-referenced`)."""
        if len(block) < STORE_DIGEST_LENGTH or not self._tools:
            return
        if len(block) <= SMALL_BYTES and len(self._digests) <= FEW_PATTERNS:
            found = [digest.decode() for digest in self._digests if digest in block]
        else:
            self._scanner.scan(block)
            found = sorted(self._scanner.found)
        if found:
            raise self._scope.tool_error(path, self._scope.root + b"/" + self._tools[found[0]])

    def _find_leftover(self, path: bytes, block: bytes) -> bool:
        """Whether the block mentions the build directory; if so, that was reported."""
        if self._leftovers == MAX_LEFTOVERS:
            return True
        if len(block) <= SMALL_BYTES and self._directory not in block:
            return False
        for count, start in enumerate(iter_places(block, self._directory, len(block))):
            if count == MAX_PLACES:
                break
            if not start or block[start - 1] not in BEFORE or block[max(start - 2, 0) : start] in OPTIONS:
                self._leftovers += 1
                self._scope.request.report_leftover(format_shown_path(path))
                return True
        return False
