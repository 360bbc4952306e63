"""What each field of a lock can hold (`lockfile/SPEC.md`): one rule a field, checked wherever a value is made.

`devenv.lock.model` applies the rules, so that neither a file nor a program makes a lock that breaks them. Names follow
the manifest's grammar. No text of a lock holds control characters: they are shown to people, on terminals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devenv.debian.suites import DEBIAN
from devenv.digest import SHA256_HEX
from devenv.manifest.grammar import ENVIRONMENT_NAME, INPUT_NAME, PACKAGE_NAME
from devenv.manifest.locators import LocatorError, TreeKind, TreeLocator, is_tree_locator, parse_tree_locator
from devenv.manifest.model import DEFAULT_ENVIRONMENT
from devenv.manifest.wording import format_names
from devenv.store_path import DIGEST_PATTERN
from devenv.system import ALL_SYSTEMS, Requirement, System, parse_requirement

SIZE_LIMIT = 1 << 40
"""Bytes of an artifact: a terabyte, far above any and far below what an arithmetic unit minds."""

VISIBLE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
"""Any character but controls, line separators, and those that turn the direction of writing."""

LOCATOR_NAME = (
    # Neither `.` nor `..`, spelt with percent signs or without; nor, behind them, what ends a name or a text.
    r"(?!(?:\.|%2[Ee]){1,2}(?:/|$))"
    r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?![01]|2[Ff]|5[Cc]|7[Ff])[0-9A-Fa-f]{2})+"
)


class FieldError(ValueError):
    """A field that cannot be: `key` names it, `reason` goes on from the name ("is not …")."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"`{key}` {reason}")
        self.key = key
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Rule:
    """What a text looks like. `reason` says of one that does not, after its name, what is wrong."""

    pattern: re.Pattern[str]
    reason: str

    def require(self, key: str, text: str) -> None:
        """Raises FieldError where the field `key` cannot be `text`."""
        if self.pattern.fullmatch(text) is None:
            raise FieldError(key, self.reason)


PACKAGE = Rule(PACKAGE_NAME.pattern, "is not the name of a package")
INPUT = Rule(INPUT_NAME.pattern, "is not the name of an input")
ENVIRONMENT = Rule(
    re.compile(rf"(?!{DEFAULT_ENVIRONMENT}$){ENVIRONMENT_NAME.pattern.pattern}"),
    "is not the name of an environment beside the default",
)
KEY = Rule(re.compile(r"blake3:[0-9a-f]{64}"), "is not `blake3:` with 64 hexadecimal digits in lower case")
SHA256 = Rule(SHA256_HEX, "is not a SHA-256: 64 hexadecimal digits in lower case")
VERSION = Rule(
    re.compile(r"[0-9A-Za-z][0-9A-Za-z.+!~:_-]{0,99}"),
    "is not a version: at most 100 letters, digits and `. + ! ~ : _ -`",
)
REQUEST = Rule(re.compile(rf"{VISIBLE}{{1,100}}"), "is not 1 to 100 visible characters")
REASON = Rule(re.compile(rf"{VISIBLE}{{1,1000}}"), "is not 1 to 1000 visible characters")
INPUT_LOCATOR = Rule(
    re.compile(rf"builtin:[a-z0-9][a-z0-9-]{{0,99}}|{DEBIAN}[a-z]{{3,30}}|pypi:"), "is not the locator of a package set"
)
TREE_REVISIONS: Mapping[TreeKind, Rule] = {
    "git": Rule(re.compile(r"git:(?:[0-9a-f]{64}|[0-9a-f]{40})"), "is not `git:` with 40 or 64 hexadecimal digits"),
    "archive": Rule(re.compile(r"sha256:[0-9a-f]{64}"), "is not `sha256:` with 64 hexadecimal digits in lower case"),
    "path": Rule(re.compile(rf"nar:{DIGEST_PATTERN.pattern}"), "is not `nar:` with 32 digits in base32"),
}
"""What a tree is pinned by besides the object that it is."""
DATE = Rule(
    re.compile(
        r"(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
    ),
    "is not a time like `2026-11-18T22:17:41Z`",
)
RELEASE = Rule(re.compile(r"[a-z]{3,30}(?:-[a-z]{3,30})?"), "is not a release of the suite, like `trixie-security`")
ARTIFACT_LOCATOR = Rule(
    # A relative path whose first name holds a colon would read as an address.
    re.compile(
        rf"(?=.{{1,1024}}$)(?:pypi:(?:/|(?:\.\./)+|(?![^/]*:))|{DEBIAN}(?:security/)?pool/)"
        rf"{LOCATOR_NAME}(?:/{LOCATOR_NAME})*",
        re.ASCII,
    ),
    "is not the locator of an artifact: `pypi:` or `debian:` and a path, without host, query or names that lead "
    "elsewhere",
)


def find_tree_locator(key: str, text: str) -> TreeLocator | None:
    """The locator of a tree that `text` is; None where it is that of another kind of input.

    Raises FieldError where it is neither, or is spelt in another way than manifests are read to mean.
    """
    if not is_tree_locator(text):
        INPUT_LOCATOR.require(key, text)
        return None
    try:
        locator = parse_tree_locator(text)
    except LocatorError as error:
        # The text itself may hold a password.
        raise FieldError(key, f"cannot be: {error.message}") from error
    if str(locator) != text:
        raise FieldError(key, "is not in the one spelling that a locator has in locks")
    return locator


def require_restriction(key: str, text: str) -> tuple[System, ...]:
    """The systems that `text` spells: sorted, each once, a blank between them. Raises FieldError where it is none."""
    try:
        systems = tuple(System(word) for word in text.split(" "))
    except ValueError as error:
        raise FieldError(
            key, f"is not some of {format_names(map(str, ALL_SYSTEMS))} with a blank between them"
        ) from error
    require_sorted(key, systems)
    return systems


def require_sorted(key: str, systems: Sequence[System]) -> None:
    """Raises FieldError where the field `key` cannot be these systems: there is at least one, each once, in order."""
    if not systems or list(systems) != sorted(set(systems)):
        raise FieldError(key, "does not name systems in the order of the alphabet, each once")


def require_date(key: str, text: str) -> None:
    """Raises FieldError where the field `key` cannot be `text`, a time in UTC to the second."""
    from datetime import date

    DATE.require(key, text)
    try:
        date.fromisoformat(text[:10])
    except ValueError as error:
        raise FieldError(key, "names a day that its month does not have") from error


def require_size(key: str, size: int) -> None:
    """Raises FieldError where the field `key` cannot be `size`, in bytes."""
    if not 0 <= size <= SIZE_LIMIT:
        raise FieldError(key, f"is not from 0 to {SIZE_LIMIT}")


def require_requirement(key: str, text: str) -> Requirement:
    """The platform that `text` spells. Raises FieldError where it is none, or is spelt otherwise (`glibc-2.017`)."""
    try:
        requirement = parse_requirement(text)
    except ValueError as error:
        raise FieldError(key, "is not a platform like `glibc-2.28`") from error
    if str(requirement) != text:
        raise FieldError(key, f"is not written as `{requirement}`")
    return requirement
