"""Debian's suites and what each is made of: pockets, every one with a release of its own. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from devenv.debian.suites import ROLLING, SUITES
from devenv.errors import FetchError


@dataclass(frozen=True, slots=True)
class Pocket:
    """A part of a suite: the directory below `dists` that has its release, and the archive that this lies in."""

    name: str
    archive: str


def require_pockets(suite: str) -> tuple[Pocket, ...]:
    """The pockets of `suite`, the one that has nearly everything first.

    Raises FetchError (`suite-unknown`) where devenv knows no such suite.
    """
    if suite not in SUITES:
        raise FetchError(
            f"`debian:` has no suite {suite[:100]!r}",
            hint=f"name one of {', '.join(f'`{known}`' for known in SUITES)}",
            slug="suite-unknown",
        )
    if suite == ROLLING:
        return (Pocket(suite, "main"),)
    return Pocket(suite, "main"), Pocket(f"{suite}-updates", "main"), Pocket(f"{suite}-security", "security")
