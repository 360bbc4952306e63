"""Follows a project whose files changed, while its shells go on: the answer to what hooks ask in the background.

What was allowed and is realized is switched to; what was allowed and is not, is realized first, and until then, or
where that fails, shells keep the environment that they have. What was not allowed takes the environment away. One
process works for a project, and one more may wait for its turn: it looks at the files afterwards, so that no change is
lost however many shells ask.

    <state>/projects/<id>/refresh         lock of the process at work
    <state>/projects/<id>/refresh.next    lock of the one that waits
    <state>/projects/<id>/refresh.log     what the last realizing said
    <state>/projects/<id>/refresh.failed  digest of the content that could not be realized, and what to say of it
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from devenv import fsutil
from devenv.activation import state
from devenv.activation.answers import ANSWER_LIMIT, write_answer
from devenv.activation.trust import Trust
from devenv.environment.project import Project, read_project, require_project_path
from devenv.errors import DevenvError
from devenv.events import Notice
from devenv.manifest.wording import format_shown
from devenv.settings import Settings
from devenv.workflow.allowed import require_allowed, trust_in
from devenv.workflow.enter import Entered, activate, enter_realized, find_entered
from devenv.workflow.results import ReloadResult
from devenv.workflow.tools import Tools

LOG_NAME = "refresh.log"
FAILED_NAME = "refresh.failed"

UNREADABLE = "project-unreadable"
"""Slug of errors of the system about the project's files."""

LogInto = Callable[[Path], AbstractContextManager[object]]
"""Has what is reported meanwhile written into this file."""


def log_path(settings: Settings, project: Path) -> Path:
    """What the last realizing in the background said."""
    return _state_path(settings, project) / LOG_NAME


def refresh_changed(tools: Tools, path: Path, log_into: LogInto) -> str | None:
    """Bring the shells of the project at `path` to what its files say now.

    Whatever goes wrong is told to them, and returned; None: they have what the files say.
    """
    with _turn(tools.settings, path) as ours:
        told = _refresh(tools, path, log_into) if ours else None
        if told is not None:
            _answer(tools, path, told)
        return told


def reload_project(tools: Tools, start: Path) -> ReloadResult:
    """Realize what was allowed and have shells enter it, as `refresh_changed` does, while somebody waits for it.

    Raises TrustError, LockError, ActivationError, FetchError, BuildError; shells then keep what they have.
    """
    path = require_project_path(start)
    with ExitStack() as opened:
        if not opened.enter_context(fsutil.locked(_make_state(tools.settings, path) / "refresh", wait=False)):
            tools.report(Notice("the new environment is being made in the background; waiting for it"))
            opened.enter_context(fsutil.locked(_state_path(tools.settings, path) / "refresh"))
        project = read_project(path)
        require_allowed(tools, project)
        before = state.find_active_generation(tools.settings, path)
        entered = _enter(tools, project)
        return ReloadResult(path, entered.generation.number, entered.generation.path != before)


def _refresh(tools: Tools, path: Path, log_into: LogInto) -> str | None:
    try:
        project = read_project(path)
        trust = trust_in(tools, project)
    except DevenvError as error:
        if error.slug == UNREADABLE:
            # A disk that fails says nothing of what is allowed; what shells have was.
            return f"the environment of {_shown(path)} stays as it was: {error.message}; see `devenv reload`"
        return _withdraw(tools, path, f"{error.message}; the environment was left")
    if trust is Trust.CHANGED:
        changed = f"{_shown(path)} changed since it was allowed: `devenv allow` shows what, and allows it"
        return _withdraw(tools, path, changed)
    if trust is not Trust.ALLOWED:
        state.deactivate_project(tools.settings, path)
        return None
    try:
        if find_entered(tools, project) is None:
            failure = _find_failure(tools.settings, project)
            if failure is not None:
                return failure
            _answer(tools, path, f"the new environment of {_shown(path)} is being made; `devenv reload` waits for it")
        with log_into(log_path(tools.settings, path)):
            _enter(tools, project)
    except DevenvError as error:
        failure = f"the environment of {_shown(path)} stays as it was: {error.message}; see `devenv reload`"
        _note_failure(tools.settings, project, failure)
        return failure
    except OSError as error:
        # A full disk, say: shells keep what they have.
        return f"the environment of {_shown(path)} stays as it was: {error.strerror}; see `devenv reload`"
    return None


def _enter(tools: Tools, project: Project) -> Entered:
    entered = find_entered(tools, project) or enter_realized(tools, project)
    # Realizing takes its time, and the user's last word counts (FAULTS L-06).
    require_allowed(tools, project)
    activate(tools, entered)
    (_state_path(tools.settings, project.path) / FAILED_NAME).unlink(missing_ok=True)
    return entered


def _withdraw(tools: Tools, path: Path, reason: str) -> str:
    """Take the environment away; shells find the reason at the prompt that leaves it."""
    _answer(tools, path, reason)
    state.deactivate_project(tools.settings, path, answered=True)
    return reason


def _answer(tools: Tools, path: Path, text: str) -> None:
    # Where shells cannot follow a project, none of them asked.
    with contextlib.suppress(DevenvError, OSError):
        write_answer(tools.settings, path, text)


def _shown(path: Path) -> str:
    return f"`{format_shown(path.name)}`"


@contextlib.contextmanager
def _turn(settings: Settings, path: Path) -> Iterator[bool]:
    """Yields whether this process is to work on the project: not where another one waits already."""
    directory = _make_state(settings, path)
    with ExitStack() as working:
        with fsutil.locked(directory / "refresh.next", wait=False) as ours:
            if ours:
                working.enter_context(fsutil.locked(directory / "refresh"))
        yield ours


def _state_path(settings: Settings, project: Path) -> Path:
    return state.generations_path(settings, project).parent


def _make_state(settings: Settings, project: Path) -> Path:
    return fsutil.make_private_directory(_state_path(settings, project))


def _note_failure(settings: Settings, project: Project, text: str) -> None:
    """Remember that realizing this content failed: shells that come later ask again, and would build in vain."""
    path = _state_path(settings, project.path) / FAILED_NAME
    fsutil.write_atomic(path, f"{project.digest}\n{text}\n".encode("utf-8", "backslashreplace"), 0o600)


def _find_failure(settings: Settings, project: Project) -> str | None:
    """What was said when realizing this very content failed."""
    path = _state_path(settings, project.path) / FAILED_NAME
    try:
        digest, text, *_ = fsutil.read_regular(path, 8 * ANSWER_LIMIT).decode().split("\n")
    except (OSError, ValueError):
        return None
    return text if digest == project.digest else None
