"""The templates for real: what each makes builds, passes its tests and runs, in its own environment, as it is."""

from __future__ import annotations

import os
import re
import urllib.request
from pathlib import Path

import pytest

from devenv.debian.architectures import ARCHITECTURES
from devenv.detect.composer import EXTENSIONS
from devenv.store_path import store_root
from devenv.system import host_system
from tests.registry.conftest import NOBODY
from tests.registry.user import User

pytestmark = pytest.mark.usefixtures("mixed")
"""It downloads what the first templates ask for; other tests of this tier have what the others do."""

from_debian = pytest.mark.skipif(host_system() not in ARCHITECTURES, reason="Debian has no packages for this system")
OWN = {".gitignore", "devenv.lock", "devenv.toml"}


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


@from_debian
def test_python(user: User) -> None:
    """The python project is installed with pytest in its virtual environment, passes its test and linter, and runs."""
    project = make_project(user, "python")

    user.call("run", "--", "pip", "install", "--quiet", "--editable", ".", "--group", "dev", directory=project)

    assert "1 passed" in user.call("run", "--", "pytest", directory=project)
    assert user.call("run", "--", "greeting", directory=project) == "Hello, from-python!\n"
    assert user.call("run", "--", "python", "-m", "greeting", "Ada", directory=project) == "Hello, Ada!\n"
    user.call("run", "--", "ruff", "check", directory=project)
    user.call("run", "--", "ruff", "format", "--check", directory=project)
    assert read_untracked(user, project) == {
        *OWN,
        *("pyproject.toml", "src/greeting/__init__.py", "src/greeting/__main__.py", "tests/test_greeting.py"),
    }


@from_debian
def test_rust(user: User) -> None:
    """The rust project passes its tests, that of its documentation included, clippy and rustfmt, and runs, offline."""
    project = make_project(user, "rust")

    def cargo(*arguments: str) -> str:
        return user.call("run", "--", "cargo", *arguments, directory=project, CARGO_NET_OFFLINE="true")

    tested = cargo("test")
    assert tested.count("test result: ok. 1 passed") == 2
    assert cargo("run", "--quiet") == "Hello, from-rust!\n"
    cargo("clippy", "--quiet", "--all-targets")
    cargo("fmt", "--check")
    assert read_untracked(user, project) == {*OWN, "Cargo.lock", "Cargo.toml", "src/lib.rs", "src/main.rs"}


@from_debian
def test_java(user: User) -> None:
    """The java project compiles without warnings, passes its test, runs, and becomes an archive that runs."""
    project = make_project(user, "java")

    def run(*command: str) -> str:
        return user.call("run", "--", *command, directory=project)

    assert run("make", "test").endswith("1 test passed\n")
    assert run("make") == "Hello, from-java!\n"
    run("make", "jar")
    assert run("java", "-jar", "build/from-java.jar", "Ada") == "Hello, Ada!\n"
    sources = {f"src/main/java/greeting/{name}.java" for name in ("Greeting", "Main")}
    assert read_untracked(user, project) == {*OWN, *sources, "Makefile", "src/test/java/greeting/GreetingTest.java"}


@from_debian
def test_ruby(user: User) -> None:
    """The ruby project passes its test by rake, and its program runs from anywhere in the environment."""
    project = make_project(user, "ruby")

    assert "1 runs, 1 assertions, 0 failures" in user.call("run", "--", "rake", directory=project)
    assert user.call("run", "--", str(project / "bin/greet"), directory=project / "lib") == "Hello, from-ruby!\n"
    assert read_untracked(user, project) == {
        *(*OWN, ".ruby-version", "Rakefile", "bin/greet", "lib/greeting.rb", "test/test_greeting.rb")
    }


@from_debian
def test_php(user: User) -> None:
    """The php project gets its loader from composer, passes its tests, and serves a request, whatever is in it."""
    project = make_project(user, "php")
    user.call("run", "--", "composer", "install", "--quiet", "--no-interaction", directory=project)
    assert "2 tests, 0 failures" in user.call("run", "--", "composer", "test", directory=project)

    modules = user.call("run", "--", "php", "-m", directory=project).lower().split()
    assert set(modules) >= EXTENSIONS - {"opcache"}, "what is told to lack nothing lacks nothing"

    serve = [*user.command, "run", "--", "php", "-S", "127.0.0.1:0", "-t", "public"]
    with user.start(["sh", "-c", 'exec "$@" 2>&1', "sh", *serve], project) as server:
        try:
            assert server.stdout is not None
            line = next(line for line in server.stdout if " started" in line)
            address = re.search(r"http://[0-9.:]+", line)
            assert address is not None
            assert fetch(f"{address[0]}/?name=Ada") == "Hello, Ada!\n"
            assert fetch(f"{address[0]}/?name[]=Ada") == "Hello, from-php!\n"
        finally:
            server.terminate()

    assert read_untracked(user, project) - {"composer.lock"} == {
        *(*OWN, "composer.json", "public/index.php", "src/Greeting.php", "tests/run.php")
    }


@from_debian
def test_c(user: User) -> None:
    """The c project compiles without warnings, passes its tests, can be debugged, and runs without the environment."""
    project = make_project(user, "c")

    assert user.call("run", "--", "make", "test", directory=project).endswith("2 tests passed\n")
    assert user.call("run", "--", "make", "run", directory=project).endswith("Hello, from-c!\n")
    assert user.run([str(project / "build/from-c"), "Ada"]) == "Hello, Ada!\n"
    debug = ("gdb", "--batch", "-ex", "break greet", "-ex", "run", "-ex", "print name", "build/from-c")
    assert '"from-c"' in user.call("run", "--", *debug, directory=project)
    assert read_untracked(user, project) == {
        *(*OWN, "Makefile", "include/greeting.h", "src/greeting.c", "src/main.c", "tests/test_greeting.c")
    }


@from_debian
def test_data(user: User, nobody: User) -> None:
    """The data project starts its servers, keeps what it is told over a restart, takes no port, and stops them."""
    project = make_project(user, "data")
    user.call("run", "--", "pip", "install", "--quiet", "--requirement", "requirements.txt", directory=project)
    untracked = read_untracked(user, project)
    let_others_in(user, project)

    def run(*command: str) -> str:
        # PostgreSQL refuses to run as root.
        return user.call("run", "--", *nobody.wrapper, *command, directory=project, PYTHONDONTWRITEBYTECODE="1")

    try:
        assert run("./services", "start") == "PostgreSQL and Redis are ready\n"
        run("python", "-m", "unittest")
        assert run("python", "guests.py", "Ada") == "Hello, Ada! Visit 1; 1 guests so far\n"
        run("./services", "stop")
        run("./services", "start")
        assert run("python", "guests.py", "Ada") == "Hello, Ada! Visit 2; 1 guests so far\n"
        sockets = {path.name for path in (project / ".data").iterdir() if path.is_socket()}
        assert sockets == {"redis.sock", ".s.PGSQL.5432"}
    finally:
        run("./services", "stop")

    assert not [path for path in (project / ".data").iterdir() if path.is_socket()]
    assert untracked == {*OWN, "guests.py", "requirements.txt", "services", "test_guests.py"}


def let_others_in(user: User, project: Path) -> None:
    """The user `nobody` may write to the project and start programs of the user's store, whatever lies on the way."""
    if os.geteuid() != 0:
        return
    for path in (project, *project.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    root = store_root(user.settings.base)
    for path in (root, *root.parents):
        if path.is_relative_to(user.home):
            path.chmod(path.stat().st_mode | 0o011)
