"""Systems: what a package is built for, and what this host is."""

from __future__ import annotations

import enum
import os
import re
from dataclasses import dataclass

from devenv.errors import ActivationError


class System(enum.Enum):
    """A processor architecture and an operating system, spelt as Nix does."""

    X86_64_LINUX = "x86_64-linux"
    AARCH64_LINUX = "aarch64-linux"
    X86_64_DARWIN = "x86_64-darwin"
    AARCH64_DARWIN = "aarch64-darwin"

    def __str__(self) -> str:
        return self.value

    def __lt__(self, other: System) -> bool:
        return self.value < other.value


ALL_SYSTEMS = tuple(sorted(System))
"""In the order of their names."""


@dataclass(frozen=True, slots=True, order=True)
class Requirement:
    """The oldest platform that a file runs on: `glibc` or `macos` at least at `version`."""

    platform: str
    version: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.platform}-{self.version[0]}.{self.version[1]}"


REQUIREMENT_PATTERN = re.compile(r"(glibc|macos)-([0-9]{1,4})\.([0-9]{1,4})")


def parse_requirement(text: str) -> Requirement:
    """`glibc-2.28` → Requirement. Raises ValueError on anything else."""
    match = REQUIREMENT_PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no platform requirement like `glibc-2.28`")
    return Requirement(match[1], (int(match[2]), int(match[3])))


def host_system() -> System:
    """The system of this machine. Raises ActivationError where devenv has no name for it."""
    name = os.uname()
    architecture = {"arm64": "aarch64", "amd64": "x86_64"}.get(name.machine, name.machine)
    try:
        return System(f"{architecture}-{name.sysname.lower()}")
    except ValueError as error:
        known = ", ".join(str(system) for system in ALL_SYSTEMS)
        raise ActivationError(
            f"this machine is {architecture}-{name.sysname.lower()}, which devenv does not know",
            hint=f"run devenv on one of {known}",
            slug="system-unknown",
        ) from error


def host_platform() -> Requirement | None:
    """What this host offers: its glibc or macOS version; None on a Linux without glibc."""
    if os.uname().sysname == "Darwin":
        import platform

        version = platform.mac_ver()[0]
        name = "macos"
    else:
        try:
            version = (os.confstr("CS_GNU_LIBC_VERSION") or "").removeprefix("glibc ")
        except (ValueError, OSError):
            return None
        name = "glibc"
    match = re.match(r"([0-9]+)\.([0-9]+)", version)
    return Requirement(name, (int(match[1]), int(match[2]))) if match else None
