"""The variables that a build script starts with: all of them, byte for byte (FAULTS J-10). Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.build.script.arguments import NAMED_ROLES, ScriptArguments, variable_of
from devenv.errors import BuildError

BUILD_DIRECTORY = "/build"
SOURCES_DIRECTORY = "/sources"
TEMPORARY_DIRECTORY = "/tmp"  # noqa: S108 - the sandbox's own

SOURCE_DATE = 315532800
"""Seconds since the epoch of 1980-01-01, the first day that a ZIP archive can name (SOURCE_DATE_EPOCH's specification
asks for the time of the source, which a tree without history does not have).
"""

FIXED = {
    "HOME": "/homeless",
    "LC_ALL": "C.UTF-8",
    "SHELL": "/bin/bash",
    "SOURCE_DATE_EPOCH": str(SOURCE_DATE),
    "TERM": "dumb",
    "TMPDIR": TEMPORARY_DIRECTORY,
    "TZ": "UTC",
    "USER": "builder",
}

SYSTEM_PATH = ("/usr/bin", "/usr/sbin")

SEARCHED = {
    "CPATH": ("include",),
    "LIBRARY_PATH": ("lib",),
    # What is linked while building must run while building, in tests and in programs that write others' sources.
    "LD_RUN_PATH": ("lib",),
    "PKG_CONFIG_PATH": ("lib/pkgconfig", "share/pkgconfig"),
    "CMAKE_PREFIX_PATH": ("",),
}
"""Where compilers and configure scripts look for inputs: variable → directories in each that has them."""

SEARCHED_IN_TOOLS = {"ACLOCAL_PATH": ("share/aclocal",)}


@dataclass(frozen=True, slots=True)
class BuildPaths:
    """Where things are, in the sandbox: inputs in the derivation's order, outputs by name."""

    inputs: tuple[Path, ...]
    outputs: Mapping[str, Path]


LONGEST = 128 << 10
"""Bytes of one variable, name and end included: Linux' MAX_ARG_STRLEN, of 32 pages."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def require_variables(name: str, own: Mapping[str, str]) -> None:
    """Raises BuildError (`arguments-invalid`) where no program could be given what the derivation `name` says."""
    for variable, value in own.items():
        if not NAME.match(variable) or "\0" in value:
            raise BuildError(
                f"`{name}` gives its script a variable that cannot be: {variable[:100]!a}", slug="arguments-invalid"
            )
        if len(os.fsencode(f"{variable}={value}")) >= LONGEST:
            raise BuildError(
                f"`{name}` gives its script a variable that is too long: `{variable[:100]}`", slug="arguments-invalid"
            )


def build_environment(
    arguments: ScriptArguments, paths: BuildPaths, own: Mapping[str, str], cores: int
) -> dict[str, str]:
    """The variables; `own` are those of the derivation, which win."""

    def having(role: str) -> list[Path]:
        return [path for path, each in zip(paths.inputs, arguments.roles, strict=True) if each == role]

    tools, inputs = having("tool"), having("input")
    sources = [str(path) for path in having("source")]
    sources += [f"{SOURCES_DIRECTORY}/{name}" for name in arguments.sources]
    named = {
        variable_of(name): str(path)
        for name, path, role in zip(arguments.inputs, paths.inputs, arguments.roles, strict=True)
        # Files of a project have their lists, and names that could be those of packages.
        if role in NAMED_ROLES
    }
    lists = {
        "inputs": _join(inputs, " "),
        "tools": _join(tools, " "),
        "patches": _join(having("patch"), " "),
        "sources": " ".join(sources),
        "source": sources[0] if sources else "",
        "cores": str(cores),
    }
    search = {name: _join(_find(inputs, within), ":") for name, within in SEARCHED.items()}
    search |= {name: _join(_find([*tools, *inputs], within), ":") for name, within in SEARCHED_IN_TOOLS.items()}
    programs = [*_find([*tools, *inputs], ("bin",)), *map(Path, SYSTEM_PATH)]
    found = {name: value for name, value in search.items() if value}
    outputs = {name: str(path) for name, path in paths.outputs.items()}
    return {**FIXED, "PATH": _join(programs, ":"), **found, **named, **lists, **own, **outputs}


def _find(objects: Iterable[Path], within: tuple[str, ...]) -> list[Path]:
    """The directories `within` those objects that have them."""
    return [each / name for each in objects for name in within if (each / name).is_dir()]


def _join(paths: Iterable[Path], separator: str) -> str:
    return separator.join(map(str, paths))
