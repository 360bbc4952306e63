"""Answers `devenv build` where nothing has changed, without evaluating anything."""

from __future__ import annotations

from pathlib import Path

from devenv.environment.project import read_project, require_project_path
from devenv.manifest.model import DEFAULT_ENVIRONMENT
from devenv.workflow.allowed import require_allowed
from devenv.workflow.build_links import LinkChoice, link_builds
from devenv.workflow.build_memo import BuildMemo, memo_stamp, read_memo
from devenv.workflow.build_results import BuildResult, Built
from devenv.workflow.tools import Tools


def find_known_builds(
    tools: Tools, start: Path, names: tuple[str, ...], links: LinkChoice, environment: str = DEFAULT_ENVIRONMENT
) -> BuildResult | None:
    """What `build_project` would return, where everything that is asked for is known and there; None otherwise.

    Raises UsageError, TrustError.
    """
    project = read_project(require_project_path(start)).select(environment)
    require_allowed(tools, project)
    memo = read_memo(tools, project, memo_stamp(tools, project))
    if memo is None:
        return None
    wanted = tuple(dict.fromkeys(names)) or memo.names
    if not wanted or not all(name in memo.builds for name in wanted) or not _is_current(tools, project.path, memo):
        return None
    objects = {name: memo.builds[name].path for name in wanted}
    tools.store.keep(objects.values())
    if not all(tools.store.is_valid(path) for path in set(objects.values())):
        return None
    made = link_builds(tools, project.path, objects, links)
    built = (Built(name, path, memo.builds[name].derivation, False, made.get(name)) for name, path in objects.items())
    return BuildResult(project.path, tuple(built))


def _is_current(tools: Tools, project: Path, memo: BuildMemo) -> bool:
    """Whether the project's files are those that the builds were made of."""
    if not memo.sources:
        return True
    from devenv.workflow.project_files import ProjectFiles

    files = ProjectFiles(tools, project)
    return all(files.find(path) == known for path, known in memo.sources.items())
