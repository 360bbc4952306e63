"""Checks what recipes answer, strictly, and makes values of it: a recipe may come from elsewhere.

Imports `msgspec`, which takes a while: `devenv.packages.package_set` imports this module when a recipe has answered.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from devenv.debian.record import NAME_PATTERN
from devenv.packages.package import (
    SCRIPT_BUILDER,
    ArchiveSource,
    BuildPlan,
    BuildRequest,
    DebianSource,
    Package,
    Source,
    WheelSource,
)
from devenv.system import System

ARGUMENT_DEPTH_LIMIT = 8
"""Lists and dictionaries within each other in a builder's arguments; ours go three deep."""

ARGUMENT_COUNT_LIMIT = 10_000
"""Values in a builder's arguments; ours have some dozens."""

ARGUMENT_TEXT_LIMIT = 1 << 20
"""Characters of one text in a builder's arguments; `text/1` carries whole scripts."""

# Begins with something to see, stays on one line, and holds nothing that could steer a terminal.
Line = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*\Z")]
Project = Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\Z")]
"""A project's name (PEP 508)."""
Address = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^https?://[!-~]+\Z")]
Specifiers = Annotated[str, msgspec.Meta(max_length=100)]


Suite = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{3,30}\Z")]
DebianName = Annotated[str, msgspec.Meta(pattern=rf"^{NAME_PATTERN.pattern}\Z")]
Systems = Annotated[list[System], msgspec.Meta(min_length=1, max_length=16)]
Variable = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}\Z")]
InnerPath = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


PackageName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\Z")]
PackageNames = Annotated[list[PackageName], msgspec.Meta(max_length=64)]
Replaced = Annotated[dict[PackageName, PackageName], msgspec.Meta(max_length=64)]


class WheelSourceData(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag_field="kind", tag="pypi"):
    """What `pypi(...)` in a recipe says."""

    project: Project
    versions: Specifiers
    systems: Systems | None


class DebianSourceData(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag_field="kind", tag="debian"):
    """What `debian(...)` in a recipe says."""

    suite: Suite
    packages: Annotated[list[DebianName], msgspec.Meta(min_length=1, max_length=64)]
    versions: Specifiers
    systems: Systems | None
    without: Annotated[list[DebianName], msgspec.Meta(max_length=256)]


class ArchiveSourceData(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag_field="kind", tag="debian-source"):
    """What `debian_source(...)` in a recipe says."""

    suite: Suite
    package: DebianName
    versions: Specifiers
    systems: Systems | None
    component: Annotated[str, msgspec.Meta(pattern=r"^(?:\*|orig(?:-[A-Za-z0-9-]{1,60})?)\Z")]


AnySourceData = WheelSourceData | DebianSourceData | ArchiveSourceData


class PackageData(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What `package(...)` in a recipe says."""

    summary: Line
    license: Line
    homepage: Address | None
    sources: Annotated[list[AnySourceData], msgspec.Meta(min_length=1, max_length=16)]
    smoke: Annotated[list[Line], msgspec.Meta(max_length=16)]
    variables: Annotated[dict[Variable, InnerPath], msgspec.Meta(max_length=16)]
    search_paths: Annotated[dict[Variable, list[InnerPath]], msgspec.Meta(max_length=16)]
    inputs: PackageNames
    tools: PackageNames
    replaced: Replaced


class PlanData(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What `build` in a recipe returns."""

    builder: Literal["bundle/1", "unpack/1", "fetch/1", "text/1", "sysroot/1", "script/1"]
    arguments: dict[str, Any]
    sources: Annotated[list[str], msgspec.Meta(max_length=2000)]
    runtime: bool
    inputs: PackageNames = []
    tools: PackageNames = []
    environment: Annotated[dict[Variable, str], msgspec.Meta(max_length=64)] = {}


def parse_package(name: str, data: object, prefix: str = "") -> Package:
    """The package that a recipe describes. Raises ValueError that says what is wrong."""
    described = msgspec.convert(data, PackageData)
    return Package(
        name=name,
        summary=described.summary,
        license=described.license,
        homepage=described.homepage,
        sources=tuple(_parse_source(source) for source in described.sources),
        smoke=tuple(described.smoke),
        variables=described.variables,
        search_paths={name: tuple(paths) for name, paths in described.search_paths.items()},
        inputs=tuple(described.inputs),
        tools=tuple(described.tools),
        replaced=described.replaced,
        prefix=prefix,
    )


def _parse_source(data: AnySourceData) -> Source:
    systems = None if data.systems is None else tuple(data.systems)
    source: Source
    if isinstance(data, WheelSourceData):
        source = WheelSource(data.project, data.versions, systems)
    elif isinstance(data, ArchiveSourceData):
        source = ArchiveSource(data.suite, data.package, data.versions, systems, data.component)
    else:
        source = DebianSource(data.suite, tuple(data.packages), data.versions, systems, tuple(data.without))
    try:
        SpecifierSet(data.versions)
    except InvalidSpecifier as error:
        raise ValueError(f"`versions` of `{source}` are no specifiers like `>=1.2,<2`") from error
    return source


def parse_build_plan(data: object, request: BuildRequest, package: Package) -> BuildPlan:
    """The plan that the recipe of `package` returned for `request`. Raises ValueError that says what is wrong."""
    plan = msgspec.convert(data, PlanData)
    if foreign := set(plan.sources) - set(request.digests):
        raise ValueError(f"the plan reads {min(foreign)[:100]!r}, which is none of the package's files")
    _require_plain(plan.arguments)
    inputs = tuple(dict.fromkeys(plan.inputs))
    tools = tuple(name for name in dict.fromkeys(plan.tools) if name not in inputs)
    _require_script(plan)
    return BuildPlan(
        builder=plan.builder,
        arguments=plan.arguments,
        sources=tuple(plan.sources),
        runtime=plan.runtime,
        inputs=inputs,
        tools=tools,
        replaced={**package.replaced, **request.replaced},
        environment=plan.environment,
    )


def _require_script(plan: PlanData) -> None:
    """Check that what only scripts have is a script's, and that a script is one. Raises ValueError."""
    if plan.builder != SCRIPT_BUILDER:
        if plan.inputs or plan.tools or plan.environment:
            raise ValueError(f"the builder `{plan.builder}` has neither inputs nor tools nor variables")
    elif plan.arguments.keys() != {"script"} or not isinstance(plan.arguments["script"], str):
        raise ValueError("a script has one argument, `script`: its text")


def _require_plain(arguments: dict[str, Any]) -> None:
    """Check that canonical JSON can hold `arguments` without a loss, and that they have a sane size."""
    pending: list[tuple[object, int]] = [(arguments, 1)]
    count = 0
    while pending:
        value, depth = pending.pop()
        count += 1
        if count > ARGUMENT_COUNT_LIMIT or depth > ARGUMENT_DEPTH_LIMIT:
            raise ValueError("the plan's arguments are too many or too deep")
        if isinstance(value, dict):
            pending += [(each, depth + 1) for pair in value.items() for each in pair]
            if not all(isinstance(key, str) for key in value):
                raise ValueError("the plan's arguments have a key that is no string")
        elif isinstance(value, list):
            pending += [(each, depth + 1) for each in value]
        elif isinstance(value, str):
            if len(value) > ARGUMENT_TEXT_LIMIT:
                raise ValueError(f"the plan's arguments have a text of more than {ARGUMENT_TEXT_LIMIT} characters")
        elif value is not None and not isinstance(value, bool | int):
            raise ValueError(f"the plan's arguments hold {type(value).__name__} {str(value)[:40]}, which is not plain")
