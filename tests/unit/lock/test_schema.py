"""`lockfile/schema.json` and the parser say the same of the structure of a lock."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from devenv.errors import LockError
from devenv.lock.parse import parse_lock
from devenv.resources import resource_path

SCHEMA = json.loads(resource_path("lockfile", "schema.json").read_text("utf-8"))
VECTORS = resource_path("lockfile", "vectors")
INDEX = json.loads((VECTORS / "index.json").read_text("utf-8"))
VALID = [*sorted((VECTORS / "valid").iterdir()), *sorted((VECTORS / "noncanonical").iterdir())]
DOCUMENTS = [
    tomllib.loads((VECTORS / "valid" / name).read_text("utf-8"))
    for name in ("everything.toml", "debian.toml", "source.toml", "trees.toml", "environments.toml")
]


def match_pattern(_: Validator, pattern: str, value: object, __: object) -> Iterator[ValidationError]:
    """Patterns of a schema are ECMA-262's, whose `$` does not stand before a last line feed as Python's does."""
    if isinstance(value, str) and re.search(re.sub(r"\$$", r"\\Z", pattern), value) is None:
        yield ValidationError(f"{value!r} does not match {pattern!r}")


VALIDATOR = extend(Draft202012Validator, {"pattern": match_pattern})(SCHEMA)  # type: ignore[no-untyped-call]


def test_schema_is_a_schema() -> None:
    """The schema is valid by its own dialect, so that other tools can load it."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_locks_pass(path: Path) -> None:
    """Every lock that devenv reads has the structure that the schema describes."""
    VALIDATOR.validate(tomllib.loads(path.read_text("utf-8")))


@pytest.mark.parametrize("vector", INDEX, ids=lambda vector: Path(vector["file"]).stem)
def test_invalid_locks_fail_where_the_index_says(vector: dict[str, str]) -> None:
    """The schema refuses exactly those vectors that are said to break the structure (FAULTS K-02)."""
    if vector["noticed_by"] == "text":
        return
    document = tomllib.loads((VECTORS / vector["file"]).read_text("utf-8"))
    assert VALIDATOR.is_valid(document) == (vector["noticed_by"] == "rule")


# Texts that a field may hold, or nearly: what one field refuses is what another one wants.
TEXTS = st.sampled_from([
    "", "0", "1.0", "*", "base", "other", "just", "x86_64-linux", "glibc-2.17", "macos-11.0", "glibc-2", "glibc-02.1",
    "blake3:" + "0" * 64, "blake3:" + "A" * 64, "0" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "builtin:base",
    "builtin:", "builtin:base\n", "builtin:source", "0" * 32 + "-x", "0" * 32 + "-", "0" * 32 + "-" + "x" * 180,
    "0" * 32 + "-" + "x" * 181, "e" * 32 + "-x", "1.0\n", "\u202e", "é" * 100, "é" * 101, "~" * 1000, "~" * 1001, "\t",
    "debian", "debian-trixie", "debian:sid", "debian:bookworm", "debian:" + "x" * 30, "debian:" + "x" * 31, "debian:S",
    "aarch64-linux x86_64-linux", "x86_64-linux aarch64-linux", "x86_64-linux ", "aarch64-darwin",
    "2026-11-18T22:17:41Z", "2024-02-29T00:00:00Z", "2026-02-29T23:59:59Z", "2026-11-18T24:00:00Z", "2026-11-18",
    "0000-01-01T00:00:00Z", "2026-11-18T22:17:41Z\n",
    "git:" + "1" * 40, "git:" + "1" * 41, "sha256:" + "1" * 64, "nar:" + "0" * 32, "path:a", "path:../b", "path:a/",
    "git+https://a.example/b?dir=c", "https://a.example/b.tgz", "0" * 32 + "-tree",
])  # fmt: skip
PARTS = ["pypi:", "pypi:", "debian:", "debian:pool/", "debian:security/pool/", "pool/", "../", "/", ".", "..", "a",
         "%2e", "%2E", "%2f", "%5C", "%00", "%1F", "%7f", "%c3%a9", "%", ":", "?", "#", "@", "~", "é", " ", "\n",
         "packages/", "http://"]  # fmt: skip
TREE_PARTS = [
    "path:", "git+https://", "git+ssh://", "git+file://", "https://", "http://", "git+", "git@", "u:p@", "a.example",
    ":1", "/", "/a", "a", "-", "..", ".", "~", "%2e", ".tar.gz", ".tar", "?", "&", "ref=", "rev=", "dir=", "1" * 40,
    "a" * 64, "main", "@{", ".lock", ".git", "//", " ", "é", "\n", "../",
]  # fmt: skip
LOCATORS = st.lists(st.sampled_from(PARTS), max_size=8).map("".join)
LOCATORS |= st.lists(st.sampled_from(TREE_PARTS), max_size=9).map("".join)
NUMBERS = st.sampled_from([0, 1, 2, -1, 1 << 40, (1 << 40) + 1, 10**18])
NAMES = st.sampled_from(
    [
        "base",
        "a+b",
        "A",
        "-a",
        "a" * 100,
        "a" * 101,
        "x86_64-linux",
        "x86_64-windows",
        "size",
        "_",
        "overrides",
        "dependencies",
        "only",
        "environments",
        "default",
    ]
)


def iter_tables(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document
    for value in document.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield from iter_tables(each)


@st.composite
def changed_documents(draw: st.DrawFn) -> dict[str, Any]:
    """A lock with one to three values or keys changed, added or taken away, anywhere."""
    document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        table = draw(st.sampled_from(list(iter_tables(document))))
        key = draw(st.sampled_from(sorted(table)) if table else NAMES)
        match draw(st.sampled_from(["drop", "rename", "change", "change", "change"])):
            case "drop":
                table.pop(key, None)
            case "rename":
                table[draw(NAMES)] = table.pop(key, "x")
            case _ if not isinstance(table.get(key), dict | list):
                table[key] = draw(LOCATORS if key == "locator" else TEXTS | NUMBERS)
    return document


def iter_lines(table: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    """The lines of a document, written as a lock is, whether it is one or not."""
    for key, value in table.items():
        if not isinstance(value, dict | list):
            yield f"{json.dumps(key)} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in table.items():
        name = ".".join(json.dumps(part) for part in (*path, key))
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                # No lock has a header for `packages`, `inputs` or `systems`: what lies below says that they are there.
                implied = bool(each) and all(isinstance(below, dict) for below in each.values())
                if not implied:
                    yield f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
                yield from iter_lines(each, (*path, key))


def is_rule(message: str) -> bool:
    rules = (
        "not among the inputs",
        "contradicts",
        "two sizes",
        "its month does not have",
        "is no release of",
        "the one that `locator`",
        "leaves out",
    )
    return any(part in message for part in rules)


@given(changed_documents())
def test_schema_and_parser_agree(document: dict[str, Any]) -> None:
    """A text is refused for its structure by the parser if and only if its document is refused by the schema.

    One that is refused for a rule may have other defects, which the parser has not come to.
    """
    version = document.pop("version", None)
    text = "\n".join([f"version = {json.dumps(version)}"] * (version is not None) + [*iter_lines(document)])
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        parsed = {}
    try:
        parse_lock(text.encode(), "devenv.lock")
        accepted = True
    except LockError as error:
        if is_rule(error.message):
            return
        accepted = False
    assert accepted == VALIDATOR.is_valid(parsed), text
