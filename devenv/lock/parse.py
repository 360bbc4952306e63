"""Reads a lock, strictly: what the specification does not name is refused, with the line.

`sections` knows the lines, `model` what may stand in them; here is where they belong, and what is told about a file
that is no lock at all.
"""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TypeVar

from devenv.errors import ForeignFileError, LockError, Place
from devenv.lock.grammar import FieldError, require_requirement
from devenv.lock.model import LOCK_VERSION, Lock, LockedArtifact, LockedBuild, LockedInput, LockedPackage
from devenv.lock.sections import LineError, Section, read_sections
from devenv.manifest.wording import format_names, format_path, format_shown
from devenv.store_path import parse_store_path
from devenv.system import ALL_SYSTEMS, System

SIZE_LIMIT = 16 << 20
"""Bytes of a lock; two thousand artifacts take one megabyte."""

CONFLICT_MARKER = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |\r?$)", re.MULTILINE)

VERSION = re.compile(
    r"(?:[ \t]*+(?:#[^\n]*+)?\n)*+[ \t]*+version[ \t]*+=[ \t]*+(?P<version>[0-9]{1,9}+)[ \t]*+(?:#[^\n]*+)?(?:\n|\Z)"
)
"""The first line of every lock, in this format and in all that come after it, comments aside."""

ROOT_KEYS = ("version", "fingerprint")
INPUT_KEYS = ("locator", "revision")
PACKAGE_KEYS = ("input", "request", "version")
BUILD_KEYS = ("derivation", "output")
ARTIFACT_KEYS = ("locator", "requires", "sha256", "size")
SYSTEM_NAMES = tuple(system.value for system in ALL_SYSTEMS)

Value = TypeVar("Value")


def parse_lock(content: bytes, file: str) -> Lock:
    """The lock in `content`. `file` names it in errors.

    Raises ForeignFileError where the file is another tool's, LockError (`lock-invalid`, `lock-conflict`, `lock-newer`).
    """
    try:
        text = _decode(content, file)
        _require_version(text, file)
        return _Sections(read_sections(text)).to_lock()
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
            hint="take either side with `git checkout --ours devenv.lock`, then run `devenv lock`",
            place=Place(file, text.count("\n", 0, marker.start()) + 1),
            slug="lock-conflict",
        )
    return text


def _require_version(text: str, file: str) -> None:
    """Raises LockError for a newer format, whose further lines may look like nothing we know."""
    match = VERSION.match(text.replace("\r\n", "\n"))
    if match is None:
        reason = f"it does not begin with `version = {LOCK_VERSION}`" if text.strip() else "it is empty"
        raise LineError(reason, 1)
    version = int(match["version"])
    if version > LOCK_VERSION:
        raise LockError(
            f"the lock has format {version}; this devenv reads format {LOCK_VERSION}",
            hint="use a newer devenv",
            place=Place(file),
            slug="lock-newer",
        )
    if version < LOCK_VERSION:
        raise LineError(f"there is no format {version}", 1)


class _Sections:
    """The sections of one lock, each in its place. Making it raises LineError where one has none."""

    def __init__(self, sections: list[Section]) -> None:
        self._root, *others = sections
        self._inputs: dict[str, Section] = {}
        self._packages: dict[str, Section] = {}
        self._lacking: dict[str, Section] = {}
        self._builds: defaultdict[str, dict[str, Section]] = defaultdict(dict)
        self._artifacts: defaultdict[tuple[str, str], list[Section]] = defaultdict(list)
        for section in others:
            self._place(section)
        self._require_whole()

    def _place(self, section: Section) -> None:
        match section.path:
            case ("inputs", name) if not section.repeated:
                _put(self._inputs, name, section)
            case ("packages", name) if not section.repeated:
                _put(self._packages, name, section)
            case ("packages", name, "lacking") if not section.repeated:
                _put(self._lacking, name, section)
            case ("packages", name, "systems", system) if not section.repeated:
                _put(self._builds[name], system, section)
            case ("packages", name, "systems", system, "artifacts") if section.repeated:
                self._artifacts[name, system].append(section)
            case _:
                raise LineError(f"`{section.name()}` is not a table of a lock", section.line)

    def _require_whole(self) -> None:
        """Raises LineError where a table is there without the one that it belongs to."""
        for (name, system), sections in self._artifacts.items():
            if system not in self._builds.get(name, {}):
                raise LineError(f"`{format_path(sections[0].path[:-1])}` is missing", sections[0].line)
        parts = [*self._lacking.items()]
        parts += [(name, section) for name, builds in self._builds.items() for section in builds.values()]
        for name, section in parts:
            if name not in self._packages:
                raise LineError(f"`{format_path(section.path[:2])}` is missing", section.line)

    def to_lock(self) -> Lock:
        """The lock that the sections say. Raises LineError."""
        root = self._root
        root.require_known(ROOT_KEYS)
        inputs = {name: _to_input(name, section) for name, section in self._inputs.items()}
        packages = {name: self._to_package(name, section) for name, section in self._packages.items()}
        fingerprint = root.text("fingerprint")
        try:
            return Lock(fingerprint, inputs, packages)
        except FieldError as error:
            # A contradiction between sections; where it is about one package's input, its section is the place.
            place = next((self._packages[name] for name in packages if error.key == f"packages.{name}.input"), root)
            line = place.lines.get(error.key.rpartition(".")[2], place.line)
            raise LineError(str(error), line) from error

    def _to_package(self, name: str, section: Section) -> LockedPackage:
        section.require_known(PACKAGE_KEYS)
        fields = {key: section.text(key) for key in PACKAGE_KEYS}
        systems = {
            _to_system(system, build, build.line): self._to_build(name, system, build)
            for system, build in self._builds[name].items()
        }
        lacking = self._to_lacking(name)
        try:
            return LockedPackage(name=name, systems=systems, lacking=lacking, **fields)
        except FieldError as error:
            table, _, key = error.key.rpartition(".")
            raise (self._lacking[name] if table else section).error(key, error.reason) from error

    def _to_lacking(self, name: str) -> Mapping[System, str]:
        section = self._lacking.get(name)
        if section is None:
            return {}
        return {_to_system(key, section, line): section.text(key) for key, line in section.lines.items()}

    def _to_build(self, name: str, system: str, section: Section) -> LockedBuild:
        section.require_known(BUILD_KEYS)
        artifacts = tuple(_to_artifact(each) for each in self._artifacts.get((name, system), ()))
        derivation, text = section.text("derivation"), section.find_text("output")
        try:
            output = None if text is None else parse_store_path(text)
        except ValueError as error:
            raise section.error("output", "is not a store path: 32 digits in base32, `-` and a name") from error
        return _make(section, lambda: LockedBuild(artifacts, derivation, output))


def _put(sections: dict[str, Section], key: str, section: Section) -> None:
    if key in sections:
        raise LineError(f"`{section.name()}` is given twice, first in line {sections[key].line}", section.line)
    sections[key] = section


def _to_system(text: str, section: Section, line: int) -> System:
    try:
        return System(text)
    except ValueError as error:
        reason = f"`{format_shown(text)}`, in `{section.name()}`, is not a system; there are"
        raise LineError(f"{reason} {format_names(SYSTEM_NAMES)}", line) from error


def _to_input(name: str, section: Section) -> LockedInput:
    section.require_known(INPUT_KEYS)
    locator, revision = section.text("locator"), section.text("revision")
    return _make(section, lambda: LockedInput(name, locator, revision))


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
