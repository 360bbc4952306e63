"""Puts hooks into the startup files of shells, and takes them out again."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from devenv import fsutil
from devenv.activation.hook_files import hook_path, hooks_path, remove_hook, write_hook
from devenv.activation.shells import SHELLS, require_shell
from devenv.activation.startup_files import (
    find_evaluation,
    format_reading,
    has_reading,
    put_reading,
    startup_path,
    take_reading,
)
from devenv.activation.state import leave_inherited
from devenv.errors import Place, UsageError
from devenv.workflow.hook_results import HookSetupResult, StartupFile
from devenv.workflow.tools import Tools

STARTUP_LIMIT = 16 << 20
"""Bytes of a startup file; far above what people have."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A startup file as it is: `target` without symbolic links; `content` None where there is none."""

    shell: str
    path: Path
    target: Path
    content: bytes | None
    mode: int


def install_hooks(tools: Tools, shells: Sequence[str], program: Path, *, dry_run: bool) -> HookSetupResult:
    """Have new shells of these kinds (none given: the user's own) read the hook.

    Raises UsageError: `shell-unknown`, `startup-file-unclear`, `startup-file-refused`.
    """
    environ = leave_inherited(tools.settings, tools.environ)
    settings = tools.settings
    names = [require_shell(name).name for name in shells or [_own_shell(environ)]]
    changes: list[tuple[_Found, bytes]] = []
    for found in _find_all(tools, dict.fromkeys(names), environ):
        lines = format_reading(found.shell, hook_path(settings, found.shell), settings.home)
        changes.append((found, put_reading(found.content, lines, str(found.path))))
    if not dry_run:
        with _alone(tools):
            for found, content in changes:
                write_hook(settings, found.shell, program)
                _write(found, content)
    return HookSetupResult(True, dry_run, tuple(_report(*change) for change in changes))


def uninstall_hooks(tools: Tools, shells: Sequence[str], *, dry_run: bool) -> HookSetupResult:
    """Undo `install_hooks` for these shells; none given: for all that have it. Raises as that does."""
    environ = leave_inherited(tools.settings, tools.environ)
    names = [require_shell(name).name for name in shells or SHELLS]
    changes = [
        (found, found.content and take_reading(found.content, str(found.path)))
        for found in _find_all(tools, dict.fromkeys(names), environ)
        if shells or has_reading(found.content)
    ]
    if not dry_run:
        with _alone(tools):
            for found, content in changes:
                _write(found, content)
            for name in names:
                remove_hook(tools.settings, name)
    return HookSetupResult(False, dry_run, tuple(_report(*change) for change in changes))


def _own_shell(environ: Mapping[str, str]) -> str:
    name = Path(environ.get("SHELL", "")).name
    if not name:
        raise UsageError(
            "which shell is yours is not known: `SHELL` is not set",
            hint=f"name it, as in `devenv hook --install {next(iter(SHELLS))}`",
            slug="shell-unknown",
        )
    return name


def _find_all(tools: Tools, names: Iterable[str], environ: Mapping[str, str]) -> Iterator[_Found]:
    own = dict(environ)
    # zsh that `devenv shell` started reads our directory first, and keeps the user's there.
    if own.get("ZDOTDIR", "").startswith(f"{tools.settings.state}/"):
        own["ZDOTDIR"] = own.get("DEVENV_USER_ZDOTDIR", "")
    for name in names:
        yield _find(name, startup_path(name, tools.settings.home, own))


def _find(shell: str, path: Path) -> _Found:
    target = Path(os.path.realpath(path))
    try:
        content, status = fsutil.read_regular_status(target, STARTUP_LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        return _Found(shell, path, target, None, 0o644)
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}", "look what it is") from error
    if status.st_uid != os.geteuid():
        # A file that is replaced would belong to whoever ran this: root, by `sudo`.
        raise _refusal(path, "belongs to another user", "run this as its owner")
    return _Found(shell, path, target, content, status.st_mode & 0o7777)


def _refusal(path: Path, reason: str, hint: str) -> UsageError:
    return UsageError(f"`{path}` {reason}", hint=hint, place=Place(str(path)), slug="startup-file-refused")


def _alone(tools: Tools) -> AbstractContextManager[bool]:
    return fsutil.locked(fsutil.make_private_directory(hooks_path(tools.settings)) / "lock")


def _write(found: _Found, content: bytes | None) -> None:
    """Make the file what it is to be, unless it is. Raises UsageError (`startup-file-refused`)."""
    fsutil.remove_unfinished(found.target.parent)
    if content == found.content:
        return
    try:
        if _find(found.shell, found.path).content != found.content:
            raise _refusal(found.path, "is being changed by something else", "run this again")
        if content is None:
            found.target.unlink()
        else:
            found.target.parent.mkdir(parents=True, exist_ok=True)
            fsutil.write_atomic(found.target, content, found.mode)
    except OSError as error:
        raise _refusal(
            found.path,
            f"cannot be written: {error.strerror}",
            "change it where it comes from, as `--dry-run` shows",
        ) from error


def _report(found: _Found, content: bytes | None) -> StartupFile:
    return StartupFile(
        found.shell,
        found.path,
        found.target,
        content != found.content,
        tuple(_diff(found, content)),
        find_evaluation(content),
    )


def _diff(found: _Found, content: bytes | None) -> Iterator[str]:
    def lines(text: bytes | None) -> list[str]:
        return (text or b"").decode("utf-8", "surrogateescape").removesuffix("\n").split("\n") if text else []

    before, after = ("/dev/null" if each is None else str(found.path) for each in (found.content, content))
    yield from difflib.unified_diff(lines(found.content), lines(content), before, after, lineterm="")
