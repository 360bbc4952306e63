"""`sysroot/1`: several `.deb`s → a tree as Debian has it, to be the `/` of builds.

Nothing in it is changed but what makes it one tree: merged-/usr, links that lead from where they stand, alternatives.
What runs in it runs with its root as `/`, so that absolute paths and the loader are where programs expect them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal

import msgspec

from devenv.build.assemble import Entry, MadeFile, NewFile, NewLink, iter_nodes
from devenv.build.builders.request import BuilderRequest
from devenv.build.bundle.alternatives import add_alternatives
from devenv.build.bundle.merge import merge_debs
from devenv.build.bundle.paths import MERGED, Selection
from devenv.build.bundle.tree import Made, Stored, Tree
from devenv.build.bundle.unpack import unpacked_debs
from devenv.errors import BuildError
from devenv.nar.nodes import Node, NodePath
from devenv.sandbox.model import GROUP_ID, HOST_NAME, USER_ID

CONFIGURATION = {
    b"etc/passwd": f"root:x:0:0:root:/root:/bin/bash\n"
    f"builder:x:{USER_ID}:{GROUP_ID}:builder:/homeless:/bin/bash\n"
    f"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    b"etc/group": f"root:x:0:\nusers:x:{GROUP_ID}:\nnogroup:x:65534:\n",
    b"etc/hosts": f"127.0.0.1 {HOST_NAME}\n::1 {HOST_NAME}\n",
    b"etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
"""Who a build is and where it is: what maintainer scripts would have made."""

SHELL = b"usr/bin/sh"


class SysrootArguments(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`debs` names the sources, in their order."""

    architecture: Literal["amd64", "arm64"]
    debs: list[str]


def build_sysroot(request: BuilderRequest) -> Iterator[Node]:
    """The nodes of the tree. Raises BuildError."""
    arguments = request.arguments_as(SysrootArguments)
    if len(arguments.debs) != len(request.sources):
        raise BuildError(f"`{request.name}` must name each of its sources", slug="arguments-invalid")
    sources = list(zip(arguments.debs, request.sources, strict=True))
    with unpacked_debs(sources, request.out.parent, Selection((), ()), request.advance) as debs:
        tree = merge_debs(debs)
        add_alternatives(tree, debs)
        tree.drop_dangling()
        yield from iter_nodes(dict(_iter_entries(tree)))


def _iter_entries(tree: Tree) -> Iterator[tuple[NodePath, Entry]]:
    for path, file in tree.files.items():
        content = file.iter_pieces if isinstance(file, Stored) else partial(_pieces, file)
        yield _path(path), NewFile(file.executable, file.size, content)
    for path, link in tree.links.items():
        yield _path(path), NewLink(link.target)
    for top, target in MERGED.items():
        if target in tree.directories:
            yield _path(top), NewLink(target)
    for name, text in CONFIGURATION.items():
        yield _path(name), MadeFile(False, text.encode)
    if tree.resolve(SHELL) is None:
        yield _path(SHELL), NewLink(b"bash")


def _path(path: bytes) -> NodePath:
    return tuple(path.split(b"/"))


def _pieces(file: Made) -> list[bytes]:
    return [file.read()]
