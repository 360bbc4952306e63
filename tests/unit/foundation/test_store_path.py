"""Store paths and roots."""

from __future__ import annotations

from pathlib import Path

import pytest

from devenv.errors import StoreError, UsageError
from devenv.store_path import (
    CANONICAL_ROOT,
    StorePath,
    object_name,
    parse_store_path,
    require_store_path,
    store_root,
)

DIGEST = "0123456789abcdfghijklmnpqrsvwxyz"


def test_round_trip() -> None:
    """A store path is its digest, a dash and its name."""
    path = parse_store_path(f"{DIGEST}-node-24.1.0")
    assert path == StorePath(DIGEST, "node-24.1.0")
    assert str(path) == f"{DIGEST}-node-24.1.0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        DIGEST,
        f"{DIGEST}-",
        f"{DIGEST}_name",
        f"{DIGEST[1:]}-name",
        f"{DIGEST[:-1]}e-name",
        f"{DIGEST.upper()}-name",
        f"{DIGEST}-.hidden",
        f"{DIGEST}-..",
        f"{DIGEST}-a/b",
        f"{DIGEST}-a b",
        f"{DIGEST}-a\n",
        f"{DIGEST}-'; drop table objects; --",
        f"{DIGEST}-100%",
        f"{DIGEST}-ü",
        f"{DIGEST}-a\0",
        f"{DIGEST}-{'n' * 181}",
        f"/store/{DIGEST}-name",
    ],
)
def test_refuses_what_is_no_store_path(text: str) -> None:
    """Nothing that could leave the store, or mean something to a shell or a database, is a store path (E-05, K-03)."""
    with pytest.raises(ValueError, match=r"store|spell|digit|name"):
        parse_store_path(text)
    with pytest.raises(StoreError) as caught:
        require_store_path(text)
    assert caught.value.slug == "store-path-invalid"


def test_longest_name() -> None:
    """A name may have 180 characters."""
    assert parse_store_path(f"{DIGEST}-{'n' * 180}").name == "n" * 180


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("nodejs", "24.1.0", "nodejs-24.1.0"),
        ("epoch", "1!2.0", "epoch-1_2.0"),
        (".hidden", "1", "hidden-1"),
        ("local", "1.0+cu118", "local-1.0+cu118"),
        ("ü", "1", "_-1"),
        ("n" * 300, "1", "n" * 180),
    ],
)
def test_object_names_are_valid(name: str, version: str, expected: str) -> None:
    """Whatever a package and its version are called, its object has a valid name."""
    assert object_name(name, version) == expected
    assert str(StorePath(DIGEST, expected)).endswith(expected)


def test_canonical_root() -> None:
    """The canonical root is part of every address: it never changes."""
    assert CANONICAL_ROOT == b"/devenv/store/" + b"_" * 66


@pytest.mark.parametrize("base", ["/a", "/home/somebody/.local/share/devenv", "/" + "x" * 71, "/bücher"])
def test_roots_have_one_length(base: str) -> None:
    """Every root is 80 bytes long (not characters), so that replacing one by another never moves a byte."""
    root = store_root(Path(base))
    assert len(bytes(root)) == 80
    assert root.parent.name == "store"
    assert set(root.name) == {"_"}


@pytest.mark.parametrize(
    "base", ["/" + "x" * 72, "/" + "ü" * 36, "relative", "/a b", "/a\tb", '/a"b', "/a#b", "/a\x7fb"]
)
def test_unusable_bases(base: str) -> None:
    """A base that leaves no room, or that `PATH`, `#!` or a shell cannot carry, is refused with the setting's name."""
    with pytest.raises(UsageError) as caught:
        store_root(Path(base))
    assert caught.value.slug == "base-invalid"
    assert "`base`" in (caught.value.hint or "")
