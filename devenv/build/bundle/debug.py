"""Puts the symbols of libraries where debuggers and valgrind look for them beside a library, in `.debug`.

The place in Debian, which is compiled into those programs, is the host's. A library names its file of symbols in
`.gnu_debuglink`; Debian's tools give both the same name, the rest of the build identifier.
"""

from __future__ import annotations

import re

from devenv.build.bundle.libraries import TRIPLETS
from devenv.build.bundle.tree import Tree

SYMBOLS = re.compile(rb"usr/lib/debug/\.build-id/[0-9a-f]{2}/([0-9a-f]+\.debug)")


def add_debug_links(tree: Tree, architecture: str) -> None:
    """Link to the files of symbols, those of packages `-dbg` and `-dbgsym`, from beside the libraries."""
    for path in sorted(tree.files):
        match = SYMBOLS.fullmatch(path)
        if match:
            tree.put_link(b"usr/lib/%b/.debug/%b" % (TRIPLETS[architecture], match[1]), path, tree.files[path].owner)
