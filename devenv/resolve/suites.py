"""Which of Debian's suites are asked, how their packages are named, and what is said where one has no such package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.suites import DEBIAN, DEFAULT_SUITE
from devenv.debian.version import upstream_version
from devenv.errors import ResolutionError
from devenv.packages.package import DebianSource, Package
from devenv.packages.wheels import parse_version
from devenv.system import System

if TYPE_CHECKING:
    from devenv.debian.closure import DebIndex


def iter_suites(packages: Iterable[Package], systems: Sequence[System] | None) -> Iterator[tuple[str, System]]:
    """The suites, with a system each, that resolving `packages` for `systems` (None: all) asks."""
    sources = [source for package in packages for source in package.sources if isinstance(source, DebianSource)]
    for source in sources:
        for system in ARCHITECTURES:
            if source.serves(system) and (systems is None or system in systems):
                yield source.suite, system


def package_unknown(suite: str, name: str, index: DebIndex, system: System | None = None) -> ResolutionError:
    """The error for a package that a suite does not have (for `system`), with what may be meant instead."""
    from devenv.debian.search import SUGGESTION_LIMIT, similar_names

    providers = list(dict.fromkeys(record.name for record, _ in index.providers(name)))[:SUGGESTION_LIMIT]
    similar = providers or similar_names(name, index.names())
    names = " or ".join(f"`{each}`" for each in similar)
    where = "" if system is None else f" for {system}"
    meant = f"; it is provided by {names}" if providers else f"; did you mean {names}?" if similar else ""
    add = f"add it with `devenv add {wanted_name(suite, similar[0])}`" if similar else None
    return ResolutionError(
        f"`{DEBIAN}{suite}` has no package `{name}`{where}{meant}",
        hint=add or "look for it with `devenv search`",
        slug="package-unknown",
    )


def wanted_name(suite: str, name: str) -> str:
    """What `devenv add` calls the package of a suite: `debian:htop`, or `debian:bookworm/htop` in another suite."""
    return f"{DEBIAN}{name}" if suite == DEFAULT_SUITE else f"{DEBIAN}{suite}/{name}"


def asked_version(version: str) -> str:
    """What to ask for to get a package in `version`, as locks write it. Raises ValueError where it is no version."""
    upstream = upstream_version(version)
    return str(parse_version(upstream) or upstream)
