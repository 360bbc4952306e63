"""What a command may make of a lock that does not answer its manifest."""

from __future__ import annotations

import enum


class LockMode(enum.Enum):
    """How a lock is held against its manifest. No command but those that are asked to change a lock changes it."""

    LOCKED = "locked"
    """It must answer the manifest."""
    FROZEN = "frozen"
    """It is used as it is: what it has is realized, whatever packages the manifest asks for."""
