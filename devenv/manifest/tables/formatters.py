"""`[formatters]`: programs that rewrite the project's files."""

from __future__ import annotations

from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.grammar import FORMATTER_NAME, require_argument, require_glob
from devenv.manifest.model import Formatter
from devenv.manifest.positions import Path

TABLE = "formatters"
FORMATTER_KEYS = ("command", "files")


def check_formatters(checker: Checker, value: object) -> dict[str, Formatter]:
    """The formatters by name."""
    formatters = {}
    for name, given in sorted(checker.table(value, (TABLE,)).items()):
        path: Path = (TABLE, name)
        checker.apply(path, partial(FORMATTER_NAME.require, name), on_key=True)
        record = checker.record(given, path, FORMATTER_KEYS)
        for key, example in (("command", '["ruff", "format"]'), ("files", '["*.py"]')):
            if not record.get(key, True) or key not in record:
                checker.fault(path, f"the formatter `{name}` has no `{key}`", f"write `{key} = {example}`", on_key=True)
        formatters[name] = Formatter(
            name,
            checker.members(record.get("command", []), (*path, "command"), require_argument, repeated=True),
            checker.members(record.get("files", []), (*path, "files"), require_glob),
        )
    return formatters
