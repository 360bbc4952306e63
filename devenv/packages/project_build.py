"""How a project's own build becomes a script: what the recipes' `project.star` is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from devenv.system import System


@dataclass(frozen=True, slots=True)
class ProjectQuestion:
    """A `[build.NAME]` of a manifest, for one system."""

    name: str
    version: str | None
    system: System
    kind: str
    has_source: bool
    inputs: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    phases: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, object]:
        """What the recipe is called with."""
        return {
            "name": self.name,
            "version": self.version,
            "system": str(self.system),
            "kind": self.kind,
            "source": self.has_source,
            "inputs": list(self.inputs),
            "tools": list(self.tools),
            "flags": list(self.flags),
            "env": dict(self.env),
            "phases": dict(self.phases),
        }
