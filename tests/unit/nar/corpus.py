"""Archives by name: valid ones, and one for each defect, with what the reader says to it.

    python -m tests.unit.nar.corpus

writes them to `tests/data/nar/corpus`, where fuzzers and other implementations find them: `valid-<name>.nar` and
`invalid-<name>.nar`. Those whose names Nix uses for its own tests of the same (`InvalidNarTest`) are called as there.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.trees import HELLO, SMALL, Link, Script, Tree, nar_of, strings

CORPUS = Path(__file__).parents[2] / "data" / "nar" / "corpus"

MAGIC = strings(b"nix-archive-1")
EMPTY_FILE = strings(b"(", b"type", b"regular", b"contents", b"", b")")
EMPTY_DIRECTORY = strings(b"(", b"type", b"directory", b")")
LENGTH_2_63 = (1 << 63).to_bytes(8, "little")
LENGTH_WRAPPING = ((1 << 64) - 8).to_bytes(8, "little")
TERABYTE = (1 << 40).to_bytes(8, "little")
DEEPEST = 63
"""Directories that may lie in each other below the root."""


def nested(depth: int) -> Tree:
    """A directory with `depth` directories in each other."""
    tree: Tree = {}
    for _ in range(depth):
        tree = {b"d": tree}
    return tree


def link(target: bytes) -> bytes:
    return strings(b"(", b"type", b"symlink", b"target", target, b")")


def entry(name: bytes, node: bytes = EMPTY_FILE) -> bytes:
    return strings(b"entry", b"(", b"name", name, b"node") + node + strings(b")")


def directory(*entries: bytes) -> bytes:
    return strings(b"(", b"type", b"directory") + b"".join(entries) + strings(b")")


def file_up_to(field: bytes) -> bytes:
    return MAGIC + strings(b"(", b"type", b"regular", field)


def patched(archive: bytes, old: bytes, new: bytes) -> bytes:
    assert archive.count(old) == 1
    return archive.replace(old, new)


VALID_TREES: Mapping[str, Tree] = {
    "file": HELLO,
    "file-empty": b"",
    "file-aligned": b"12345678",
    "executable": Script(b"#!/bin/sh\n"),
    "executable-empty": Script(b""),
    "symlink": Link(b"../a"),
    "symlink-longest": Link(b"t" * 4095),
    "directory-empty": {},
    "small": SMALL,
    "names": dict.fromkeys((b"\n", b" ", b"-", b"...", b"A", b"a", b"a.b", b"a\xff", b"\xc3\xa9", b"n" * 255), b""),
    "prefixes": {b"a": {b"z": b"1"}, b"a-": b"2", b"a0": {b"x": b"3"}},
    "deepest": nested(DEEPEST),
}
VALID: Mapping[str, bytes] = {name: nar_of(tree) for name, tree in VALID_TREES.items()}


@dataclass(frozen=True, slots=True)
class Defect:
    """An archive with one thing wrong, and a pattern for what the reader says."""

    archive: bytes
    reason: str


def named(name: bytes) -> Defect:
    return Defect(MAGIC + directory(entry(name)), "expected the name of an entry at byte 136")


def claiming(archive: bytes, old: bytes, length: bytes, what: str) -> Defect:
    """`archive` with a false `length` in place of the one that `old`, the string, begins with."""
    return Defect(patched(archive, strings(old), length + strings(old)[8:]), f"as the length of the {what} at byte")


NAMES: Mapping[str, Defect] = {
    "dot": named(b"."),
    "dotdot": named(b".."),
    "slash": named(b"x/y"),
    "absolute": named(b"/etc"),
    "nul-character": named(b"f\0oo"),
    "empty": Defect(MAGIC + directory(entry(b"")), "expected 1 to 255 as the length of the name at byte 128, found 0"),
    "name-256": Defect(MAGIC + directory(entry(b"n" * 256)), "length of the name at byte 128, found 256"),
    "name-length-wrapping": claiming(nar_of({b"name1": b""}), b"name1", LENGTH_WRAPPING, "name"),
    "duplicate": Defect(MAGIC + directory(entry(b"a"), entry(b"a")), "name that sorts behind b'a' at byte"),
    "duplicate-symlink-directory": Defect(
        MAGIC + directory(entry(b"d", link(b"/victim")), entry(b"d", directory(entry(b"x")))), "sorts behind b'd'"
    ),
    "unsorted": Defect(MAGIC + directory(entry(b"b"), entry(b"a")), "sorts behind b'b' at byte"),
    "unsorted-in-locale-order": Defect(MAGIC + directory(entry(b"a"), entry(b"B")), "sorts behind b'a' at byte"),
    "too-deep": Defect(nar_of(nested(DEEPEST + 1)), "at most 64 levels at byte"),
    "name-padding": Defect(patched(nar_of({b"a": b""}), b"a" + bytes(7), b"a" + bytes(6) + b"x"), "zeros up to"),
}
TARGETS: Mapping[str, Defect] = {
    "target-empty": Defect(MAGIC + link(b""), "expected 1 to 4095 as the length of the target at byte 88, found 0"),
    "target-nul": Defect(MAGIC + link(b"a\0b"), "expected a target without NUL at byte 96"),
    "target-4096": Defect(MAGIC + link(b"t" * 4096), "length of the target at byte 88, found 4096"),
    "target-length-2-63": claiming(nar_of(Link(b"../a")), b"../a", LENGTH_2_63, "target"),
    "target-padding": Defect(patched(nar_of(Link(b"../a")), b"../a\0\0\0\0", b"../a\0\0\0!"), "zeros up to"),
    "target-missing": Defect(
        MAGIC + strings(b"(", b"type", b"symlink", b")") + bytes(64), "a symbolic link at byte 72"
    ),
}
CONTENTS: Mapping[str, Defect] = {
    "content-length-2-63": claiming(nar_of(HELLO), HELLO, LENGTH_2_63, "content"),
    "content-length-wrapping": claiming(nar_of(HELLO), HELLO, LENGTH_WRAPPING, "content"),
    "content-terabyte": Defect(
        patched(nar_of(HELLO), strings(HELLO), TERABYTE + strings(HELLO)[8:]), "more bytes of content at byte 120"
    ),
    "regular-one-byte-non-zero-padding": Defect(
        patched(nar_of(b"x"), b"x" + bytes(7), b"x" + bytes(6) + b"\1"),
        "zeros up to a multiple of eight .* at byte 97",
    ),
    "regular-truncated-padding": Defect(nar_of(b"x")[:100], "at least 20 more bytes at byte 100"),
    "executable-after-contents": Defect(
        file_up_to(b"contents") + strings(b"", b"executable", b"", b")"), "zeros up to .* at byte 96"
    ),
    "executable-not-empty": Defect(
        file_up_to(b"executable") + strings(b"x", b"contents", b"", b")"), "an empty string and .* at byte 96"
    ),
    "executable-twice": Defect(
        file_up_to(b"executable") + strings(b"", b"executable", b"", b"contents", b"", b")"), "`contents` behind"
    ),
    "contents-missing": Defect(MAGIC + strings(b"(", b"type", b"regular", b")") + bytes(64), "a file, .* at byte 72"),
    "invalid-tag-instead-of-contents": Defect(file_up_to(b"AAAAAAAA") + strings(b"x", b")"), "a file, .* at byte 80"),
}
STRUCTURE: Mapping[str, Defect] = {
    "nothing": Defect(b"", "at least 96 more bytes at byte 0, found the end"),
    "version-2": Defect(strings(b"nix-archive-2") + EMPTY_FILE, "`nix-archive-1` at byte 16"),
    "magic-padding": Defect(strings(b"nix-archive-1\1") + EMPTY_FILE, "`nix-archive-1` at byte 0"),
    "tag-padding": Defect(patched(nar_of(b""), b"type" + bytes(4), b"type\0\0\0\1"), "a file, .* at byte 48"),
    "tag-length-2-63": Defect(
        patched(nar_of(b""), strings(b"type"), LENGTH_2_63 + strings(b"type")[8:]), "a file, .* at byte 40"
    ),
    "type-unknown": Defect(MAGIC + strings(b"(", b"type", b"fifo") + bytes(64), "a file, a directory or a"),
    "type-missing": Defect(MAGIC + strings(b"(", b"contents", b"", b")") + bytes(64), "a file, a directory or a"),
    "type-twice": Defect(
        MAGIC + strings(b"(", b"type", b"regular", b"type", b"regular", b"contents", b"", b")"), "a file, .* at byte 72"
    ),
    "name-after-node": Defect(
        MAGIC + directory(strings(b"entry", b"(", b"node") + EMPTY_FILE + strings(b"name", b"a", b")")),
        "`name` at byte",
    ),
    "name-missing": Defect(
        MAGIC + directory(strings(b"entry", b"(", b"node") + EMPTY_FILE + strings(b")")), "`name` at byte 120"
    ),
    "node-missing": Defect(
        MAGIC + directory(strings(b"entry", b"(", b"name", b"a", b")")) + bytes(128), "`node` at byte 144"
    ),
    "entry-in-file": Defect(MAGIC + EMPTY_FILE[:-16] + entry(b"a") + strings(b")"), "`\\)` at byte 96"),
    "object-in-directory": Defect(MAGIC + directory(EMPTY_FILE), "`entry` or `\\)` at byte"),
    "entry-unclosed": Defect(MAGIC + directory(entry(b"a")[:-16], entry(b"b")), "`\\)` at byte"),
    "directory-unclosed": Defect((MAGIC + directory(entry(b"a")))[:-16], "more bytes at byte .* end of the stream"),
}
INVALID: Mapping[str, Defect] = {**NAMES, **TARGETS, **CONTENTS, **STRUCTURE}


def corpus() -> dict[str, bytes]:
    """What belongs into `CORPUS`, by the names of files."""
    valid = {f"valid-{name}.nar": archive for name, archive in VALID.items()}
    return valid | {f"invalid-{name}.nar": defect.archive for name, defect in INVALID.items()}


def main() -> None:
    CORPUS.mkdir(parents=True, exist_ok=True)
    for path in CORPUS.iterdir():
        path.unlink()
    for name, archive in corpus().items():
        (CORPUS / name).write_bytes(archive)
    sys.stdout.write(f"{len(corpus())} archives in {CORPUS}\n")


if __name__ == "__main__":
    main()
