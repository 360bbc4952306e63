"""The suites of Debian that devenv knows, and how locators name them."""

from __future__ import annotations

DEBIAN = "debian:"
"""What the locators of suites and of the files in Debian's archives begin with."""

SUITES = ("bullseye", "bookworm", "trixie", "sid")
"""Oldest first. By their codenames: names like `stable` mean another suite every few years."""

DEFAULT_SUITE = "trixie"

ROLLING = "sid"
"""The suite that changes by the hour: it has no pockets for updates, and what it drops is soon gone from mirrors."""


def suite_prefix(suite: str, usual: str = DEFAULT_SUITE) -> str:
    """What stands before the names of a suite's packages on the command line: `debian:`, or `debian:bookworm/`.

    `usual` is the suite that `debian:` alone means there.
    """
    return DEBIAN if suite == usual else f"{DEBIAN}{suite}/"


def parse_suite(locator: str) -> str | None:
    """The suite that the locator of an input names; None where it is another kind of input."""
    return locator.removeprefix(DEBIAN) if locator.startswith(DEBIAN) else None
