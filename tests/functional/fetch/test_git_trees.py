"""Git repositories as trees (FAULTS H-03 to H-10): real git, real repositories, hostile ones too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from devenv.errors import FetchError
from devenv.fetch.trees import git_objects
from devenv.fetch.trees.git import GitMirror
from devenv.fetch.trees.git_objects import is_git_name
from devenv.fetch.trees.git_program import find_git, open_git
from devenv.fetch.trees.mirror_limit import clean_mirrors, list_mirrors
from devenv.fsutil import locked
from devenv.manifest.locators import parse_tree_locator
from devenv.nar.nodes import Directory, File, Node, Symlink
from tests.repositories import COMMIT_DATE, Repository
from tests.trees import SMALL, Link, Script, Tree, iter_tree_nodes

pytestmark = pytest.mark.skipif(find_git(os.environ) is None, reason="there is no git here")

assert isinstance(SMALL, Mapping)
FILES: Mapping[bytes, Tree] = SMALL


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One that is empty."""
    return Repository(tmp_path / "repository")


def open_mirror(tmp_path: Path, locator: str) -> GitMirror:
    """The mirror of a repository, with the environment of somebody without configuration."""
    parsed = parse_tree_locator(locator)
    environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(tmp_path / "home")}
    return GitMirror(open_git(environ, parsed.protocol), parsed, tmp_path / "mirrors")


def plain(nodes: object) -> list[Node]:
    """Nodes whose contents are read, to be compared."""
    found = list[Node]()
    for node in nodes:  # type: ignore[attr-defined]
        if isinstance(node, File):
            found.append(File(node.path, node.executable, node.size, [b"".join(node.content)]))
        else:
            found.append(node)
    return found


def failing(tmp_path: Path, repository: Repository, query: str = "") -> FetchError:
    """The error of taking what a repository has."""

    def take() -> None:
        mirror = open_mirror(tmp_path, repository.locator + query)
        list(mirror.nodes(mirror.resolve().id))

    with pytest.raises(FetchError) as caught:
        take()
    return caught.value


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_files_of_the_default_branch(tmp_path: Path, object_format: str) -> None:
    """A commit's files, links and modes come as they are, with its full id and date, whatever git hashes with."""
    repository = Repository(tmp_path / "repository", object_format=object_format)
    commit = repository.commit(FILES)
    mirror = open_mirror(tmp_path, repository.locator)
    revision = mirror.resolve()
    assert (revision.id, revision.date) == (commit, COMMIT_DATE)
    assert plain(mirror.nodes(commit)) == plain(iter_tree_nodes(FILES))


def test_branches_tags_and_revisions(tmp_path: Path, repository: Repository) -> None:
    """A branch, an annotated tag and an old commit that no branch begins with are each had (H-03)."""
    old = repository.commit({b"a": b"old"})
    tree = repository.write_tree({b"a": b"new"})
    new = repository.git("commit-tree", tree, "-p", old, "-m", "next")
    repository.git("update-ref", "refs/heads/feature/x", new)
    repository.git("-c", "user.name=x", "-c", "user.email=x@devenv.example", "tag", "-a", "-m", "one", "v1", old)
    repository.git("update-ref", "refs/heads/main", new)
    assert open_mirror(tmp_path, f"{repository.locator}?ref=feature/x").resolve().id == new
    assert open_mirror(tmp_path, f"{repository.locator}?ref=v1").resolve().id == old
    assert open_mirror(tmp_path, f"{repository.locator}?ref=refs/heads/main").resolve().id == new
    other = open_mirror(tmp_path / "other", f"{repository.locator}?rev={old}")
    assert other.resolve().id == old
    assert [node.path for node in other.nodes(old)] == [(), (b"a",)]


def test_force_push_keeps_what_was_had(tmp_path: Path, repository: Repository) -> None:
    """A branch that was rewritten is followed; the commit before stays in the mirror, for locks that have it (H-03)."""
    before = repository.commit({b"a": b"1"})
    mirror = open_mirror(tmp_path, repository.locator)
    assert mirror.resolve().id == before
    after = repository.commit({b"a": b"2"})
    assert mirror.resolve().id == after
    repository.git("gc", "--quiet", "--prune=now")
    assert mirror.has(before)
    assert len(plain(mirror.nodes(before))) == 2


def test_missing_revision(tmp_path: Path, repository: Repository) -> None:
    """A commit that the repository does not have is an error that names it (H-03)."""
    repository.commit(FILES)
    error = failing(tmp_path, repository, f"?rev={'1' * 40}")
    assert error.slug == "revision-missing"
    assert "1" * 40 in error.message


def test_unknown_and_ambiguous_refs(tmp_path: Path, repository: Repository) -> None:
    """A ref that is not there is answered with those that are; one name for a branch and a tag is refused (H-03)."""
    commit = repository.commit(FILES)
    error = failing(tmp_path, repository, "?ref=nothing")
    assert (error.slug, error.hint) == ("ref-unknown", "it has `main`")
    repository.git("update-ref", "refs/tags/main", commit)
    error = failing(tmp_path, repository, "?ref=main")
    assert error.slug == "ref-unknown"
    assert "a branch and a tag" in error.message


def test_directory_of_a_tree(tmp_path: Path, repository: Repository) -> None:
    """`dir` gives a part of the tree; one that is not there, or a file, is an error."""
    commit = repository.commit({b"sub": {b"deep": FILES}, b"file": b""})
    mirror = open_mirror(tmp_path, f"{repository.locator}?dir=sub/deep")
    assert plain(mirror.nodes(mirror.resolve().id)) == plain(iter_tree_nodes(FILES))
    for name in ("nothing", "file"):
        error = failing(tmp_path, repository, f"?dir={name}")
        assert error.slug == "input-directory-missing"
        assert commit in error.message


def test_attributes_and_filters_do_nothing(tmp_path: Path, repository: Repository) -> None:
    """No attribute changes a byte: neither ends of lines, nor `export-ignore`, nor a filter such as LFS (H-08)."""
    files: Mapping[bytes, Tree] = {
        b".gitattributes": b"* text eol=crlf ident\nout export-ignore\nid export-subst\n*.bin filter=lfs\n",
        b"a.bin": b"version https://git-lfs.github.com/spec/v1\n",
        b"id": b"$Format:%H$ $Id$\n",
        b"out": b"here\n",
    }
    commit = repository.commit(files)
    mirror = open_mirror(tmp_path, repository.locator)
    assert plain(mirror.nodes(mirror.resolve().id)) == plain(iter_tree_nodes(files))
    assert commit


def test_hostile_configuration_runs_nothing(tmp_path: Path, repository: Repository) -> None:
    """No program that a repository's own configuration, hooks or promisor remote name is run by fetching (H-05)."""
    mark = tmp_path / "mark"
    repository.commit({**FILES, b".lfsconfig": b"", b"x.bin": b"x", b".gitattributes": b"*.bin filter=evil\n"})
    run = f"touch {mark};"
    for name, value in {
        "core.fsmonitor": run,
        "core.hooksPath": str(tmp_path / "hooks"),
        "core.sshCommand": run,
        "core.alternateRefsCommand": run,
        "core.askPass": run,
        "core.pager": run,
        "filter.evil.smudge": run,
        "uploadpack.packObjectsHook": run,
        "remote.origin.url": str(tmp_path / "nowhere"),
        "remote.origin.promisor": "true",
        "remote.origin.uploadpack": run,
        "extensions.partialClone": "origin",
        "core.repositoryFormatVersion": "1",
    }.items():
        repository.git("config", name, value)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        for directory in (hooks, repository.path / "hooks"):
            directory.mkdir(exist_ok=True)
            (directory / hook).write_text(f"#!/bin/sh\n{run}\n")
            (directory / hook).chmod(0o755)
    mirror = open_mirror(tmp_path, repository.locator)
    list(mirror.nodes(mirror.resolve().id))
    # What the promisor remote would have to give is missing.
    blob = repository.git("rev-parse", "main:x.bin")
    (repository.path / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(FetchError):
        open_mirror(tmp_path / "other", repository.locator).resolve()
    assert not mark.exists()


def test_configuration_of_the_user(tmp_path: Path, repository: Repository) -> None:
    """Of the user's configuration nothing acts but what leads to their credentials and servers (H-05, H-10)."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        '[credential]\n\thelper = store\n[http]\n\textraHeader = "X-Token: secret"\n[core]\n\thooksPath = /evil\n'
        '[url "ext::sh -c evil"]\n\tinsteadOf = https://\n'
    )
    environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "GIT_DIR": "/evil", "LD_PRELOAD": ""}
    git = open_git(environ, "https")
    carried = {name: value for name, value in git.environment.items() if name.startswith("GIT_CONFIG_")}
    keys = {value for name, value in carried.items() if "_KEY_" in name}
    assert {"credential.helper", "http.extraheader"} <= keys
    assert all(key.startswith(("credential.", "http.")) for key in keys)
    assert {"store", "X-Token: secret"} <= set(carried.values())
    assert "/evil" not in " ".join(git.environment.values())
    assert "LD_PRELOAD" not in git.environment
    assert not any(name.startswith("GIT_CONFIG_COUNT") for name in open_git(environ, "file").environment)
    assert repository.commit(FILES)


def test_other_protocols_are_not_allowed(tmp_path: Path, repository: Repository) -> None:
    """Git is allowed one protocol: neither it nor what it starts uses another, `ext::` least of all (H-04)."""
    repository.commit(FILES)
    git = open_git({"PATH": os.environ.get("PATH", os.defpath)}, "https")
    for address in (f"file://{repository.path}", f"ext::sh -c touch% {tmp_path}/mark", str(repository.path)):
        with pytest.raises(FetchError) as caught:
            git.run(tmp_path, "ls-remote", "--", address)
        assert "not allowed" in "\n".join(caught.value.details)
    assert not (tmp_path / "mark").exists()


def test_submodules_are_refused(tmp_path: Path, repository: Repository) -> None:
    """A submodule is refused by name: what it has is pinned by nothing here, and may lie on a private host (H-06)."""
    modules = repository.write_object("blob", b'[submodule "s"]\n\tpath = s\n\turl = http://169.254.1.1/\n')
    tree = repository.write_raw_tree([("100644", b".gitmodules", modules), ("160000", b"s", "1" * 40)])
    repository.commit_tree(tree)
    error = failing(tmp_path, repository)
    assert error.slug == "input-submodule"
    assert "`s`" in error.message


@pytest.mark.parametrize(
    "name",
    [
        b".git",
        b".GIT",
        b"git~1",
        b"GIT~2",
        b".git ",
        b".git...",
        b".git::$INDEX_ALLOCATION",
        b".g\xe2\x80\x8cit",
        b".",
        b"..",
        b"x" * 256,
    ],
    ids=repr,
)
def test_names_that_lead_elsewhere(tmp_path: Path, repository: Repository, name: bytes) -> None:
    """What some file system takes for `.git`, and what is no name, is refused, in a directory too (H-06, H-09)."""
    blob = repository.write_object("blob", b"x")
    inner = repository.write_raw_tree([("100644", name, blob)])
    repository.commit_tree(repository.write_raw_tree([("40000", b"d", inner)]))
    assert failing(tmp_path, repository).slug == "input-tree-invalid"


@pytest.mark.parametrize("name", [b".gitignore", b".gitattributes", b"git", b"agit~1", b".github", b"CON"])
def test_names_that_are_only_alike(name: bytes) -> None:
    """Files that repositories really have are taken (H-09)."""
    assert not is_git_name(name)


def test_hostile_shapes(tmp_path: Path, repository: Repository) -> None:
    """Names twice, a link with files below it, targets that lead nowhere: none of them gets a tree (H-06, H-09)."""
    blob = repository.write_object("blob", b"x")
    inner = repository.write_raw_tree([("100755", b"post-checkout", blob)])
    long = repository.write_object("blob", b"a" * 5000)
    shapes = [
        [("120000", b"a", blob), ("40000", b"a", inner)],
        [("100644", b"a", blob), ("100644", b"a", long)],
        [("120000", b"a", repository.write_object("blob", b""))],
        [("120000", b"a", long)],
        [("120000", b"a", repository.write_object("blob", b"a\0b"))],
    ]
    for shape in shapes:
        repository.commit_tree(repository.write_raw_tree(shape))
        assert failing(tmp_path, repository).slug == "input-tree-invalid", shape


def test_tree_that_lists_for_ever(tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few objects that would list billions of names are given up, and git with them (H-09)."""
    tree = repository.write_raw_tree([("100644", b"f", repository.write_object("blob", b"x"))])
    monkeypatch.setattr(git_objects, "ENTRY_LIMIT", 2000)
    for _ in range(12):
        tree = repository.write_raw_tree([("40000", b"%d" % number, tree) for number in range(10)])
    repository.commit_tree(tree)
    error = failing(tmp_path, repository)
    assert error.slug == "input-tree-invalid"
    assert "far more" in error.message


def test_deep_trees(tmp_path: Path, repository: Repository) -> None:
    """A tree deeper than an archive can be is refused (H-09)."""
    tree = repository.write_raw_tree([("100644", b"f", repository.write_object("blob", b"x"))])
    for _ in range(80):
        tree = repository.write_raw_tree([("40000", b"d", tree)])
    repository.commit_tree(tree)
    assert failing(tmp_path, repository).slug == "input-tree-invalid"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_repository_of_somebody_else(tmp_path: Path, repository: Repository) -> None:
    """A repository of this machine that belongs to another user is not even opened (H-07)."""
    repository.commit(FILES)
    os.chown(repository.path / "config", 12345, 12345)
    error = failing(tmp_path, repository)
    assert error.slug == "input-foreign"
    assert str(repository.path / "config") in error.message


def test_no_such_repository(tmp_path: Path) -> None:
    """An address without a repository says what git said, and how to look."""
    with pytest.raises(FetchError) as caught:
        open_mirror(tmp_path, f"git+file://{tmp_path}/nothing").resolve()
    assert caught.value.slug == "git-fetch-failed"
    assert "nothing" in "\n".join(caught.value.details)


def test_mirrors_are_cleaned(tmp_path: Path) -> None:
    """Mirrors beyond the limit go, those that were not used for longest first; one that is held stays."""
    for number in range(3):
        repository = Repository(tmp_path / f"r{number}")
        repository.commit(FILES)
        open_mirror(tmp_path, repository.locator).resolve()
    mirrors = tmp_path / "mirrors"
    ordered = [each.name for each in sorted(list_mirrors(mirrors))]
    assert len(ordered) == 3
    size = max(each.size for each in list_mirrors(mirrors))
    with locked(mirrors / f"{ordered[0]}.lock", shared=True):
        assert clean_mirrors(mirrors, size * 2).removed.count == 0
    assert clean_mirrors(mirrors, size * 2).removed.count == 1
    assert sorted(each.name for each in list_mirrors(mirrors)) == sorted(ordered[1:])
    assert clean_mirrors(mirrors, 0).kept.count == 0
    assert list(mirrors.iterdir()) == []


def test_many_files(tmp_path: Path, repository: Repository) -> None:
    """More files than are asked for at once come in the order of an archive, whatever order git has them in."""
    files: dict[bytes, Tree] = {b"f%d" % number: b"%d" % number for number in range(200)}
    files |= {b"a": {b"x": Link(b"../a.b")}, b"a.b": Script(b"#!/bin/sh\n"), b"a-b": b"x" * 3_000_000}
    repository.commit(files)
    mirror = open_mirror(tmp_path, repository.locator)
    nodes = list[str]()
    for node in mirror.nodes(mirror.resolve().id):
        # Contents that nobody takes are passed over.
        nodes.append(b"/".join(node.path).decode())
        assert isinstance(node, Directory | File | Symlink)
    assert nodes == [b"/".join(node.path).decode() for node in iter_tree_nodes(files)]
