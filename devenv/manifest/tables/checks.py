"""`[checks]`: commands that must succeed."""

from __future__ import annotations

from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.grammar import CHECK_NAME, require_command_line
from devenv.manifest.model import WHOLE_PROJECT, Check
from devenv.manifest.positions import Path
from devenv.manifest.tables.building import check_path

TABLE = "checks"
CHECK_KEYS = ("command", "source")


def check_checks(checker: Checker, value: object, table: Path = (TABLE,)) -> dict[str, Check]:
    """The checks by name."""
    checks = {}
    for name, given in sorted(checker.table(value, table).items()):
        path: Path = (*table, name)
        checker.apply(path, partial(CHECK_NAME.require, name), on_key=True)
        if isinstance(given, dict):
            checks[name] = _check_long_form(checker, given, path)
        else:
            checks[name] = Check(name, _check_command(checker, given, path, "a command line in quotes, or a table"))
    return checks


def _check_long_form(checker: Checker, table: dict[str, object], path: Path) -> Check:
    name = str(path[-1])
    record = checker.record(table, path, CHECK_KEYS)
    if "command" not in record:
        checker.fault(path, f"the check `{name}` has no command", 'write `command = "…"`', on_key=True)
    command = _check_command(checker, record["command"], (*path, "command")) if "command" in record else ""
    source = check_path(checker, record.get("source", WHOLE_PROJECT), (*path, "source"))
    return Check(name, command, source or WHOLE_PROJECT)


def _check_command(checker: Checker, value: object, path: Path, expected: str = "a command line in quotes") -> str:
    text = checker.string(value, path, expected)
    return "" if text is None else checker.apply(path, partial(require_command_line, text)) or ""
