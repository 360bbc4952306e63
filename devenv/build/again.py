"""Builds a second time what is there already, and compares bit by bit.

The second build has other scratch names, a directory of its own, another number of cores to be told of, and comes
later; host name, user, locale and clock of files are what the sandbox makes them. What differs depends on one of these.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from devenv.build.build_one import Builds, script_build
from devenv.build.compare import TreeDifference, iter_tree_differences
from devenv.build.script.arguments import SCRIPT_BUILDER
from devenv.build.script.run import build_script
from devenv.derivation.model import Derivation, Input
from devenv.errors import BuildError
from devenv.events import work
from devenv.store_path import StorePath

SALT = "again"
DIFFERENCE_LIMIT = 100
"""Differences of one output that are told."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """An output that was built twice. Where both are the same there are no differences."""

    derivation: str
    output: str
    first: StorePath
    second: StorePath
    differences: tuple[TreeDifference, ...] = ()


def build_again(builds: Builds, derivation: Derivation) -> tuple[Rebuilt, ...]:
    """Build a script again whose outputs, and those of its inputs, are in `builds.realized`. Raises BuildError."""
    if derivation.builder != SCRIPT_BUILDER:
        raise BuildError(
            f"`{derivation.name}` is not built from source: there is nothing to build again",
            hint="name a package that is, or a build of the project",
            slug="rebuild-unfit",
        )
    store = builds.store
    inputs = {each: builds.realized[each] for each in derivation.inputs}
    build = script_build(builds, derivation, inputs)
    with work(builds.report, f"building {derivation.name} again", None):
        outputs = build_script(dataclasses.replace(build, salt=SALT, cores=build.cores + 1))
    rebuilt = []
    for output, second in outputs.items():
        first = builds.realized[Input(derivation, output)]
        found = [] if first == second else iter_tree_differences(store.path(first), store.path(second))
        differences = tuple(each for each, _ in zip(found, range(DIFFERENCE_LIMIT), strict=False))
        rebuilt.append(Rebuilt(derivation.name, output, first, second, differences))
    return tuple(rebuilt)
