"""What `devenv hook` returns where it edits startup files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StartupFile:
    """A shell's startup file, and what was, or would be, changed in it."""

    shell: str
    path: Path
    target: Path
    """Where it lies; another path than `path` where a symbolic link leads there."""
    changed: bool
    diff: tuple[str, ...]
    """Lines of a unified diff; bytes that are no UTF-8 are surrogates."""
    evaluates: int | None
    """The line that runs `devenv hook` at every start, counted from 1; None: there is none."""


@dataclass(frozen=True, slots=True)
class HookSetupResult:
    """Hooks were installed (or taken out, where `installed` is False) in startup files; with `dry_run` nothing was."""

    installed: bool
    dry_run: bool
    files: tuple[StartupFile, ...]
