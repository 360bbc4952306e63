"""The one door to dangerous work on the file system: atomic writes, locks, renames, deletion.

Everything here either happens whole or not at all, and nothing follows a symbolic link it did not make itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import functools
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from devenv.fault_points import fault_point

TEMPORARY_PREFIX = ".tmp-"
"""Names of unfinished things; whoever finds one without a living owner may delete it."""

UNFINISHED = re.compile(re.escape(TEMPORARY_PREFIX) + "[0-9a-f]{16}")
"""What `temporary_name` makes, and nobody else in a directory of theirs."""

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The numbers of errors that say there is no space, or no inode, for us."""

OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
RENAME_EXCL = 4
RENAME_SWAP = 2
AT_FDCWD = -100


def temporary_name() -> str:
    """A name for an unfinished file or directory that nothing else uses."""
    return f"{TEMPORARY_PREFIX}{os.urandom(8).hex()}"


def make_private_directory(path: Path) -> Path:
    """Make `path` and its parents; what is new is readable by its owner only. Returns `path`."""
    missing = []
    place = path
    while not place.is_dir():
        missing.append(place)
        place = place.parent
    for directory in reversed(missing):
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
    return path


def make_public_directory(path: Path) -> None:
    """Make `path` and its parents; what is new is readable by everybody, whatever the umask says."""
    if path.is_dir():
        return
    make_public_directory(path.parent)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o755)
        # What a parent hands down, its group say, stays.
        path.chmod(path.stat().st_mode & 0o7777 | 0o755)


class NamedErrors:
    """Lets errors say where they happened, at `path`, that come of calls on descriptors and so name nothing whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, OSError):
            name = error.filename
            if not (isinstance(name, (str, bytes)) and os.path.isabs(name)):
                error.filename = str(self._path)


def sync_directory(path: Path) -> None:
    """Make the entries of a directory durable."""
    with NamedErrors(path):
        descriptor = os.open(path, OPEN_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_atomic(path: Path, content: bytes, mode: int = 0o644, times: tuple[int, int] | None = None) -> None:
    """Replace `path` by a file with `content`: old or new after a crash, never half.

    `times` are access and modification time in nanoseconds. A symbolic link at `path` is replaced, not followed.
    """

    def make(temporary: Path) -> None:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb", closefd=True) as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if times is not None:
                os.utime(file.fileno(), ns=times)
            os.fsync(file.fileno())

    _replace(path, make)


def replace_link(path: Path, target: str) -> None:
    """Make `path` a symbolic link to `target` in one step, whatever link or file stood there."""
    _replace(path, functools.partial(os.symlink, target))


def _replace(path: Path, make: Callable[[Path], None]) -> None:
    """Have `make` make something at a name beside `path`, and put it at `path`."""
    with NamedErrors(path):
        while not _try_replace(path, make):
            # Another process tidied it away (`remove_unfinished`). If the whole directory has gone, `make` raises.
            pass
    fault_point("file.sync")
    sync_directory(path.parent)


def _try_replace(path: Path, make: Callable[[Path], None]) -> bool:
    """Whether it stands at `path` now; False: what was made is gone."""
    temporary = path.parent / temporary_name()
    try:
        fault_point("file.make")
        make(temporary)
        fault_point("file.replace")
        try:
            os.replace(temporary, path)
        except FileNotFoundError:
            return False
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    return True


def find_unfinished(directory: Path) -> list[Path]:
    """What `write_atomic` and `replace_link` have not finished in `directory`, in order; directories are not theirs."""
    try:
        with os.scandir(directory) as entries:
            names = [
                each.name
                for each in entries
                if UNFINISHED.fullmatch(each.name) and not each.is_dir(follow_symlinks=False)
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [directory / name for name in sorted(names)]


def remove_unfinished(directory: Path) -> None:
    """Delete what killed processes left of `write_atomic` and `replace_link` in `directory` (FAULTS A-09).

    Needs no lock and no guess from a file's age: a living writer whose file goes as well makes it again.
    """
    for path in find_unfinished(directory):
        path.unlink(missing_ok=True)


def read_regular(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    Opened without blocking and checked on the descriptor, so that a FIFO or a device put there cannot hang us
    (FAULTS K-05). Raises OSError: FileNotFoundError, `EFBIG` where it is longer, `EINVAL` where it is no regular file.
    """
    return read_regular_status(path, limit)[0]


def read_regular_status(path: Path, limit: int) -> tuple[bytes, os.stat_result]:
    """The same, with what the system says of the very file that was read, asked before: a later write shows in it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        status = os.fstat(descriptor)
        # Before `open`: that refuses a directory in its own way and leaves the descriptor open.
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit} bytes", str(path))
    return content, status


Rename = Callable[[bytes, bytes], int]


@functools.cache
def _native_rename(linux_flag: int, macos_flag: int) -> Rename | None:
    """The system's rename with a flag of Linux (`renameat2`) or of macOS (`renamex_np`)."""
    library = ctypes.CDLL(None, use_errno=True)
    linux, macos = getattr(library, "renameat2", None), getattr(library, "renamex_np", None)
    if linux is not None:
        return lambda source, target: int(linux(AT_FDCWD, source, AT_FDCWD, target, linux_flag))
    if macos is not None:
        return lambda source, target: int(macos(source, target, macos_flag))
    return None


def _try_rename(rename: Rename | None, source: Path, target: Path) -> bool:
    """Whether the system did it; False: it does not know how. Raises OSError."""
    if rename is None:
        return False
    if rename(os.fsencode(source), os.fsencode(target)) == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}:
        return False
    raise OSError(number, os.strerror(number), str(source), None, str(target))


def rename_new(source: Path, target: Path) -> None:
    """Rename without replacing. Raises FileExistsError where `target` exists, even as an empty directory."""
    if _try_rename(_native_rename(RENAME_NOREPLACE, RENAME_EXCL), source, target):
        return
    # A file system without the call: the check and the rename are two steps; callers hold the path's lock.
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    os.rename(source, target)


def exchange(one: Path, other: Path) -> None:
    """Let two names in one directory change places: at no time is either of them missing."""
    if _try_rename(_native_rename(RENAME_EXCHANGE, RENAME_SWAP), one, other):
        return
    # A file system without the call: `other` is missing for a moment; callers hold the path's lock.
    aside = one.with_name(temporary_name())
    os.rename(other, aside)
    os.rename(one, other)
    os.rename(aside, one)


def delete_tree(path: Path) -> None:
    """Delete a file or a directory with all it holds, read-only directories and any depth included.

    Iterative, relative to directory descriptors, and with one of them open at a time: neither a path's length nor the
    number of open files limits the depth (FAULTS B-10), and a directory swapped for a link meanwhile is not followed
    (D-12, J-07). Nothing there is no error.
    """
    try:
        parent = os.open(path.parent, OPEN_DIRECTORY)
    except FileNotFoundError:
        return
    with NamedErrors(path):
        _delete_entry(parent, os.fsencode(path.name))


def _delete_entry(current: int, entry: bytes) -> None:
    """Delete `entry` in the directory `current`, a descriptor that is closed then."""
    names = [entry]
    above: list[tuple[os.stat_result, bytes, list[bytes]]] = []
    try:
        while names or above:
            if not names:
                status, name, names = above.pop()
                current = _reopen(current, b"..", status)
                os.rmdir(name, dir_fd=current)
            elif not _try_unlink(name := names.pop(), current):
                # A directory of mode 0000 cannot be opened to be changed: its mode changes by name. We made the parent
                # ours already, so nobody else can put a link here.
                status = os.stat(name, dir_fd=current, follow_symlinks=False)
                os.chmod(name, 0o700, dir_fd=current)
                above.append((os.fstat(current), name, names))
                current = _reopen(current, name, status)
                names = [os.fsencode(entry) for entry in os.listdir(current)]
    finally:
        os.close(current)


def _try_unlink(name: bytes, directory: int) -> bool:
    """Whether the entry has gone; False: it is a directory."""
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return True
    except OSError as error:
        # Linux says EISDIR, others EPERM, which may also mean what it says.
        if error.errno not in {errno.EISDIR, errno.EPERM}:
            raise
        if not stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            raise
        return False
    return True


def _reopen(directory: int, name: bytes, expected: os.stat_result) -> int:
    """Open the directory `name` in `directory`, which must be the `expected` one, and close `directory`."""
    descriptor = os.open(name, OPEN_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
    if not os.path.samestat(os.fstat(descriptor), expected):
        os.close(descriptor)
        raise OSError(errno.ESTALE, "a directory was moved while it was being deleted", os.fsdecode(name))
    os.close(directory)
    return descriptor


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[bool]:
    """Hold the lock file `path` (made where missing); yields whether it is held, always True when `wait`.

    `flock` belongs to the open file, so a killed holder frees it, and the number of a dead process means nothing
    (FAULTS A-12, A-16). After a wait the file may have been deleted by its last holder: then it is opened afresh.
    """
    operation = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(descriptor, operation)
            except BlockingIOError:
                yield False
                return
            try:
                here = os.stat(path, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if os.path.samestat(here, os.fstat(descriptor)):
                yield True
                return
        finally:
            os.close(descriptor)
