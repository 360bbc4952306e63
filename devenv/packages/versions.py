"""Version requests: the words in which a manifest asks for a version, and what answers them (DESIGN section 5).

    "24"            the newest that begins with 24
    "24.1.0"        exactly that version where there is one, else the newest that begins with it
    ">=3.11,<3.13"  specifiers of the Python packaging standards (PEP 440)
    "*", "latest"   the newest

`devenv.manifest` parses requests for their syntax, `devenv.resolve` puts them to the versions that an index lists.
Pre-releases answer only a request that names one; withdrawn ("yanked") versions only one that names exactly them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devenv.packages.wheels import parse_version

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

REQUEST_LIMIT = 100
"""Characters of a request; it stands in manifests, locks and messages."""

ANY_VERSION = frozenset({"*", "latest"})
OPERATORS = "<>=!~"


@dataclass(frozen=True, slots=True)
class VersionRequest:
    """What is asked for: a plain version, specifiers, or (both None) any version. Made by `parse_version_request`."""

    text: str
    plain: Version | None = None
    specifiers: SpecifierSet | None = None

    def __str__(self) -> str:
        return self.text

    def matches(self, version: str) -> bool:
        """Whether `version` satisfies the request, whatever other versions there are; False for what is no version."""
        parsed = parse_version(version)
        return parsed is not None and (self._names(parsed) or self._covers(parsed))

    def select(self, versions: Collection[Version], yanked: Collection[Version] = ()) -> tuple[Version, ...]:
        """Those of `versions` that may answer, best first: the one that is named exactly, else all that satisfy.

        `yanked` are the versions among them that were withdrawn.
        """
        named = [version for version in versions if self._names(version)]
        if named:
            return tuple(sorted(named, reverse=True)[:1])
        satisfying = (version for version in versions if version not in yanked and self._covers(version))
        return tuple(sorted(satisfying, reverse=True))

    def _names(self, version: Version) -> bool:
        """Whether the request names exactly `version`; `1.0.0` also names the version that is spelt `1.0`."""
        if self.plain is not None:
            return version == self.plain and len(version.release) <= len(self.plain.release)
        if self.specifiers is not None and len(self.specifiers) == 1:
            specifier = next(iter(self.specifiers))
            exact = specifier.operator == "==" and not specifier.version.endswith(".*")
            return exact and specifier.contains(version, prereleases=True)
        return False

    def _covers(self, version: Version) -> bool:
        """Whether `version` lies in what the request describes."""
        if self.plain is not None:
            if version.is_prerelease or _has_suffix(self.plain) or version.epoch != self.plain.epoch:
                return False
            return version.release[: len(self.plain.release)] == self.plain.release
        if self.specifiers is not None:
            wanted = any(_names_prerelease(specifier.version) for specifier in self.specifiers)
            return self.specifiers.contains(version, prereleases=wanted)
        return not version.is_prerelease


def parse_version_request(text: str) -> VersionRequest:
    """The request that `text` spells. Raises ValueError whose message is fit for a person."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    text = text.strip()
    if len(text) > REQUEST_LIMIT:
        raise ValueError(f"a version request has at most {REQUEST_LIMIT} characters")
    if text in ANY_VERSION:
        return VersionRequest(text)
    # `===` compares text instead of versions, so that no order and no pre-release follows from it.
    if text and text[0] in OPERATORS and "===" not in text:
        try:
            return VersionRequest(text, specifiers=SpecifierSet(text))
        except InvalidSpecifier as error:
            raise ValueError(_nonsense(text)) from error
    plain = parse_version(text) if re.match(r"[0-9]", text, re.ASCII) else None
    if plain is None:
        raise ValueError(_nonsense(text))
    return VersionRequest(text, plain=plain)


def _nonsense(text: str) -> str:
    shown = text if text.isprintable() else ascii(text)
    return f"`{shown}` is no version request like `24`, `24.1.0`, `>=3.11,<3.13` or `latest`"


def _has_suffix(version: Version) -> bool:
    """Whether `version` says more than its release numbers (`1.0rc1`, `1.0.post1`, `1.0+local`): no prefix then."""
    return version.is_prerelease or version.is_postrelease or version.local is not None


def _names_prerelease(text: str) -> bool:
    version = parse_version(text.removesuffix(".*"))
    return version is not None and version.is_prerelease


def answers_request(request: str, version: str) -> bool:
    """Whether a version answers the text of a request; none answers what is no request."""
    try:
        return parse_version_request(request).matches(version)
    except ValueError:
        return False
