"""What there is of a package: from its recipe, and from what an index lists where that is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devenv.detect.model import ANY
from devenv.detect.ranges import NUMBERS, intersects, matches

LINE = re.compile(r"==([0-9]+(?:\.[0-9]+)*)\.\*", re.ASCII)


class Unavailable(Exception):  # noqa: N818 - nothing has failed: there is no such version
    """There is nothing that comes near."""


@dataclass(frozen=True, slots=True)
class Offered:
    """The versions of a package."""

    specifiers: tuple[str, ...]
    """What its recipe takes from each source (PEP 440); empty for all."""
    versions: tuple[str, ...] | None = None
    """What the sources list, newest first; None where nobody was asked."""

    def has(self, request: str) -> bool:
        """Whether some version satisfies `request`, or what it is loosened to."""
        request = self.loosen(request)
        if self.versions is not None:
            return any(matches(request, version) for version in self.versions)
        return any(intersects(request, specifiers or ANY) for specifiers in self.specifiers)

    def loosen(self, request: str) -> str:
        """`3.13.1` becomes `3.13` where there is that line of versions without this one."""
        if not request[0].isdigit():
            return request
        for line in self._fixed_lines():
            if request.startswith(f"{line}."):
                return line
        if self.versions is None or any(matches(request, version) for version in self.versions):
            return request
        *shorter, _ = _prefixes(request)
        return next((each for each in shorter[::-1] if "." in each and self._lists(each)), request)

    def _lists(self, request: str) -> bool:
        return any(matches(request, version) for version in self.versions or ())

    def _fixed_lines(self) -> list[str]:
        """Lines of versions whose source has one version at a time, as a suite of Debian has."""
        return [match[1] for match in map(LINE.fullmatch, self.specifiers) if match]

    def nearest(self, request: str, suits: Callable[[str], bool]) -> str:
        """The line of versions next to what `request` begins with: above it rather than below.

        One that `suits` comes before all others. Raises Unavailable.
        """
        wanted = _first_numbers(request)
        lines = self._find_lines(len(wanted))
        if not lines:
            raise Unavailable

        def distance(line: str) -> tuple[bool, bool, bool, Sequence[int]]:
            numbers = _first_numbers(line)
            above = numbers >= wanted
            same = numbers[:1] == wanted[:1]
            return (not suits(line), not same, not above, numbers if above else [-each for each in numbers])

        return min(lines, key=distance)

    def _find_lines(self, length: int) -> list[str]:
        """The beginnings of the versions, as far as they are known."""
        if self.versions is not None:
            # Two numbers are as much of a version as people ask for where they have a choice.
            return list(dict.fromkeys(_plain(_first_numbers(each)[: min(length, 2)]) for each in self.versions))
        return [_plain(_first_numbers(each)) for each in self.specifiers if NUMBERS.search(each)]


def _prefixes(version: str) -> list[str]:
    """`3.13.1` → `3`, `3.13`, `3.13.1`."""
    parts = version.split(".")
    return [".".join(parts[: length + 1]) for length in range(len(parts))]


def _first_numbers(text: str) -> tuple[int, ...]:
    match = NUMBERS.search(text)
    return tuple(map(int, match[0].split("."))) if match else (0,)


def _plain(numbers: Sequence[int]) -> str:
    return ".".join(map(str, numbers))
