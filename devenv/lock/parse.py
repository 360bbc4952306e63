"""Reads a lock, strictly: what the specification does not name is refused, with the line.

`sections` knows the lines, `model` what may stand in them; here is where they belong, and what is told about a file
that is no lock at all.
"""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from devenv.debian.suites import DEBIAN
from devenv.errors import ForeignFileError, LockError, Place
from devenv.lock.grammar import ENVIRONMENT, FieldError, require_requirement, require_restriction
from devenv.lock.model import (
    DEBIAN_VERSION,
    ENVIRONMENT_VERSION,
    FIRST_VERSION,
    LAST_VERSION,
    RUNTIME_NAME,
    SOURCE_SET,
    SOURCE_VERSION,
    TREE_VERSION,
    Lock,
    LockedArtifact,
    LockedBuild,
    LockedEnvironment,
    LockedInput,
    LockedPackage,
)
from devenv.lock.sections import LineError, Section, read_sections
from devenv.manifest.locators import is_tree_locator
from devenv.manifest.model import PYPI_LOCATOR
from devenv.manifest.wording import format_names, format_path, format_shown
from devenv.store_path import StorePath, parse_store_path
from devenv.system import ALL_SYSTEMS, System

SIZE_LIMIT = 16 << 20
"""Bytes of a lock; two thousand artifacts take one megabyte."""

CONFLICT_MARKER = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |\r?$)", re.MULTILINE)

VERSION = re.compile(
    r"(?:[ \t]*+(?:#[^\n]*+)?\n)*+[ \t]*+version[ \t]*+=[ \t]*+(?P<version>[0-9]{1,9}+)[ \t]*+(?:#[^\n]*+)?(?:\n|\Z)"
)
"""The first line of every lock, in this format and in all that come after it, comments aside."""

ROOT_KEYS = ("version", "fingerprint")
INPUT_KEYS = ("date", "locator", "revision", "tree")
PACKAGE_KEYS = ("input", "request", "version")
OVERRIDES = "overrides"
ONLY = "only"
ENVIRONMENTS = "environments"
DEPENDENCIES = "dependencies"
BUILD_KEYS = ("date", "derivation", "index", "output")
ARTIFACT_KEYS = ("locator", "requires", "sha256", "size")
SYSTEM_NAMES = tuple(system.value for system in ALL_SYSTEMS)

RUNTIME = (RUNTIME_NAME,)

Path = tuple[str, ...]
Key = TypeVar("Key", str, Path)
Value = TypeVar("Value")


def parse_lock(content: bytes, file: str) -> Lock:
    """The lock in `content`. `file` names it in errors.

    Raises ForeignFileError where the file is another tool's, LockError (`lock-invalid`, `lock-conflict`, `lock-newer`).
    """
    try:
        text = _decode(content, file)
        version = _require_version(text, file)
        return _to_lock(read_sections(text), version)
    except LineError as error:
        raise LockError(
            f"the lock is not valid: {error.reason}",
            hint=f"restore `{file}` from version control, or delete it and run `devenv lock`",
            place=Place(file, error.line, error.column),
        ) from error


def _decode(content: bytes, file: str) -> str:
    if len(content) > SIZE_LIMIT:
        raise LineError(f"it is larger than {SIZE_LIMIT} bytes", 1)
    if content.lstrip()[:1] == b"{":
        raise ForeignFileError(
            "the lock belongs to another tool (it is JSON, devenv's is TOML); it was left alone",
            hint="move it away, or keep this project's `devenv.toml` in another directory",
            place=Place(file),
        )
    if content.startswith(codecs.BOM_UTF8):
        raise LineError("it begins with a byte-order mark", 1, 1)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise LineError(f"the byte 0x{content[error.start]:02x} is not part of UTF-8 text", line) from error
    marker = CONFLICT_MARKER.search(text)
    if marker is not None:
        raise LockError(
            "the lock holds the markers of a merge conflict",
            hint="`devenv lock --merge` takes the answers of both sides",
            place=Place(file, text.count("\n", 0, marker.start()) + 1),
            slug="lock-conflict",
        )
    return text


def _require_version(text: str, file: str) -> int:
    """The format. Raises LockError for a newer one, whose further lines may look like nothing we know."""
    match = VERSION.match(text.replace("\r\n", "\n"))
    if match is None:
        known = format_names([f"version = {version}" for version in range(FIRST_VERSION, LAST_VERSION + 1)])
        raise LineError(f"it does not begin with {known}" if text.strip() else "it is empty", 1)
    version = int(match["version"])
    if version > LAST_VERSION:
        raise LockError(
            f"the lock has format {version}; this devenv reads formats up to {LAST_VERSION}",
            hint="use a newer devenv",
            place=Place(file),
            slug="lock-newer",
        )
    if version < FIRST_VERSION:
        raise LineError(f"there is no format {version}", 1)
    return version


def _to_lock(sections: list[Section], version: int) -> Lock:
    """The lock that the sections say. Raises LineError, also where format `version` cannot say it."""
    lock = _Sections(sections).to_lock()
    if version < lock.version:
        raise _find_newer(sections, version)
    return lock


def _find_newer(sections: Iterable[Section], version: int) -> LineError:
    """The error for the first of `sections`, each valid, that says what only a later format than `version` can."""
    for section in sections:
        needed, key = _needed_version(section)
        if needed > version:
            name = section.name(*([] if key is None else [key]))
            return LineError(
                f"`{name}` is of format {needed}, and the file says `version = {version}`",
                section.lines.get(key or "", section.line),
            )
    raise AssertionError("a lock is of the format that its sections need")


def _needed_version(section: Section) -> tuple[int, str | None]:
    """The first format that can say what a section says, and the key that needs it (None: the whole section)."""
    locator = str(section.values.get("locator"))
    if section.path[:1] == ("inputs",) and (locator == PYPI_LOCATOR or is_tree_locator(locator)):
        return TREE_VERSION, "locator"
    if section.path[:1] == (ENVIRONMENTS,):
        return ENVIRONMENT_VERSION, None
    if ONLY in section.values:
        return ENVIRONMENT_VERSION, ONLY
    if section.path[:1] == (DEPENDENCIES,):
        return SOURCE_VERSION, None
    if OVERRIDES in section.values:
        return SOURCE_VERSION, OVERRIDES
    if locator == SOURCE_SET:
        return SOURCE_VERSION, "locator"
    if locator.startswith(DEBIAN):
        return DEBIAN_VERSION, "locator"
    return (DEBIAN_VERSION if section.path == RUNTIME else FIRST_VERSION), None


class _Sections:
    """The sections of one lock, each in its place. Making it raises LineError where one has none."""

    def __init__(self, sections: list[Section]) -> None:
        self._root, *others = sections
        self._inputs: dict[str, Section] = {}
        self._releases: dict[str, Section] = {}
        self._follows: dict[str, Section] = {}
        # By the paths of their tables: packages, dependencies and the runtime are made of the same parts.
        self._packages: dict[Path, Section] = {}
        self._lacking: dict[Path, Section] = {}
        self._builds: defaultdict[Path, dict[str, Section]] = defaultdict(dict)
        self._artifacts: defaultdict[Path, list[Section]] = defaultdict(list)
        for section in others:
            self._place(section)
        self._require_whole()

    def _place(self, section: Section) -> None:
        path = section.path
        # Below its name, an environment has the same tables as the lock itself.
        is_named = len(path) > 2 and path[0] == ENVIRONMENTS
        match path[2:] if is_named else path:
            case ("packages" | "dependencies", _, "systems", _, "artifacts") | (
                "runtime",
                "systems",
                _,
                "artifacts",
            ) if section.repeated:
                self._artifacts[path[:-1]].append(section)
            case ("inputs", name) if not section.repeated and not is_named:
                _put(self._inputs, name, section)
            case ("inputs", name, "releases") if not section.repeated and not is_named:
                _put(self._releases, name, section)
            case ("inputs", name, "follows") if not section.repeated and not is_named:
                _put(self._follows, name, section)
            case ("packages" | "dependencies", _) | ("runtime",) if not section.repeated:
                _put(self._packages, path, section)
            case ("packages" | "dependencies", _, "lacking") | ("runtime", "lacking") if not section.repeated:
                _put(self._lacking, path[:-1], section)
            case ("packages" | "dependencies", _, "systems", system) | ("runtime", "systems", system) if (
                not section.repeated
            ):
                _put(self._builds[path[:-2]], system, section)
            case _:
                raise LineError(f"`{section.name()}` is not a table of a lock", section.line)

    def _require_whole(self) -> None:
        """Raises LineError where a table is there without the one that it belongs to."""
        for path, sections in self._artifacts.items():
            if path[-1] not in self._builds.get(path[:-2], {}):
                raise LineError(f"`{format_path(path)}` is missing", sections[0].line)
        for name, section in (*self._releases.items(), *self._follows.items()):
            if name not in self._inputs:
                raise LineError(f"`{format_path(('inputs', name))}` is missing", section.line)
        parts = [*self._lacking.items()]
        parts += [(path, section) for path, builds in self._builds.items() for section in builds.values()]
        for path, section in parts:
            if path not in self._packages:
                raise LineError(f"`{format_path(path)}` is missing", section.line)

    def to_lock(self) -> Lock:
        """The lock that the sections say. Raises LineError."""
        self._root.require_known(ROOT_KEYS)
        inputs = {name: self._to_input(name, section) for name, section in self._inputs.items()}
        parts: defaultdict[Path, dict[Path, LockedPackage]] = defaultdict(dict)
        for path, section in self._packages.items():
            length = 0
            if path[0] == ENVIRONMENTS:
                length = 2
                _require_environment(section)
            parts[path[:length]][path[length:]] = self._to_package(section)
        environments = {head[1]: _to_environment(packages) for head, packages in parts.items() if head}
        default = _to_environment(parts[()])
        fingerprint = self._root.text("fingerprint")
        try:
            return Lock(fingerprint, inputs, default.packages, default.runtime, default.dependencies, environments)
        except FieldError as error:
            # A contradiction between sections; where it is about a field of one of them, that is the place.
            table, _, key = error.key.rpartition(".")
            place = next((each for each in self._iter_sections() if ".".join(each.path) == table), self._root)
            raise LineError(str(error), place.lines.get(key, place.line)) from error

    def _iter_sections(self) -> Iterator[Section]:
        """Packages, dependencies, the runtime, what they are on each system, and what inputs follow."""
        yield from self._packages.values()
        yield from self._follows.values()
        for builds in self._builds.values():
            yield from builds.values()

    def _to_input(self, name: str, section: Section) -> LockedInput:
        section.require_known(INPUT_KEYS)
        tables = {"releases": self._releases.get(name), "follows": self._follows.get(name)}
        releases, follows = (_to_texts(each) for each in tables.values())
        locator, revision, date = section.text("locator"), section.text("revision"), section.find_text("date")
        tree = _find_store_path(section, "tree")
        try:
            return LockedInput(name, locator, revision, releases, tree, date, follows)
        except FieldError as error:
            table, _, key = error.key.rpartition(".")
            raise (tables.get(table) or section).error(key, error.reason) from error

    def _to_package(self, section: Section) -> LockedPackage:
        is_asked_for = section.path[-2:-1] == ("packages",)
        section.require_known((*PACKAGE_KEYS, OVERRIDES, ONLY) if is_asked_for else PACKAGE_KEYS)
        restriction = section.find_text(ONLY)
        only = None if restriction is None else _make(section, lambda: require_restriction(ONLY, restriction))
        fields = {key: section.text(key) for key in PACKAGE_KEYS}
        systems = {
            _to_system(system, build, build.line): self._to_build(build)
            for system, build in self._builds[section.path].items()
        }
        lacking = self._to_lacking(section.path)
        try:
            return LockedPackage(
                name=section.path[-1],
                systems=systems,
                lacking=lacking,
                overrides=section.find_text(OVERRIDES),
                only=only,
                **fields,
            )
        except FieldError as error:
            table, _, key = error.key.rpartition(".")
            raise (self._lacking[section.path] if table else section).error(key, error.reason) from error

    def _to_lacking(self, path: Path) -> Mapping[System, str]:
        section = self._lacking.get(path)
        if section is None:
            return {}
        return {_to_system(key, section, line): section.text(key) for key, line in section.lines.items()}

    def _to_build(self, section: Section) -> LockedBuild:
        section.require_known(BUILD_KEYS)
        artifacts = tuple(_to_artifact(each) for each in self._artifacts.get(section.path, ()))
        derivation, output = section.text("derivation"), _find_store_path(section, "output")
        index, date = section.find_text("index"), section.find_text("date")
        return _make(section, lambda: LockedBuild(artifacts, derivation, output, index, date))


def _to_texts(section: Section | None) -> dict[str, str]:
    """What stands in a table of texts, which may be missing but not empty."""
    if section is not None and not section.lines:
        raise LineError(f"`{section.name()}` is empty", section.line)
    return {} if section is None else {key: section.text(key) for key in section.lines}


def _find_store_path(section: Section, key: str) -> StorePath | None:
    text = section.find_text(key)
    try:
        return None if text is None else parse_store_path(text)
    except ValueError as error:
        raise section.error(key, "is not a store path: 32 digits in base32, `-` and a name") from error


def _require_environment(section: Section) -> None:
    name = section.path[1]
    try:
        ENVIRONMENT.require(format_path((ENVIRONMENTS, name)), name)
    except FieldError as error:
        raise LineError(str(error), section.line) from error


def _to_environment(packages: Mapping[Path, LockedPackage]) -> LockedEnvironment:
    """What the tables of one environment, or of the lock itself, say: by their paths."""
    return LockedEnvironment(
        {path[1]: each for path, each in packages.items() if path[0] == "packages"},
        {path[1]: each for path, each in packages.items() if path[0] == DEPENDENCIES},
        packages.get(RUNTIME),
    )


def _put(sections: dict[Key, Section], key: Key, section: Section) -> None:
    if key in sections:
        raise LineError(f"`{section.name()}` is given twice, first in line {sections[key].line}", section.line)
    sections[key] = section


def _to_system(text: str, section: Section, line: int) -> System:
    try:
        return System(text)
    except ValueError as error:
        reason = f"`{format_shown(text)}`, in `{section.name()}`, is not a system; there are"
        raise LineError(f"{reason} {format_names(SYSTEM_NAMES)}", line) from error


def _to_artifact(section: Section) -> LockedArtifact:
    section.require_known(ARTIFACT_KEYS)
    locator, sha256, size = section.text("locator"), section.text("sha256"), section.number("size")
    text = section.find_text("requires")
    requires = None if text is None else _make(section, lambda: require_requirement("requires", text))
    return _make(section, lambda: LockedArtifact(locator, sha256, size, requires))


def _make(section: Section, make: Callable[[], Value]) -> Value:
    """What `make` returns; a field that breaks its rule is an error at its line."""
    try:
        return make()
    except FieldError as error:
        raise section.error(error.key, error.reason) from error
