"""What tables about builds have in common: paths, arguments, variables, names of packages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.grammar import require_argument, require_path
from devenv.manifest.positions import Path
from devenv.manifest.variables import require_build_variable


def check_path(checker: Checker, value: object, path: Path, expected: str = "a string") -> str | None:
    """The path of something in the project, or None where it is faulty."""
    text = checker.string(value, path, expected)
    return None if text is None else checker.apply(path, partial(require_path, text))


def check_flags(checker: Checker, record: Mapping[str, object], path: Path) -> tuple[str, ...]:
    """The arguments at the key `flags`."""
    return checker.members(record.get("flags", []), (*path, "flags"), require_argument, repeated=True)


def check_build_env(checker: Checker, record: Mapping[str, object], path: Path) -> dict[str, str]:
    """The variables at the key `env`, sorted."""
    env = {}
    for name, given in sorted(checker.table(record.get("env"), (*path, "env")).items()):
        place = (*path, "env", name)
        text = checker.string(given, place)
        if text is not None:
            checker.apply(place, partial(require_build_variable, name, text), on_key=True)
            env[name] = text
    return env
