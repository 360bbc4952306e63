"""What lies in a project itself for its environment: links for editors, and a virtual environment."""

from __future__ import annotations

from devenv.environment.project import Project
from devenv.errors import ActivationError
from devenv.events import Notice
from devenv.store_path import StorePath
from devenv.workflow.project_links import ENVIRONMENT_LINK, publish_link
from devenv.workflow.tools import Tools


def equip_project(tools: Tools, project: Project, environment: StorePath) -> None:
    """Have the project's links lead to this environment, and make its virtual environment. The project is allowed.

    Where nothing can be written into the project, that is told, and shells have the environment all the same. Raises
    ActivationError where the virtual environment cannot be made.
    """
    path = tools.store.path(environment)
    venv = project.manifest.python.venv
    try:
        # Editors follow what shells enter, which is the default.
        if project.selected is None:
            publish_link(project.path, ENVIRONMENT_LINK, path)
    except ActivationError as error:
        if venv is not None:
            raise
        tools.report(Notice(error.message))
    if venv is not None:
        from devenv.workflow.virtual_environment import provide_virtual_environment

        provide_virtual_environment(tools, project.path, venv, path, project.selected)
