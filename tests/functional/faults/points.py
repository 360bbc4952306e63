"""Points at which a fault can be put: the named ones of `devenv.fault_points`, and calls to the system and to SQLite.

`kill` ends the process at a point, as `kill -9` does; `full` lets this and every later point that needs space fail
with ENOSPC; `broken` lets the one point fail with EIO. Errors of calls on descriptors come without a name, as real ones
do: that devenv's errors name a path all the same is devenv's work.

Nothing is synchronised in earnest: that a killed process leaves what it wrote to the system's cache is given. Power
loss is another test.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sqlite3
from collections.abc import Callable
from typing import Any, Literal, get_args

from devenv import fsutil
from devenv.fault_points import set_fault_handler
from devenv.store import syncing

Action = Literal["kill", "full", "broken"]
ACTIONS: tuple[Action, ...] = get_args(Action)

TAKE_SPACE = ("open", "mkdir", "write", "symlink", "link", "posix_fallocate")
CHANGE = ("read", "unlink", "rmdir", "chmod", "fchmod", "utime", "fsync", "ftruncate", "pwrite", "rename", "replace")
BY_DESCRIPTOR = {"read", "write", "fchmod", "fsync", "ftruncate", "pwrite", "posix_fallocate"}

READING = ("PRAGMA", "SELECT", "ROLLBACK", "WITH")
"""How statements begin that need no space."""


class Faults:
    """Counts points, and acts at the one numbered `number` (from 1; 0: at none). Remembers the names that it met."""

    def __init__(self, action: Action, number: int = 0) -> None:
        self._action = action
        self._number = number
        self.passed = 0
        self.names: dict[str, int] = {}
        """Named points, each with the number at which it was passed first."""

    def pass_point(self, *, takes_space: bool) -> int:
        """The error number that the call at this point is to fail with, or 0."""
        if self._action == "full" and not takes_space:
            return 0
        self.passed += 1
        if self._number == 0 or self.passed < self._number:
            return 0
        if self._action == "full":
            return errno.ENOSPC
        if self.passed > self._number:
            return 0
        if self._action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return errno.EIO

    def pass_name(self, name: str) -> None:
        """What `fault_point` calls."""
        self.names.setdefault(name, self.passed + 1)
        if number := self.pass_point(takes_space=True):
            raise OSError(number, os.strerror(number), f"/point/{name}")

    def wrap(self, name: str, function: Callable[..., Any], *, takes_space: bool) -> Callable[..., Any]:
        """`function` of the module `os` as a point."""

        def point(*arguments: Any, **named: Any) -> Any:
            needs_space = takes_space and not (name == "open" and not arguments[1] & os.O_CREAT)
            if number := self.pass_point(takes_space=needs_space):
                place = () if name in BY_DESCRIPTOR or isinstance(arguments[0], int) else (arguments[0],)
                raise OSError(number, os.strerror(number), *place)
            return function(*arguments, **named)

        return point

    def call_or_fail(self, function: Callable[..., int]) -> Callable[..., int]:
        """A function of the C library as a point: it says that it failed by its result."""

        def point(*arguments: Any) -> int:
            number = self.pass_point(takes_space=True)
            ctypes.set_errno(number)
            return -1 if number else function(*arguments)

        return point

    def before_statement(self, statement: str) -> None:
        """Fail as SQLite does."""
        if number := self.pass_point(takes_space=not statement.lstrip().startswith(READING)):
            error = sqlite3.OperationalError("fault")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL if number == errno.ENOSPC else sqlite3.SQLITE_IOERR
            raise error


def install(faults: Faults) -> None:
    """Put points everywhere in this process, for good."""
    set_fault_handler(faults.pass_name)
    for name in TAKE_SPACE:
        setattr(os, name, faults.wrap(name, getattr(os, name), takes_space=True))
    for name in CHANGE:
        real = (lambda _: None) if name == "fsync" else getattr(os, name)
        setattr(os, name, faults.wrap(name, real, takes_space=False))
    sync = faults.call_or_fail(lambda _: 0)
    syncing._syncfs = lambda: sync  # type: ignore[assignment]
    _install_rename(faults)
    _install_connection(faults)


def _install_rename(faults: Faults) -> None:
    native = fsutil._native_rename

    def find(linux_flag: int, macos_flag: int) -> fsutil.Rename | None:
        function = native(linux_flag, macos_flag)
        return None if function is None else faults.call_or_fail(function)

    fsutil._native_rename = find  # type: ignore[assignment]


def _install_connection(faults: Faults) -> None:
    class Connection(sqlite3.Connection):
        """A connection whose statements are points."""

        def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
            faults.before_statement(statement)
            return super().execute(statement, *parameters)

        def executemany(self, statement: str, parameters: Any) -> sqlite3.Cursor:
            faults.before_statement(statement)
            return super().executemany(statement, parameters)

    connect = sqlite3.connect
    sqlite3.connect = lambda *given, **named: connect(*given, **named, factory=Connection)  # type: ignore[assignment]
