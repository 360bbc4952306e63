"""What is remembered of a project's builds holds for exactly what it was about, and is never needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.environment.project import Project, read_project
from devenv.events import ignore
from devenv.settings import Settings
from devenv.store_path import StorePath
from devenv.system import System
from devenv.workflow import build_memo
from devenv.workflow.build_memo import BuildMemo, KnownBuild, memo_stamp, read_memo, remove_old_memos, write_memo
from devenv.workflow.tools import Tools

ONE, OTHER = StorePath("1" * 32, "app"), StorePath("2" * 32, "app")
SOURCE, CHANGED = StorePath("3" * 32, "source"), StorePath("4" * 32, "source")


@pytest.fixture
def tools(settings: Settings) -> Iterator[Tools]:
    with Tools(settings, {}, ignore) as tools:
        yield tools


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "devenv.toml").write_text("[build.app]\n")
    (tmp_path / "devenv.lock").write_text("")
    return read_project(tmp_path)


def memo(stamp: str = "x", source: StorePath = SOURCE, **builds: StorePath) -> BuildMemo:
    known = {name: KnownBuild(f"blake3:{path.digest}", path) for name, path in builds.items()}
    return BuildMemo(stamp, ("app",), {".": source}, known)


def test_is_read_as_written(tools: Tools, project: Project) -> None:
    """What was written is read, under its own stamp only."""
    assert read_memo(tools, project, "x") is None
    write_memo(tools, project, memo(app=ONE))
    assert read_memo(tools, project, "x") == memo(app=ONE)
    assert read_memo(tools, project, "y") is None


def test_each_project_has_its_own(tools: Tools, project: Project, tmp_path: Path) -> None:
    """The memo of one directory says nothing about another, with the same files."""
    write_memo(tools, project, memo(app=ONE))
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("devenv.toml", "devenv.lock"):
        (copy / name).write_bytes((tmp_path / name).read_bytes())
    assert read_memo(tools, read_project(copy), "x") is None


def test_builds_add_up(tools: Tools, project: Project) -> None:
    """Builds that are asked for one by one are all known in the end; what was built anew counts."""
    write_memo(tools, project, memo(app=ONE))
    write_memo(tools, project, memo(tool=OTHER))
    assert read_memo(tools, project, "x") == memo(app=ONE, tool=OTHER)
    write_memo(tools, project, memo(app=OTHER))
    assert read_memo(tools, project, "x") == memo(app=OTHER, tool=OTHER)


def test_other_sources_start_anew(tools: Tools, project: Project) -> None:
    """Builds of other files or of another stamp are forgotten: they are not what would come out now."""
    write_memo(tools, project, memo(app=ONE))
    write_memo(tools, project, memo(source=CHANGED, tool=OTHER))
    assert read_memo(tools, project, "x") == memo(source=CHANGED, tool=OTHER)
    write_memo(tools, project, memo("y", app=ONE))
    assert read_memo(tools, project, "y") == memo("y", app=ONE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"format":1}',
        b'{"format":2,"stamp":"x","names":[],"sources":{},"builds":{}}',
        b'{"format":1,"stamp":"x","names":3,"sources":{},"builds":{}}',
        b'{"format":1,"stamp":"x","names":[],"sources":[],"builds":{}}',
        b'{"format":1,"stamp":"x","names":[],"sources":{".":"../../etc"},"builds":{}}',
        b'{"format":1,"stamp":"x","names":[],"sources":{},"builds":{"app":["key"]}}',
        b'{"format":1,"stamp":"x","names":[],"sources":{},"builds":{"app":"ab"}}',
        b"\xff\xfe",
    ],
)
def test_damaged_memo_is_none(tools: Tools, project: Project, content: bytes) -> None:
    """Whatever a disk made of it, a memo is right or it is none; the next build writes it anew."""
    write_memo(tools, project, memo(app=ONE))
    (path,) = (tools.settings.state / "builds").iterdir()
    path.write_bytes(content)
    assert read_memo(tools, project, "x") is None
    write_memo(tools, project, memo(app=ONE))
    assert read_memo(tools, project, "x") == memo(app=ONE)


def test_stamp(tools: Tools, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A memo is about one manifest, lock, system, devenv, store and set of recipes: any other has another stamp."""
    stamps = [memo_stamp(tools, project), memo_stamp(tools, read_project(tmp_path))]
    assert len(set(stamps)) == 1
    for name in ("devenv.toml", "devenv.lock"):
        (tmp_path / name).write_text("# changed\n")
        stamps.append(memo_stamp(tools, read_project(tmp_path)))
    with monkeypatch.context() as patch:
        patch.setattr(build_memo, "__version__", "9.9")
        stamps.append(memo_stamp(tools, project))
    tools.__dict__["system"] = System.AARCH64_LINUX
    stamps.append(memo_stamp(tools, project))
    for directory in ("base", "source"):
        recipes = tmp_path / "packages" / directory
        recipes.mkdir(parents=True)
        (recipes / "std.star").write_text("x")
    monkeypatch.setattr(build_memo, "__file__", str(tmp_path / "workflow" / "build_memo.py"))
    stamps.append(memo_stamp(tools, project))
    for directory in ("base", "source"):
        (tmp_path / "packages" / directory / "std.star").write_text("y")
        stamps.append(memo_stamp(tools, project))
    assert len(set(stamps)) == len(stamps) - 1


def test_old_memos_go(tools: Tools, project: Project, tmp_path: Path) -> None:
    """What nobody asked for in months is deleted with a collection: its project may be gone."""
    write_memo(tools, project, memo(app=ONE))
    (path,) = (tools.settings.state / "builds").iterdir()
    remove_old_memos(tools.settings)
    assert path.exists()
    os.utime(path, (0, 0))
    remove_old_memos(tools.settings)
    assert not path.exists()
