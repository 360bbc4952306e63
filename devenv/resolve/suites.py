"""Which of Debian's suites are asked, how their packages are named, and what is said where one has no such package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.suites import DEBIAN
from devenv.debian.version import upstream_version
from devenv.errors import ResolutionError
from devenv.packages.package import ArchiveSource, DebianSource, Package
from devenv.packages.wheels import parse_version
from devenv.system import System

if TYPE_CHECKING:
    from devenv.debian.closure import DebIndex

ADVICE = {"add": "add it with", "info": "look at it with"}
"""What a verb that takes a package's name is for, in a hint."""


def iter_suites(packages: Iterable[Package], systems: Sequence[System] | None) -> Iterator[tuple[str, System | None]]:
    """The suites that resolving `packages` for `systems` (None: all) asks, with a system each (None: for sources)."""
    for source in (source for package in packages for source in package.sources):
        served = [each for each in ARCHITECTURES if source.serves(each) and (systems is None or each in systems)]
        if isinstance(source, DebianSource):
            yield from ((source.suite, system) for system in served)
        elif isinstance(source, ArchiveSource) and served:
            yield source.suite, None


def package_unknown(
    package: Package, suite: str, index: DebIndex, system: System | None = None, *, verb: str = "add"
) -> ResolutionError:
    """The error for a package that its suite does not have (for `system`), with what to ask for instead by `verb`."""
    from devenv.debian.search import SUGGESTION_LIMIT, similar_names

    name = package.name
    providers = list(dict.fromkeys(record.name for record, _ in index.providers(name)))[:SUGGESTION_LIMIT]
    similar = providers or similar_names(name, index.names())
    names = " or ".join(f"`{each}`" for each in similar)
    where = "" if system is None else f" for {system}"
    meant = f"; it is provided by {names}" if providers else f"; did you mean {names}?" if similar else ""
    hint = "look for it with `devenv search`"
    if similar:
        hint = f"{ADVICE[verb]} `devenv {verb} {package.prefix}{similar[0]}`"
    return ResolutionError(
        f"`{DEBIAN}{suite}` has no package `{name}`{where}{meant}",
        hint=hint,
        slug="package-unknown",
    )


def asked_version(version: str) -> str:
    """What to ask for to get a package in `version`, as locks write it. Raises ValueError where it is no version."""
    upstream = upstream_version(version)
    return str(parse_version(upstream) or upstream)
