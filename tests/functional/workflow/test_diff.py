"""`devenv diff`: locks of git's revisions and of files, side by side."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.build.project.git import ENVIRONMENT
from devenv.errors import DevenvError
from devenv.events import ignore
from devenv.lock.format import format_lock
from devenv.lock.model import Lock, LockedArtifact, LockedBuild, LockedInput, LockedPackage
from devenv.settings import Settings
from devenv.system import ALL_SYSTEMS
from devenv.ui.review_markdown import format_markdown
from devenv.workflow.diff import diff_locks
from devenv.workflow.review_results import DiffResult
from devenv.workflow.tools import Tools

IDENTITY = {
    f"GIT_{role}_{what}": f"{role.lower()}@project.example"
    for role in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


def lock_text(version: str) -> bytes:
    """A lock with one package."""
    digit = version[-1]
    file = LockedArtifact(f"pypi:packages/tool-{version}-py3-none-any.whl", digit * 64, int(digit) * 1000)
    build = LockedBuild((file,), "blake3:" + digit * 64)
    package = LockedPackage("tool", "base", "*", version, dict.fromkeys(ALL_SYSTEMS, build))
    base = LockedInput("base", "builtin:base", "blake3:" + "0" * 64)
    return format_lock(Lock("blake3:" + "0" * 64, {"base": base}, {"tool": package}))


class Repository:
    """A project in a directory of a repository."""

    def __init__(self, top: Path) -> None:
        self.project = top / "api"
        self.project.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        (self.project / "devenv.toml").write_text("[packages]\ntool = '*'\n")
        self.commit(None, "begin")

    def git(self, *arguments: str) -> None:
        """Run git in the project."""
        environ = {"PATH": os.environ["PATH"], **ENVIRONMENT, **IDENTITY}
        top = self.project.parent
        subprocess.run(["git", *arguments], cwd=top, env=environ, check=True, capture_output=True)

    def write(self, version: str) -> None:
        """Write a lock with `tool` in that version."""
        (self.project / "devenv.lock").write_bytes(lock_text(version))

    def commit(self, version: str | None, tag: str) -> None:
        """Commit it, and name the commit."""
        if version is not None:
            self.write(version)
        self.git("add", "-A")
        self.git("commit", "-qm", tag)
        self.git("tag", tag)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Without a lock (`begin`), then with two versions (`one`, `two`), and a newer one that is not committed."""
    made = Repository(tmp_path / "work")
    made.commit("1.1", "one")
    made.commit("1.2", "two")
    made.write("1.3")
    return made


@pytest.fixture
def tools(settings: Settings) -> Iterator[Tools]:
    """The user's."""
    with Tools(settings, {"PATH": os.environ["PATH"]}, ignore) as tools:
        yield tools


def versions(result: DiffResult) -> list[tuple[str | None, str | None]]:
    return [(each.before, each.after) for each in result.review.packages]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), ("1.2", "1.3")),
        (("one",), ("1.1", "1.3")),
        (("one", "two"), ("1.1", "1.2")),
        (("two", "one"), ("1.2", "1.1")),
        (("one..HEAD",), ("1.1", "1.2")),
        (("HEAD~1..",), ("1.1", "1.2")),
        (("begin", "one"), (None, "1.1")),
        (("begin",), (None, "1.3")),
        (("one", "./devenv.lock"), ("1.1", "1.3")),
        (("devenv.lock", "two"), ("1.3", "1.2")),
    ],
)
def test_sides(
    repository: Repository, tools: Tools, names: tuple[str, ...], expected: tuple[str | None, str | None]
) -> None:
    """What is compared is what the arguments name; a revision without a lock is an empty one where it comes first."""
    result = diff_locks(tools, repository.project, names)
    assert versions(result) == [expected]
    assert result.had_lock == (expected[0] is not None)


def test_where_branches_parted(repository: Repository, tools: Tools) -> None:
    """`main...topic` is what the topic changes, whatever came to the main branch since."""
    repository.git("checkout", "-q", "-f", "-b", "topic", "one")
    repository.commit("1.9", "nine")
    assert versions(diff_locks(tools, repository.project, ["main...topic"])) == [("1.1", "1.9")]
    assert versions(diff_locks(tools, repository.project, ["main..topic"])) == [("1.2", "1.9")]


@pytest.mark.parametrize(
    ("names", "slug"),
    [
        (("nowhere",), "revision-unknown"),
        (("--output=x",), "revision-unknown"),
        (("HEAD:api/devenv.toml",), "revision-unknown"),
        (("one\n", "two"), "revision-unknown"),
        (("",), "revision-unknown"),
        (("one", "begin"), "lock-missing"),
        (("./none.lock",), "file-missing"),
        (("./devenv.toml",), "lock-invalid"),
        (("./",), "lock-invalid"),
    ],
)
def test_refused(repository: Repository, tools: Tools, names: tuple[str, ...], slug: str) -> None:
    """What names no lock is told so; nothing of it becomes an option of git's (H-05)."""
    with pytest.raises(DevenvError) as caught:
        diff_locks(tools, repository.project, names)
    assert caught.value.slug == slug


def test_no_repository(tmp_path: Path, tools: Tools) -> None:
    """Outside of a repository two files can be compared, and revisions are refused with that advice."""
    (tmp_path / "devenv.toml").write_text("")
    for name, version in (("old.lock", "1.1"), ("devenv.lock", "1.2")):
        (tmp_path / name).write_bytes(lock_text(version))
    assert versions(diff_locks(tools, tmp_path, ["old.lock"])) == [("1.1", "1.2")]
    with pytest.raises(DevenvError) as caught:
        diff_locks(tools, tmp_path, [])
    assert caught.value.slug == "repository-missing"


def test_configured_programs_do_not_run(repository: Repository, tools: Tools, tmp_path: Path) -> None:
    """H-05: what a repository configures to run on files, listings or output does not run."""
    trap, traces = tmp_path / "trap", tmp_path / "trace"
    trap.write_text(f'#!/bin/sh\necho ran >> {traces}\ncat "$@"\n')
    trap.chmod(0o755)
    (repository.project.parent / ".gitattributes").write_text("*.lock diff=trap filter=trap\n")
    names = (
        "core.fsmonitor",
        "core.pager",
        "pager.cat-file",
        "diff.trap.textconv",
        "filter.trap.smudge",
        "core.sshCommand",
    )
    for name in names:
        repository.git("config", name, str(trap))
    repository.git("config", "alias.rev-parse", f"!{trap}")
    assert versions(diff_locks(tools, repository.project, ["one", "two"])) == [("1.1", "1.2")]
    assert not traces.exists()


def test_links_are_no_locks(repository: Repository, tools: Tools) -> None:
    """A revision that has a symbolic link in the lock's place has no lock."""
    lock = repository.project / "devenv.lock"
    lock.unlink()
    lock.symlink_to("/etc/passwd")
    repository.git("add", "-A")
    repository.git("commit", "-qm", "link")
    with pytest.raises(DevenvError) as caught:
        diff_locks(tools, repository.project, ["one", "HEAD"])
    assert caught.value.slug == "lock-missing"


def test_markdown(repository: Repository, tools: Tools) -> None:
    """The review for a pull request names versions and sizes."""
    text = format_markdown(diff_locks(tools, repository.project, ["one", "two"])).decode()
    assert "| newer | `tool` | `1.1` | `1.2` |" in text
    assert "| x86_64-linux, downloads | 1.0 KiB | 2.0 KiB | +1.0 KiB | 2.0 KiB |" in text
