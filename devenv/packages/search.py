"""Finds packages by words: in their names first, then in the names of their programs, then in their summaries."""

from __future__ import annotations

import re
from collections.abc import Sequence

from devenv.packages.package import Package
from devenv.packages.package_set import PackageSet

PART_LENGTH = 3
"""Shorter words must stand for themselves: the `c` of `duckdb` is no answer to `c`."""


def search_packages(packages: PackageSet, words: Sequence[str]) -> tuple[Package, ...]:
    """The packages that all `words` apply to, best first; all packages, by name, where there are no words.

    Raises RecipeError where a recipe is wrong.
    """
    found = []
    for name in packages.names():
        package = packages.package(name)
        ranks = [_rank(package, word) for word in " ".join(words).lower().split()]
        if None not in ranks:
            found.append((sum(rank for rank in ranks if rank is not None), name, package))
    return tuple(package for _, _, package in sorted(found, key=lambda each: each[:2]))


def _rank(package: Package, word: str) -> int | None:
    """How well `word` fits, 0 best; None where it does not."""
    summary = package.summary.lower()
    is_part = len(word) >= PART_LENGTH
    fits = (
        word == package.name,
        word in package.programs,
        package.name.startswith(word),
        is_part and word in package.name,
        word in re.findall(r"[\w+#.-]*[\w+#]", summary),
        is_part and word in summary,
    )
    return next((rank for rank, fit in enumerate(fits) if fit), None)
