"""Whether a project may act: its content, as it was read, was allowed."""

from __future__ import annotations

from devenv.activation.trust import Trust, trust_of
from devenv.environment.project import Project
from devenv.errors import Place, TrustError
from devenv.workflow.tools import Tools


def trust_in(tools: Tools, project: Project) -> Trust:
    """Whether the project's content, as it was read, was allowed."""
    return trust_of(tools.settings, project.path, project.digest)


def require_allowed(tools: Tools, project: Project) -> None:
    """Raises TrustError where the project's content, as it was read, was not allowed."""
    trust = trust_in(tools, project)
    if trust is Trust.ALLOWED:
        return
    reasons = {
        Trust.CHANGED: "changed since it was allowed",
        Trust.DENIED: "was denied",
        Trust.UNKNOWN: "was never allowed",
    }
    raise TrustError(
        f"`{project.path}` {reasons[trust]}",
        hint="look at `devenv.toml` and `devenv.lock`, then run `devenv allow`",
        place=Place(str(project.manifest_path)),
    )
