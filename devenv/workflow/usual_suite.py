"""What stands before names of packages where somebody is, so that names which are shown there can be pasted there."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from devenv.activation.trust import Trust
from devenv.debian.suites import DEFAULT_SUITE
from devenv.environment.project import read_project, require_project_path
from devenv.errors import DevenvError
from devenv.manifest.locators import is_tree_locator
from devenv.manifest.model import usual_suite
from devenv.settings import Settings
from devenv.workflow.allowed import find_trust


def find_usual_suite(settings: Settings, start: Path) -> str:
    """That of the project at or above `start`; that of a new project where there is none, or none that can be read.

    A manifest that was not allowed is not read: looking for packages needs none (FAULTS L-07).
    """
    try:
        project = read_project(require_project_path(start))
        return usual_suite(project.manifest.inputs) if find_trust(settings, project) is Trust.ALLOWED else DEFAULT_SUITE
    except DevenvError:
        # Whoever looks for packages gets no words about a project; the verbs that need it have them.
        return DEFAULT_SUITE


def find_tree_inputs(start: Path) -> frozenset[str]:
    """The names of the inputs that are trees, of the project at or above `start`.

    Raises UsageError, ManifestError.
    """
    manifest = read_project(require_project_path(start)).manifest
    return frozenset(name for name, locator in manifest.inputs.items() if is_tree_locator(locator))


def choose_suite(having: Collection[str], usual: str) -> str:
    """The suite to offer a package from: the usual one, else the last of those that have it (oldest first)."""
    return usual if usual in having else list(having)[-1]
