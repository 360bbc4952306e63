"""What the files of a project are called."""

from __future__ import annotations

MANIFEST_NAME = "devenv.toml"
LOCK_NAME = "devenv.lock"
WATCHED_NAMES = (MANIFEST_NAME, LOCK_NAME)
"""The files of every project that decide what its environment is."""
