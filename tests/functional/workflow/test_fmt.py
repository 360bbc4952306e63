"""`devenv fmt`: the project's formatters, on the right files, in the environment; with `--check` on a copy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from devenv.workflow.formatters import ARGUMENT_OVERHEAD, BATCH_BYTES, iter_batches
from tests.functional.workflow.command import User

UPPER = """#!/bin/sh
# Writes its arguments down, and makes capitals of the letter a.
printf '%s\\n' "$@" >> "$HOME/arguments"
sed -i s/a/A/g -- "$@"
"""
MANIFEST = """
[formatters.upper]
command = ["tools/upper"]
files = ["*.txt", "docs/**"]
"""


@pytest.fixture
def api(user: User) -> User:
    """An allowed project whose formatter is a script of its own."""
    return allowed(user.project("api"), MANIFEST)


def allowed(project: User, manifest: str) -> User:
    """The project with this at the end of its manifest, allowed."""
    write(project, "tools/upper", UPPER)
    (project.directory / "tools/upper").chmod(0o755)
    project.manifest.write_text(project.manifest.read_text() + manifest)
    project.devenv("lock")
    project.devenv("allow")
    return project


def write(project: User, name: str, content: str) -> Path:
    path = project.directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def given(project: User) -> list[str]:
    """The arguments that the formatter was given."""
    path = project.home / "arguments"
    return path.read_text().splitlines() if path.exists() else []


def test_matching_files_are_formatted(api: User) -> None:
    """A formatter gets the files that its patterns mean, from anywhere in the project, and what it changed is told."""
    for name in ("b.txt", "src/a.txt", "docs/x/y.md", "README.md", "-rf.txt"):
        write(api, name, "a\n")
    write(api, "c.txt", "b\n")
    result = api.at("src").report("fmt")
    assert [change["path"] for change in result["changes"]] == ["-rf.txt", "b.txt", "docs/x/y.md", "src/a.txt"]
    assert (result["check"], result["files"], result["formatters"]) == (False, 5, [{"name": "upper", "files": 5}])
    assert given(api) == ["./-rf.txt", "b.txt", "c.txt", "docs/x/y.md", "src/a.txt"]
    assert (api.directory / "docs/x/y.md").read_text() == "A\n"
    assert (api.directory / "README.md").read_text() == "a\n"
    assert api.devenv("fmt").text == "none of 5 files changed\n"


def test_text_for_people(api: User) -> None:
    """Each formatter is a line of progress on stderr; stdout tells the files that changed."""
    write(api, "b.txt", "a\n")
    outcome = api.devenv("fmt")
    assert outcome.text == "formatted b.txt\n1 of 1 file changed\n"
    assert "formatting 1 file with upper" in outcome.messages


def test_check_changes_nothing(api: User) -> None:
    """`--check` shows what would change, exits with 12, and touches no file of the project; the copy goes away."""
    paths = [write(api, "b.txt", "a\nb\n"), write(api, "docs/c.md", "b\n")]
    before = [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in paths]
    temporary = api.home / "temporary"
    temporary.mkdir()
    outcome = api.having(TMPDIR=str(temporary)).call("fmt", "--check", "--json")
    assert outcome.status == 12
    assert outcome.result["changes"] == [
        {"path": "b.txt", "diff": "--- b.txt\n+++ b.txt (formatted)\n@@ -1,2 +1,2 @@\n-a\n+A\n b\n"}
    ]
    assert [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in paths] == before
    assert list(temporary.iterdir()) == []
    text = api.call("fmt", "--check").text
    assert "would change b.txt\n  --- b.txt\n" in text
    assert text.endswith("\n1 of 2 files would change\n")
    api.devenv("fmt")
    assert api.devenv("fmt", "--check").text == "none of 2 files would change\n"


def test_check_of_what_has_no_lines(api: User) -> None:
    """A file that is no text, or one without a last line end, is told as well."""
    path = write(api, "b.txt", "")
    path.write_bytes(b"\0a")
    write(api, "c.txt", "a")
    outcome = api.call("fmt", "--check", "--json")
    diff = "--- c.txt\n+++ c.txt (formatted)\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n"
    assert outcome.result["changes"] == [
        {"path": "b.txt", "diff": None},
        {"path": "c.txt", "diff": f"{diff}+A\n\\ No newline at end of file\n"},
    ]


def test_paths(api: User) -> None:
    """With paths, only files there are formatted: relative to the working directory, a file or a directory each."""
    for name in ("b.txt", "src/a.txt", "src/deep/c.txt", "srcs/d.txt"):
        write(api, name, "a\n")
    there = api.at("src")
    outcome = there.call("fmt", "--check", "--json", ".", "../b.txt")
    assert [each["path"] for each in outcome.result["changes"]] == ["b.txt", "src/a.txt", "src/deep/c.txt"]
    outcome = there.call("fmt", "--check", "--json", "..")
    assert len(outcome.result["changes"]) == 4
    assert there.report("fmt", "deep")["files"] == 1


@pytest.mark.parametrize("path", ["missing.txt", "/etc/passwd", "../other"])
def test_paths_that_are_none(api: User, path: str) -> None:
    """A path that is not in the project is an error: a slip must not look as if all were well."""
    (api.home / "other").mkdir()
    error = api.failure("fmt", path)
    assert (error["slug"], error["exit_code"]) == ("path-outside", 2)
    assert api.call("fmt", "").status == 2


def test_files_that_git_ignores(api: User) -> None:
    """In a work tree, what git ignores and what other repositories hold is not formatted."""
    for command in ("init -q .", "init -q inner"):
        subprocess.run(["git", *command.split()], cwd=api.directory, check=True)
    for name in ("b.txt", "ignored.txt", "inner/c.txt"):
        write(api, name, "a\n")
    write(api, ".gitignore", "ignored.txt\n")
    assert [each["path"] for each in api.report("fmt")["changes"]] == ["b.txt"]


def test_links_are_not_followed(api: User) -> None:
    """F-16: a link whose name fits is not formatted: what it leads to may be anywhere."""
    outside = api.home / "outside.txt"
    outside.write_text("a\n")
    (api.directory / "b.txt").symlink_to(outside)
    (api.directory / "docs").symlink_to(api.home)
    assert api.report("fmt")["files"] == 0
    assert outside.read_text() == "a\n"


def test_environment(user: User) -> None:
    """A formatter runs in the environment, in the project's directory, with its words as they stand (K-07)."""
    api = user.project("api", "nodejs@24")
    script = 'node > version; pwd > where; printf %s "$0$GREETING$DEVENV_PROJECT" > words'
    manifest = f"[env]\nGREETING = 'hi'\n[formatters]\na = {{ command = ['sh', '-c', '''{script}''', '$(x);'], "
    api = allowed(api, manifest + "files = ['*.txt'] }\n")
    write(api, "b.txt", "a")
    api.at("src").devenv("fmt")
    assert (api.directory / "version").read_text() == "v24.2.0\n"
    assert (api.directory / "where").read_text() == f"{api.directory}\n"
    assert (api.directory / "words").read_text() == f"$(x);hi{api.directory}"


def test_failures_are_told_once_all_have_run(user: User) -> None:
    """A formatter that fails is an error with its last lines; the others run all the same."""
    api = allowed(
        user.project("api"),
        """
        [formatters]
        a = { command = ["sh", "-c", "seq 30; exit 3"], files = ["*.txt"] }
        b = { command = ["no-such-command"], files = ["*.txt"] }
        c = { command = ["sh", "-c", "kill -TERM $$"], files = ["*.txt"] }
        d = { command = ["./tools/upper"], files = ["*.txt"] }
        """,
    )
    write(api, "b.txt", "a")
    error = api.failure("fmt")
    assert (error["slug"], error["exit_code"]) == ("formatter-failed", 13)
    assert error["message"] == "the formatters `a`, `b`, `c` failed"
    lines = [f"  {number}" for number in range(6, 31)]
    assert error["details"] == [
        "a: exit status 3",
        *lines,
        "b: there is no command `no-such-command` in the environment",
        "c: ended by signal 15",
    ]
    assert (api.directory / "b.txt").read_text() == "A"


def test_what_was_not_allowed_does_not_run(api: User) -> None:
    """L-01: a change to the manifest's formatters takes the permission back, and nothing of it runs."""
    write(api, "b.txt", "a")
    api.manifest.write_text(api.manifest.read_text().replace("tools/upper", "tools/lower"))
    assert api.failure("fmt")["slug"] == "not-allowed"
    assert api.failure("fmt", "--check")["slug"] == "not-allowed"


def test_no_formatters(user: User) -> None:
    """A project without formatters is told so: a check of nothing must not look like a check."""
    assert allowed(user.project("api"), "").failure("fmt")["slug"] == "formatters-missing"


def test_help_and_completion(api: User) -> None:
    """The help begins with examples; the verb and its option are completed."""
    assert api.devenv("fmt", "--help").text.startswith("Examples:\n  devenv fmt\n")
    for words, expected in (("devenv fm", "fmt"), ("devenv fmt --c", "--check")):
        asking = api.having(COMP_WORDS=words, COMP_CWORD=str(words.count(" ")), _DEVENV_COMPLETE="bash_complete")
        assert f"plain,{expected}" in asking.call().text


def test_many_files(api: User) -> None:
    """More files than one command line holds are given in several, each once and in order."""
    for index in range(3000):
        write(api, f"{index:04}{'x' * 60}.txt", "b")
    assert api.report("fmt")["files"] == 3000
    assert given(api) == sorted(path.name for path in api.directory.glob("*.txt"))


def test_batches() -> None:
    """Arguments are parted so that no command line is too long; one that is too long itself stands alone."""
    arguments = ["x" * 1000] * 300 + ["y" * BATCH_BYTES] + ["z"]
    batches = list(iter_batches(arguments))
    assert [each for batch in batches for each in batch] == arguments
    assert all(
        len(batch) == 1 or sum(len(each) + ARGUMENT_OVERHEAD for each in batch) <= BATCH_BYTES for batch in batches
    )
    assert list(iter_batches([])) == []
