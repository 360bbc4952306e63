"""What `diff` and `update` return: plain values, which `devenv.ui` spells for people or for programs."""

from __future__ import annotations

from dataclasses import dataclass

from devenv.lock.review import Review
from devenv.system import System


@dataclass(frozen=True, slots=True)
class InstalledChange:
    """Bytes in the store of all that an environment is, for this machine's system; None: not all of it is there."""

    system: System
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class DiffResult:
    """What tells two locks apart. `before` and `after` say in words which they are."""

    before: str
    after: str
    review: Review
    installed: InstalledChange | None = None
    had_lock: bool = True
    """Whether there was a lock before."""
