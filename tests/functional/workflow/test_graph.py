"""`devenv graph`: text that Graphviz takes, and a page that holds nothing but what it says."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from devenv.errors import DevenvError
from devenv.ui.graph.page import PLACE, format_page
from devenv.ui.lines import iter_lines
from devenv.ui.terminal import Painter
from devenv.workflow.closure.contents import Content, measure_contents
from devenv.workflow.closure.draw import find_contents, write_drawing
from devenv.workflow.closure.read import read_closure
from devenv.workflow.closure.results import ClosureResult
from devenv.workflow.tools import Tools
from tests.closures import make_project, tools_with_everything

HOSTILE = '</script><img src=x onerror=alert(1)> "q" \\N &lt; {{style}} \u202e\x1b[31m \'x'


@pytest.fixture
def tools() -> Iterator[Tools]:
    """Those of a user who has all of a lock in the store."""
    with tools_with_everything() as tools:
        yield tools


@pytest.fixture
def closure(tools: Tools, tmp_path: Path) -> ClosureResult:
    """What a project's lock means."""
    return read_closure(tools, make_project(tmp_path / "api"))


def make_hostile(closure: ClosureResult) -> ClosureResult:
    """The same with names such as nobody should have let through."""
    members = {
        key: replace(
            each,
            name=f"{each.name}{HOSTILE}",
            files=tuple(replace(file, name=HOSTILE, locator=f"{file.locator}{HOSTILE}") for file in each.files),
        )
        for key, each in closure.members.items()
    }
    return replace(closure, project=closure.project / HOSTILE.replace("/", ""), members=members, lacking={"x": HOSTILE})


def dot_of(closure: ClosureResult) -> bytes:
    return "".join(f"{line}\n" for line in iter_lines(closure, Painter(io.StringIO(), {}))).encode()


class Page(HTMLParser):
    """What a parser of HTML finds in a page: elements with their attributes, and the text of some."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._within = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element."""
        self.elements.append((tag, dict(attrs)))
        self._within = dict(attrs).get("id") or tag

    def handle_endtag(self, tag: str) -> None:
        """What follows is in another one."""
        del tag
        self._within = ""

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.texts[self._within] = self.texts.get(self._within, "") + data

    @property
    def data(self) -> Any:
        """What the page is told."""
        return json.loads(self.texts["data"])


def test_dot_edges(closure: ClosureResult) -> None:
    """The environment leads to what was asked for, that to what it needs, and nothing is there twice."""
    lines = dot_of(closure).decode().splitlines()
    assert lines[0] == 'digraph "api" {'
    assert lines[-1] == "}"
    assert '  "environment" -> "package:jq";' in lines
    assert '  "package:nodejs" -> "runtime";' in lines
    assert len(lines) == len(set(lines))


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
@pytest.mark.parametrize("hostile", [False, True])
def test_dot_is_read_by_graphviz(closure: ClosureResult, hostile: bool) -> None:
    """Graphviz finds the members that there are, under their names as they are shown, whatever those hold."""
    drawn = make_hostile(closure) if hostile else closure
    done = subprocess.run(["dot", "-Tjson0"], input=dot_of(drawn), capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert {each["name"] for each in found["objects"]} == {"environment", *closure.members}
    edges = sum(len(each.needs) + len(each.made_with) for each in closure.members.values())
    assert len(found["edges"]) == edges + len(closure.asked)
    if hostile:
        assert done.stderr == b""


@pytest.mark.parametrize("hostile", [False, True])
def test_page_is_one_file_that_loads_nothing(closure: ClosureResult, tools: Tools, hostile: bool) -> None:
    """No element leads anywhere, no name makes an element, and the policy allows the page's own texts alone."""
    drawn = make_hostile(closure) if hostile else closure
    contents = {key: Content(HOSTILE, 9, (each,)) for key, each in find_contents(tools, closure).items()}
    page = format_page(drawn, contents if hostile else {})
    parsed = Page(page)
    plain = Page(format_page(closure, {}))
    assert [tag for tag, _ in parsed.elements] == [tag for tag, _ in plain.elements]
    for tag, attributes in parsed.elements:
        assert tag not in {"img", "iframe", "link", "object", "base", "form", "a"}
        assert not [name for name in attributes if name in {"src", "href", "style"} or name.startswith("on")]
    (policy,) = (each["content"] for _, each in parsed.elements if each.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    style, script = (
        base64.b64encode(hashlib.sha256(parsed.texts[tag].encode()).digest()).decode() for tag in ("style", "script")
    )
    assert policy.split("; ") == [
        *(f"{each} 'none'" for each in ("default-src", "base-uri", "form-action")),
        f"style-src 'sha256-{style}'",
        f"script-src 'sha256-{script}'",
    ]
    assert b"http://" not in page
    assert b"https://" not in page


def test_page_says_what_the_lock_says(closure: ClosureResult, tools: Tools) -> None:
    """What the page is told are the members with questions, answers, files and sizes, and what objects consist of."""
    data = Page(format_page(closure, find_contents(tools, closure))).data
    assert data["asked"] == list(closure.asked)
    assert data["installed"] == closure.installed
    (jq,) = (each for each in data["members"] if each["key"] == "package:jq")
    assert jq["question"]["request"] == ">=1,<2"
    assert jq["files"][0]["locator"] == "debian:pool/main/x/jq_1.0-1_amd64.deb"
    assert data["contents"]["package:jq"][1:] == [100, [["bin", 100, [["jq", 100]]]]]


def test_names_are_visible(closure: ClosureResult) -> None:
    """Control characters and those that turn text round are shown as escapes."""
    data = Page(format_page(make_hostile(closure), {})).data
    assert "\\u202e\\x1b[31m" in data["project"]
    assert "\\u202e\\x1b[31m" in data["members"][0]["files"][0]["name"]


def test_contents(tmp_path: Path) -> None:
    """Directories by size, the largest first; small ones count together, links for themselves, and a circle ends."""
    for name, size in (("a/large", 500), ("a/b/deep", 300), ("tiny1", 3), ("tiny2", 4)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    found = measure_contents(str(tmp_path), least=200)
    link = len(str(tmp_path))
    assert (found.size, [each.name for each in found.children]) == (807 + link, ["a", "(2 smaller)"])
    assert [(each.name, each.size) for each in found.children[0].children] == [
        ("large", 500),
        ("b", 300),
        ("(1 smaller)", link),
    ]
    assert measure_contents(str(tmp_path / "missing"), 1).size == 0


def test_page_is_written_whole_and_over_files_only(tmp_path: Path) -> None:
    """An older page is replaced; what is no file stays as it is."""
    target = tmp_path / "page.html"
    assert write_drawing(b"one", target).size == 3
    write_drawing(b"two", target)
    assert target.read_bytes() == b"two"
    os.mkfifo(tmp_path / "pipe")
    for unfit in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(DevenvError) as caught:
            write_drawing(b"", unfit)
        assert caught.value.slug == "drawing-unfit"


def test_shipped_texts_have_no_marks() -> None:
    """What is filled into the page holds no place to be filled in, and nothing that would end it."""
    for name in ("page.css", "page.js"):
        text = (PLACE / name).read_text()
        assert not re.search(r"\{\{|</(?:style|script)", text)
        assert "innerHTML" not in text
