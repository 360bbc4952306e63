"""Where the running `devenv` command lies, for hooks that call it later."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def program_path() -> Path:
    """The absolute path of the command. Where devenv runs as `python -m devenv`: the command beside that Python."""
    called = Path(sys.argv[0])
    if called.name == "devenv" and os.access(called, os.X_OK):
        return Path(os.path.abspath(called))
    beside = Path(sys.executable).parent / "devenv"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("devenv")
    return Path(os.path.abspath(found or beside))
