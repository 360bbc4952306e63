"""The user's own settings and the directories that follow from them.

Everything hangs on the home directory: `~/.config/devenv/settings.toml` is read first and may move the rest. The XDG
variables and variables of our own are not read: a project's environment can set those, and what decides about trust
must not be movable by what asks to be trusted (FAULTS L-09). macOS' own directories are not used because they hold a
space, which breaks `#!` lines (DESIGN section 3); so nothing is left for `platformdirs` to decide.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from devenv.errors import Place, UsageError
from devenv.fsutil import read_regular
from devenv.settings.build import BuildSettings, parse_build
from devenv.settings.values import absolute_paths, directory, flag, invalid, require_strings, require_table, size

SETTINGS_LIMIT = 1 << 20
"""Bytes of a settings file; far above what a person writes."""

DEFAULT_ARTIFACT_LIMIT = 5 << 30

ADDRESS_BEGINNINGS = ("https://", "http://", "file:", "/")
"""Of addresses that lead to a server or a directory of this machine; what else they must be `devenv.fetch` says."""

SNAPSHOT_MARKS = frozenset({"{archive}", "{timestamp}"})


@dataclass(frozen=True, slots=True)
class PypiSettings:
    """Where `pypi:` lies: the address of the simple index, and of the files where it differs. None: not set here."""

    index: str | None = None
    files: str | None = None


@dataclass(frozen=True, slots=True)
class DebianSettings:
    """Where `debian:` lies, in place of what apt is set up for."""

    mirrors: tuple[str, ...] | None = None
    """Addresses of the main archive, best first; None: not set here; empty: there is to be none."""
    security: tuple[str, ...] | None = None
    """Addresses of the security archive, likewise."""
    keyring: str | None = None
    """Path of the keys to trust, instead of Debian's own."""
    snapshot: str | None = None
    """Address of an archive of past states, with `{archive}` and `{timestamp}` in it."""


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
    debian: DebianSettings = field(default_factory=DebianSettings)
    artifact_stores: tuple[str, ...] = ()
    """Addresses, or absolute paths, below which pinned files lie by their hashes, best first."""
    artifact_limit: int = DEFAULT_ARTIFACT_LIMIT
    """Bytes of downloaded files that are kept; 0: only what a running process uses."""
    substituters: tuple[str, ...] = ()
    """Absolute paths of directories with stores, like `base`, from which is taken what they have, best first."""
    build: BuildSettings = field(default_factory=BuildSettings)
    host_libraries: bool = False
    """Whether programs from wheels run on this machine's libraries instead of the lock's runtime."""
    offline: bool = False
    """Whether no server may be asked anything: what is not on this machine is missing."""
    trust_worktrees: bool = False
    """Whether what was allowed in one worktree of a git repository is allowed in its others too."""
    changed: int | None = None
    """When the settings file was last modified, in nanoseconds, taken before reading it; None: there is none."""

    @property
    def artifacts(self) -> Path:
        """Downloaded files, by hash."""
        return self.cache / "artifacts"

    @property
    def http_cache(self) -> Path:
        """Answers of indexes."""
        return self.cache / "http"

    @property
    def pypi_pages(self) -> Path:
        """What indexes of `pypi:` said."""
        return self.http_cache / "pypi"

    @property
    def git_mirrors(self) -> Path:
        """What was fetched of git repositories."""
        return self.cache / "git"

    @property
    def debian_indexes(self) -> Path:
        """Releases and package indexes of `debian:`."""
        return self.http_cache / "debian"


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
        home = _find_home()
    path = settings_path(home)
    try:
        changed = path.stat().st_mtime_ns
        text = read_regular(path, SETTINGS_LIMIT)
    except FileNotFoundError:
        return default_settings(home)
    except OSError as error:
        raise invalid(f"the settings cannot be read: {error.strerror}", Place(str(path))) from error
    return replace(parse_settings(text, home), changed=changed)


def _find_home() -> Path:
    """`$HOME`; where it is not set, or empty, what the password database says."""
    home = os.environ.get("HOME") or ""
    if not home:
        import pwd

        with contextlib.suppress(KeyError):
            home = pwd.getpwuid(os.getuid()).pw_dir
    if not os.path.isabs(home):
        raise UsageError("the home directory is not known", hint="set `HOME` to an absolute path", slug="home-unknown")
    return Path(home)


def parse_settings(text: bytes, home: Path) -> Settings:
    """The settings that `text` (TOML, UTF-8) says. Raises UsageError (`settings-invalid`)."""
    import tomllib

    place = Place(str(settings_path(home)))
    try:
        document = tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise invalid(f"the settings are not valid TOML: {error}", place) from error
    registries = require_table(document.pop("registries", {}), "registries", {"debian", "pypi"}, place)
    pypi = require_strings(registries.get("pypi", {}), "registries.pypi", {"files", "index"}, place)
    limit = size(document.pop("artifact_limit", DEFAULT_ARTIFACT_LIMIT), "artifact_limit", place)
    stores = _addresses(document.pop("artifact_stores", None), "artifact_stores", place) or ()
    host_libraries = _host_libraries(document.pop("runtime", "pinned"), place)
    substituters = absolute_paths(document.pop("substituters", []), "substituters", place)
    build = parse_build(document.pop("build", {}), place)
    offline = flag(document.pop("offline", False), "offline", place)
    trust = require_table(document.pop("trust", {}), "trust", {"worktrees"}, place)
    known = {"artifact_limit", "artifact_stores", "base", "cache", "runtime", "state"}
    paths = require_strings(document, "settings", known, place)
    default = default_settings(home)
    return Settings(
        home=home,
        base=directory(paths, "base", default.base, place),
        state=directory(paths, "state", default.state, place),
        cache=directory(paths, "cache", default.cache, place),
        pypi=PypiSettings(index=pypi.get("index"), files=pypi.get("files")),
        debian=_parse_debian(registries.get("debian", {}), place),
        artifact_stores=stores,
        artifact_limit=limit,
        substituters=substituters,
        build=build,
        host_libraries=host_libraries,
        offline=offline,
        trust_worktrees=flag(trust.get("worktrees", False), "worktrees", place),
    )


def _host_libraries(value: object, place: Place) -> bool:
    if value not in {"host", "pinned"}:
        raise invalid('`runtime` must be "pinned" or "host"', place)
    return value == "host"


def _parse_debian(table: object, place: Place) -> DebianSettings:
    name = "registries.debian"
    settings = dict(require_table(table, name, {"keyring", "mirrors", "security", "snapshot"}, place))
    lists = {key: _addresses(settings.pop(key, None), key, place) for key in ("mirrors", "security")}
    paths = require_strings(settings, name, {"keyring", "snapshot"}, place)
    if "keyring" in paths and not Path(paths["keyring"]).is_absolute():
        raise invalid("`keyring` must be an absolute path", place)
    if "snapshot" in paths:
        _require_snapshot(paths["snapshot"], place)
    return DebianSettings(
        lists["mirrors"], lists["security"], keyring=paths.get("keyring"), snapshot=paths.get("snapshot")
    )


def _addresses(value: object, key: str, place: Place) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid(f"`{key}` must be a list of addresses", place)
    for number, address in enumerate(value, 1):
        # Not quoted: it may hold a password.
        _require_address(address, f"address {number} of `{key}`", place)
    return tuple(value)


def _require_address(address: str, name: str, place: Place) -> None:
    if not address.strip().lower().startswith(ADDRESS_BEGINNINGS):
        raise invalid(f"{name} does not begin with `https://`, `http://`, `file:` or `/`", place)


def _require_snapshot(address: str, place: Place) -> None:
    """Raise UsageError where an address of past states would be the same for all times, or has unknown marks."""
    _require_address(address, "`snapshot`", place)
    marks = re.findall(r"\{[^{}]*\}|[{}]", address)
    if "{timestamp}" not in marks:
        raise invalid("`snapshot` must have `{timestamp}` in it, for which the time of a lock's release is put", place)
    unknown = next((mark for mark in marks if mark not in SNAPSHOT_MARKS), None)
    if unknown is not None:
        raise invalid(f"`snapshot` has `{unknown[:60]}` in it: there are `{{archive}}` and `{{timestamp}}`", place)
