"""`[lock]`: what is asked of answers that get into the lock."""

from __future__ import annotations

from functools import partial

from devenv.durations import parse_duration
from devenv.manifest.checker import Checker
from devenv.manifest.grammar import GrammarError
from devenv.manifest.model import LockSettings
from devenv.manifest.wording import format_shown

TABLE = "lock"
AGE = "minimum-release-age"
LOCK_KEYS = (AGE,)


def check_lock(checker: Checker, value: object) -> LockSettings:
    """How old a release must be."""
    record = checker.record(value, (TABLE,), LOCK_KEYS)
    if AGE not in record:
        return LockSettings()
    path = (TABLE, AGE)
    text = checker.string(record[AGE], path, 'a duration in quotes, such as `"7d"`')
    return LockSettings(None if text is None else checker.apply(path, partial(_require_age, text)))


def _require_age(text: str) -> str:
    try:
        parse_duration(text)
    except ValueError as error:
        raise GrammarError(
            f"`{format_shown(text)}` is no duration", 'write a number with `h`, `d` or `w` behind it, such as `"7d"`'
        ) from error
    return text
