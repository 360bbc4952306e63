"""`[python] venv` with real Pythons: what is installed survives updates and collections."""

from __future__ import annotations

import os
from pathlib import Path

from tests.functional.wheels import make_wheel
from tests.registry.user import MakeUser, User

PIP = ("pip", "--disable-pip-version-check", "install", "--quiet", "--no-index")


def run(user: User, project: Path, *command: str) -> str:
    """What a command prints in the project's environment."""
    return user.call("run", "--", *command, directory=project)


def test_virtual_environment_survives(user: User, make_user: MakeUser) -> None:
    """A package that pip installed works after Python was replaced by another build and the old one was collected.

    With another minor version the virtual environment is made anew, and what it tells to run installs the same again.
    """
    # Of their own: another project of the shared user may be built with the very Python that is to be collected.
    owner = make_user()
    owner.configure(f'cache = "{user.settings.cache}"\n')
    project = owner.home / "with-venv"
    owner.call("init", str(project))
    owner.call("add", "python@3.13", directory=project)
    manifest = project / "devenv.toml"
    manifest.write_text(f"{manifest.read_text()}\n[python]\nvenv = true\n")
    owner.call("allow", directory=project)
    wheel = make_wheel(
        "greeting",
        "1.0",
        files={
            "greeting.py": (b"def main():\n    print('hello')\n", False),
            "greeting-1.0.dist-info/entry_points.txt": (b"[console_scripts]\ngreet = greeting:main\n", False),
        },
    )
    (project / wheel.filename).write_bytes(wheel.content)
    run(owner, project, *PIP, str(project / wheel.filename))
    assert run(owner, project, "greet") == "hello\n"
    before = os.readlink(project / ".devenv" / "python")

    manifest.write_text(f'keep = ["documentation"]\n{manifest.read_text()}')
    owner.call("lock", directory=project)
    owner.call("allow", directory=project)
    owner.call("gc", "--older-than", "0d", directory=project)
    assert not Path(before).exists()
    assert run(owner, project, "greet") == "hello\n"
    # As an editor starts it: without devenv's variables.
    program = str(project / ".venv" / "bin" / "python")
    assert owner.run([program, "-c", "import greeting, ssl; greeting.main()"]) == "hello\n"
    assert owner.run([str(project / ".devenv" / "env" / "bin" / "python"), "--version"]).startswith("Python 3.13.")

    owner.call("add", "python@3.11", directory=project)
    assert run(owner, project, "python", "-c", "import sys; print(sys.prefix)") == f"{project}/.venv\n"
    assert owner.run([program, "--version"]).startswith("Python 3.11.")
    run(owner, project, *PIP, "-r", ".venv/previous-packages.txt")
    assert run(owner, project, "greet") == "hello\n"
