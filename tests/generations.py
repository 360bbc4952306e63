"""Projects with generations, recorded as the services record them, with nothing in their environments."""

from __future__ import annotations

from pathlib import Path

from devenv.activation.model import Activation
from devenv.activation.state import activate_project, write_generation_scripts
from devenv.environment.project import read_project
from devenv.fsutil import make_private_directory
from devenv.generations.generations import Generation, NewGeneration, project_locked, record_generation
from devenv.generations.projects import ProjectState, iter_projects
from devenv.settings import Settings
from devenv.store.store import Store
from devenv.store_path import StorePath

ENVIRONMENT = StorePath("a" * 32, "environment")


def make_project(path: Path) -> Path:
    """A directory with a manifest."""
    path.mkdir(parents=True)
    (path / "devenv.toml").write_text("[project]\n")
    return path


def make_generation(settings: Settings, project: Path) -> Generation:
    """The project's next generation, switched to; shells that follow the project enter it."""

    def fill(directory: Path, known_as: Path) -> None:
        write_generation_scripts(directory, Activation(project, known_as))

    with Store(settings) as store, project_locked(settings, project):
        generation = record_generation(settings, store, NewGeneration(read_project(project), ENVIRONMENT, fill))
    activate_project(settings, project, generation.path)
    return generation


def pin(settings: Settings, shell: int, text: str | Path) -> Path:
    """What the hook of the shell with this number would leave."""
    path = make_private_directory(settings.state / "shells") / str(shell)
    path.write_text(str(text))
    return path


def only_project(settings: Settings) -> ProjectState:
    """The one project that there is."""
    (project,) = iter_projects(settings)
    return project
