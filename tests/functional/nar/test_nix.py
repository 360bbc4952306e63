"""Nix itself against the writer and the reader, on trees that are generated and laid on the disk."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.digest import nix32_encode
from devenv.nar.nodes import Directory, File, Node, NodePath, Symlink
from devenv.nar.reader import iter_nar, require_end
from devenv.nar.writer import NarWriter
from devenv.store.tree import iter_tree
from tests.trees import Link, Script, Tree, iter_tree_nodes, write_files
from tests.unit.nar.corpus import VALID_TREES

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("nix-store", "nix-hash")), reason="`nix-store` or `nix-hash` is missing"
)

SEEDS = range(12)
ODD_NAMES = (
    b"\n",
    b" ",
    b"-rf",
    b"...",
    b"\xff\xfe",
    b"\xc3\xa9",
    b"e\xcc\x81",
    b"$(x)",
    b"A",
    b"a",
    b"a.",
    b"\x1b[0m",
)


class Nix:
    """Nix with everything that it keeps below one directory."""

    def __init__(self, base: Path) -> None:
        places = {f"NIX_{name}_DIR": str(base / name.lower()) for name in ("STORE", "STATE", "CONF", "LOG")}
        self._environment = os.environ | places | {"HOME": str(base), "NIX_REMOTE": ""}

    def call(self, *arguments: str | Path, archive: bytes | None = None) -> bytes:
        done = subprocess.run(arguments, input=archive, env=self._environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout


@pytest.fixture
def nix(tmp_path: Path) -> Nix:
    """Nix with an empty store."""
    base = tmp_path / "nix"
    base.mkdir()
    return Nix(base)


def make_tree(source: random.Random, depth: int = 0) -> Tree:
    """A random tree with what makes archives differ: names of all kinds, sizes about the padding, links, bits."""
    kinds = ["file", "script", "link"] + ["directory"] * max(0, 6 - depth)
    match "directory" if depth == 0 else source.choice(kinds):
        case "file":
            return source.randbytes(source.choice((0, 1, 7, 8, 9, 100, 70_000)))
        case "script":
            return Script(source.randbytes(source.choice((0, 1, 8, 4097))))
        case "link":
            return Link(source.choice((b".", b"../a", b"/nowhere", b"\xff", b"t" * 4095)))
        case _:
            return {make_name(source): make_tree(source, depth + 1) for _ in range(source.randint(0, 6))}


def make_name(source: random.Random) -> bytes:
    if source.random() < 0.5:
        return source.choice(ODD_NAMES)
    letters = bytes(source.choice(range(1, 256)) for _ in range(source.choice((1, 2, 8, 255))))
    return letters.replace(b"/", b"_") if letters not in {b".", b"/"} else b"_"


def archive_of(place: Path) -> bytes:
    pieces: list[bytes] = []
    archive = NarWriter(pieces.append)
    for node in iter_tree(place):
        archive.add(node)
    archive.finish()
    return b"".join(pieces)


def plain(nodes: Iterator[Node]) -> list[Node]:
    return [
        File(node.path, node.executable, node.size, [b"".join(node.content)]) if isinstance(node, File) else node
        for node in nodes
    ]


def iter_real_files(place: Path) -> Iterator[Node]:
    """What lies at `place`, found without the code under test."""
    found: dict[NodePath, bytes] = {(): os.fsencode(place)}
    for directory, directories, files in os.walk(os.fsencode(place)):
        for name in directories + files:
            path = os.path.join(directory, name)
            found[tuple(os.path.relpath(path, os.fsencode(place)).split(b"/"))] = path
    for names, path in sorted(found.items()):
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            yield Symlink(names, os.readlink(path))
        elif stat.S_ISDIR(mode):
            yield Directory(names)
        else:
            with open(path, "rb") as file:
                content = file.read()
            yield File(names, bool(mode & stat.S_IXUSR), len(content), [content])


def check_against_nix(nix: Nix, tree: Tree, place: Path) -> None:
    write_files(tree, place)
    expected = plain(iter_tree_nodes(tree))
    dump = nix.call("nix-store", "--dump", place)
    assert archive_of(place) == dump

    with (place.parent / "dump").open("w+b") as file:
        file.write(dump)
        file.seek(0)
        assert plain(iter_nar(file.read)) == expected
        require_end(file.read)

    restored = place.parent / "restored"
    nix.call("nix-store", "--restore", restored, archive=archive_of(place))
    assert list(iter_real_files(restored)) == expected

    digest = nix.call("nix-hash", "--type", "sha256", "--base32", place).decode().strip()
    assert nix32_encode(hashlib.sha256(archive_of(place)).digest()) == digest


@pytest.mark.parametrize("seed", SEEDS)
def test_random_trees(nix: Nix, tmp_path: Path, seed: int) -> None:
    """Nix dumps a tree to our bytes, restores it from them and hashes it alike; our reader takes what Nix dumps."""
    check_against_nix(nix, make_tree(random.Random(seed)), tmp_path / "tree")


@pytest.mark.parametrize("name", VALID_TREES)
def test_corpus(nix: Nix, tmp_path: Path, name: str) -> None:
    """Nix agrees on each valid archive of the corpus, up to the limits on names, targets and depth."""
    check_against_nix(nix, VALID_TREES[name], tmp_path / "tree")
