"""`[env]` and `[shell]`: what an environment is besides its packages."""

from __future__ import annotations

from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.grammar import require_alias
from devenv.manifest.model import ShellSettings
from devenv.manifest.variables import require_variable

SHELL_KEYS = ("aliases", "hook")


def check_env(checker: Checker, value: object) -> dict[str, str]:
    """The variables of the environment."""
    env = {}
    for name, given in sorted(checker.table(value, ("env",)).items()):
        path = ("env", name)
        text = checker.string(given, path)
        if text is not None:
            checker.apply(path, partial(require_variable, name, text), on_key=True)
            env[name] = text
    return env


def check_shell(checker: Checker, value: object) -> ShellSettings:
    """What only interactive shells get."""
    record = checker.record(value, ("shell",), SHELL_KEYS)
    hook = checker.string(record["hook"], ("shell", "hook")) if "hook" in record else None
    aliases = {}
    for name, given in sorted(checker.table(record.get("aliases"), ("shell", "aliases")).items()):
        path = ("shell", "aliases", name)
        text = checker.string(given, path)
        if text is not None:
            checker.apply(path, partial(require_alias, name, text), on_key=True)
            aliases[name] = text
    return ShellSettings(hook, aliases)
