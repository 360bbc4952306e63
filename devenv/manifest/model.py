"""What a manifest says, as values.

`devenv.manifest.parse` makes and checks them; lock, resolve and activation use them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from devenv.debian.suites import DEBIAN, DEFAULT_SUITE
from devenv.system import System

MANIFEST_NAME = "devenv.toml"

DEFAULT_INPUT = "base"
DEFAULT_INPUTS: Mapping[str, str] = {DEFAULT_INPUT: "builtin:base"}
"""What every manifest has without saying so: input name → locator."""

DEBIAN_INPUT = "debian"
"""What `devenv add` calls the first input that is a Debian suite; others have names that say the suite."""

ANY_VERSION = "*"

KEPT = ("documentation", "locales")
"""What `keep` may name: what of Debian packages nobody needs to run programs."""


@dataclass(frozen=True, slots=True)
class PackageRequest:
    """A package as it is asked for; `version` is the text that `devenv.packages.versions` parses."""

    name: str
    version: str = ANY_VERSION
    input: str = DEFAULT_INPUT


@dataclass(frozen=True, slots=True)
class ShellSettings:
    """What only an interactive shell gets: code to run on entering, and aliases (name → command)."""

    hook: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole `devenv.toml`. Mappings are in the order of their keys, whatever the order in the file."""

    name: str | None = None
    systems: tuple[System, ...] | None = None
    """Sorted; None where the manifest leaves the systems to the packages."""
    inputs: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_INPUTS))
    packages: Mapping[str, PackageRequest] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables with their values, literally: nothing in them is expanded."""
    shell: ShellSettings = field(default_factory=ShellSettings)
    keep: tuple[str, ...] = ()
    """Words of `KEPT`, sorted: what bundles of Debian packages keep besides what programs need."""


def find_suite_input(inputs: Mapping[str, str]) -> str | None:
    """The one of `inputs` (name → locator) that `debian:` means without a suite; None where none is a suite."""
    return next((name for name in sorted(inputs) if inputs[name].startswith(DEBIAN)), None)


def usual_suite(inputs: Mapping[str, str]) -> str:
    """The suite that `debian:` means without a name for it, beside these `inputs`."""
    name = find_suite_input(inputs)
    return DEFAULT_SUITE if name is None else inputs[name].removeprefix(DEBIAN)


def input_name(inputs: Mapping[str, str], suite: str) -> str:
    """What the index of a suite is called: as `inputs` (name → locator) have it, else `debian-SUITE`.

    No input has that name but for this suite: `devenv.manifest.grammar` sees to it.
    """
    return next((name for name in sorted(inputs) if inputs[name] == DEBIAN + suite), f"debian-{suite}")
