"""`devenv tree`: what an environment consists of, by the lock and by the store."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.errors import DevenvError
from devenv.events import ignore
from devenv.settings import Settings, default_settings
from devenv.store.store import Store
from devenv.system import System
from devenv.ui.lines import iter_lines
from devenv.ui.terminal import Painter
from devenv.workflow.closure.read import read_closure
from devenv.workflow.closure.results import Measure, Part
from devenv.workflow.closure.tree import show_tree
from devenv.workflow.tools import Tools
from tests.closures import KEPT, OTHER, SIZES, fill_store, make_project, store_path
from tests.functional.workflow.building import Builder
from tests.functional.workflow.command import User
from tests.homes import temporary_home

DEFAULT = "default"


@pytest.fixture
def settings() -> Iterator[Settings]:
    """Those of a user with a short home directory, who asks no server anything."""
    with temporary_home() as home:
        yield default_settings(home)


@pytest.fixture
def tools(settings: Settings) -> Iterator[Tools]:
    """The user's."""
    with Tools(settings, {"PATH": os.environ["PATH"]}, ignore) as tools:
        yield tools


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a lock."""
    return make_project(tmp_path / "api")


def fill(settings: Settings) -> None:
    with Store(settings) as store:
        fill_store(store)


def lines_of(result: object) -> list[str]:
    return list(iter_lines(result, Painter(io.StringIO(), {})))


def test_without_a_store(tools: Tools, project: Path) -> None:
    """Sizes are those of downloads where the store has nothing, and no store is made for the asking."""
    closure = read_closure(tools, project)
    assert closure.asked == ("package:curl", "package:git", "package:jq", "package:nodejs")
    assert closure.download == sum(SIZES.values())
    assert closure.installed is None
    jq = closure.members["package:jq"]
    assert jq.download == Measure(own=1100, closure=1100, alone=1000)
    assert jq.download.shared == SIZES["shared"]
    assert jq.installed is None
    assert not tools.settings.base.exists()


def test_with_a_store(settings: Settings, tools: Tools, project: Path) -> None:
    """The store tells what refers to what and how big it is; what others bring too does not count as a member's own."""
    fill(settings)
    closure = read_closure(tools, project)
    nodejs = closure.members["package:nodejs"]
    assert nodejs.needs == (f"object:{store_path('extra-1.0')}", "runtime")
    whole = KEPT["nodejs"] + KEPT["extra"] + KEPT["runtime"]
    assert nodejs.installed == Measure(KEPT["nodejs"], whole, whole)
    assert closure.members["runtime"].needed_by == (f"object:{store_path('extra-1.0')}", "package:nodejs")
    assert closure.members[f"object:{store_path('extra-1.0')}"].part is Part.OBJECT
    # What things are built with is not installed.
    assert closure.installed == sum(KEPT.values()) - KEPT["make"]


def test_questions_and_answers(tools: Tools, project: Path) -> None:
    """Each member tells its request, who answered, of which revision and date, and the files with their locators."""
    jq = read_closure(tools, project).members["package:jq"]
    assert jq.question is not None
    assert (jq.question.request, jq.question.input, jq.question.locator) == (">=1,<2", "base", "builtin:base")
    assert (jq.question.index, jq.question.index_locator) == ("debian", "debian:trixie")
    assert jq.question.date == "2026-11-26T02:14:46Z"
    files = [(file.name, file.size) for file in jq.files]
    assert files == [("jq_1.0-1_amd64.deb", 1000), ("shared_1.0-1_amd64.deb", 100)]


def test_other_systems(settings: Settings, tools: Tools, project: Path) -> None:
    """Of another system it tells what would be downloaded there, and one that the lock says nothing of is refused."""
    fill(settings)
    closure = read_closure(tools, project, system=OTHER)
    assert (closure.system, closure.installed) == (OTHER, None)
    with pytest.raises(DevenvError) as caught:
        read_closure(tools, project, system=System.AARCH64_DARWIN)
    assert caught.value.slug == "system-missing"


def test_named_environments(settings: Settings, tools: Tools, project: Path) -> None:
    """`-e` tells of that environment alone: what it has besides, and not what it is without."""
    fill(settings)
    closure = read_closure(tools, project, "ci")
    assert closure.asked == ("package:curl", "package:git", "package:jq", "package:shared")
    assert closure.members["package:shared"].download == Measure(100, 100, 0)
    assert lines_of(show_tree(tools, project, [], "ci"))[0].startswith("api (ci)  ")
    with pytest.raises(DevenvError):
        read_closure(tools, project, "nonsense")


def test_text(settings: Settings, tools: Tools, project: Path) -> None:
    """The tree fits into 80 columns, shows what is below and its size, and says once what stands there twice."""
    fill(settings)
    lines = lines_of(show_tree(tools, project, ["nodejs", "git"], DEFAULT))
    assert max(map(len, lines)) <= 80
    assert lines[3].split() == ["nodejs", "1.0", "59", "KiB", "59", "KiB", "59", "KiB"]
    assert lines[4].split() == ["├─", "extra-1.0", "50", "B", "450", "B", "450", "B"]
    assert lines[5].split()[:3] == ["│", "└─", "runtime"]
    assert lines[6].split()[:2] == ["└─", "runtime"]
    assert lines[7].split()[:2] == ["git", "1.0"]


def test_files_and_depth(tools: Tools, project: Path) -> None:
    """`--files` has the files with their sizes; `--depth 1` stops at what was asked for."""
    result = show_tree(tools, project, ["jq"], DEFAULT)
    text = "\n".join(lines_of(replace(result, files=True)))
    assert "├─ jq_1.0-1_amd64.deb" in text
    assert "└─ shared_1.0-1_amd64.deb" in text
    assert "shared" not in "\n".join(lines_of(replace(result, files=True, depth=1)))


def test_verbs(user: User) -> None:
    """The verbs in one project as somebody types them: with a store, as text, as JSON, and into files."""
    api = user.project("api", "ripgrep")
    tree = api.devenv("tree", "--files").text
    assert "ripgrep 15.0.0" in tree
    assert "in the store" in tree
    assert api.report("tree")["closure"]["asked"] == ["package:ripgrep"]
    assert api.devenv("graph").text.startswith('digraph "api" {')
    assert api.report("graph", "--html", "page.html")["size"] == (api.directory / "page.html").stat().st_size
    assert api.devenv("graph", "--html", "-").output == (api.directory / "page.html").read_bytes()
    assert api.report("why", "rg")["origins"][0]["program"] == "bin/rg"
    assert api.failure("tree", "ripgre")["slug"] == "member-unknown"
    assert api.failure("graph", "--html", ".")["slug"] == "drawing-unfit"
    assert api.failure("graph", "--html", "x", "--dot")["slug"] == "usage"


def test_names(tools: Tools, project: Path) -> None:
    """A name that is none of the members' is refused with the next best one."""
    with pytest.raises(DevenvError) as caught:
        show_tree(tools, project, ["nodej"], DEFAULT)
    assert caught.value.slug == "member-unknown"
    assert "`nodejs`" in str(caught.value.hint)
    assert show_tree(tools, project, ["runtime", "make"], DEFAULT).starts == ("runtime", "dependency:make")


def test_what_is_built(builder: Builder) -> None:
    """Recipes tell what a package from source is built with, as soon as the project is allowed, built or not."""
    app = builder.project(
        "looking", 'inputs.source = "builtin:source"\npackages.hello = { input = "source" }\n', allow=False
    )
    members = app.report("tree")["closure"]["members"]
    assert members["package:hello"]["made_with"] == []
    assert "locked besides" in app.devenv("tree").text
    app.devenv("allow")
    members = app.report("tree")["closure"]["members"]
    assert "dependency:sysroot" in members["package:hello"]["made_with"]
    assert "package:hello" in members["dependency:sysroot"]["needed_by"]
    assert app.report("why", "sysroot")["origins"][0]["users"][0][0]["name"] == "hello"
    assert '"package:hello" -> "dependency:sysroot" [style=dashed];' in app.devenv("graph").text
