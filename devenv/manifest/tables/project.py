"""`[project]`: its name and its systems."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.grammar import PROJECT_NAME, GrammarError
from devenv.manifest.positions import Path
from devenv.manifest.wording import find_closest, format_names, format_path, format_shown
from devenv.system import ALL_SYSTEMS, System

PROJECT_KEYS = ("name", "systems")


def check_project(checker: Checker, value: object) -> tuple[str | None, tuple[System, ...] | None]:
    """The project's name, and its systems, sorted; None for what is left open."""
    project = checker.record(value, ("project",), PROJECT_KEYS)
    systems = check_systems(checker, project["systems"], ("project", "systems")) if "systems" in project else None
    return _check_name(checker, project), systems


def _check_name(checker: Checker, project: Mapping[str, object]) -> str | None:
    if "name" not in project:
        return None
    path = ("project", "name")
    name = checker.string(project["name"], path)
    return None if name is None else checker.apply(path, partial(PROJECT_NAME.require, name))


def check_systems(checker: Checker, value: object, path: Path) -> tuple[System, ...]:
    """The systems in the array at `path`, sorted; there is at least one."""
    if value == []:
        checker.fault(
            path,
            f"`{format_path(path)}` is empty",
            f"name some of {format_names(_system_names())}, or delete the line",
        )
    return tuple(sorted(checker.members(value, path, _require_system)))


def _system_names() -> list[str]:
    return [system.value for system in ALL_SYSTEMS]


def _require_system(text: str) -> System:
    try:
        return System(text)
    except ValueError as error:
        meant = find_closest(text, _system_names())
        raise GrammarError(
            f"`{format_shown(text)}` is not a system that devenv knows",
            f"did you mean `{meant}`?" if meant else f"there are {format_names(_system_names())}",
        ) from error
