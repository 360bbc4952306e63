"""Which recipe is meant by a Debian name."""

from __future__ import annotations

import pytest

from devenv.packages.package_set import read_base_set
from devenv.workflow.advice import find_recipe


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("htop", "htop"),
        ("postgresql-17", "postgresql"),
        ("python3", "python"),
        ("python3.13", "python"),
        ("lua5.4", "lua"),
        ("openjdk-21-jre-headless", "openjdk"),
        ("php8.4-cli", "php"),
        ("python3-numpy", None),
        ("libpq-dev", None),
        ("x264", None),
    ],
)
def test_recipe_of_a_debian_name(name: str, recipe: str | None) -> None:
    """The line of versions in a name is no part of what a recipe is called; other words are."""
    assert find_recipe(name, read_base_set().names()) == recipe
