"""A package set: recipes by name, each evaluated when it is first asked for.

`read_base_set` and `read_source_set` give the sets that devenv ships, `builtin:base` and `builtin:source`.
`devenv.resolve` chooses versions for the packages, the lock records the set's `revision` beside the answers.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.digest import blake3_key
from devenv.errors import RecipeError, ResolutionError
from devenv.packages.evaluation import Recipes
from devenv.packages.package import BuildPlan, BuildRequest, Package
from devenv.packages.project_build import ProjectQuestion
from devenv.packages.wheels import parse_version

if TYPE_CHECKING:
    from packaging.version import Version

BASE_LABEL = "builtin:base"
SOURCE_LABEL = "builtin:source"
SOURCE_PREFIX = "source:"
"""What stands before the names of packages that are built from source, on the command line."""
RECIPE_DIRECTORY = "packages/"
PROJECT_RECIPE, PROJECT_SYMBOL = "project.star", "recipe"
"""What says how a project's own builds are done."""
RECIPE_SUFFIX = ".star"
PACKAGE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)
"""Names that packages may have; nothing in them means anything to a path or a shell (FAULTS K-03, K-07)."""

HIDDEN_NAMES = frozenset({"runtime", "sysroot"})
"""Packages that nobody asks for: other packages run on one and are built in the other. Searches do not show them."""

SUGGESTION_LIMIT = 3
SHOWN_NAME_LIMIT = 64


class PackageSet:
    """The packages of one set. Not for use from several threads at once."""

    def __init__(self, label: str, files: Mapping[str, str], prefix: str = "") -> None:
        """`label` names the set (`builtin:base`); `files` maps paths below it to their texts.

        `prefix` stands before the names of its packages on the command line.

        The file `packages/<name>.star` defines the package `<name>`, as a global with `_` for `-`.
        """
        self.label = label
        self.prefix = prefix
        self.files: Mapping[str, str] = dict(files)
        self._recipes = Recipes(label, self.files)
        self._packages: dict[str, Package] = {}

    @functools.cached_property
    def revision(self) -> str:
        """What identifies the content of all files, as `blake3:<64 hexadecimal digits>`.

        The digest is over path and text of each file in the order of the paths, each preceded by its length in bytes
        (8 bytes, little-endian), so that no two sets have the same bytes.
        """
        parts = []
        for path, text in sorted(self.files.items()):
            for part in (path.encode(), text.encode()):
                parts += [len(part).to_bytes(8, "little"), part]
        return blake3_key(b"".join(parts))

    @functools.cached_property
    def _names(self) -> tuple[str, ...]:
        paths = (path for path in self.files if path.startswith(RECIPE_DIRECTORY))
        names = (path.removeprefix(RECIPE_DIRECTORY).removesuffix(RECIPE_SUFFIX) for path in paths)
        return tuple(sorted(name for name in names if PACKAGE_NAME.fullmatch(name)))

    def modules(self) -> dict[str, str]:
        """The files that define no package, by their paths: what recipes load."""
        return {path: text for path, text in self.files.items() if "/" not in path}

    def names(self) -> tuple[str, ...]:
        """The names of all packages, sorted. Evaluates nothing."""
        return self._names

    def has(self, name: str) -> bool:
        """Whether there is a recipe for a package of that name. Evaluates nothing."""
        return name in self._names

    def recipe(self, name: str) -> str:
        """The text of the recipe of `name`, which is one of `names`, headed by that name."""
        return f"{name}\n{self.files[_location(name)[0]]}"

    def package(self, name: str) -> Package:
        """What the recipe of `name` says.

        Raises ResolutionError (`package-unknown`) with similar names, RecipeError where the recipe is wrong.
        """
        if name not in self._packages:
            self._require_known(name)
            data = self._recipes.ask(*_location(name), "describe")
            from devenv.packages.recipe_data import parse_package

            try:
                self._packages[name] = parse_package(name, data, self.prefix)
            except ValueError as error:
                raise self._invalid(name, error) from error
        return self._packages[name]

    def build(self, name: str, request: BuildRequest) -> BuildPlan:
        """The plan by which the files of `request` become the package. Raises as `package` does."""
        self._require_known(name)
        version = parse_version(request.version)
        if version is None:
            raise ResolutionError(
                f"`{name}` has no version {request.version[:SHOWN_NAME_LIMIT]!r}", slug="version-unknown"
            )
        package = self.package(name)
        data = self._recipes.ask(*_location(name), "build", _question(request, version, package))
        from devenv.packages.recipe_data import parse_build_plan

        try:
            return parse_build_plan(data, request, package)
        except ValueError as error:
            raise self._invalid(name, error) from error

    def plan_project(self, question: ProjectQuestion) -> BuildPlan:
        """The plan by which a project's own build is done; only the set of packages from source knows.

        Raises RecipeError.
        """
        try:
            data = self._recipes.ask(PROJECT_RECIPE, PROJECT_SYMBOL, "build", question.data)
        except RecipeError as error:
            if error.slug != RecipeError.slug:
                raise
            # The recipe is right, and says what the manifest has wrong.
            raise RecipeError(
                f"`[build.{question.name}]` is not right: {error.message}",
                hint="correct it in `devenv.toml`; `docs/manifest.md` describes what it may say",
            ) from error
        from devenv.packages.recipe_data import parse_build_plan

        own = Package(question.name, "", "", None, (), (), inputs=question.inputs, tools=question.tools)
        try:
            return parse_build_plan(data, BuildRequest(question.version or "", question.system), own)
        except ValueError as error:
            raise RecipeError(
                f"`{question.name}` cannot be built so: {error}",
                place=self._recipes.place(PROJECT_RECIPE, PROJECT_SYMBOL),
                slug="recipe-invalid",
            ) from error

    def _invalid(self, name: str, error: ValueError) -> RecipeError:
        return RecipeError(
            f"the recipe of `{name}` is not valid: {error}",
            place=self._recipes.place(*_location(name)),
            hint="correct the recipe; `docs/recipes.md` describes what it may say",
            slug="recipe-invalid",
        )

    def _require_known(self, name: str) -> None:
        if name in self._names:
            return
        shown = name[:SHOWN_NAME_LIMIT] if name.isprintable() else ascii(name[:SHOWN_NAME_LIMIT])
        similar = self.find_similar(name)
        meant = f"; did you mean {' or '.join(f'`{each}`' for each in similar)}?" if similar else ""
        raise ResolutionError(
            f"`{self.label}` has no package `{shown}`{meant}",
            hint=f"add it with `devenv add {self.prefix}{similar[0]}`"
            if similar
            else "look for it with `devenv search`",
            slug="package-unknown",
        )

    def find_similar(self, name: str) -> list[str]:
        """Packages that `name` may mean: by a program of theirs (`rg`), by a part of the name, by likeness."""
        name = name[:SHOWN_NAME_LIMIT].lower()
        by_program = [each for each in self._names if name in self.package(each).programs]
        long = [each for each in self._names if min(len(name), len(each)) > 1]
        by_beginning = [each for each in long if name.startswith(each) or each.startswith(name)]
        by_likeness = difflib.get_close_matches(name, self._names, SUGGESTION_LIMIT)
        by_part = [each for each in long if name in each or each in name]
        return list(dict.fromkeys([*by_program, *by_beginning, *by_likeness, *by_part]))[:SUGGESTION_LIMIT]


def read_base_set() -> PackageSet:
    """The set of prebuilt packages that devenv ships, from the files beside this module."""
    return PackageSet(BASE_LABEL, dict(_iter_files("base", "**/*")))


def read_source_set() -> PackageSet:
    """The set of packages that are built from source; it shares the modules of the base set (`//std`)."""
    return PackageSet(
        SOURCE_LABEL, {**dict(_iter_files("base", "*")), **dict(_iter_files("source", "**/*"))}, SOURCE_PREFIX
    )


def read_set(tree: Path, label: str, prefix: str = "") -> PackageSet:
    """A set whose files lie below `tree`, each where it would be in the set. Raises OSError."""
    paths = sorted(tree.rglob(f"*{RECIPE_SUFFIX}"))
    return PackageSet(label, {path.relative_to(tree).as_posix(): path.read_text("utf-8") for path in paths}, prefix)


def _iter_files(directory: str, pattern: str) -> Iterator[tuple[str, str]]:
    """Path below `directory` and text of the recipe files there that `pattern` names."""
    root = Path(__file__).parent / directory
    for path in sorted(root.glob(pattern + RECIPE_SUFFIX)):
        yield path.relative_to(root).as_posix(), path.read_text("utf-8")


def _question(request: BuildRequest, version: Version, package: Package) -> dict[str, object]:
    """What `build` in a recipe is called with."""
    return {
        "version": request.version,
        "release": list(version.release),
        "system": str(request.system),
        "source": request.source,
        "debs": dict(request.debs),
        "own": list(request.own),
        "keep": list(request.keep),
        "sources": dict(request.sources),
        "flags": list(request.flags),
        "env": dict(request.env),
        "patches": list(request.patches),
        "inputs": list(package.inputs),
        "tools": list(package.tools),
    }


def _location(name: str) -> tuple[str, str]:
    """The file that defines a package, and the global that it is there."""
    return f"{RECIPE_DIRECTORY}{name}{RECIPE_SUFFIX}", name.replace("-", "_")
