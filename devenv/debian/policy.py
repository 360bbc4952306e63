"""What differs between a package in an installed system and one in a bundle: see `policy.toml`."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources


@dataclass(frozen=True, slots=True)
class Policy:
    """What to omit, what to add, and which provider to prefer."""

    omitted: Mapping[str, str] = field(default_factory=dict)
    """Names of packages, real or virtual, that are taken as being there; each with the reason, a line of text."""
    always: tuple[str, ...] = ()
    """Packages that every closure holds."""
    providers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For a virtual package, the packages that are to provide it, best first."""


@functools.cache
def read_policy() -> Policy:
    """The policy that comes with devenv."""
    data = tomllib.loads(resources.files("devenv.debian").joinpath("policy.toml").read_text("utf-8"))
    providers = {name: tuple(names) for name, names in data["providers"].items()}
    return Policy(data["omitted"], tuple(data["always"]), providers)
