"""What an environment says about itself: the file `share/devenv/environment.json` in its object.

It holds what a shell needs beyond the joined directories, so that an environment can be entered from its object alone.
Store paths are not written down in it: JSON could spell them with escapes, which relocation would not find.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from devenv.derivation.model import Derivation
from devenv.errors import StoreError
from devenv.lock.model import Lock
from devenv.manifest.model import Manifest, ShellCode, ShellSettings
from devenv.packages.package import Package
from devenv.system import System

DESCRIPTION_PATH = "share/devenv/environment.json"
DESCRIPTION_VERSION = 1
DESCRIPTION_LIMIT = 4 << 20
"""Bytes; a manifest, which it is made from, has at most a quarter."""


class DescribedPackage(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A package of the environment."""

    name: str
    version: str


class DescribedCode(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What interactive shells of one kind get instead of, or besides, what all get."""

    aliases: dict[str, str] = {}
    hook: str | None = None
    leave: str | None = None
    functions: dict[str, str] = {}


class DescribedAdditions(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Entries of a list variable, absolute or relative to the project."""

    prepend: list[str] = []
    append: list[str] = []


class Description(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Variables to set, aliases, the hook for interactive shells, and the packages, in the order of their names.

    `locations` are variables whose value is a path within the environment, `search_paths` lists of such paths. Where
    variables come from files of the project's, only the project knows: their values get into no object.
    """

    format: int
    packages: list[DescribedPackage]
    variables: dict[str, str]
    aliases: dict[str, str]
    hook: str | None
    locations: dict[str, str] = {}
    search_paths: dict[str, list[str]] = {}
    unset: list[str] = []
    lists: dict[str, DescribedAdditions] = {}
    leave: str | None = None
    functions: dict[str, str] = {}
    shells: dict[str, DescribedCode] = {}

    @property
    def shell(self) -> ShellSettings:
        """What interactive shells get, as the manifest has it."""
        own = {
            name: ShellCode(each.hook, each.aliases, each.leave, each.functions) for name, each in self.shells.items()
        }
        return ShellSettings(self.hook, self.aliases, self.leave, self.functions, own)


def derive_description(manifest: Manifest, lock: Lock, packages: Sequence[Package], system: System) -> Derivation:
    """The derivation of the description's file; the manifest's own variables win over those of `packages`."""
    document: dict[str, object] = {
        "format": DESCRIPTION_VERSION,
        "packages": [{"name": name, "version": lock.packages[name].version} for name in sorted(lock.packages)],
        "variables": dict(manifest.env),
        "aliases": dict(manifest.shell.aliases),
        "hook": manifest.shell.hook,
    }
    own = {*manifest.env, *manifest.unset}
    locations = {
        name: path
        for each in packages
        for name, path in each.variables.items()
        if name not in own | manifest.lists.keys()
    }
    further = {"locations": locations, "search_paths": _join_search_paths(packages, own), **_describe_further(manifest)}
    # Said only where there is something to say: most environments are described as they always were.
    document |= {name: value for name, value in further.items() if value}
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    files = {DESCRIPTION_PATH: {"text": text, "executable": False}}
    return Derivation("environment-description", str(system), "text/1", {"files": files})


def _describe_further(manifest: Manifest) -> dict[str, object]:
    """What few manifests say, by the fields of `Description`."""
    shell = manifest.shell
    return {
        "unset": list(manifest.unset),
        "lists": {
            name: _describe_filled(prepend=list(each.prepend), append=list(each.append))
            for name, each in manifest.lists.items()
        },
        "leave": shell.leave,
        "functions": dict(shell.functions),
        "shells": {
            name: _describe_filled(
                aliases=dict(each.aliases), hook=each.hook, leave=each.leave, functions=dict(each.functions)
            )
            for name, each in shell.own.items()
        },
    }


def _describe_filled(**fields: object) -> Mapping[str, object]:
    return {name: value for name, value in fields.items() if value or value == ""}


def _join_search_paths(packages: Iterable[Package], left_out: Collection[str]) -> dict[str, list[str]]:
    joined: dict[str, list[str]] = {}
    for package in packages:
        for name, paths in package.search_paths.items():
            if name not in left_out:
                joined[name] = list(dict.fromkeys([*joined.get(name, []), *paths]))
    return joined


def read_description(environment: Path) -> Description:
    """The description in the environment at this store path. Raises StoreError (`description-invalid`)."""
    path = environment / DESCRIPTION_PATH
    try:
        with path.open("rb") as file:
            content = file.read(DESCRIPTION_LIMIT + 1)
        if len(content) > DESCRIPTION_LIMIT:
            raise ValueError(f"it is larger than {DESCRIPTION_LIMIT} bytes")
        description = msgspec.json.decode(content, type=Description)
        if description.format != DESCRIPTION_VERSION:
            raise ValueError(f"it has format {description.format}")
    except (OSError, ValueError) as error:
        raise StoreError(
            f"`{path}` does not describe an environment: {error}",
            hint="run `devenv lock` and realize the environment again",
            slug="description-invalid",
        ) from error
    return description
