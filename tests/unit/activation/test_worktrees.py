"""Worktrees of one repository, as git makes them, and what only looks like one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from devenv.activation.worktrees import iter_siblings

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@a.example", "-c", "commit.gpgsign=false")


def git(directory: Path, *arguments: str) -> None:
    """Run git there, with no configuration but the repository's own."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    subprocess.run(["git", *IDENTITY, *arguments], cwd=directory, env=environ, check=True, capture_output=True)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that nobody else can change anything in, as a home directory is."""
    place = tmp_path / "home"
    place.mkdir(mode=0o755)
    return place


@pytest.fixture
def main(place: Path) -> Path:
    """A repository with a project at its top and one further down."""
    main = place / "main"
    (main / "api").mkdir(parents=True)
    git(main, "init", "--quiet")
    for directory in (main, main / "api"):
        (directory / "devenv.toml").write_text("")
    git(main, "add", ".")
    git(main, "commit", "--quiet", "--message", "begin")
    return main


@pytest.fixture
def linked(main: Path) -> Path:
    """A second worktree of it."""
    git(main, "worktree", "add", "--quiet", "../linked")
    return main.parent / "linked"


def siblings(project: Path) -> set[Path]:
    """The other places of a project."""
    return set(iter_siblings(project))


def test_worktrees_know_each_other(main: Path, linked: Path) -> None:
    """The main worktree and a linked one are siblings, and so are projects further down in them."""
    git(main, "worktree", "add", "--quiet", "../third")
    third = main.parent / "third"
    assert siblings(main) == {linked, third}
    assert siblings(linked) == {main, third}
    assert siblings(linked / "api") == {main / "api", third / "api"}


def test_bare_repository(main: Path) -> None:
    """Worktrees of a bare clone are siblings; the repository itself is none of them."""
    git(main.parent, "clone", "--quiet", "--bare", str(main), "bare.git")
    bare = main.parent / "bare.git"
    git(bare, "worktree", "add", "--quiet", "../one")
    git(bare, "worktree", "add", "--quiet", "-b", "other", "../two")
    assert siblings(main.parent / "one") == {main.parent / "two"}


def test_relative_links(main: Path, linked: Path) -> None:
    """Links relative to where they stand, as newer versions of git write them on demand, lead to the same."""
    own = main / ".git" / "worktrees" / "linked"
    (linked / ".git").write_text("gitdir: ../main/.git/worktrees/linked\n")
    (own / "gitdir").write_text("../../../../linked/.git\n")
    assert siblings(linked) == {main}
    assert siblings(main) == {linked}


def test_no_repository(place: Path) -> None:
    """Where there is no repository there are no siblings."""
    assert siblings(place) == set()


def test_deleted_worktree(main: Path, linked: Path) -> None:
    """A worktree that was deleted without git's knowledge is no sibling, and hides none."""
    git(main, "worktree", "add", "--quiet", "../third")
    shutil.rmtree(linked)
    assert siblings(main) == {main.parent / "third"}


def test_forged_link_to_a_worktree_of_the_user(main: Path, linked: Path) -> None:
    """A checkout whose `.git` names the user's repository is none of its worktrees: that names another place."""
    hostile = main.parent / "hostile"
    hostile.mkdir()
    for target in (main / ".git" / "worktrees" / "linked", main / ".git"):
        (hostile / ".git").write_text(f"gitdir: {target}\n")
        assert siblings(hostile) == set()
    (hostile / ".git").unlink()
    (hostile / ".git").symlink_to(linked / ".git")
    assert siblings(hostile) == set()
    (hostile / ".git").unlink()
    (hostile / ".git").symlink_to(main / ".git")
    assert siblings(hostile) == set()


@pytest.mark.parametrize("victim", ["main", "linked"])
def test_forged_repository_that_claims_the_users(main: Path, linked: Path, victim: str) -> None:
    """A repository in a hostile checkout may call the user's directories its worktrees: they do not agree."""
    del linked
    hostile = main.parent / "hostile"
    for name, worktree in (("a", hostile), ("b", main.parent / victim)):
        own = hostile / "repository" / "worktrees" / name
        own.mkdir(parents=True)
        (own / "gitdir").write_text(f"{worktree}/.git\n")
        (own / "commondir").write_text("../..\n")
    (hostile / ".git").write_text(f"gitdir: {hostile}/repository/worktrees/a\n")
    assert siblings(hostile) == set()
    # The same with a whole `.git` of its own.
    (hostile / ".git").unlink()
    shutil.copytree(hostile / "repository", hostile / ".git")
    assert siblings(hostile) == set()


def test_forged_repository_that_shares_the_users(main: Path, linked: Path) -> None:
    """A worktree's own part that names the user's repository as the common one is not in it, and so is none."""
    hostile = main.parent / "hostile"
    own = hostile / "worktrees" / "linked"
    own.mkdir(parents=True)
    (own / "gitdir").write_text(f"{hostile}/.git\n")
    (own / "commondir").write_text(f"{main}/.git\n")
    (hostile / ".git").write_text(f"gitdir: {own}\n")
    assert siblings(hostile) == set()
    (hostile / ".git").unlink()
    (hostile / ".git").mkdir()
    (hostile / ".git" / "commondir").write_text(f"{main}/.git\n")
    assert siblings(hostile) == set()
    assert siblings(linked) == {main}


@pytest.mark.parametrize("mode", [0o777, 0o775])
@pytest.mark.parametrize(
    "name", [".", ".git", ".git/worktrees", ".git/worktrees/linked", ".git/worktrees/linked/gitdir"]
)
def test_what_others_can_write_is_not_believed(main: Path, linked: Path, name: str, mode: int) -> None:
    """Where somebody else could put other links, nothing is shared."""
    assert siblings(linked) == {main}
    (main / name).chmod(mode)
    assert siblings(linked) == set()


def test_links_on_the_way_are_not_followed(main: Path, linked: Path) -> None:
    """A repository that a symbolic link leads to is not looked into: whoever owns the link decides where that is."""
    moved = main.parent / "moved"
    (main / ".git").rename(moved)
    (main / ".git").symlink_to(moved)
    assert siblings(linked) == set()
    assert siblings(main) == set()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_others_is_not_believed(main: Path, linked: Path) -> None:
    """A repository of another user shares nothing, and neither does one with a single link of theirs."""
    os.chown(main / ".git" / "worktrees" / "linked" / "gitdir", 12345, -1)
    assert siblings(linked) == set()
    assert siblings(main) == set()


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"gitdir: \0\n", b"gitdir: " + b"a" * 20_000, b"elsewhere\n", b"gitdir: ..\n"]
)
def test_damaged_link(main: Path, linked: Path, content: bytes) -> None:
    """A `.git` that is no link of git's is an end, not an error."""
    (linked / ".git").write_bytes(content)
    assert siblings(linked) == set()
    assert siblings(main) == set()


def test_link_that_is_no_file(main: Path, linked: Path) -> None:
    """A pipe in a link's place hangs nobody (K-05)."""
    (linked / ".git").unlink()
    os.mkfifo(linked / ".git")
    assert siblings(linked) == set()
    assert siblings(main) == set()
