"""What people call objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from devenv.errors import UsageError
from devenv.store.adding import Output
from devenv.store.names import list_names, require_object
from devenv.store.store import Store
from devenv.store_path import StorePath
from tests.trees import Tree, iter_tree_nodes

SCRATCH = "0123456789abcdfghijklmnpqrsvwxyz"


def add(store: Store, tree: Tree, name: str) -> StorePath:
    return store.add(Output(iter_tree_nodes(tree), name, SCRATCH))


def test_every_way_to_say_it(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object is named by its path, a path below it or a link to it, its store name, digest, or name."""
    tool = add(store, {b"bin": {b"tool": b"x"}}, "tool-1.0")
    add(store, b"other", "other-2")
    (tmp_path / "result").symlink_to(store.path(tool))
    monkeypatch.chdir(tmp_path)
    names = (
        "tool",
        "tool-1.0",
        str(tool),
        tool.digest,
        tool.digest[:6],
        "result",
        "./result/bin",
        str(store.path(tool)),
    )
    for text in (*names, str(store.path(tool) / "bin/tool")):
        assert require_object(store, text) == tool, text


def test_name_with_a_dash(store: Store) -> None:
    """`environment` is that object and not `environment-description`, of which it is the beginning."""
    whole = add(store, b"1", "environment")
    add(store, b"2", "environment-description")
    assert require_object(store, "environment") == whole


def test_ambiguous_and_unknown(store: Store) -> None:
    """Two versions of a name, and what does not exist, are errors that say what to do."""
    add(store, b"1", "tool-1")
    add(store, b"2", "tool-2")
    with pytest.raises(UsageError) as caught:
        require_object(store, "tool")
    assert caught.value.slug == "object-ambiguous"
    assert len(caught.value.details) == 2
    for text in ("", "/", "..", "nothing", "./nothing", "a/../..", f"{SCRATCH}-x", str(store.root)):
        with pytest.raises(UsageError) as caught:
            require_object(store, text)
        assert caught.value.slug == "object-unknown", text


def test_listing(store: Store) -> None:
    """Names are listed once each, in order, without digests; what is no object is left out."""
    add(store, b"1", "b")
    add(store, b"2", "b")
    add(store, b"3", "a")
    (store.root / "notes").touch()
    assert list_names(store.layout.base) == ["a", "b"]
    assert list_names(store.layout.base / "nothing") == []
