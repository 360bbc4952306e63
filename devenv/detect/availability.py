"""What there is of a package: from its recipe, and from what an index lists where that is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from devenv.detect.ranges import NUMBERS, intersects

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
        """Whether some version satisfies `request`; of a line that has one release at a time, any will do."""
        return any(self._has(self.loosen(request), specifiers) for specifiers in self.specifiers)

    def _has(self, request: str, specifiers: str) -> bool:
        return intersects(request, specifiers or "*")

    def loosen(self, request: str) -> str:
        """`3.13.1` becomes `3.13` where the sources have that line as a whole, one release at a time."""
        for line in self._lines():
            if request == line or request.startswith(f"{line}."):
                return line
        return request

    def _lines(self) -> list[str]:
        return [match[1] for match in map(LINE.fullmatch, self.specifiers) if match]

    def nearest(self, request: str, suits: Callable[[str], bool]) -> str:
        """The line of versions next to what `request` begins with: above it rather than below.

        One that `suits` comes before all others. Raises Unavailable.
        """
        wanted = _first_numbers(request)
        lines = [_plain(_first_numbers(each)) for each in self.specifiers if NUMBERS.search(each)]
        if not lines:
            raise Unavailable

        def distance(line: str) -> tuple[bool, bool, bool, tuple[int, ...]]:
            numbers = _first_numbers(line)
            above = numbers >= wanted
            same = numbers[:1] == wanted[:1]
            return (not suits(line), not same, not above, numbers if above else tuple(-each for each in numbers))

        return min(lines, key=distance)


def _first_numbers(text: str) -> tuple[int, ...]:
    match = NUMBERS.search(text)
    return tuple(map(int, match[0].split("."))) if match else (0,)


def _plain(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
