"""Debian's names of the systems that devenv knows."""

from __future__ import annotations

from devenv.system import System

ARCHITECTURES = {System.X86_64_LINUX: "amd64", System.AARCH64_LINUX: "arm64"}
"""Debian packages are for Linux only."""
