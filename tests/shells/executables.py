"""Which shells the tests are run with."""

from __future__ import annotations

import shutil


def find_executable(name: str) -> str:
    """The path of a shell."""
    executable = shutil.which(name)
    assert executable is not None, f"these tests need {name}: install it"
    return executable
