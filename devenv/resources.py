"""Finds the files that are shipped beside the code: `shell_hooks` and `templates`.

They stand at the top of the repository, where people look for them; a wheel carries them below `devenv/_data`.
"""

from __future__ import annotations

from pathlib import Path


def resource_path(*parts: str) -> Path:
    """The path of a shipped file or directory; `parts` begins with the top-level directory's name."""
    package = Path(__file__).parent
    installed = package / "_data"
    return (installed if installed.is_dir() else package.parent).joinpath(*parts)
