"""`[shell]`: what only interactive shells get, all of them and single ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.grammar import require_alias, require_body, require_function
from devenv.manifest.model import SHELL_NAMES, ShellCode, ShellSettings
from devenv.manifest.positions import Path

TABLE = "shell"
CODE_KEYS = ("aliases", "functions", "hook", "leave")
SHELL_KEYS = (*CODE_KEYS, *SHELL_NAMES)


def check_shell(checker: Checker, value: object, table: Path = (TABLE,)) -> ShellSettings:
    """What only interactive shells get."""
    record = checker.record(value, table, SHELL_KEYS)
    common = _check_code(checker, record, table)
    own = {}
    for name in SHELL_NAMES:
        if name in record:
            path = (*table, name)
            own[name] = _check_code(checker, checker.record(record[name], path, CODE_KEYS), path)
    settings = ShellSettings(common.hook, common.aliases, common.leave, common.functions, own)
    refuse_clashes(checker, settings, table)
    return settings


def _check_code(checker: Checker, record: Mapping[str, object], path: Path) -> ShellCode:
    return ShellCode(
        hook=_check_text(checker, record, (*path, "hook")),
        aliases=_check_aliases(checker, record.get("aliases"), (*path, "aliases")),
        leave=_check_text(checker, record, (*path, "leave")),
        functions=_check_functions(checker, record.get("functions"), (*path, "functions")),
    )


def _check_text(checker: Checker, record: Mapping[str, object], path: Path) -> str | None:
    key = str(path[-1])
    return checker.string(record[key], path) if key in record else None


def _check_aliases(checker: Checker, value: object, path: Path) -> dict[str, str]:
    aliases = {}
    for name, given in sorted(checker.table(value, path).items()):
        place = (*path, name)
        text = checker.string(given, place)
        if text is not None:
            checker.apply(place, partial(require_alias, name, text), on_key=True)
            aliases[name] = text
    return aliases


def _check_functions(checker: Checker, value: object, path: Path) -> dict[str, str]:
    functions = {}
    for name, given in sorted(checker.table(value, path).items()):
        place = (*path, name)
        checker.apply(place, partial(require_function, name), on_key=True)
        text = checker.string(given, place)
        body = None if text is None else checker.apply(place, partial(require_body, name, text))
        if body is not None:
            functions[name] = body
    return functions


def refuse_clashes(checker: Checker, settings: ShellSettings, table: Path) -> None:
    """Note names that would be alias and function at once: a shell puts the alias into the function's definition.

    `table` is what is to be blamed.
    """
    for shell in SHELL_NAMES:
        code = settings.code_for(shell)
        for name in sorted(code.aliases.keys() & code.functions.keys()):
            own = settings.own.get(shell, ShellCode())
            place = (*table, shell) if name in own.functions else table
            checker.fault(
                (*place, "functions", name),
                f"`{name}` is an alias in {shell} too",
                "give one of the two another name",
                on_key=True,
            )
