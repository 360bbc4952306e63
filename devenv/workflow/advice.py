"""What somebody should know who has just added packages by their Debian names."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator

from devenv.debian.suites import DEBIAN
from devenv.environment.realize import RealizedEnvironment
from devenv.manifest.model import Manifest
from devenv.workflow.tools import Tools

LINE = re.compile(
    r"(?P<name>[a-z0-9+.-]*?[a-z+])-?[0-9]+(?:\.[0-9]+)*(?:-(?:cli|dev|full|headless|jdk|jre|minimal|nox|venv))*",
    re.ASCII,
)
"""A name with a line of versions behind it, as Debian writes them: `postgresql-17`, `python3`, `openjdk-21-jre`."""


def iter_advice(
    tools: Tools, manifest: Manifest, environment: RealizedEnvironment, names: Collection[str]
) -> Iterator[str]:
    """A sentence about each of the packages `names` of the manifest that is taken as Debian has it, but should not be.

    The base set has some of them with a recipe, by which they find their own files; of others nothing can be called.
    """
    for name in names:
        if not manifest.inputs[manifest.packages[name].input].startswith(DEBIAN):
            continue
        path = environment.packages.get(name)
        recipe = find_recipe(name, tools.base_set.names())
        if recipe is not None:
            yield f"`builtin:base` has `{recipe}`, which is made to run from the store: `devenv add {recipe}`"
        elif path is not None and not os.path.isdir(tools.store.path(path) / "bin"):
            yield f"`{name}` has no programs: nothing of it is in the environment, but it is kept in the store"


def find_recipe(name: str, recipes: Collection[str]) -> str | None:
    """The recipe for a package that Debian calls `name`."""
    line = LINE.fullmatch(name)
    candidates = [name, *([] if line is None else [line["name"]])]
    return next((each for each in candidates if each in recipes), None)
