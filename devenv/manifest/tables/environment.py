"""`[env]` and `dotenv`: the variables of the environment, besides those that packages bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.grammar import GrammarError, require_path
from devenv.manifest.model import WHOLE_PROJECT, ListAdditions
from devenv.manifest.positions import Path
from devenv.manifest.variables import require_entry, require_list_name, require_variable, require_variable_name
from devenv.manifest.wording import format_shown

TABLE = "env"
DOTENV = "dotenv"
CHANGE_KEYS = ("append", "prepend", "unset")


@dataclass
class EnvTable:
    """What `[env]` says, each in the order of the names."""

    variables: dict[str, str] = field(default_factory=dict)
    unset: list[str] = field(default_factory=list)
    lists: dict[str, ListAdditions] = field(default_factory=dict)


def check_env(checker: Checker, value: object, table: Path = (TABLE,)) -> EnvTable:
    """The variables in `table`: values, those to unset, and additions to lists."""
    env = EnvTable()
    for name, given in sorted(checker.table(value, table).items()):
        path = (*table, name)
        if isinstance(given, dict):
            _check_change(checker, given, path, env)
            continue
        text = checker.string(given, path)
        if text is not None:
            checker.apply(path, partial(require_variable, name, text), on_key=True)
            env.variables[name] = text
    return env


def check_dotenv(checker: Checker, value: object, path: Path = (DOTENV,)) -> tuple[str, ...]:
    """The files that hold further variables."""
    return checker.members(value, path, _require_file)


def _require_file(text: str) -> str:
    if require_path(text) == WHOLE_PROJECT:
        raise GrammarError("a directory holds no variables", 'name a file, such as `".env"`')
    return text


def _check_change(checker: Checker, given: Mapping[str, object], path: Path, env: EnvTable) -> None:
    """The long form of a variable."""
    name = str(path[-1])
    record = checker.record(given, path, CHANGE_KEYS)
    prepend, append = (_check_entries(checker, record, (*path, key)) for key in ("prepend", "append"))
    if "unset" in record:
        _check_unset(checker, record, path)
        env.unset.append(name)
    elif not (prepend or append):
        # Otherwise what is wrong was noted already.
        if all(record.get(key) == [] for key in given):
            checker.fault(path, f"`{format_shown(name)}` adds nothing", 'write `prepend = ["bin"]`', on_key=True)
    else:
        checker.apply(path, partial(require_list_name, name), on_key=True)
        env.lists[name] = ListAdditions(prepend, append)


def _check_unset(checker: Checker, record: Mapping[str, object], path: Path) -> None:
    name = str(path[-1])
    checker.apply(path, partial(require_variable_name, name), on_key=True)
    if record["unset"] is not True:
        checker.fault((*path, "unset"), "`unset` can only be `true`", "delete the line to leave the variable alone")
    if len(record) > 1:
        checker.fault(
            path,
            f"`{format_shown(name)}` cannot be unset and hold directories",
            "delete `unset`, or the others",
            on_key=True,
        )


def _check_entries(checker: Checker, record: Mapping[str, object], path: Path) -> tuple[str, ...]:
    return checker.members(record.get(str(path[-1]), []), path, require_entry)
