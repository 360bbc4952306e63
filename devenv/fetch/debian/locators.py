"""Where files of `debian:` lie: `debian:pool/…` in the main archive, `debian:security/pool/…` in that for security.

`devenv.lock.grammar` has the grammar: what a lock can hold can be fetched.
"""

from __future__ import annotations

import re

from devenv.debian.suites import DEBIAN
from devenv.fetch.debian.access import DebianAccess
from devenv.lock.grammar import ARTIFACT_LOCATOR

SHOWN_LENGTH = 200

PARTS = re.compile(rf"{DEBIAN}(?P<security>security/)?(?P<path>.+)", re.DOTALL)
"""The archive and the path in it, of a text that the grammar of locators has accepted."""
DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z", re.ASCII)

POOL, SECURITY_POOL = "pool/", "pool/updates/"
"""Where the files lie in the main archive, and in that for security."""
SNAPSHOT_NAMES = {"main": "debian", "security": "debian-security"}
"""What archives of past states call each."""


def parse_locator(locator: str) -> tuple[str, str]:
    """The name of the archive (`main` or `security`), and the path in it.

    Raises ValueError on anything that is no locator of this registry.
    """
    match = PARTS.fullmatch(locator)
    if match is None or ARTIFACT_LOCATOR.pattern.fullmatch(locator) is None:
        raise ValueError(f"{locator[:SHOWN_LENGTH]!r} is no locator of the registry `debian:`")
    return "security" if match["security"] else "main", match["path"]


def candidate_addresses(locator: str, access: DebianAccess, date: str | None = None) -> tuple[str, ...]:
    """The addresses at which the user's configuration says that `locator` may lie, best first.

    `date` (`YYYY-MM-DDTHH:MM:SSZ`) is when the archive had it for certain. Empty where no address of that archive is
    known. Raises ValueError as `parse_locator`.
    """
    name, path = parse_locator(locator)
    bases = _bases(access, name)
    past = None if date is None else past_base(access, name, date)
    if past is not None:
        bases.append(past)
    addresses = [base + path for base in bases]
    if name == "security" and path.startswith(SECURITY_POOL) and ".orig" in path:
        # What upstream published is in both, and the archive for security does not always have its own.
        addresses += [base + POOL + path.removeprefix(SECURITY_POOL) for base in _bases(access, "main")]
    return tuple(addresses)


def past_base(access: DebianAccess, name: str, date: str) -> str | None:
    """Where an archive lies as it was at `date`; None where the user has set no archive of past states."""
    match = DATE.fullmatch(date)
    if access.snapshot is None or match is None:
        return None
    timestamp = f"{''.join(match.groups()[:3])}T{''.join(match.groups()[3:])}Z"
    return access.snapshot.replace("{archive}", SNAPSHOT_NAMES[name]).replace("{timestamp}", timestamp)


def _bases(access: DebianAccess, name: str) -> list[str]:
    return [base for archive in access.archives if archive.name == name for base in archive.bases]
