"""Package sets made of recipe texts, with the standard module that devenv ships."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import devenv.packages
from devenv.packages.package_set import PackageSet

MakeSet = Callable[..., PackageSet]


@pytest.fixture(scope="session")
def standard_module() -> str:
    return (Path(devenv.packages.__file__).parent / "base" / "std.star").read_text("utf-8")


@pytest.fixture
def make_set(standard_module: str) -> MakeSet:
    """Makes a set labelled `test` of the recipe of a package `tool`, and further files (path → text)."""

    def make(tool: str, files: Mapping[str, str] | None = None) -> PackageSet:
        return PackageSet("test", {"std.star": standard_module, "packages/tool.star": tool, **(files or {})})

    return make
