"""What packages are built with: which package each name in a recipe means, and in which order they are made.

A name is looked up in the recipe's own set, then in `builtin:base`. A package of the manifest stands in where it is of
the set in which the name was found: so an openssl that the manifest overrides is the one that curl gets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from devenv.derivation.model import Derivation
from devenv.environment.derive import DeriveRequest, PackageSets, derive_planned
from devenv.environment.scripts import ScriptParts, derive_script
from devenv.errors import ResolutionError
from devenv.lock.satisfies import SYSROOT_NAME
from devenv.manifest.model import DEFAULT_INPUT, Manifest, PackageRequest
from devenv.packages.package import BuildPlan
from devenv.packages.package_set import BASE_LABEL
from devenv.store_path import StorePath


class Node(NamedTuple):
    """A package that is locked: one that the manifest asks for, or a dependency."""

    name: str
    is_dependency: bool = False


@dataclass(frozen=True, slots=True)
class PlannedPackage:
    """A package for one system, its plan, and what it needs: the names in its recipe → packages."""

    request: DeriveRequest
    plan: BuildPlan
    needs: Mapping[str, Node] = field(default_factory=dict)
    """For scripts: the sysroot, then tools and inputs."""


def base_input(inputs: Mapping[str, str]) -> str:
    """The input (name → locator) that is `builtin:base`. Raises ResolutionError (`input-missing`) where none is."""
    names = [name for name in (DEFAULT_INPUT, *sorted(inputs)) if inputs.get(name) == BASE_LABEL]
    if not names:
        raise ResolutionError(
            f"builds need `{BASE_LABEL}`, and no input of the manifest is it",
            hint=f'write `tools = "{BASE_LABEL}"` under `[inputs]`, with any name',
            slug="input-missing",
        )
    return names[0]


def find_dependency(
    name: str, needed_by: PackageRequest, manifest: Manifest, sets: PackageSets
) -> tuple[Node, PackageRequest]:
    """The package that `name` means in the recipe of `needed_by`, and how it is asked for.

    Raises ResolutionError (`dependency-unknown`, `input-missing`).
    """
    own = manifest.packages.get(name)
    for input_name in dict.fromkeys([needed_by.input, base_input(manifest.inputs)]):
        if sets[input_name].has(name):
            locator = manifest.inputs[input_name]
            if own is not None and manifest.inputs[own.input] == locator:
                return Node(name), own
            return Node(name, is_dependency=True), PackageRequest(name, input=input_name)
    if own is not None:
        return Node(name), own
    raise ResolutionError(
        f"`{needed_by.name}` is built with `{name}`, and no package set has that",
        hint=f"add `{name}` to the manifest, or name another package under `inputs` of `{needed_by.name}`",
        slug="dependency-unknown",
    )


def find_needs(
    wanted: PackageRequest, plan: BuildPlan, manifest: Manifest, sets: PackageSets
) -> dict[str, tuple[Node, PackageRequest]]:
    """What the script of a package needs, by the names in its recipe; nothing where it is no script.

    Raises ResolutionError as `find_dependency` does.
    """
    if not plan.is_script:
        return {}
    # In every sandbox there is the same root directory, whatever a recipe calls its own packages.
    base = PackageRequest(wanted.name, input=base_input(manifest.inputs))
    needs = {SYSROOT_NAME: find_dependency(SYSROOT_NAME, base, manifest, sets)}
    for name in (*plan.tools, *plan.inputs):
        needs[name] = find_dependency(plan.package_of(name), wanted, manifest, sets)
    return needs


def derive_all(
    planned: Mapping[Node, PlannedPackage],
    runtime: Derivation | None,
    files: Mapping[str, StorePath],
    known: Mapping[Node, Derivation],
) -> dict[Node, Derivation]:
    """The derivations of `planned`, dependencies first, each once; `known` has those of what is not planned.

    `files` are the project's, by their paths in it. Raises ResolutionError: `dependency-circle` where packages are
    built with each other, `project-file-missing`, `runtime-missing`.
    """
    derivations = dict(known)
    for node in order_nodes({node: each.needs.values() for node, each in planned.items()}):
        if node in derivations or node not in planned:
            continue
        each = planned[node]
        if each.plan.is_script:
            needs = {name: derivations[needed] for name, needed in each.needs.items()}
            parts = ScriptParts(needs.pop(SYSROOT_NAME), _require_runtime(each, runtime), needs, files)
            derivations[node] = derive_script(each.request, each.plan, parts)
        else:
            derivations[node] = derive_planned(each.request, each.plan, runtime)
    return derivations


def order_nodes(needs: Mapping[Node, Iterable[Node]]) -> list[Node]:
    """All nodes, each behind what it needs. Raises ResolutionError (`dependency-circle`), which names the circle."""
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        # Each stands before what needs it.
        circle: list[Node] = list(reversed(error.args[1]))
        raise ResolutionError(
            "packages are built with each other: " + " → ".join(f"`{node.name}`" for node in circle),
            hint=f"let another package take one of their places: `inputs` of `{circle[0].name}` in the manifest",
            slug="dependency-circle",
        ) from error


def _require_runtime(planned: PlannedPackage, runtime: Derivation | None) -> Derivation:
    if runtime is None:
        raise ResolutionError(
            f"`{planned.request.name}` is built from source, and there is no runtime that it could run on",
            hint="configure an archive: `mirrors` under `[registries.debian]` in devenv's settings",
            slug="runtime-missing",
        )
    return runtime
