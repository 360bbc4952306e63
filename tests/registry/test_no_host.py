"""Programs run where there is nothing of a host: no `/lib`, no `/usr`, no `/etc`, only the store and the kernel's own.

So they run on a musl distribution, on one of another age, and in an empty container as well.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from devenv.store_path import store_root
from tests.registry.user import User

PACKAGES = ("ruff", "nodejs", "go", "python", "jq")

KERNEL = ("--tmpfs", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp")
ALONE = ("--unshare-all", "--die-with-parent", "--clearenv", "--setenv", "HOME", "/tmp", *KERNEL)

RUN_GO = """
import pathlib, subprocess
pathlib.Path("/tmp/answer.go").write_text("package main\\nfunc main() { print(42) }\\n")
print(subprocess.run(["go", "run", "/tmp/answer.go"], capture_output=True, text=True, check=True).stderr)
"""


@pytest.fixture(scope="module")
def bubblewrap() -> str:
    """The program that makes an empty root directory."""
    program = shutil.which("bwrap")
    if program is None:
        pytest.skip("needs `bwrap` (bubblewrap) to make an empty root directory")
    tried = subprocess.run(
        [program, "--unshare-all", "--ro-bind", "/", "/", "/bin/true"], check=False, capture_output=True, text=True
    )
    if tried.returncode:
        pytest.skip(f"needs namespaces, which this machine refuses: {tried.stderr.strip()}")
    return program


@pytest.fixture(scope="module")
def empty_root(bubblewrap: str, user: User) -> list[str]:
    """The beginning of a command line that runs a program of an environment in an otherwise empty root directory."""
    project = user.home / "no-host"
    user.call("init", str(project))
    user.call("add", *PACKAGES, directory=project)
    store = store_root(user.settings.base)
    programs = store / user.ask("status", directory=project)["environment"] / "bin"
    places = ["--ro-bind", str(store), str(store), "--setenv", "PATH", str(programs), "--chdir", "/"]
    return [bubblewrap, *ALONE, *places, "--"]


@pytest.mark.parametrize(("command", "expected"), [
    (("ruff", "--version"), "ruff "),
    (("node", "-p", "process.arch + require('crypto').randomBytes(1).length"), ""),
    (("go", "version"), "go version "),
    (("python3", "-c", "import ctypes, os, sqlite3, ssl; print(sorted(os.listdir('/')))"), "['dev', 'proc', "),
    (("python3", "-c", RUN_GO), "42"),
    (("jq", "-n", "[1, 2] | add"), "3"),
], ids=["ruff", "node", "go", "python", "go run", "jq"])  # fmt: skip
def test_program_runs_without_a_host(
    empty_root: list[str], user: User, command: tuple[str, ...], expected: str
) -> None:
    """A program from a wheel or from Debian needs no file outside of the store."""
    assert user.run([*empty_root, *command]).startswith(expected)


def test_the_root_is_empty(empty_root: list[str], user: User) -> None:
    """The tests above mean something: of the host not even a shell is there."""
    script = "import os, sys; print([path for path in sys.argv[1:] if os.path.exists(path)])"
    store = Path(empty_root[empty_root.index("--ro-bind") + 1])
    paths = ["/bin", "/etc", "/lib", "/lib64", "/usr", str(store)]
    assert user.run([*empty_root, "python3", "-c", script, *paths]) == f"['{store}']\n"
