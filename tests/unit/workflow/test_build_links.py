"""Links to what was built: where they go, what they replace, and that they keep what they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.errors import UsageError
from devenv.events import ignore
from devenv.settings import Settings
from devenv.store.adding import Output
from devenv.store.root_links import iter_root_links
from devenv.store_path import StorePath
from devenv.workflow.build_links import LinkChoice, link_builds
from devenv.workflow.tools import Tools
from tests.trees import iter_tree_nodes


@pytest.fixture
def tools(settings: Settings) -> Iterator[Tools]:
    with Tools(settings, {}, ignore) as tools:
        yield tools


def add(tools: Tools, name: str) -> StorePath:
    return tools.store.add(Output(iter_tree_nodes({b"name": name.encode()}), name, "0" * 32))


def kept(tools: Tools) -> set[StorePath | None]:
    return {each.object for each in iter_root_links(tools.store.layout)}


def test_one_link(tools: Tools, tmp_path: Path) -> None:
    """What is built alone is linked as `result` in the project, and kept; the next build's link takes the place."""
    for name in ("one", "two"):
        path = add(tools, name)
        links = link_builds(tools, tmp_path, {"app": path}, LinkChoice())
        assert links == {"app": tmp_path / "result"}
        assert (tmp_path / "result" / "name").read_text() == name
        assert kept(tools) == {path}


def test_several_links(tools: Tools, tmp_path: Path) -> None:
    """Several builds have a link each, named for them."""
    objects = {name: add(tools, name) for name in ("app", "tool")}
    links = link_builds(tools, tmp_path, objects, LinkChoice())
    assert links == {name: tmp_path / f"result-{name}" for name in objects}
    assert kept(tools) == set(objects.values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result-app", "result-tool"]


def test_another_place(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link may go elsewhere, relative to the working directory; several are named after it."""
    monkeypatch.chdir(tmp_path)
    place = LinkChoice(Path("out/x"))
    (tmp_path / "out").mkdir()
    objects = {name: add(tools, name) for name in ("app", "tool")}
    assert link_builds(tools, tmp_path / "p", {"app": objects["app"]}, place) == {"app": tmp_path / "out/x"}
    links = link_builds(tools, tmp_path / "p", objects, place)
    assert links == {name: tmp_path / f"out/x-{name}" for name in objects}


def test_none(tools: Tools, tmp_path: Path) -> None:
    """Without links nothing is written, and nothing kept."""
    assert link_builds(tools, tmp_path, {"app": add(tools, "app")}, LinkChoice(none=True)) == {}
    assert list(tmp_path.iterdir()) == []
    assert kept(tools) == set()


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_occupied(tools: Tools, tmp_path: Path, kind: str) -> None:
    """What is no link is never replaced."""
    place = tmp_path / "result"
    place.write_text("mine") if kind == "file" else place.mkdir()
    with pytest.raises(UsageError) as caught:
        link_builds(tools, tmp_path, {"app": add(tools, "app")}, LinkChoice())
    assert caught.value.slug == "link-occupied"
    assert not place.is_symlink()
    assert kept(tools) == set()
