"""Tells what is known of one package: `info`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.suites import SUITES, parse_suite, suite_prefix
from devenv.errors import ActivationError, FetchError, ResolutionError, UsageError
from devenv.manifest.model import SOURCE_LOCATOR
from devenv.packages.package_set import SOURCE_PREFIX
from devenv.system import System
from devenv.workflow.results import DebianClosure, DebianInfoResult, InfoResult, OfferedVersion, SuiteVersion
from devenv.workflow.tools import Tools
from devenv.workflow.usual_suite import choose_suite, find_usual_suite
from devenv.workflow.wanted import parse_wanted

if TYPE_CHECKING:
    from devenv.debian.closure import DebIndex
    from devenv.fetch.debian.suite_index import SuiteIndex
    from devenv.packages.package import Package

    Systems = Mapping[System, DebIndex]
    """The indexes of one suite."""

SHOWN_VERSIONS = 10


def package_info(tools: Tools, start: Path, name: str) -> InfoResult | DebianInfoResult:
    """What is known of a package, with its newest versions: `nodejs`, `source:curl` or `debian:bookworm/htop`.

    `debian:` means what it means in the project at or above `start`. Raises FetchError, RecipeError, ResolutionError
    (`package-unknown`), UsageError (`package-invalid`).
    """
    wanted = parse_wanted(name)
    tools.usual_suite = find_usual_suite(tools.settings, start)
    if wanted.version is not None:
        raise UsageError(
            f"`info` tells of all versions of a package: `@{wanted.version}` is too much",
            hint=f"`devenv info {name.partition('@')[0]}`",
            slug="package-invalid",
        )
    if wanted.input is None:
        return _recipe_info(tools, _find_recipe(tools, wanted.name))
    if wanted.input == SOURCE_LOCATOR:
        return _recipe_info(tools, tools.source_set.package(wanted.name))
    return _debian_info(tools, parse_suite(wanted.input) or tools.usual_suite, wanted.name)


def _recipe_info(tools: Tools, package: Package) -> InfoResult:
    from devenv.resolve.offers import Offers
    from devenv.resolve.suites import iter_suites

    tools.index.open_suites(list(dict.fromkeys(iter_suites([package], None))))
    offers = Offers(package, tools.index)
    versions = (
        OfferedVersion(
            str(version),
            {
                system: None if choice.requirement is None else str(choice.requirement)
                for system, choice in offers.choices(version).items()
            },
        )
        for version in offers.stable
        if offers.choices(version)
    )
    return InfoResult(
        name=package.wanted_name,
        summary=package.summary,
        license=package.license,
        homepage=package.homepage,
        sources=tuple(str(source) for source in package.sources),
        programs=package.programs,
        variables=tuple(sorted({*package.variables, *package.search_paths})),
        version_count=len(offers.stable),
        versions=tuple(islice(versions, SHOWN_VERSIONS)),
    )


def _find_recipe(tools: Tools, name: str) -> Package:
    """The package of `builtin:base`. Raises ResolutionError, which tells which other set has one."""
    try:
        return tools.base_set.package(name)
    except ResolutionError as error:
        if tools.source_set.has(name):
            error.hint = f"it can be built from source: `devenv info {SOURCE_PREFIX}{name}`"
            raise
        suites: dict[str, SuiteIndex] = {}
        with contextlib.suppress(FetchError, ActivationError):
            suites = tools.kept_suites(tools.system)
        having = [suite for suite, index in suites.items() if index.find(name)]
        if having:
            suite = choose_suite(having, tools.usual_suite)
            error.hint = f"Debian has it: `devenv info {suite_prefix(suite, tools.usual_suite)}{name}`"
        raise


def _debian_info(tools: Tools, suite: str, name: str) -> DebianInfoResult:
    from devenv.debian.policy import read_policy
    from devenv.packages.debian_set import DebianSet
    from devenv.resolve.suites import package_unknown

    package = DebianSet(suite, tools.usual_suite).package(name)
    suites = _open_suites(tools, suite)
    asked = suites[suite]
    system = next((each for each in (tools.system, *asked) if each in asked and asked[each].find(name)), None)
    record = None if system is None else asked[system].find(name)
    if record is None or system is None:
        raise package_unknown(package, suite, next(iter(asked.values())), verb="info")
    closure, defect = _measure_closure(asked[system], system, name)
    return DebianInfoResult(
        name=package.wanted_name,
        summary=record.summary,
        homepage=record.homepage,
        section=record.section,
        versions=tuple(each for suite in suites for each in _iter_versions(suite, name, suites[suite])),
        closure=closure,
        defect=defect,
        omitted=read_policy().omitted.get(name),
    )


def _open_suites(tools: Tools, asked: str) -> dict[str, Systems]:
    """The suite that is asked for as it is now, and others as they are kept; the newest first."""
    indexes = tools.debian_index.suites([(asked, system) for system in ARCHITECTURES])
    kept = {system: tools.kept_suites(system) for system in ARCHITECTURES}
    suites: dict[str, Systems] = {
        suite: {system: known[suite] for system, known in kept.items() if suite in known} for suite in reversed(SUITES)
    }
    return suites | {asked: dict(zip(ARCHITECTURES, indexes, strict=True))}


def _iter_versions(suite: str, name: str, indexes: Systems) -> Iterator[SuiteVersion]:
    """What a suite has of a package: one version, or some days long two, each for other systems."""
    from devenv.resolve.suites import asked_version

    found: dict[str, list[System]] = {}
    for system, index in indexes.items():
        record = index.find(name)
        if record is not None:
            found.setdefault(record.version, []).append(system)
    for version, systems in found.items():
        yield SuiteVersion(suite, asked_version(version), version, tuple(systems))


def _measure_closure(index: DebIndex, system: System, name: str) -> tuple[DebianClosure | None, str | None]:
    """What comes with a package, or why it cannot."""
    from devenv.debian.closure import ClosureError, find_closure
    from devenv.debian.policy import read_policy

    try:
        records = find_closure(index, [name], read_policy())
    except ClosureError as error:
        return None, str(error)
    return DebianClosure(system, len(records), sum(record.size for record in records)), None
