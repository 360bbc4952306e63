"""Builds a second time what is there already, and compares bit by bit.

The second build has other scratch names, a directory of its own, another number of cores to be told of, and comes
later; host name, user, locale and clock of files are what the sandbox makes them. What differs depends on one of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from devenv.build.build_one import Builds, script_build
from devenv.build.compare import TreeDifference, iter_tree_differences
from devenv.build.realize import BuildOptions, FetchArtifacts, require_bubblewrap, try_realize
from devenv.build.script.arguments import SCRIPT_BUILDER
from devenv.build.script.run import build_script
from devenv.derivation.model import Derivation, Input
from devenv.errors import BuildError
from devenv.events import Report, work
from devenv.store.store import Store
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


def build_again(
    store: Store, targets: Sequence[Derivation], fetch: FetchArtifacts, report: Report, options: BuildOptions
) -> tuple[Rebuilt, ...]:
    """Build the targets a second time, and a first time where they never were. Raises BuildError, FetchError."""
    for target in targets:
        _require_script(target)
    below = list(dict.fromkeys(each.derivation for target in targets for each in target.inputs))
    realized: dict[Input, StorePath] = {}
    # What is built here may be known without what it was built with.
    for wanted in (below, targets):
        realization = try_realize(store, wanted, fetch, report, replace(options, keep_going=False))
        realized.update(realization.outputs)
    artifacts = fetch(list(dict.fromkeys(source for target in targets for source in target.sources)))
    bubblewrap = require_bubblewrap(options)
    builds = Builds(store, artifacts, report, realized, options.limits, bubblewrap, options.debug, options.slots)
    return tuple(each for target in targets for each in _build_again(builds, target))


def _require_script(derivation: Derivation) -> None:
    if derivation.builder != SCRIPT_BUILDER:
        raise BuildError(
            f"`{derivation.name}` is not built from source: there is nothing to build again",
            hint="name a package that is, or a build of the project",
            slug="rebuild-unfit",
        )


def _build_again(builds: Builds, derivation: Derivation) -> Iterator[Rebuilt]:
    store = builds.store
    inputs = {each: builds.realized[each] for each in derivation.inputs}
    build = script_build(builds, derivation, inputs)
    with work(builds.report, f"building {derivation.name} again", None):
        outputs = build_script(replace(build, salt=SALT, cores=build.cores + 1))
    pairs = {output: (builds.realized[Input(derivation, output)], second) for output, second in outputs.items()}
    # What differs has another digest, wherever outputs name themselves and each other.
    alike = {second.digest: first.digest for first, second in pairs.values()}
    for output, (first, second) in pairs.items():
        found = [] if first == second else iter_tree_differences(store.path(first), store.path(second), alike)
        differences = tuple(each for each, _ in zip(found, range(DIFFERENCE_LIMIT), strict=False))
        yield Rebuilt(derivation.name, output, first, second, differences)
