"""What living processes are working with: a collection keeps it, though nothing lasting leads to it yet.

Each process has one file below `<base>/temporary-roots`, locked as long as it lives, with a store path a line. The
rule that closes the races of FAULTS D-01 to D-03: a path is written there *before* anybody asks whether it is valid,
under the shared marking lock, which a collection holds alone from reading these files until it has invalidated what is
dead. So a path is either kept, or found to be invalid afterwards.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from devenv.fault_points import fault_point
from devenv.fsutil import NamedErrors, locked, read_regular
from devenv.store.layout import Layout
from devenv.store_path import StorePath, parse_store_path

FILE_LIMIT = 64 << 20
"""Bytes of one process's file that are looked at: about 300,000 paths."""


class TemporaryRoots:
    """This process's temporary roots in one store. `close` ends them."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._turn = threading.Lock()
        self._kept: set[StorePath] = set()
        self._opened = contextlib.ExitStack()
        self._descriptor: int | None = None

    def keep(self, paths: Iterable[StorePath]) -> None:
        """Keep `paths` and all they refer to from now on, whether or not they are valid yet."""
        with self._turn:
            new = [path for path in paths if path not in self._kept]
            if new:
                try:
                    self._write("".join(f"{path}\n" for path in new).encode())
                except OSError as error:
                    # What is read-only to us, no collection of ours can delete.
                    if error.errno not in {errno.EROFS, errno.EACCES}:
                        raise
                self._kept.update(new)

    def _write(self, lines: bytes) -> None:
        with locked(self._layout.marking_lock, shared=True), NamedErrors(self._layout.temporary_roots):
            fault_point("temporary-root.write")
            if self._descriptor is None:
                self._descriptor = self._make_file()
            if os.write(self._descriptor, lines) != len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._layout.temporary_roots))

    def _make_file(self) -> int:
        """Made and locked while no collection reads: to it, a file that is not locked is a dead process's."""
        # The number is for people; another process may have it one day, so it decides nothing (FAULTS A-16).
        path = self._layout.temporary_roots / f"{os.getpid()}-{os.urandom(8).hex()}"
        self._opened.enter_context(locked(path))
        self._opened.callback(path.unlink, missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        self._opened.callback(os.close, descriptor)
        return descriptor

    def close(self) -> None:
        """Keep nothing any more."""
        self._opened.close()
        self._descriptor = None
        self._kept.clear()


def read_temporary_roots(layout: Layout, *, tidy: bool = True) -> set[StorePath]:
    """What living processes keep; `tidy` removes the files of dead ones. The caller holds the marking lock alone."""
    kept: set[StorePath] = set()
    for name in os.listdir(layout.temporary_roots):
        path = layout.temporary_roots / name
        with locked(path, wait=False) as abandoned:
            if abandoned and tidy:
                path.unlink(missing_ok=True)
            if not abandoned:
                kept.update(_read_paths(path))
    return kept


def _read_paths(path: Path) -> Iterable[StorePath]:
    for line in read_regular(path, FILE_LIMIT).decode(errors="replace").splitlines():
        # What is no path was cut off by a full disk: the process that wrote it was told.
        with contextlib.suppress(ValueError):
            yield parse_store_path(line)
