"""Rewrites absolute paths in text: what exists in the tree is named where it lies in the object.

A path is rewritten if it exists in the tree, or if its beginning does and is at least three names deep
(`/usr/share/git-core/%s.tmpl`): a shorter one says where things usually are, not where ours is. What belongs to a
machine (`/var`, `/run`, `/tmp`, `/home`) and what an administrator puts in place (`/usr/local`) is never meant.
"""

from __future__ import annotations

import bisect
import re

from devenv.build.bundle.paths import clean, merged
from devenv.build.bundle.place import Place
from devenv.build.bundle.tree import Tree
from devenv.nar.nodes import MAX_DEPTH

MAX_TEXT_BYTES = 8 << 20
"""Longer files are data, whatever they look like; of scripts, only the line is rewritten that names the interpreter."""
MAX_LINE_BYTES = 1 << 12
"""Of that line; the kernel reads 256."""

AS_THEY_ARE = (b"usr/include/", b"usr/share/doc/", b"usr/share/info/", b"usr/share/man/")
"""Compilers are told where headers are, and documentation is about Debian's paths."""

PATH = re.compile(
    rb"/(?=(?:usr|etc|s?bin|lib(?:32|64)?|opt)(?![\w.+-]))(?!usr/local)"
    rb"(?:(?<![\w.+@~%/})\]*?\\-]/)|(?<=[\s\"'=]-[ILR]/))"
    rb"[\w.+@~%-]+(?:/+[\w.+@~%,=:-]*[\w+@~%=-])*"
)
"""An absolute path that nothing stands before (a variable, a glob, a host), or the value of a linker's option.

The slash stands first, though what is before it is looked at: a search is for one letter then, and takes a fiftieth.
"""

LINKER_SCRIPT = re.compile(rb".*\.(?:so|a)")
"""Texts in the places of libraries (`libc.so`): a linker reads them with its sysroot in front of their paths."""

SCRIPT = b"#!"
COUNTED = re.compile(rb".*\.m4f")
"""Frozen states of m4: each text stands behind its length."""

ENV_LINE = re.compile(rb"#![ \t]*/usr/bin/env[ \t]+([\w.+-]+)[ \t]*(?=\n)")

PREFIX_LINE = re.compile(rb"^([ \t]*\w*prefix[ \t]*=[ \t]*[\"']?)/usr(?=[\"']?[ \t]*$)", re.MULTILINE)
PREFIX_FILE = re.compile(rb".*(?:\.pc|-config)")
"""Files whose prefix is the tree, though one name is not deep enough elsewhere."""

MEANT_DEPTH = 3
MAX_PATH_BYTES = 4095
"""No program opens a longer path."""
MAX_NAMES = MAX_DEPTH + 2
"""Of a path; in the tree none lies deeper (`/`, `usr` for what is merged)."""
MAX_CLIMBING_NAMES = 16
"""The same where one of them is `..`: its beginnings are tried one after the other."""
MAX_KNOWN = 1 << 16
"""Paths whose answers are kept."""


class TextRewriter:
    """Rewrites the texts of one tree."""

    def __init__(self, tree: Tree, place: Place) -> None:
        self._tree = tree
        self._place = place
        self._known: dict[bytes, bytes] = {}

    def rewrite(self, path: bytes, content: bytes) -> bytes:
        """The content of the file at `path`, with paths as they shall be; as it is if it is no text."""
        if path.startswith(AS_THEY_ARE) or LINKER_SCRIPT.fullmatch(path) or COUNTED.fullmatch(path):
            return content
        if b"\0" in content:
            return self._rewrite_archive(path, content)
        content = ENV_LINE.sub(self._interpreter, content, count=1) if content.startswith(SCRIPT) else content
        if PREFIX_FILE.fullmatch(path):
            content = PREFIX_LINE.sub(lambda match: match[1] + self._place.of(b"usr"), content)
        return PATH.sub(self._rewritten, content)

    def rewrite_first_line(self, path: bytes, head: bytes) -> tuple[int, bytes]:
        """For a file too long to rewrite, which begins with `head`: how many bytes are replaced, and by what.

        That is the first line of a script, and nothing of any other file.
        """
        line, end, _ = head.partition(b"\n")
        if not end or not line.startswith(SCRIPT) or b"\0" in line:
            return 0, b""
        return len(line + end), self.rewrite(path, line + end)

    def _rewrite_archive(self, path: bytes, content: bytes) -> bytes:
        """Archives that are programs (of Python, of Erlang) begin with the line that names their interpreter."""
        line, end, rest = content.partition(b"\n")
        return self.rewrite(path, line + end) + rest if line.startswith(SCRIPT) and b"\0" not in line else content

    def _interpreter(self, match: re.Match[bytes]) -> bytes:
        program = b"usr/bin/" + match[1]
        return b"#!" + self._place.of(program) if self._tree.is_program(program) else match[0]

    def _rewritten(self, match: re.Match[bytes]) -> bytes:
        token = match[0]
        if token not in self._known:
            if len(self._known) == MAX_KNOWN:
                self._known.clear()
            self._known[token] = self._rewrite_path(token)
        return self._known[token]

    def _rewrite_path(self, token: bytes) -> bytes:
        names = token.split(b"/")
        length = self._find_length(names) if len(token) <= MAX_PATH_BYTES else None
        if length is None:
            return token
        return b"/".join([self._place.of(merged(clean(b"/".join(names[:length])))), *names[length:]])

    def _find_length(self, names: list[bytes]) -> int | None:
        """With how many of its names, the empty one in front included, the path exists that is meant."""
        climbs = b".." in names
        limit = min(len(names), MAX_CLIMBING_NAMES if climbs else MAX_NAMES)
        lengths = range(max(min(MEANT_DEPTH + 1, len(names)), 3), limit + 1)

        def is_absent(length: int) -> bool:
            return self._tree.resolve(clean(b"/".join(names[:length]))) is None

        if climbs:
            return next((length for length in reversed(lengths) if not is_absent(length)), None)
        # Where a beginning is absent, so is what goes on from there.
        count = bisect.bisect_left(lengths, True, key=is_absent)
        return lengths[count - 1] if count else None
