"""Debian's suites and what each is made of: pockets, every one with a release of its own. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from devenv.debian.suites import ROLLING
from devenv.errors import FetchError
from devenv.manifest.grammar import GrammarError, require_suite


@dataclass(frozen=True, slots=True)
class Pocket:
    """A part of a suite: the directory below `dists` that has its release, and the archive that this lies in."""

    name: str
    archive: str


def require_pockets(suite: str) -> tuple[Pocket, ...]:
    """The pockets of `suite`, the one that has nearly everything first.

    Raises FetchError (`suite-unknown`) where devenv knows no such suite.
    """
    try:
        require_suite(suite)
    except GrammarError as error:
        raise FetchError(error.message, hint=error.hint, slug="suite-unknown") from error
    if suite == ROLLING:
        return (Pocket(suite, "main"),)
    return Pocket(suite, "main"), Pocket(f"{suite}-updates", "main"), Pocket(f"{suite}-security", "security")
