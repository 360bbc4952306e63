"""How values of the settings file are checked."""

from __future__ import annotations

from pathlib import Path

from devenv.errors import Place, UsageError
from devenv.sizes import parse_size


def invalid(message: str, place: Place) -> UsageError:
    """The error for a value at `place` that cannot be."""
    return UsageError(message, place=place, hint="`docs/settings.md` lists the settings", slug="settings-invalid")


def require_table(table: object, name: str, known: set[str], place: Place) -> dict[str, object]:
    """The table called `name`, which has only `known` keys. Raises UsageError."""
    if not isinstance(table, dict):
        raise invalid(f"`{name}` must be a table", place)
    if unknown := set(table) - known:
        raise invalid(f"`{min(unknown)}` is no key of {name}: there are {', '.join(sorted(known))}", place)
    return table


def require_strings(table: object, name: str, known: set[str], place: Place) -> dict[str, str]:
    """Like `require_table`, for one whose values are strings."""
    strings = require_table(table, name, known, place)
    for key, value in strings.items():
        if not isinstance(value, str):
            raise invalid(f"`{key}` must be a string", place)
    return {key: str(value) for key, value in strings.items()}


def directory(paths: dict[str, str], key: str, default: Path, place: Place) -> Path:
    """The absolute path at `key`, else `default`. Raises UsageError."""
    if key not in paths:
        return default
    path = Path(paths[key])
    if not path.is_absolute():
        raise invalid(f"`{key}` must be an absolute path", place)
    return path


def size(value: object, key: str, place: Place) -> int:
    """Bytes, as a number or as text such as `500M`."""
    try:
        # Of the values that TOML knows, `true` is an `int` to Python as well.
        if not isinstance(value, bool) and isinstance(value, (int, str)):
            return parse_size(str(value))
        raise ValueError(f"{value!r} is no size")
    except ValueError as error:
        raise invalid(f"`{key}` must be a size such as `500M` or `5G`: {error}", place) from None


def absolute_paths(value: object, key: str, place: Place) -> tuple[str, ...]:
    """The absolute paths in a list. Raises UsageError."""
    if not isinstance(value, list) or not all(isinstance(each, str) and Path(each).is_absolute() for each in value):
        raise invalid(f"`{key}` must be a list of absolute paths", place)
    return tuple(value)


def flag(value: object, key: str, place: Place) -> bool:
    """True or false. Raises UsageError."""
    if not isinstance(value, bool):
        raise invalid(f"`{key}` must be true or false", place)
    return value
