"""Links in a project to its environment, for programs that follow no hook: editors, and a virtual environment.

    <project>/.devenv/.gitignore   `*`: nothing here is anybody else's
    <project>/.devenv/env          → the environment's object
    <project>/.devenv/python       → what the Python of a virtual environment lies in (`virtual_environment`)

A link is replaced by one rename. The directory may have come with a hostile checkout: it is opened without following a
link and must be the user's own, and all that happens in it goes by its descriptor. What is there under the names of
the links is replaced if it is a file or a link, never followed. Nothing is written before the project is allowed.
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from devenv.errors import ActivationError, Place
from devenv.fault_points import fault_point
from devenv.fsutil import DISK_FULL, OPEN_DIRECTORY, UNFINISHED, NamedErrors, temporary_name

DIRECTORY_NAME = ".devenv"
ENVIRONMENT_LINK = "env"
PYTHON_LINK = "python"
IGNORE_NAME = ".gitignore"


def link_path(project: Path, name: str) -> Path:
    """Where one of the links lies."""
    return project / DIRECTORY_NAME / name


def publish_link(project: Path, name: str, target: Path) -> None:
    """Make the link `name` lead to `target`, in one step. The project is allowed.

    Raises ActivationError (`project-directory-unfit`) where the directory is not one of the user's own, or cannot be
    written; OSError where the disk is full.
    """
    try:
        with NamedErrors(link_path(project, name)), _open_directory(project) as directory:
            _replace_link(directory, name, str(target))
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        raise _unfit(project, error.strerror or str(error)) from error


@contextlib.contextmanager
def _open_directory(project: Path) -> Iterator[int]:
    """The descriptor of `.devenv`, made where it is missing. Raises OSError, ActivationError."""
    with contextlib.ExitStack() as opened:
        above = os.open(project, OPEN_DIRECTORY)
        opened.callback(os.close, above)
        with contextlib.suppress(FileExistsError):
            os.mkdir(DIRECTORY_NAME, 0o755, dir_fd=above)
        directory = os.open(DIRECTORY_NAME, OPEN_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
        opened.callback(os.close, directory)
        status = os.fstat(directory)
        if status.st_uid != os.geteuid():
            raise _unfit(project, "it belongs to somebody else")
        if status.st_mode & stat.S_IWOTH:
            raise _unfit(project, "everybody may write into it")
        _remove_unfinished(directory)
        _ignore(directory)
        yield directory


def _remove_unfinished(directory: int) -> None:
    """Delete what killed processes left; a living one whose link goes as well makes it again."""
    for name in os.listdir(directory):
        if UNFINISHED.fullmatch(name):
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=directory)


def _ignore(directory: int) -> None:
    """Have git ignore the directory, unless something of that name is there."""
    try:
        os.stat(IGNORE_NAME, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        _replace(directory, IGNORE_NAME, functools.partial(_write_ignore_file, directory))


def _write_ignore_file(directory: int, temporary: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, 0o644, dir_fd=directory)
    try:
        os.write(descriptor, b"*\n")
    finally:
        os.close(descriptor)


def _replace_link(directory: int, name: str, target: str) -> None:
    with contextlib.suppress(OSError):
        if os.readlink(name, dir_fd=directory) == target:
            return
    _replace(directory, name, functools.partial(os.symlink, target, dir_fd=directory))


def _replace(directory: int, name: str, make: Callable[[str], None]) -> None:
    """Have `make` make something under another name, and give it this one. Raises OSError."""
    while True:
        temporary = temporary_name()
        fault_point("project-link.make")
        make(temporary)
        try:
            fault_point("project-link.replace")
            os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
        except FileNotFoundError:
            # Another process tidied it away.
            continue
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=directory)
            raise
        return


def _unfit(project: Path, reason: str) -> ActivationError:
    path = project / DIRECTORY_NAME
    return ActivationError(
        f"devenv cannot keep links for editors in `{path}`: {reason}",
        hint="move what is there away, then run `devenv allow`",
        place=Place(str(path)),
        slug="project-directory-unfit",
    )
