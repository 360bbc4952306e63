"""Start-up time is a feature: what importing the command line and running warm verbs loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"httpx", "rich", "tomlkit", "starlark", "msgspec", "packaging", "blake3", "sqlite3", "zipfile", "ssl"}


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after running `code`."""
    program = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    )


def test_importing_the_command_line_loads_click_and_nothing_heavy() -> None:
    """`import devenv.cli` loads click and none of the libraries that single verbs need."""
    loaded = loaded_by("import devenv.cli")
    assert "click" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("verb", ["allow", "env", "hook", "run", "shell", "status"])
def test_importing_a_verb_loads_nothing_heavy(verb: str) -> None:
    """A verb's module loads its libraries when it runs, not when it is imported for its help."""
    assert not loaded_by(f"import devenv.cli.{verb}") & HEAVY
