"""Our own shell code, seen by the shellcheck of an environment of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.registry.user import User

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(
    [*ROOT.glob("shell_hooks/hook.*"), ROOT / ".ci/run", ROOT / ".ci/setup", *ROOT.glob("tests/**/*.bash")]
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shell_code_is_clean(user: User, mixed: Path, script: Path) -> None:
    """shellcheck finds nothing in the hooks and scripts of this repository; exceptions are explained on their lines."""
    assert user.call("run", "--", "shellcheck", str(script), directory=mixed) == ""
