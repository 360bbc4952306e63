"""Files of a project that packages and builds are made of, as objects of the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from devenv.activation.state import leave_inherited
from devenv.build.project.files import SourceRules
from devenv.build.project.git import find_git
from devenv.build.project.source import iter_source
from devenv.build.source import add_source, find_source
from devenv.manifest.model import WHOLE_PROJECT, Manifest, NamedEnvironment
from devenv.nar.nodes import Node
from devenv.store_path import NAME_PATTERN, StorePath
from devenv.workflow.tools import Tools

WHOLE_NAME = "source"
"""What a project's directory is called, wherever it lies."""


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """Makes objects of paths in the project at `project`, which are read as they are on the disk now."""

    tools: Tools
    project: Path

    def add(self, path: str) -> StorePath:
        """The object of a file or a directory, by its path in the project. Raises BuildError."""
        return add_source(self.tools.store, _name_of(path), lambda: self._read(path))

    def find(self, path: str) -> StorePath:
        """What `add` would make. Raises BuildError."""
        return find_source(self.tools.store, _name_of(path), lambda: self._read(path))

    def _read(self, path: str) -> Iterable[Node]:
        # Not the git of an environment: it says what the source is.
        environ = leave_inherited(self.tools.settings, self.tools.environ)
        rules = SourceRules(find_git(environ, self.project), self.tools.store.root)
        return iter_source(self.project, path, rules)


def _name_of(path: str) -> str:
    name = path.rpartition("/")[2]
    return name if path != WHOLE_PROJECT and NAME_PATTERN.fullmatch(name) else WHOLE_NAME


def add_overriding_files(tools: Tools, project: Path, manifest: Manifest) -> dict[str, StorePath]:
    """The objects of all files that the manifest builds packages with, in any of its environments, by their paths.

    These are patches and sources.
    """
    parts: list[Manifest | NamedEnvironment] = [manifest, *manifest.environments.values()]
    paths = [
        path
        for part in parts
        for request in part.packages.values()
        for path in (*request.overrides.patches, request.overrides.source)
        if path is not None
    ]
    files = ProjectFiles(tools, project)
    return {path: files.add(path) for path in dict.fromkeys(paths)}
