"""A store root with objects in it, and outputs of build scripts that are to become others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from blake3 import blake3

from devenv.build.script.fixup import iter_output
from devenv.build.script.scope import FixupRequest
from devenv.digest import nix32_encode
from devenv.nar.nodes import Directory, File, Symlink
from devenv.nar.writer import NarWriter
from devenv.store.address import AddressHasher
from devenv.store_path import store_root
from tests.homes import temporary_home
from tests.trees import Link, Script, Tree, write_files
from tests.unit.elf.images import Sketch, make_elf

LIBRARIES = "root/usr/lib/x86_64-linux-gnu"
LOADER = LIBRARIES + "/ld-linux-x86-64.so.2"
NAME = "thing-1"
SCRATCH = "0123456789abcdfghijklmnpqrsvwxyz"

Flat = dict[bytes, bytes | Script | Link | None]
"""Path in an object → what is there; None for a directory."""


@dataclass
class World:
    """Objects below a root, and an output beside it."""

    home: Path
    root: Path
    leftovers: list[str] = field(default_factory=list)
    count: int = 0

    @property
    def out(self) -> Path:
        """What the output is called while it is built."""
        return self.root / f"{SCRATCH}-{NAME}"

    @property
    def tree(self) -> Path:
        """Where it lies."""
        return self.home / "build" / "out"

    def put(self, name: str, tree: Tree) -> Path:
        """An object called so."""
        digest = nix32_encode(blake3(name.encode()).digest(20))
        return write_files(tree, self.root / f"{digest}-{name}")

    def request(self, **changes: object) -> FixupRequest:
        """What is asked of the fix-up, without inputs and tools."""
        request = FixupRequest(
            name="thing",
            tree=self.tree,
            out=self.out,
            inputs=(),
            tools=(),
            runtime=next(self.root.glob("*-runtime-1")),
            store_root=self.root,
            report_leftover=self.leftovers.append,
        )
        return replace(request, **changes)  # type: ignore[arg-type] # fields by their names

    def fix(self, tree: Tree | Callable[[Path], object] | None = None, **changes: object) -> Flat:
        """What becomes of `tree`, put on the disk or made there by a function."""
        if callable(tree):
            tree(self.tree)
        elif tree is not None:
            write_files(tree, self.tree)
        return flatten(self.request(**changes))

    def digest(self, **changes: object) -> str:
        """The content address of what becomes of the output that lies there."""
        hasher = AddressHasher(os.fsencode(self.root), SCRATCH)
        writer = NarWriter(hasher.update)
        for node in iter_output(self.request(**changes)):
            writer.add(node)
        writer.finish()
        return hasher.finish()


def flatten(request: FixupRequest) -> Flat:
    """What becomes of an output; sizes and order are checked on the way."""
    found: Flat = {}
    writer = NarWriter(lambda _: None)
    for node in iter_output(request):
        path = b"/".join(node.path)
        match node:
            case File(names, executable, size, pieces):
                content = b"".join(pieces)
                writer.add(File(names, executable, size, [content]))
                found[path] = Script(content) if executable else content
            case Symlink(_, target):
                writer.add(node)
                found[path] = Link(target)
            case Directory():
                writer.add(node)
                found[path] = None
    writer.finish()
    return found


@contextmanager
def new_world() -> Iterator[World]:
    """A world with a runtime in it."""
    with temporary_home() as home:
        root = store_root(home)
        root.mkdir(parents=True)
        (home / "build").mkdir()
        world = World(home, root)
        library = make_library(b"libc.so.6")
        world.put(
            "runtime-1",
            nest(LIBRARIES, {b"libc.so.6": library, b"libm.so.6": library, b"ld-linux-x86-64.so.2": library}),
        )
        yield world


def nest(path: str, tree: Tree) -> Tree:
    """`tree` at `path`."""
    for name in reversed(path.encode().split(b"/")):
        tree = {name: tree}
    return tree


def make_library(soname: bytes, *needed: bytes, rpath: bytes | None = None) -> bytes:
    """A library that needs others."""
    return make_elf(Sketch(interpreter=None, soname=soname, needed=needed, rpath=rpath))
