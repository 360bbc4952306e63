"""The templates for real: what each makes builds, passes its tests and runs, in its own environment, as it is."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from tests.registry.user import User

pytestmark = pytest.mark.usefixtures("mixed")
"""It downloads what the templates ask for."""


def make_project(user: User, template: str) -> Path:
    """A project from the template, realized by `lock` and `allow` alone."""
    project = user.home / f"from-{template}"
    user.call("init", "--template", template, str(project))
    user.call("lock", directory=project)
    user.call("allow", directory=project)
    return project


def read_untracked(user: User, project: Path) -> set[str]:
    """What `git status` would show."""
    user.run(["git", "init", "--quiet"], project)
    return set(user.run(["git", "ls-files", "--others", "--exclude-standard"], project).splitlines())


def test_minimal(user: User) -> None:
    """The minimal project has an environment at once, and takes its first package."""
    project = make_project(user, "minimal")
    user.call("run", "--", "true", directory=project)

    user.call("add", "just", directory=project)

    assert user.call("run", "--", "just", "--version", directory=project).startswith("just ")
    assert read_untracked(user, project) == {".gitignore", "devenv.lock", "devenv.toml"}


def test_node(user: User) -> None:
    """The node project passes its test, through npm too, and serves a request, whatever its path."""
    project = make_project(user, "node")
    assert "pass 1" in user.call("run", "--", "node", "--test", directory=project)
    user.call("run", "--", "npm", "install", "--offline", "--no-audit", directory=project)
    assert "pass 1" in user.call("run", "--", "npm", "test", directory=project)

    with user.start([*user.command, "run", "--", "node", "server.js"], project, PORT="0") as server:
        try:
            assert server.stdout is not None
            line = next(line for line in server.stdout if line.startswith("listening on "))
            address = line.removeprefix("listening on ").strip()
            assert fetch(f"{address}/?name=Ada") == "Hello, Ada!\n"
            assert fetch(f"{address}//") == "Hello, world!\n"
        finally:
            server.terminate()

    assert read_untracked(user, project) - {"package-lock.json"} == {
        *(".gitignore", "devenv.lock", "devenv.toml"),
        *("greet.js", "greet.test.js", "package.json", "server.js"),
    }


def fetch(address: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def test_go(user: User) -> None:
    """The go project vets, tests, runs and builds with the locked toolchain, without a network."""
    project = make_project(user, "go")

    def go(*arguments: str) -> str:
        return user.call("run", "--", "go", *arguments, directory=project, GOFLAGS="-mod=mod", GOPROXY="off")

    assert go("env", "GOTOOLCHAIN") == "local\n"
    go("vet", "./...")
    assert go("test", "./...").startswith("ok")
    assert go("run", ".") == "Hello, from-go!\n"
    go("build")
    assert user.run([str(project / "from-go")]) == "Hello, from-go!\n"
    assert user.call("run", "--", "gofmt", "-l", ".", directory=project) == ""
    assert read_untracked(user, project) == {
        *(".gitignore", "devenv.lock", "devenv.toml"),
        *("go.mod", "main.go", "main_test.go"),
    }


def test_zig(user: User) -> None:
    """The zig project is formatted, passes its test, runs and builds; what it says goes to standard output."""
    project = make_project(user, "zig")

    def zig(*arguments: str) -> str:
        return user.call("run", "--", "zig", *arguments, directory=project)

    zig("fmt", "--check", "main.zig")
    zig("test", "main.zig")
    assert zig("run", "main.zig") == "Hello, from-zig!\n"
    zig("build-exe", "main.zig")
    assert user.run([str(project / "main")]) == "Hello, from-zig!\n"
    assert read_untracked(user, project) == {".gitignore", "devenv.lock", "devenv.toml", "main.zig"}
