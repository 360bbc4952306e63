"""The derivation of a package that is built from source: what the sandbox shows its script, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from devenv.build.source import source_derivation
from devenv.derivation.model import Derivation, Input
from devenv.environment.derive import DeriveRequest
from devenv.errors import ResolutionError
from devenv.lock.model import RUNTIME_NAME
from devenv.lock.satisfies import SYSROOT_NAME
from devenv.packages.package import BuildPlan
from devenv.store_path import StorePath, object_name


@dataclass(frozen=True, slots=True)
class ScriptParts:
    """What scripts are derived with."""

    sysroot: Derivation
    runtime: Derivation
    needs: Mapping[str, Derivation]
    """Tools and inputs, by the names in the recipe."""
    files: Mapping[str, StorePath]
    """The project's files, by their paths in it."""


class _Part(NamedTuple):
    """An input of a script's derivation."""

    name: str
    role: str
    derivation: Derivation


def derive_script(request: DeriveRequest, plan: BuildPlan, parts: ScriptParts) -> Derivation:
    """The derivation of a package whose plan is a script. Raises ResolutionError (`project-file-missing`)."""
    inputs = list(_iter_parts(request, plan, parts))
    names = {artifact.sha256: artifact.filename for artifact in request.artifacts}
    return Derivation(
        name=object_name(request.name, request.version),
        system=str(request.system),
        builder=plan.builder,
        arguments={
            **plan.arguments,
            "inputs": [each.name for each in inputs],
            "roles": [each.role for each in inputs],
            "sources": [names[digest] for digest in plan.sources],
        },
        environment={**plan.environment, **request.overrides.env},
        inputs=tuple(Input(each.derivation) for each in inputs),
        sources=plan.sources,
    )


def _iter_parts(request: DeriveRequest, plan: BuildPlan, parts: ScriptParts) -> Iterator[_Part]:
    yield _Part(SYSROOT_NAME, "sysroot", parts.sysroot)
    yield _Part(RUNTIME_NAME, "runtime", parts.runtime)
    yield from (_Part(name, "tool", parts.needs[name]) for name in plan.tools)
    yield from (_Part(name, "input", parts.needs[name]) for name in plan.inputs)
    if plan.tree is not None:
        yield _Part("source", "source", source_derivation(plan.tree))
    overrides = request.overrides
    if overrides.source is not None:
        yield _file_part(request, overrides.source, "source", parts)
    for path in overrides.patches:
        yield _file_part(request, path, "patch", parts)


def _file_part(request: DeriveRequest, path: str, role: str, parts: ScriptParts) -> _Part:
    if path not in parts.files:
        raise ResolutionError(
            f"`{request.name}` is to be built with `{path}`, which is no file of the project",
            hint="correct the path in `devenv.toml`; it is relative to the project",
            slug="project-file-missing",
        )
    return _Part(parts.files[path].name, role, source_derivation(parts.files[path]))
