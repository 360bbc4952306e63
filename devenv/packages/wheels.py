"""Wheels as carriers of programs: what a file's name says about version and systems, without a look inside.

`devenv.fetch` makes `WheelFile`s from an index answer, `devenv.resolve` chooses among them. Names are taken apart here
rather than by `packaging.utils.parse_wheel_filename`: a project may list 7,000 files, and only those of a few versions
are ever looked at closely. Specification: the binary distribution format and platform compatibility tags of the
Python packaging standards (PEP 427, 425, 600).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devenv.system import ALL_SYSTEMS, Requirement, System

if TYPE_CHECKING:
    from packaging.version import Version

FILENAME_LIMIT = 255
"""Characters of a file name: what common file systems hold."""

VERSION_LIMIT = 100
"""Characters of a version: no real one comes near; keeps its parser cheap."""

TAG_SET_LIMIT = 32
"""Tags joined by dots in one part of a name; real names have up to six."""


@dataclass(frozen=True, slots=True)
class WheelFile:
    """One wheel that an index lists."""

    filename: str
    locator: str
    """Names the file within its registry, such as `pypi:packages/…`."""
    sha256: str
    """64 hexadecimal digits."""
    size: int | None = None
    """Bytes; None where the index does not say."""
    yanked: bool = False
    uploaded: int | None = None
    """When the index got it, in seconds since the epoch; None where the index does not say."""


@dataclass(frozen=True, slots=True)
class WheelName:
    """A wheel's file name in its parts; the last three are tags joined by dots, as written."""

    project: str
    version: str
    python: str
    abi: str
    platform: str


PLATFORM_PATTERN = re.compile(
    r"(?P<family>manylinux|macosx)_(?P<major>[0-9]{1,4})_(?P<minor>[0-9]{1,4})_(?P<architecture>[a-z0-9_]+)"
    r"|(?P<alias>manylinux1|manylinux2010|manylinux2014|linux)_(?P<alias_architecture>[a-z0-9_]+)",
    re.ASCII,
)

LEGACY_GLIBC = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
"""The glibc that each name from before PEP 600 stands for."""

LINUX_SYSTEMS = {"x86_64": (System.X86_64_LINUX,), "aarch64": (System.AARCH64_LINUX,)}
MACOS_SYSTEMS = {
    "x86_64": (System.X86_64_DARWIN,),
    "intel": (System.X86_64_DARWIN,),
    "arm64": (System.AARCH64_DARWIN,),
    "universal2": (System.X86_64_DARWIN, System.AARCH64_DARWIN),
}


def parse_wheel_name(filename: str) -> WheelName | None:
    """The parts of `filename`; None where it is not the name of a wheel."""
    if len(filename) > FILENAME_LIMIT or not filename.endswith(".whl"):
        return None
    parts = filename.removesuffix(".whl").split("-")
    # The optional sixth part is a build number, between version and tags; it must begin with a digit.
    if len(parts) not in {5, 6} or not all(parts) or (len(parts) == 6 and not parts[2][0].isdigit()):
        return None
    project, version = parts[:2]
    python, abi, platform = parts[-3:]
    return WheelName(project, version, python, abi, platform)


def parse_version(text: str) -> Version | None:
    """The version that `text` spells (PEP 440); None where it is none."""
    from packaging.version import InvalidVersion, Version

    if len(text) > VERSION_LIMIT:
        return None
    try:
        return Version(text)
    except InvalidVersion:
        return None


def group_wheels(files: Iterable[WheelFile]) -> dict[Version, tuple[WheelFile, ...]]:
    """The files of each version, each in the order of `files`; what is no wheel or has no valid version is left out.

    Each spelling of a version is parsed once, however many files bear it.
    """
    spellings: dict[str, list[WheelFile]] = {}
    for file in files:
        name = parse_wheel_name(file.filename)
        if name is not None:
            spellings.setdefault(name.version, []).append(file)
    groups: dict[Version, tuple[WheelFile, ...]] = {}
    # Sorted, so that of two spellings of one version (`1.0`, `1.0.0`) the same one names it, whatever the order.
    for spelling in sorted(spellings):
        version = parse_version(spelling)
        if version is not None:
            groups[version] = groups.get(version, ()) + tuple(spellings[spelling])
    return groups


def wheel_systems(filename: str) -> dict[System, Requirement | None]:
    """The systems that a wheel serves, each with the oldest platform that it runs on (None: any).

    Only wheels that need no particular Python ABI count, since what we take from them are programs. A set of tags asks
    for the lowest of them. musl's tags serve nothing: our Linux systems are those with glibc.
    """
    name = parse_wheel_name(filename)
    if name is None or "none" not in name.abi.split("."):
        return {}
    if not any(re.fullmatch(r"py3[0-9]*", tag) for tag in name.python.split(".", TAG_SET_LIMIT)):
        return {}
    served: dict[System, Requirement | None] = {}
    for tag in name.platform.split(".", TAG_SET_LIMIT)[:TAG_SET_LIMIT]:
        systems, requirement = _parse_platform(tag)
        for system in systems:
            served[system] = min(served.get(system, requirement), requirement, key=_requirement_order)
    return served


def choose_wheels(files: Iterable[WheelFile]) -> dict[System, tuple[WheelFile, Requirement | None]]:
    """The file for each system that any of `files` serves, with what it requires, in the order of the systems' names.

    Among several for one system the lowest requirement wins, then the first name. A file for any platform comes last:
    beside others it is what is left without the program.
    """
    choices: dict[System, list[tuple[WheelFile, Requirement | None]]] = {}
    for file in files:
        for system, requirement in wheel_systems(file.filename).items():
            choices.setdefault(system, []).append((file, requirement))
    return {system: min(choices[system], key=_choice_order) for system in sorted(choices)}


def _choice_order(choice: tuple[WheelFile, Requirement | None]) -> tuple[object, ...]:
    file, requirement = choice
    return file.filename.endswith("-any.whl"), _requirement_order(requirement), file.filename, file.sha256


def _requirement_order(requirement: Requirement | None) -> tuple[int, int]:
    # Only requirements of one system are compared, so that the platform is the same throughout.
    return (0, 0) if requirement is None else requirement.version


@functools.lru_cache(maxsize=1024)  # few different tags stand in thousands of names
def _parse_platform(tag: str) -> tuple[tuple[System, ...], Requirement | None]:
    """The systems that one platform tag serves, and what it requires there."""
    if tag == "any":
        return ALL_SYSTEMS, None
    match = PLATFORM_PATTERN.fullmatch(tag)
    if match is None:
        return (), None
    if match["alias"]:
        glibc = LEGACY_GLIBC.get(match["alias"])
        systems = LINUX_SYSTEMS.get(match["alias_architecture"], ())
        return systems, None if glibc is None else Requirement("glibc", glibc)
    version = (int(match["major"]), int(match["minor"]))
    if match["family"] == "manylinux":
        return LINUX_SYSTEMS.get(match["architecture"], ()), Requirement("glibc", version)
    return MACOS_SYSTEMS.get(match["architecture"], ()), Requirement("macos", version)
