"""Whether a project may act: its content, as it was read, was allowed."""

from __future__ import annotations

import contextlib

from devenv.activation import trust
from devenv.activation.last_allowed import LastAllowed
from devenv.activation.trust import Content, Trust, has_allowed, trust_of
from devenv.activation.trust_records import Allowance
from devenv.environment.project import Project, acting_names, dotenv_names
from devenv.errors import DevenvError, Place, TrustError
from devenv.settings import Settings
from devenv.workflow.tools import Tools


def trust_in(tools: Tools, project: Project) -> Trust:
    """Whether the project's content, as it was read, was allowed.

    Where manifest and lock were not, nothing is done with them but hashing (FAULTS L-01, L-07); the further files are
    read where they were. Raises as `read_watched_file` does.
    """
    return find_trust(tools.settings, project)


def find_trust(settings: Settings, project: Project) -> Trust:
    """The same for those who have settings alone."""
    content = _content_of(project)
    found = trust_of(settings, project.path, content)
    if settings.trust_worktrees and found in {Trust.UNKNOWN, Trust.CHANGED}:
        from devenv.activation.worktrees import iter_siblings

        if any(has_allowed(settings, each, content) for each in iter_siblings(project.path)):
            return Trust.ALLOWED
    return found


def require_allowed(tools: Tools, project: Project) -> None:
    """Raises TrustError where the project's content, as it was read, was not allowed."""
    found = trust_in(tools, project)
    if found is Trust.ALLOWED:
        return
    reasons = {
        Trust.CHANGED: "changed since it was allowed",
        Trust.DENIED: "was denied",
        Trust.UNKNOWN: "was never allowed",
    }
    raise TrustError(
        f"`{project.path}` {reasons[found]}",
        hint="`devenv allow --dry-run` shows what it would let act, `devenv allow` lets it",
        place=Place(str(project.manifest_path)),
    )


def record_allowed(settings: Settings, project: Project) -> None:
    """Record that the project may act with the content that was read, and with no other.

    Raises ManifestError, TrustError, and as `read_watched_file` does.
    """
    trust.allow(settings, project.path, make_allowed(project))


def make_allowed(project: Project) -> LastAllowed:
    """The project's content as `allow` records it. Raises as `record_allowed` does."""
    project = project.whole
    files = project.further_digests(acting_names(project.manifest))
    variables = {name: _variable_names(project, name) for name in dotenv_names(project.manifest)}
    return LastAllowed(Allowance(project.content_digest, files), project.manifest_bytes, project.lock_bytes, variables)


def _variable_names(project: Project, name: str) -> tuple[str, ...]:
    """The variables that stand in a file of them; none where it cannot be read, which whoever enters is told."""
    from devenv.manifest.dotenv import parse_dotenv

    content = project.further_file(name).content
    with contextlib.suppress(DevenvError):
        return tuple(parse_dotenv(content or b"", name))
    return ()


def _content_of(project: Project) -> Content:
    project = project.whole
    return Content(
        digest=project.content_digest,
        placed=project.digest,
        digests=project.further_digests,
        names=lambda: acting_names(project.manifest),
    )
