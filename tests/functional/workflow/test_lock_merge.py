"""`lock --merge` and git's merge driver, with real repositories: what git leaves in conflict becomes one lock."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devenv.environment.project import read_project
from devenv.events import ignore
from devenv.lock.model import Lock
from devenv.workflow.edit import lock_project
from devenv.workflow.tools import Tools
from tests.functional.catalogue import Catalogue
from tests.functional.workflow.command import TIME_LIMIT, User

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@dataclass(frozen=True)
class Repository:
    """A user's project that git keeps."""

    user: User

    def git(self, *arguments: str, status: int = 0) -> str:
        """Run git, with nobody's configuration; its output, both kinds."""
        done = subprocess.run(
            ["git", "-c", "user.name=Somebody", "-c", "user.email=some@body.example", *arguments],
            check=False,
            cwd=self.user.directory,
            env={**self.user.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIME_LIMIT,
        )
        assert done.returncode == status, done.stdout.decode()
        return done.stdout.decode()

    def lock(self, **packages: str) -> None:
        """Have the manifest ask for these packages, and the lock answer; made in this process, to be quick."""
        lines = [f'{name} = "{version}"' for name, version in packages.items()]
        self.user.manifest.write_text("\n".join(["[packages]", *lines, ""]))
        with Tools(self.user.settings, self.user.environ, ignore) as tools:
            lock_project(tools, self.user.directory)

    def commit(self, **packages: str) -> None:
        """Lock these packages and commit that."""
        self.lock(**packages)
        self.git("add", ".")
        self.git("commit", "-qm", " ".join(packages))

    def branches(self, base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]) -> None:
        """Have two branches of one commit, the first one checked out; each asks for these packages."""
        self.git("init", "-q", "-b", "main")
        self.commit(**base)
        self.git("checkout", "-qb", "topic")
        self.commit(**theirs)
        self.git("checkout", "-q", "main")
        self.commit(**ours)

    def ask_for(self, **packages: str) -> None:
        """Resolve the manifest by hand."""
        lines = [f'{name} = "{version}"' for name, version in packages.items()]
        self.user.manifest.write_text("\n".join(["[packages]", *lines, ""]))

    @property
    def locked(self) -> Lock:
        """The lock as it is."""
        return read_project(self.user.directory).require_lock()

    def versions(self) -> dict[str, str]:
        """The versions that are locked."""
        return {name: each.version for name, each in self.locked.packages.items()}


@pytest.fixture
def repository(user: User) -> Repository:
    return Repository(user.at("api"))


def test_additions_of_both_sides(repository: Repository, catalogue: Catalogue) -> None:
    """Two branches that added neighbours: `lock --merge` takes both, asking neither people nor the index."""
    repository.branches({"just": "*"}, {"just": "*", "uv": "*"}, {"just": "*", "zig": "*"})
    repository.git("merge", "-q", "topic", status=1)
    user = repository.user
    error = user.failure("lock", "--merge")
    assert (error["slug"], "merge conflict" in error["message"]) == ("manifest-invalid", True)
    repository.ask_for(just="*", uv="*", zig="*")
    assert "`devenv lock --merge`" in user.failure("lock")["hint"]
    catalogue.registry.seen.clear()
    result = user.report("lock", "--merge", "--offline")
    assert [(each["name"], each["side"]) for each in result["taken"]] == [("uv", "ours"), ("zig", "theirs")]
    assert repository.versions().keys() == {"just", "uv", "zig"}
    assert catalogue.registry.seen == []
    user.devenv("lock", "--check")
    merged = user.lock.read_bytes()
    repository.git("add", ".")
    # Merged already: what is left to do is what `devenv lock` does.
    user.devenv("lock", "--merge")
    repository.lock(just="*", uv="*", zig="*")
    assert user.lock.read_bytes() == merged


def test_contradiction(repository: Repository) -> None:
    """What both sides changed needs a word; without a terminal and an option it is listed, and nothing written."""
    repository.branches(
        {"uv": "0.9.1", "just": "1.40"}, {"uv": "0.9.2", "just": "1.40"}, {"uv": ">=0.9", "just": "1.42"}
    )
    user = repository.user
    # The other branch stayed with what it had: the index then had nothing newer.
    repository.git("checkout", "-q", "topic")
    user.lock.write_text(user.lock.read_text().replace('version = "0.9.1"', 'version = "0.9.0"'))
    repository.git("commit", "-qam", "another")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "topic", status=1)
    repository.ask_for(uv="*", just="1.42")
    before = user.files()
    error = user.failure("lock", "--merge")
    assert (error["slug"], error["exit_code"]) == ("lock-contradiction", 10)
    assert error["details"] == ["uv: 0.9.2 in ours, 0.9.0 in theirs"]
    assert user.files() == before
    assert user.failure("lock", "--ours")["slug"] == "usage"
    assert user.failure("lock", "--merge", "--check")["slug"] == "usage"
    ours = user.report("lock", "--merge", "--ours")
    taken = {each["name"]: (each["side"], each["contradicted"]) for each in ours["taken"]}
    assert taken == {"uv": ("ours", True), "just": ("theirs", False)}
    assert repository.versions() == {"uv": "0.9.2", "just": "1.42.0"}


def test_environments(repository: Repository) -> None:
    """What the sides have in named environments is merged too; what is the default's as well is asked once."""
    repository.branches({"uv": "0.9.1"}, {"uv": "0.9.2"}, {"uv": "0.9.2"})
    user = repository.user
    for branch, name, packages in (("main", "one", 'zig = "*"'), ("topic", "two", 'just = "1.40"')):
        repository.git("checkout", "-q", branch)
        user.manifest.write_text(f'[packages]\nuv = "0.9.2"\n[environments.{name}]\npackages = {{ {packages} }}\n')
        with Tools(user.settings, user.environ, ignore) as tools:
            lock_project(tools, user.directory)
        repository.git("commit", "-qam", name)
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "topic", status=1)
    user.manifest.write_text(
        '[packages]\nuv = "0.9.2"\n[environments]\n'
        'one.packages = { zig = "*" }\ntwo.packages = { just = "*" }\nthree.packages = { zig = "*" }\n'
    )
    taken = user.report("lock", "--merge")["taken"]
    assert [(each["name"], each["side"], each["environment"]) for each in taken] == [
        ("zig", "ours", "one"),
        ("just", "theirs", "two"),
    ]
    assert repository.locked.environments["two"].packages["just"].version == "1.40.0"
    assert repository.locked.environments["three"].packages.keys() == {"zig"}
    user.devenv("lock", "--check")


def test_question_at_the_terminal(repository: Repository) -> None:
    """On a terminal what contradicts is asked, with both versions and the one before; the answer is taken."""
    repository.branches({"uv": "0.9.1"}, {"uv": "0.9.2"}, {"uv": "*"})
    repository.git("checkout", "-q", "topic")
    user = repository.user
    user.lock.write_text(user.lock.read_text().replace('version = "0.9.1"', 'version = "0.9.0"'))
    repository.git("commit", "-qam", "another")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "topic", status=1)
    repository.ask_for(uv="*")
    status, output, shown = at_terminal(user, b"x\nt\n", "lock", "--merge")
    assert status == 0, shown
    assert b"uv" in output
    assert all(word in shown for word in ("0.9.2", "0.9.0", "before: 0.9.1"))
    assert repository.versions() == {"uv": "0.9.0"}


def at_terminal(user: User, typed: bytes, *arguments: str) -> tuple[int, bytes, str]:
    """Run `devenv` with a terminal for its questions; its status, its output, and what the terminal shows."""
    own, its = pty.openpty()
    process = subprocess.Popen(
        user.command(*arguments),
        cwd=user.directory,
        env=dict(user.environ),
        stdin=its,
        stdout=subprocess.PIPE,
        stderr=its,
    )
    os.close(its)
    os.write(own, typed)
    output, _ = process.communicate(timeout=TIME_LIMIT)
    shown = b"".join(iter_terminal(own))
    os.close(own)
    return process.returncode, output, shown.decode()


def iter_terminal(descriptor: int) -> Iterator[bytes]:
    """What was written to a terminal, until nobody has it open any more."""
    while True:
        try:
            part = os.read(descriptor, 1 << 16)
        except OSError:
            return
        if not part:
            return
        yield part


def test_markers_alone(repository: Repository) -> None:
    """Without git, the markers tell the sides, with the line endings of any editor; a conflict cut short is refused."""
    repository.branches({"just": "*"}, {"just": "*", "uv": "*"}, {"just": "*", "zig": "*"})
    repository.git("merge", "-q", "topic", status=1)
    repository.ask_for(just="*", uv="*", zig="*")
    user = repository.user
    shutil.rmtree(user.directory / ".git")
    text = user.lock.read_text()
    user.lock.write_text(text.partition(">>>>>>>")[0])
    error = user.failure("lock", "--merge")
    assert error["slug"] == "lock-conflict"
    assert error["place"]["line"] == text[: text.index("<<<<<<<")].count("\n") + 1
    user.lock.write_text(text.replace("\n", "\r\n"))
    user.devenv("lock", "--merge", "--offline")
    assert repository.versions().keys() == {"just", "uv", "zig"}


def test_a_side_that_is_no_lock(repository: Repository) -> None:
    """A side that cannot be read is named, and nothing is written (FAULTS K-06)."""
    repository.branches({"just": "*"}, {"just": "*", "uv": "*"}, {"just": "*", "zig": "*"})
    repository.git("checkout", "-q", "topic")
    user = repository.user
    user.lock.write_text(user.lock.read_text().replace("size = ", "weight = ", 1))
    repository.git("commit", "-qam", "damaged")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "topic", status=1)
    repository.ask_for(just="*")
    before = user.files()
    error = user.failure("lock", "--merge")
    assert (error["slug"], "`theirs`" in error["message"]) == ("lock-invalid", True)
    assert user.files() == before


def install(repository: Repository) -> None:
    """Have git call this devenv; the program that pip would have made."""
    program = repository.user.home / "bin" / "devenv it's 100%"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -W error -m devenv "$@"\n')
    program.chmod(0o755)
    from devenv.workflow.merge_driver import install_driver

    with Tools(repository.user.settings, repository.user.environ, ignore) as tools:
        first = install_driver(tools, repository.user.directory, program)
        assert (first.changed, install_driver(tools, repository.user.directory, program).changed) == (True, False)


def test_git_merges_by_itself(repository: Repository) -> None:
    """With the driver, neighbours are no conflict, in a merge and in a rebase; the result answers the manifest."""
    repository.branches({"just": "*"}, {"just": "*", "uv": "*"}, {"just": "*", "zig": "*"})
    user = repository.user
    install(repository)
    assert (user.directory / ".gitattributes").read_text() == "devenv.lock merge=devenv-lock\n"
    # The manifest is still the user's own business.
    repository.git("merge", "-q", "topic", status=1)
    assert repository.git("diff", "--name-only", "--diff-filter=U").split() == ["devenv.toml"]
    repository.ask_for(just="*", uv="*", zig="*")
    user.devenv("lock", "--check")
    repository.git("merge", "--abort")
    repository.git("rebase", "-q", "topic", status=1)
    assert repository.git("diff", "--name-only", "--diff-filter=U").split() == ["devenv.toml"]
    assert repository.versions().keys() == {"just", "uv", "zig"}


def test_driver_leaves_what_contradicts(repository: Repository) -> None:
    """What both branches changed is left in conflict, both sides whole, for `lock --merge` to resolve."""
    repository.branches({"just": "*", "uv": "0.9.1"}, {"just": "*", "uv": "0.9.2"}, {"just": "1.40", "uv": "0.9"})
    user = repository.user
    repository.git("checkout", "-q", "topic")
    repository.commit(just="1.40.0")
    repository.git("checkout", "-q", "main")
    install(repository)
    repository.git("merge", "-q", "topic", status=1)
    text = user.lock.read_text()
    assert [text.count(mark) for mark in ("<<<<<<< ours", "||||||| base", ">>>>>>> theirs")] == [1, 1, 1]
    repository.ask_for(just="1.40", uv="0.9.2")
    user.devenv("lock", "--merge", "--offline")
    assert repository.versions() == {"just": "1.40.0", "uv": "0.9.2"}


@pytest.mark.parametrize("failure", ["gone", "killed", "unreadable"])
def test_driver_never_loses_anything(repository: Repository, failure: str) -> None:
    """Where devenv is gone, is killed, or cannot read a lock, git's own merge is what happens: both sides are there."""
    repository.branches({"just": "*"}, {"just": "*", "uv": "*"}, {"just": "*", "zig": "*"})
    user = repository.user
    install(repository)
    program = next((user.home / "bin").iterdir())
    if failure == "gone":
        program.unlink()
    elif failure == "killed":
        program.write_text("#!/bin/sh\nkill -9 $$\n")
    else:
        repository.git("checkout", "-q", "topic")
        user.lock.write_text(user.lock.read_text().replace("version = 1", "version = 900", 1))
        repository.git("commit", "-qam", "newer")
        repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "topic", status=1)
    assert set(repository.git("diff", "--name-only", "--diff-filter=U").split()) == {"devenv.lock", "devenv.toml"}
    text = user.lock.read_text()
    assert all(word in text for word in ("<<<<<<< ours", ">>>>>>> theirs", "[packages.uv]", "[packages.zig]"))
    # Nothing is left behind.
    assert user.unfinished() == []
    assert [path.name for path in Path(user.directory).iterdir() if path.name.startswith(".merge_file")] == []


def test_driver_needs_a_repository(user: User) -> None:
    """Where there is no repository, that is said; a link in the place of git's file is not followed."""
    api = user.project("api")
    assert api.failure("lock", "--install-merge-driver")["slug"] == "repository-missing"
    assert api.failure("lock", "--install-merge-driver", "--refresh")["slug"] == "usage"
    Repository(api).git("init", "-q")
    (api.directory / ".gitattributes").symlink_to(user.home / "secret")
    assert api.failure("lock", "--install-merge-driver")["slug"] == "attributes-refused"
    assert "devenv-lock" not in (api.directory / ".git/config").read_text()
