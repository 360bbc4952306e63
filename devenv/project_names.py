"""What the files of a project are called."""

from __future__ import annotations

MANIFEST_NAME = "devenv.toml"
LOCK_NAME = "devenv.lock"
WATCHED_NAMES = (MANIFEST_NAME, LOCK_NAME)
"""The files of every project that decide what its environment is."""

DIRECTORY_MARKER = ".devenv"
"""A file of this name says of the directory around it that devenv made it for this machine: it is no source."""
