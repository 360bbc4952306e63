"""`[python] venv` with real Pythons: what is installed survives updates and collections."""

from __future__ import annotations

import os
from pathlib import Path

from tests.functional.wheels import make_wheel
from tests.registry.user import User

PIP = ("pip", "--disable-pip-version-check", "install", "--quiet", "--no-index")


def run(user: User, project: Path, *command: str) -> str:
    """What a command prints in the project's environment."""
    return user.call("run", "--", *command, directory=project)


def test_virtual_environment_survives(user: User) -> None:
    """A package that pip installed works after Python was replaced by another build and the old one was collected.

    With another minor version the virtual environment is made anew, and what it tells to run installs the same again.
    """
    project = user.home / "with-venv"
    user.call("init", str(project))
    user.call("add", "python@3.13", directory=project)
    manifest = project / "devenv.toml"
    manifest.write_text(f"{manifest.read_text()}\n[python]\nvenv = true\n")
    user.call("allow", directory=project)
    wheel = make_wheel(
        "greeting",
        "1.0",
        files={
            "greeting.py": (b"def main():\n    print('hello')\n", False),
            "greeting-1.0.dist-info/entry_points.txt": (b"[console_scripts]\ngreet = greeting:main\n", False),
        },
    )
    (project / wheel.filename).write_bytes(wheel.content)
    run(user, project, *PIP, str(project / wheel.filename))
    assert run(user, project, "greet") == "hello\n"
    before = os.readlink(project / ".devenv" / "python")

    manifest.write_text(f'keep = ["documentation"]\n{manifest.read_text()}')
    user.call("lock", directory=project)
    user.call("allow", directory=project)
    kept = ""
    for _ in range(3):  # what a process uses that is just ending is still in use
        user.call("gc", "--older-than", "0d", directory=project)
        if not Path(before).exists():
            break
        kept = user.call("why", before.removesuffix("/root/usr"), directory=project)
    assert not Path(before).exists(), kept
    assert run(user, project, "greet") == "hello\n"
    # As an editor starts it: without devenv's variables.
    program = str(project / ".venv" / "bin" / "python")
    assert user.run([program, "-c", "import greeting, ssl; greeting.main()"]) == "hello\n"
    assert user.run([str(project / ".devenv" / "env" / "bin" / "python"), "--version"]).startswith("Python 3.13.")

    user.call("add", "python@3.11", directory=project)
    assert run(user, project, "python", "-c", "import sys; print(sys.prefix)") == f"{project}/.venv\n"
    assert user.run([program, "--version"]).startswith("Python 3.11.")
    run(user, project, *PIP, "-r", ".venv/previous-packages.txt")
    assert run(user, project, "greet") == "hello\n"
