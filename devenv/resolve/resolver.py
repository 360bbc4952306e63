"""Resolves one package: the version that answers a request, and the file of it for each system (DESIGN section 5)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.suites import ROLLING
from devenv.errors import ResolutionError
from devenv.packages.package import ArchiveSource, DebianSource, Package, WheelSource
from devenv.packages.versions import VersionRequest
from devenv.packages.wheels import parse_version
from devenv.resolve.offers import Choice, Offers, OwnChoice, PackageIndex
from devenv.resolve.suites import package_unknown
from devenv.system import ALL_SYSTEMS, System

if TYPE_CHECKING:
    from packaging.version import Version

SHOWN_VERSIONS = 5
"""Versions that an error names."""


BUILT = "built from source"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer to a request."""

    version: str
    files: Mapping[System, Choice]
    """In the order of the systems' names."""
    lacking: Mapping[System, str]
    """The systems that the version has no file for, each with the reason in words; empty where systems were given."""


def resolve_package(
    package: Package,
    request: VersionRequest,
    systems: Sequence[System] | None,
    index: PackageIndex,
    preferred: str | None = None,
) -> Resolution:
    """The newest version that satisfies `request` and has a file for each of `systems`.

    Without `systems` one file for any system is enough, and the systems without one are named. `preferred` is the
    version that the lock has: it is kept while it satisfies. Raises ResolutionError (`version-unknown`,
    `system-missing`), and what `index` raises.
    """
    # An index that cannot answer is not asked: a suite takes seconds the first time.
    narrowed = narrow_sources(package, request, preferred)
    offers = Offers(narrowed, index, systems)
    resolution = _find_resolution(request, systems, offers, preferred)
    if resolution is not None:
        return resolution
    if narrowed != package:
        offers = Offers(package, index, systems)
        resolution = _find_resolution(request, systems, offers, preferred)
        if resolution is not None:
            return resolution
    satisfying = request.select(offers.versions, offers.yanked)
    if not offers.versions:
        raise _nothing_offered(package, systems, index)
    if not satisfying:
        raise _version_unknown(package, request, offers)
    raise _system_missing(package, request, satisfying, systems, offers)


def take_version(package: Package, version: Version, systems: Sequence[System] | None) -> Resolution:
    """The answer where the project has its own source of `package`: that version, which no index need know.

    Raises ResolutionError (`system-missing`).
    """
    served = [each for each in ALL_SYSTEMS if any(source.serves(each) for source in package.sources)]
    lacking = [each for each in systems or () if each not in served]
    if lacking:
        names = ", ".join(f"`{each}`" for each in lacking)
        raise ResolutionError(
            f"`{package.name}` cannot be had for {names}: it is {BUILT}, which is for Linux only",
            hint=f"leave {names} out of `systems` in `devenv.toml`",
            slug="system-missing",
        )
    reason = f"it is {BUILT}, which is for Linux only"
    return Resolution(
        str(version),
        dict.fromkeys((each for each in served if systems is None or each in systems), OwnChoice()),
        {} if systems is not None else dict.fromkeys((each for each in ALL_SYSTEMS if each not in served), reason),
    )


def _find_resolution(
    request: VersionRequest, systems: Sequence[System] | None, offers: Offers, preferred: str | None
) -> Resolution | None:
    satisfying = request.select(offers.versions, offers.yanked)
    for version in (*_kept(request, preferred, offers), *satisfying):
        choices = offers.choices(version)
        if choices and set(systems or ()) <= set(choices):
            return _resolution(version, choices, systems, offers)
    return None


def narrow_sources(package: Package, request: VersionRequest, preferred: str | None) -> Package:
    """The package without the Debian sources of other lines of versions than the one that `request` is about.

    Where it is about none, that is the line of the version that the lock has, else the newest; of a rolling suite only
    if there is no other.
    """
    debian = [source for source in package.sources if isinstance(source, DebianSource | ArchiveSource) and source.line]
    lines = [source.line for source in debian if source.line and source.suite != ROLLING]
    lines = lines or [source.line for source in debian if source.line]
    version = request.plain or (parse_version(preferred) if preferred is not None else None)
    if not lines or request.specifiers is not None:
        return package
    wanted = max(lines) if version is None else version.release
    sources = tuple(
        source
        for source in package.sources
        if isinstance(source, WheelSource) or source.line is None or _agree(source.line, wanted)
    )
    return replace(package, sources=sources) if sources else package


def _agree(first: Sequence[int], second: Sequence[int]) -> bool:
    return all(one == other for one, other in zip(first, second, strict=False))


def _resolution(
    version: Version, choices: Mapping[System, Choice], systems: Sequence[System] | None, offers: Offers
) -> Resolution:
    files = {system: choice for system, choice in choices.items() if systems is None or system in systems}
    lacking = (system for system in ALL_SYSTEMS if systems is None and system not in choices)
    return Resolution(str(version), files, {system: _reason(system, offers) for system in lacking})


def _kept(request: VersionRequest, preferred: str | None, offers: Offers) -> tuple[Version, ...]:
    """The version that the lock has, where it still is an answer; even if it was withdrawn meanwhile."""
    version = parse_version(preferred) if preferred is not None else None
    return (version,) if version in offers.versions and request.matches(str(version)) else ()


def _reason(system: System, offers: Offers) -> str:
    """Why a version that lacks a file for `system` cannot be had there, and which one can."""
    if system not in ARCHITECTURES and not any(isinstance(source, WheelSource) for source in offers.package.sources):
        return f"it is {_origin(offers)}, which is for Linux only"
    having = _having(system, offers, 1)
    return f"it has no file for it; {having[0]} has one" if having else "no version has a file for it"


def _origin(offers: Offers) -> str:
    built = all(isinstance(source, ArchiveSource) for source in offers.package.sources)
    return BUILT if built else "from Debian"


def _having(system: System, offers: Offers, count: int) -> list[Version]:
    """The newest `count` versions that have a file for `system`."""
    having = (version for version in offers.stable if system in offers.choices(version))
    return list(itertools.islice(having, count))


def _system_missing(
    package: Package,
    request: VersionRequest,
    satisfying: Sequence[Version],
    systems: Sequence[System] | None,
    offers: Offers,
) -> ResolutionError:
    wanted = set(ALL_SYSTEMS if systems is None else systems)
    best = max(satisfying, key=lambda version: (len(wanted & set(offers.choices(version))), version))
    lacking = sorted(wanted - set(offers.choices(best)))
    names = ", ".join(f"`{system}`" for system in lacking)
    having = {system: _having(system, offers, SHOWN_VERSIONS) for system in lacking}
    leave = "" if systems is None else f", or leave {names} out of `systems` in `devenv.toml`"
    return ResolutionError(
        f"`{package.name}` {best} has no file for {names}",
        hint=f"ask for another version than `{request}`{leave}",
        details=tuple(f"{each}: {_join(having[each]) or 'no version has a file for it'}" for each in lacking),
        slug="system-missing",
    )


def _nothing_offered(package: Package, systems: Sequence[System] | None, index: PackageIndex) -> ResolutionError:
    """The error for a package that no source has a version of."""
    wanted = ALL_SYSTEMS if systems is None else systems
    served = [system for system in wanted if any(source.serves(system) for source in package.sources)]
    sources = ", ".join(f"`{source}`" for source in package.sources)
    if not served:
        names = ", ".join(f"`{system}`" for system in wanted)
        return ResolutionError(
            f"`{package.name}` cannot be had for {names}: {sources} is not for it",
            hint=f"leave {names} out of `systems` in `devenv.toml`",
            slug="system-missing",
        )
    source = package.sources[0]
    # A package of a suite has no recipe: whether there is one, only the suite knows.
    if isinstance(source, DebianSource) and package.prefix:
        suite = index.suite(source.suite, served[0])
        return package_unknown(package, source.suite, suite, None if systems is None else served[0])
    return ResolutionError(
        f"there are no versions of `{package.name}`: nothing fitting is listed of {sources}",
        hint="look for it with `devenv search`, or check which registries your settings name",
        slug="version-unknown",
    )


def _version_unknown(package: Package, request: VersionRequest, offers: Offers) -> ResolutionError:
    nearest = _nearest(request, offers)
    hint = f"ask for one of them, as in `devenv add {package.wanted_name}@{nearest[0]}`" if nearest else None
    return ResolutionError(
        f"no version of `{package.name}` satisfies `{request}`",
        hint=hint,
        details=(f"there are {_join(nearest)}",) if nearest else (),
        slug="version-unknown",
    )


def _nearest(request: VersionRequest, offers: Offers) -> list[Version]:
    """The versions to offer instead, newest first: those that begin as the request does, and one of each other line."""
    wanted = request.plain.release if request.plain is not None else ()
    lines: set[tuple[int, ...]] = set()
    ranked = []
    for version in offers.stable:
        pairs = zip(version.release, wanted, strict=False)
        common = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        line = version.release[: common + 1]
        ranked.append((line in lines, -common, version))
        lines.add(line)
    # Stable, so that versions of one rank stay in their order, newest first.
    chosen = sorted(ranked, key=lambda each: each[:2])[:SHOWN_VERSIONS]
    return sorted((version for _, _, version in chosen), reverse=True)


def _join(versions: Sequence[Version]) -> str:
    return ", ".join(str(version) for version in versions)
