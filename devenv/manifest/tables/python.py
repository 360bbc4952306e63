"""`[python]`: the project's virtual environment."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.grammar import GrammarError, require_path
from devenv.manifest.model import DEFAULT_VENV, WHOLE_PROJECT, PythonSettings
from devenv.manifest.positions import Path
from devenv.manifest.tables.environment import TABLE as ENV

TABLE = "python"
PYTHON_KEYS = ("venv",)
VENV_VARIABLES = ("PYTHONHOME", "VIRTUAL_ENV")
"""What entering a virtual environment sets and unsets."""


def check_python(checker: Checker, value: object, variables: Collection[str], within: Path = ()) -> PythonSettings:
    """The virtual environment; `variables` are the names in `[env]`. Both tables are in the one at `within`."""
    record = checker.record(value, (*within, TABLE), PYTHON_KEYS)
    given = record.get("venv", False)
    if given is False:
        return PythonSettings()
    for name in VENV_VARIABLES:
        if name in variables:
            checker.fault(
                (*within, ENV, name),
                f"`{name}` cannot be set beside `python.venv`, which does that",
                "delete one",
                on_key=True,
            )
    if given is True:
        return PythonSettings(DEFAULT_VENV)
    path = (*within, TABLE, "venv")
    text = checker.string(given, path, "`true`, `false` or a path in quotes")
    return PythonSettings(None if text is None else checker.apply(path, partial(_require_directory, text)))


def _require_directory(text: str) -> str:
    if require_path(text) == WHOLE_PROJECT:
        raise GrammarError(
            "the project itself cannot be the virtual environment", f'name a directory, such as `"{DEFAULT_VENV}"`'
        )
    return text
