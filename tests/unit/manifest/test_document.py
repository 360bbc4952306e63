"""Bytes that are hardly TOML, or too much of it."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import pytest

from devenv.errors import DevenvError
from devenv.manifest.document import MANIFEST_LIMIT
from devenv.manifest.parse import parse_manifest
from devenv.manifest.scanner import ITEM_LIMIT, KEY_PARTS_LIMIT, NESTING_LIMIT

Refusal = Callable[[str | bytes], DevenvError]


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b"", "1:1", "the manifest is empty"),
        (b"\n# nothing\n", "1:1", "the manifest is empty"),
        (b"\xef\xbb\xbf[packages]\n", "1:1", "the manifest begins with a byte-order mark"),
        (b"\xff\xfe[\0p\0", "1:1", "the byte 0xff is not part of UTF-8 text"),
        ("[packages]\n# é ".encode() + b"\xe9\n", "2:5", "the byte 0xe9 is not part of UTF-8 text"),
        (b"[env]\nA = 'a\0b'\n", "2:7", None),
        (b"[packages]\ngo = 'a'\rb = 1\n", "2:9", None),
        (b"[packages]\nnodejs = v24\n", "2:10", "the manifest is not valid TOML: invalid value"),
        (b'[packages]\nnodejs = "24\n', "2:13", None),
        (b"[packages]\nnodejs = null", "2:10", None),
        (b"[packages", "1:10", None),
        (b"packages:\n  - &a x\n  - *a\n", "1:9", None),
        (b'{"packages": {}}', "1:1", None),
    ],
)
def test_what_is_no_toml(refusal: Refusal, content: bytes, place: str, message: str | None) -> None:
    """K-01, K-02: what cannot be read is an error with line and column, counted in characters."""
    error = refusal(content)
    assert str(error.place) == f"devenv.toml:{place}"
    assert message is None or error.message == message


@pytest.mark.parametrize(
    ("text", "place", "message", "first"),
    [
        ("[packages]\na = '1'\n'a' = '2'\n", "3:1", "`packages.a` is given twice", "2:1"),
        ("[packages]\n[env]\n[packages]\n", "3:1", "`packages` is given twice", "1:2"),
        ("packages = { a = '1', a = '2' }\n", "1:23", "`packages.a` is given twice", "1:14"),
        ("[packages]\n'a b'.input = '1'\n'a b'.input = '1'\n", "3:1", '`packages."a b".input` is given twice', "2:7"),
    ],
)
def test_what_is_given_twice(refusal: Refusal, text: str, place: str, message: str, first: str) -> None:
    """K-01: of a duplicate both places are named."""
    error = refusal(text)
    assert (str(error.place), error.message) == (f"devenv.toml:{place}", message)
    assert error.details == (f"first: devenv.toml:{first}",)


def test_repetition_after_another_fault(refusal: Refusal) -> None:
    """What is wrong first is told first, even where something stands twice further down."""
    error = refusal('[env]\nA = "\\q"\nA = "x"\n')
    assert "twice" not in error.message
    assert error.place is not None
    assert error.place.line == 2


def test_merge_conflict(refusal: Refusal) -> None:
    """K-06 for manifests: the marks of a merge are called what they are."""
    error = refusal("[packages]\n<<<<<<< ours\ngo = '1'\n=======\ngo = '2'\n>>>>>>> theirs\n")
    assert error.message == "the manifest holds a merge conflict that is not resolved"
    assert str(error.place) == "devenv.toml:2:1"


BOMBS = {
    "too large": b"#" * (MANIFEST_LIMIT + 1),
    "arrays": b"a = " + b"[" * 100_000,
    "inline tables": b"a = " + b"{ a = " * 100_000,
    "both": b"a = " + b"[{ a = " * 100_000,
    "nesting": b"a = " + b"[" * (NESTING_LIMIT + 1) + b"]" * (NESTING_LIMIT + 1),
    "dotted key": b"a." * 100_000 + b"a = 1",
    "key parts": b".".join([b"a"] * (KEY_PARTS_LIMIT + 1)) + b" = 1",
    "header": b"[" + b"a." * 100_000 + b"a]",
    "headers": b"".join(b"[" + b".".join([b"k%d" % number] * 16) + b"]\n" for number in range(8_000)),
    "elements": b"a = [" + b"1," * 500_000 + b"]",
    "keys": b"[env]\n" + b"".join(b"A%d = ''\n" % number for number in range(ITEM_LIMIT)),
    "digits": b"a = " + b"1" * 5_000,
    "unclosed": b"a = '''" + b"\\'' " * 200_000,
    "long key": b"[packages]\n" + b"A" * 1_000_000 + b" = 1",
    "twice": b"[packages]\n" + b"A" * 500_000 + b" = 1\n" + b"A" * 500_000 + b" = 1",
    "unknown keys": b"[packages]\n[project]\n" + b"".join(b"key%05d = 1\n" % number for number in range(4_900)),
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS.keys())
def test_bombs(refusal: Refusal, content: bytes) -> None:
    """K-01: what is deep, long or much is an error at small cost: no overflow of the stack, no gigabytes, no wait."""
    tracemalloc.start()
    try:
        before = time.process_time()
        refusal(content)
        assert time.process_time() - before < 5
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_largest_manifest(refusal: Refusal) -> None:
    """K-01: the limit on the size is exact, and what is longer is not looked at."""
    longest = b"[env]\n#" + b"x" * (MANIFEST_LIMIT - 7)
    assert parse_manifest(longest).env == {}
    assert refusal(longest + b"x").message == f"the manifest is larger than {MANIFEST_LIMIT} bytes"


def test_foreign_text_in_messages(refusal: Refusal) -> None:
    """M-05: what a file says gets into a message cut short and without control characters."""
    assert f"`{'A' * 60}…`" in refusal(f"[packages]\n{'A' * 61} = '1'").message
    assert "`\\x1b[31m\\nA`" in refusal('[packages]\n"\\u001b[31m\\nA" = "1"').message


def test_limits_leave_room() -> None:
    """A manifest with hundreds of entries and a long hook is no bomb."""
    env = "".join(f"VARIABLE_{number} = '{'x' * 100}'\n" for number in range(1_000))
    packages = "".join(f"package{number} = '*'\n" for number in range(500))
    hook = "true\n" * 50_000
    manifest = parse_manifest(f"[env]\n{env}[packages]\n{packages}[shell]\nhook = '''{hook}'''".encode())
    assert (len(manifest.env), len(manifest.packages)) == (1_000, 500)
