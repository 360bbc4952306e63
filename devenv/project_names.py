"""What the files of a project are called."""

from __future__ import annotations

MANIFEST_NAME = "devenv.toml"
LOCK_NAME = "devenv.lock"
