"""The README's first command, as a newcomer runs it: in a fresh clone, with a fresh home directory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.registry.user import BASE_PATH, MakeUser

ROOT = Path(__file__).parents[2]


def readme_commands() -> list[str]:
    """The commands of the section that promises two, in its order."""
    section = (ROOT / "README.md").read_text().partition("## Two commands")[2].partition("\n## ")[0]
    return re.findall(r"^```\n(.+)\n```$", section, re.MULTILINE)


def test_first_command_ends_with_a_tool_of_the_locked_environment(make_user: MakeUser) -> None:
    """One command in a fresh clone sets devenv up, realizes its own environment and runs a tool from it."""
    user = make_user()
    clone = user.home / "devenv"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, capture_output=True)
    # The Python that runs these tests is what the newcomer has; a virtual environment's is left through its base.
    path = f"{Path(sys.base_prefix) / 'bin'}:{BASE_PATH}"
    output = user.run(["bash", "-c", readme_commands()[0]], clone, PATH=path)
    assert re.search(r"^ruff 0\.\d+\.\d+$", output.splitlines()[-1])


def test_second_command_is_what_continuous_integration_runs() -> None:
    """`.ci/run` runs the README's test command: what newcomers run and what must pass are the same."""
    setup, tests = readme_commands()[1].split(" && ")
    script = (ROOT / ".ci/run").read_text()
    assert f"\n{setup}\n" in script
    assert f'\n{tests} "$@"\n' in script
