"""Finds packages by words: in their names first, then in the names of their programs, then in their summaries."""

from __future__ import annotations

from collections.abc import Sequence

from devenv.packages.package import Package
from devenv.packages.package_set import HIDDEN_NAMES, PackageSet
from devenv.ranking import rank_word


def search_packages(packages: PackageSet, words: Sequence[str]) -> tuple[Package, ...]:
    """The packages that all words apply to, best first; all packages, by name, where there are no words.

    Raises RecipeError where a recipe is wrong.
    """
    wanted = " ".join(words).lower().split()
    found = []
    for name in sorted(set(packages.names()) - HIDDEN_NAMES):
        # What a recipe says of its package stands in its text: most need not be evaluated.
        if all(word in packages.recipe(name).lower() for word in wanted):
            package = packages.package(name)
            ranks = [rank_word(word, package.name, package.summary, package.programs) for word in wanted]
            if None not in ranks:
                found.append((sum(rank for rank in ranks if rank is not None), name, package))
    return tuple(package for _, _, package in sorted(found, key=lambda each: each[:2]))
