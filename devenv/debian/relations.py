"""Relations between packages (deb-control(5), Debian policy section 7.1): `Depends`, `Provides` and the like.

Groups stand between commas, their alternatives between bars: `libc6 (>= 2.36), awk | mawk, python3:any`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from devenv.debian.version import is_version

RELATION_LIMIT = 1 << 17
"""Characters of one field; the longest real one has 30,000."""

RELATION_PATTERN = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]{1,99})(?::(?P<qualifier>[a-z0-9][a-z0-9-]{1,30}))?"
    r"(?:\s*\(\s*(?P<operator><<|<=|=|>=|>>)\s*(?P<version>[^\s()]+)\s*\))?"
    r"(?:\s*\[[a-z0-9!\s-]{1,500}\])?(?:\s*<[a-z0-9.!\s-]{1,500}>){0,20}",
    re.ASCII,
)
"""Restrictions to architectures and build profiles stand in source packages only; here they say nothing."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One package that would do."""

    name: str
    qualifier: str | None = None
    """`any`, `native` or an architecture."""
    operator: str | None = None
    """`<<`, `<=`, `=`, `>=`, `>>`; None where any version will do."""
    version: str | None = None

    def __str__(self) -> str:
        name = self.name if self.qualifier is None else f"{self.name}:{self.qualifier}"
        return name if self.operator is None else f"{name} ({self.operator} {self.version})"


def parse_relations(text: str) -> tuple[tuple[Relation, ...], ...]:
    """What a field demands: all of the groups, and of each group one of the alternatives.

    Raises ValueError where `text` is not of that form.
    """
    if len(text) > RELATION_LIMIT:
        raise ValueError(f"a relation field has more than {RELATION_LIMIT} characters")
    # A comma may end the field, and where fields were joined one may stand for nothing.
    groups = (group for group in text.split(",") if group and not group.isspace())
    return tuple(tuple(_parse_relation(each) for each in group.split("|")) for group in groups)


def parse_provides(text: str) -> tuple[tuple[str, str | None], ...]:
    """The names that a `Provides` field gives a package besides its own, and the version it provides each in.

    Raises ValueError where `text` is not of that form.
    """
    provided = []
    for group in parse_relations(text):
        if len(group) != 1 or group[0].operator not in {None, "="}:
            raise ValueError(f"`{' | '.join(map(str, group))[:200]}` is nothing that a package can provide")
        provided.append((group[0].name, group[0].version))
    return tuple(provided)


def _parse_relation(text: str) -> Relation:
    match = RELATION_PATTERN.fullmatch(text.strip())
    if match is None or (match["version"] is not None and not is_version(match["version"])):
        raise ValueError(f"{text.strip()[:200]!a} is no relation like `libc6 (>= 2.36)`")
    return Relation(match["name"], match["qualifier"], match["operator"], match["version"])
