"""Package sets that are trees: opened when somebody first asks for a package of theirs, and pinned by then.

A tree with a `devenv.toml` and without recipes is a project (`project_sets`). One with `packages/*.star` is a set of
recipes. They may load the modules of `builtin:base` (`//std`), so that the
lock pins that set beside the tree; a file of the tree never takes the place of such a module.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devenv.environment.project_sets import ProjectSet
from devenv.errors import ResolutionError
from devenv.lock.model import LockedInput
from devenv.packages.foreign import read_recipes
from devenv.packages.package import BuildPlan, BuildRequest, Package
from devenv.packages.package_set import RECIPE_DIRECTORY, PackageSet
from devenv.project_names import MANIFEST_NAME


@dataclass(frozen=True, slots=True)
class OpenTree:
    """A tree that is here: what pins it, and where it lies in the store."""

    pin: LockedInput
    path: Path


class TreeSet:
    """The packages of one tree."""

    def __init__(
        self,
        name: str,
        locator: str,
        open_tree: Callable[[], OpenTree],
        base: PackageSet,
        open_project: Callable[[OpenTree], ProjectSet],
    ) -> None:
        """`name` is the input's, which `devenv add` takes before a package's name; `base` has the modules."""
        self.name = name
        self.label = locator
        self._open = open_tree
        self._base = base
        self._open_project = open_project

    @functools.cached_property
    def tree(self) -> OpenTree:
        """The tree, fetched where it is not here. Raises FetchError, BuildError."""
        return self._open()

    @property
    def is_open(self) -> bool:
        """Whether somebody asked for something of it."""
        return "tree" in self.__dict__

    @functools.cached_property
    def _set(self) -> PackageSet | ProjectSet:
        files = read_recipes(self.tree.path, self.label)
        has_recipes = any(path.startswith(RECIPE_DIRECTORY) for path in files)
        if not has_recipes and (self.tree.path / MANIFEST_NAME).is_file():
            return self._open_project(self.tree)
        if not has_recipes:
            raise ResolutionError(
                f"`{self.label}` has no packages: there is neither `{RECIPE_DIRECTORY}NAME.star` nor "
                f"`{MANIFEST_NAME}` in it",
                hint="look at the locator of the input; `dir=` names a part of a tree",
                slug="input-empty",
            )
        return PackageSet(self.label, {**files, **self._base.modules()}, f"{self.name}:")

    @property
    def project(self) -> ProjectSet | None:
        """The project that the tree is, if it is one."""
        return self._set if isinstance(self._set, ProjectSet) else None

    @property
    def revision(self) -> str:
        """What the lock says of it."""
        return self.tree.pin.revision

    def has(self, name: str) -> bool:
        """Whether there is a recipe for a package of that name."""
        return self._set.has(name)

    def names(self) -> tuple[str, ...]:
        """The names of all packages, sorted."""
        return self._set.names()

    def package(self, name: str) -> Package:
        """What the recipe of `name` says. Raises as `PackageSet.package` does."""
        return self._set.package(name)

    def build(self, name: str, request: BuildRequest) -> BuildPlan:
        """How the files of `request` become the package."""
        return self._set.build(name, request)
