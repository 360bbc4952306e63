"""A project's own source: which files git says it is, what else there may be, and that no repository acts."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import devenv.build.project.files
import devenv.build.project.git
import devenv.build.project.source
from devenv.build.project.files import SourceRules
from devenv.build.project.git import find_git, find_work_tree
from devenv.build.project.source import iter_source
from devenv.errors import BuildError
from devenv.nar.nodes import Directory, File, Symlink
from tests.homes import temporary_home
from tests.trees import Tree, iter_tree_nodes, names, trees, write_files

GIT = find_git(os.environ, Path("/nowhere"))
RULES = SourceRules(GIT, Path("/store"))

Git = Callable[..., None]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Runs git in a directory, as its user."""
    environ = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "a@host.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def run(directory: Path, *arguments: str) -> None:
        command = ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments]
        subprocess.run(command, cwd=directory, env=environ, check=True, capture_output=True)

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty directory."""
    path = tmp_path / "project"
    path.mkdir()
    return path


@pytest.fixture
def work_tree(project: Path, git: Git) -> Path:
    """A project that git keeps, with a file that it knows, one that it does not, and one that it ignores."""
    git(project, "init", "-q")
    write(project, {".gitignore": "*.o\n/out/\n", "src/main.c": "main", "README": "about"})
    git(project, "add", ".")
    git(project, "commit", "-qm", "begin")
    write(project, {"src/new.c": "new", "src/main.o": "object", "out/app": "app"})
    return project


def write(directory: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def read(project: Path, source: str = ".", rules: SourceRules = RULES) -> dict[str, object]:
    """Path → content, `(content,)` of an executable file, None of a directory, `→ target` of a link."""
    found: dict[str, object] = {}
    last: tuple[bytes, ...] | None = None
    for node in iter_source(project, source, rules):
        assert last is None or node.path > last, "a tree is sorted"
        last = node.path
        name = os.fsdecode(b"/".join(node.path)) or "."
        match node:
            case Directory():
                found[name] = None
            case File(_, executable, size, content):
                whole = b"".join(content)
                assert len(whole) == size
                found[name] = (whole.decode(),) if executable else whole.decode()
            case Symlink(_, target):
                found[name] = f"→ {os.fsdecode(target)}"
    return found


def failure(project: Path, source: str = ".", rules: SourceRules = RULES) -> BuildError:
    with pytest.raises(BuildError) as caught:
        read(project, source, rules)
    assert caught.value.hint
    return caught.value


SOURCE = {
    ".": None,
    ".gitignore": "*.o\n/out/\n",
    "README": "about",
    "src": None,
    "src/main.c": "main",
    "src/new.c": "new",
}


def test_what_git_knows_and_does_not_ignore(work_tree: Path) -> None:
    """The source is what git keeps and what is new, with the content on the disk; not what git ignores."""
    assert read(work_tree) == SOURCE
    write(work_tree, {"README": "changed"})
    os.unlink(work_tree / "src/main.c")
    source = {name: content for name, content in SOURCE.items() if name != "src/main.c"}
    assert read(work_tree) == {**source, "README": "changed"}


def test_clones_have_the_same_source(work_tree: Path, git: Git, tmp_path: Path) -> None:
    """What another machine checks out is the same source: no times, modes, owners, stages or configuration count."""
    git(work_tree, "add", ".")
    git(work_tree, "commit", "-qm", "more")
    git(tmp_path, "clone", "-q", str(work_tree), "clone")
    os.chmod(tmp_path / "clone/README", 0o600)
    os.utime(tmp_path / "clone/README", (1, 1))
    assert read(tmp_path / "clone") == read(work_tree) == SOURCE


def test_part_of_a_project(work_tree: Path) -> None:
    """A directory of the project is a source by the same rules; one file is a tree of one file, ignored or not."""
    assert read(work_tree, "src") == {".": None, "main.c": "main", "new.c": "new"}
    assert read(work_tree, "src/new.c") == {".": "new"}
    assert read(work_tree, "src/main.o") == {".": "object"}
    os.chmod(work_tree / "README", 0o755)
    assert read(work_tree, "README") == {".": ("about",)}
    assert read(work_tree)["README"] == ("about",)


def test_projects_below_a_work_tree(work_tree: Path) -> None:
    """A project in a part of a repository obeys the rules of the whole."""
    assert read(work_tree / "src") == {".": None, "main.c": "main", "new.c": "new"}


def test_without_git(project: Path) -> None:
    """Outside of work trees everything is source, but for `.git`, `.devenv`, links into the store, empty directories.

    And but for what has the mark of a virtual environment that devenv made.
    """
    write(project, {"b": "1", "a/c": "2", ".devenv/x": "3", "a/.git/HEAD": "4", "a/.devenv/y": "5", ".hidden": "6"})
    write(project, {"a/.venv/.devenv": "7", "a/.venv/lib/x.py": "8"})
    (project / "empty").mkdir()
    (project / "result").symlink_to("/store/abc-x")
    (project / "store").symlink_to("/stores")
    expected = {".": None, ".hidden": "6", "a": None, "a/c": "2", "b": "1", "store": "→ /stores"}
    assert read(project) == expected
    assert read(project, rules=SourceRules(None, Path("/store"))) == expected


def test_result_links_of_a_work_tree(work_tree: Path) -> None:
    """A link that `devenv build` left is no source, even where git does not ignore it."""
    (work_tree / "result").symlink_to("/store/abc-x")
    (work_tree / "src/result-dev").symlink_to("/store/abc-x")
    write(work_tree, {".devenv/state": "x"})
    assert read(work_tree) == SOURCE


def test_links_are_kept_and_not_followed(work_tree: Path, tmp_path: Path) -> None:
    """F-16: a link is data, wherever it leads; what lies behind it is not read, even where git knew files there."""
    write(tmp_path, {"secret/main.c": "secret"})
    (work_tree / "out-there").symlink_to("../secret")
    (work_tree / "loop").symlink_to("loop")
    (work_tree / "gone").symlink_to("nothing")
    links = {"gone": "→ nothing", "loop": "→ loop", "out-there": "→ ../secret"}
    assert read(work_tree) == dict(sorted({**SOURCE, **links}.items()))
    for name in ("main.c", "new.c", "main.o"):
        os.unlink(work_tree / "src" / name)
    os.rmdir(work_tree / "src")
    (work_tree / "src").symlink_to(tmp_path / "secret")
    assert read(work_tree)["src"] == f"→ {tmp_path}/secret"
    assert "secret" not in read(work_tree).values()


@pytest.mark.parametrize("source", ["link", "link/main.c", "missing", "README/x"])
def test_sources_that_are_none(work_tree: Path, tmp_path: Path, source: str) -> None:
    """J-14: a source is in the project itself: no link leads to it, and it is there."""
    write(tmp_path, {"secret/main.c": "secret"})
    (work_tree / "link").symlink_to("../secret")
    assert failure(work_tree, source).slug == ("source-invalid" if source == "link" else "source-missing")


def test_names_of_any_bytes(work_tree: Path) -> None:
    """Names are bytes: quotes, line ends and what is no UTF-8 come through, and sort as bytes do."""
    names = [b'"q"', b"a\nb", b"\xff", b"a b", b"src.c", b"src-x"]
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(work_tree), name))).write_text("x")
    assert {os.fsencode(name) for name in read(work_tree)} >= set(names)


def test_special_files_are_named(work_tree: Path, project: Path) -> None:
    """H-11: a FIFO, a socket or a device where a file should be is an error that names it, and hangs nothing."""
    os.unlink(work_tree / "README")
    os.mkfifo(work_tree / "README")
    error = failure(work_tree)
    assert (error.slug, "README" in error.message) == ("source-invalid", True)
    os.unlink(work_tree / "README")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(work_tree / "README"))
        assert failure(work_tree).slug == "source-invalid"
    assert failure(work_tree, "README").slug == "source-invalid"


def test_special_files_outside_of_git(project: Path) -> None:
    """H-11: so it is without git."""
    write(project, {"a": "1"})
    os.mkfifo(project / "pipe")
    assert "pipe" in failure(project).message


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_files_are_named(work_tree: Path) -> None:
    """H-11: a file that cannot be read is an error that names it."""
    os.chmod(work_tree / "README", 0)
    with pytest.raises(PermissionError) as caught:
        read(work_tree)
    assert caught.value.filename == str(work_tree / "README")


@pytest.mark.parametrize("change", ["append", "truncate", "rewrite"])
def test_files_that_change_meanwhile(work_tree: Path, change: str) -> None:
    """A file that changes between its description and its end is an error: its size was hashed already."""
    nodes = iter_source(work_tree, "README", RULES)
    file = next(node for node in nodes if isinstance(node, File))
    os.utime(work_tree / "README", (1, 1))
    (work_tree / "README").write_text({"append": "about more", "truncate": "ab", "rewrite": "other"}[change])
    with pytest.raises(BuildError) as caught:
        b"".join(file.content)
    assert caught.value.slug == "source-changed"
    assert "README" in caught.value.message


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_files_of_any_size(project: Path, size: int) -> None:
    """A file arrives whole, whether it is read in one piece or in several."""
    (project / "file").write_bytes(b"x" * size)
    nodes = iter_source(project, "file", RULES)
    file = next(nodes)
    assert isinstance(file, File)
    assert (file.size, b"".join(file.content)) == (size, b"x" * size)
    assert list(nodes) == []


def test_submodules(work_tree: Path, git: Git, tmp_path: Path) -> None:
    """A submodule is part of the source by its own rules for what is ignored; one that is not there is an error."""
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "-q")
    write(library, {"lib.c": "lib", ".gitignore": "*.a"})
    git(library, "add", ".")
    git(library, "commit", "-qm", "begin")
    git(work_tree, "submodule", "add", "-q", str(library), "vendor/library")
    write(work_tree, {"vendor/library/new.c": "new", "vendor/library/lib.a": "archive"})
    source = read(work_tree)
    assert {name for name in source if name.startswith("vendor/library/")} == {
        "vendor/library/.gitignore",
        "vendor/library/lib.c",
        "vendor/library/new.c",
    }
    assert read(work_tree, "vendor/library")["lib.c"] == "lib"
    git(work_tree, "commit", "-qm", "library")
    git(tmp_path, "clone", "-q", str(work_tree), "clone")
    error = failure(tmp_path / "clone")
    assert (error.slug, "vendor/library" in error.message) == ("submodule-missing", True)


def test_repositories_inside(work_tree: Path, git: Git) -> None:
    """A repository that is no submodule counts by the same rules, and so does another work tree of the same one."""
    (work_tree / "inner").mkdir()
    git(work_tree / "inner", "init", "-q")
    write(work_tree, {"inner/a": "1", "inner/b": "2", "inner/.gitignore": "b"})
    git(work_tree, "worktree", "add", "-q", "other")
    source = read(work_tree)
    assert {"inner/a", "inner/.gitignore", "other/README"} <= set(source)
    assert not {"inner/b", "other/src/new.c"} & set(source)


def test_nothing_of_the_repository_acts(work_tree: Path, git: Git, tmp_path: Path) -> None:
    """H-05: what a repository's configuration, hooks and attributes name is not run, and no other tree is listed."""
    mark = tmp_path / "mark"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {mark}\n")
    trap.chmod(0o755)
    write(tmp_path, {"elsewhere/secret": "x"})
    core = ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass")
    for key in (*core, "filter.x.clean", "filter.x.smudge", "filter.x.process", "diff.external", "alias.ls-files"):
        git(work_tree, "config", key, str(trap))
    git(work_tree, "config", "core.hooksPath", str(tmp_path))
    git(work_tree, "config", "core.excludesFile", str(work_tree / ".gitignore"))
    for hook in ("post-index-change", "fsmonitor-watchman", "query-watchman"):
        (tmp_path / hook).symlink_to(trap)
    write(work_tree, {".gitattributes": "* filter=x\n"})
    index = (work_tree / ".git/index").read_bytes()
    assert read(work_tree) == dict(sorted({**SOURCE, ".gitattributes": "* filter=x\n"}.items()))
    git(work_tree, "config", "core.worktree", str(tmp_path / "elsewhere"))
    assert "secret" not in read(work_tree)
    assert not mark.exists()
    assert (work_tree / ".git/index").read_bytes() == index
    assert not (work_tree / ".git/index.lock").exists()


def test_the_machine_has_no_say(work_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configuration and variables of the user change nothing: two machines have the same source."""
    write(tmp_path, {"home/.gitconfig": f"[core]\nexcludesFile = {tmp_path}/home/ignore\n", "home/ignore": "README\n"})
    write(tmp_path, {"home/git/ignore": "README\n", "home/.config/git/ignore": "README\n"})
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.excludesFile")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"{tmp_path}/home/ignore")
    assert read(work_tree) == SOURCE


def test_repositories_of_other_users(work_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """H-07: git is not run where somebody else can write its configuration; the error says whose it is not."""
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    if work_tree.stat().st_uid == 0:
        os.chown(work_tree / ".git", 54321, -1)
    error = failure(work_tree)
    assert error.slug == "source-foreign"


def test_git_is_not_taken_from_the_project(project: Path, tmp_path: Path) -> None:
    """O-08: a `git` in the project, or behind a relative directory on `PATH`, is not run."""
    for directory in (project / "bin", tmp_path / "tools"):
        write(directory, {"git": "#!/bin/sh\n"})
        (directory / "git").chmod(0o755)
    (tmp_path / "link").symlink_to(project / "bin")
    path = f"bin::.:{project}/bin:{tmp_path}/link:{tmp_path}/missing"
    assert find_git({"PATH": path}, project) is None
    assert find_git({"PATH": f"{path}:{tmp_path}/tools"}, project) == tmp_path / "tools/git"


def test_work_trees_want_git(work_tree: Path) -> None:
    """Without git a work tree has no source: taking everything would give another one than elsewhere, in silence."""
    assert failure(work_tree, rules=SourceRules()).slug == "git-missing"
    assert read(work_tree, "README", SourceRules()) == {".": "about"}


def test_broken_repositories(work_tree: Path, project: Path) -> None:
    """What git complains of is told, and so is a work tree whose repository is gone."""
    (work_tree / ".git/config").write_text("[core\n")
    error = failure(work_tree)
    assert (error.slug, "config" in " ".join(error.details)) == ("git-failed", True)
    (work_tree / "src/.git").write_text("gitdir: ../nowhere\n")
    assert failure(work_tree, "src").slug == "git-failed"
    (work_tree / "src/.git").write_text("x")
    assert failure(work_tree, "src").slug == "git-failed"


def test_nothing_left(work_tree: Path) -> None:
    """A source of which git ignores everything is an error and no empty build."""
    error = failure(work_tree, "out")
    assert error.slug == "source-empty"


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [
        (devenv.build.project.files, "ENTRY_LIMIT", 2),
        (devenv.build.project.source, "BYTES_LIMIT", 3),
        (devenv.build.project.git, "OUTPUT_LIMIT", 3),
    ],
)
def test_limits(work_tree: Path, monkeypatch: pytest.MonkeyPatch, module: object, limit: str, value: int) -> None:
    """Files, bytes and what git prints are bounded."""
    monkeypatch.setattr(module, limit, value)
    assert failure(work_tree).slug in {"source-too-large", "git-failed"}


def test_time_limit(work_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that does not end is ended, and nothing is left of it."""
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(devenv.build.project.git, "TIME_LIMIT", 0.1)
    error = failure(work_tree, rules=SourceRules(slow))
    assert (error.slug, error.details) == ("git-failed", ("it was ended after 0.1 seconds",))


def test_work_trees_are_found_upwards(work_tree: Path, project: Path, tmp_path: Path) -> None:
    """The nearest work tree counts; what is called `.git` and is no repository does not make one."""
    found = find_work_tree(work_tree / "src")
    assert found is not None
    assert found.top == work_tree
    (work_tree / "src/.git").mkdir()
    assert find_work_tree(work_tree / "src") == found
    assert find_work_tree(tmp_path) is None


def prune(tree: Tree) -> Tree:
    """`tree` without directories that hold no file or link."""
    if not isinstance(tree, Mapping):
        return tree
    pruned = {name: prune(entry) for name, entry in tree.items()}
    return {name: entry for name, entry in pruned.items() if entry != {}}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(names(), trees(), min_size=1, max_size=4), st.booleans())
def test_any_tree(tree: dict[bytes, Tree], with_git: bool) -> None:
    """Whatever names, contents and links there are: with git and without, they arrive in the order of an archive."""
    expected = prune(tree)
    assume(expected and b".git" not in tree)
    with temporary_home() as home:
        project = write_files(tree, home / "project")
        if with_git:
            subprocess.run(["git", "init", "-q", str(project)], check=True, env={"PATH": os.environ["PATH"]})
        nodes = [
            (node.path, node.executable, b"".join(node.content)) if isinstance(node, File) else node
            for node in iter_source(project, ".", RULES)
        ]
        assert nodes == [
            (node.path, node.executable, b"".join(node.content)) if isinstance(node, File) else node
            for node in iter_tree_nodes(expected)
        ]
