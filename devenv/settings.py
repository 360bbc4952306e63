"""The user's own settings and the directories that follow from them.

Everything hangs on the home directory: `~/.config/devenv/settings.toml` is read first and may move the rest. The XDG
variables and variables of our own are not read: a project's environment can set those, and what decides about trust must
not be movable by what asks to be trusted (FAULTS L-09). The same holds for macOS, whose own directories hold a space
that breaks `#!` lines (DESIGN section 3), which is why `platformdirs` is not used.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devenv.errors import Place, UsageError

SETTINGS_LIMIT = 1 << 20
"""Bytes of a settings file; far above what a person writes."""


@dataclass(frozen=True, slots=True)
class PypiSettings:
    """Where `pypi:` lies: the address of the simple index, and of the files where it differs. None: not set here."""

    index: str | None = None
    files: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Where devenv keeps its things, and the user's own choices."""

    home: Path
    base: Path
    """Holds the store and its database."""
    state: Path
    """Trust, generations and what the shell hooks read."""
    cache: Path
    """May be deleted at any time."""
    pypi: PypiSettings = field(default_factory=PypiSettings)

    @property
    def artifacts(self) -> Path:
        return self.cache / "artifacts"

    @property
    def http_cache(self) -> Path:
        return self.cache / "http"


def settings_path(home: Path) -> Path:
    """The file a user edits."""
    return home / ".config" / "devenv" / "settings.toml"


def default_settings(home: Path) -> Settings:
    """The settings of somebody who has no settings file."""
    return Settings(
        home=home,
        base=home / ".local" / "share" / "devenv",
        state=home / ".local" / "state" / "devenv",
        cache=home / ".cache" / "devenv",
    )


def read_settings(home: Path | None = None) -> Settings:
    """The settings of the user whose home directory is `home` (by default `$HOME`, else the password database's).

    Raises UsageError where the file cannot be read or says something that is no setting.
    """
    if home is None:
        home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where there is no entry for the user
        if not home.is_absolute():
            raise UsageError(
                "the home directory is not known", hint="set `HOME` to an absolute path", slug="home-unknown"
            )
    path = settings_path(home)
    try:
        with path.open("rb") as file:
            text = file.read(SETTINGS_LIMIT + 1)
    except FileNotFoundError:
        return default_settings(home)
    except OSError as error:
        raise UsageError(
            f"the settings cannot be read: {error.strerror}", place=Place(str(path)), slug="settings-invalid"
        ) from error
    if len(text) > SETTINGS_LIMIT:
        raise UsageError(
            f"the settings are larger than {SETTINGS_LIMIT} bytes",
            place=Place(str(path)),
            slug="settings-invalid",
        )
    return parse_settings(text, home)


def parse_settings(text: bytes, home: Path) -> Settings:
    """The settings that `text` (TOML, UTF-8) says. Raises UsageError (`settings-invalid`)."""
    import tomllib

    path = str(settings_path(home))

    def invalid(message: str) -> UsageError:
        return UsageError(
            message,
            place=Place(path),
            hint="see `docs/settings.md` for the settings there are",
            slug="settings-invalid",
        )

    def strings(table: Any, where: str, known: set[str]) -> dict[str, str]:
        if not isinstance(table, dict):
            raise invalid(f"`{where}` must be a table")
        for key, value in table.items():
            if key not in known:
                raise invalid(f"`{where}{key}` is no setting; there are {', '.join(sorted(known))}")
            if not isinstance(value, str):
                raise invalid(f"`{where}{key}` must be a string")
        return dict(table)

    try:
        document = tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise invalid(f"the settings are not valid TOML: {error}") from error
    registries = document.pop("registries", {})
    if not isinstance(registries, dict) or set(registries) - {"pypi"}:
        raise invalid("`registries` may hold the table `pypi` and nothing else")
    pypi = strings(registries.get("pypi", {}), "registries.pypi.", {"files", "index"})
    paths = strings(document, "", {"base", "cache", "state"})
    default = default_settings(home)

    def directory(key: str, otherwise: Path) -> Path:
        if key not in paths:
            return otherwise
        value = Path(paths[key].replace("~", str(home), 1) if paths[key].startswith("~/") else paths[key])
        if not value.is_absolute():
            raise invalid(f"`{key}` must be an absolute path or begin with `~/`")
        return value

    return Settings(
        home=home,
        base=directory("base", default.base),
        state=directory("state", default.state),
        cache=directory("cache", default.cache),
        pypi=PypiSettings(index=pypi.get("index"), files=pypi.get("files")),
    )
