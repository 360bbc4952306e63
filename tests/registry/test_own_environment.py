"""The environments of this repository: what its manifests ask for is what their locks answer, and it can be had."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from devenv.debian.architectures import ARCHITECTURES
from devenv.system import host_system
from tests.homes import temporary_home
from tests.shells.executables import OLDEST, REPOSITORY, find_on_path, realize

VERSIONS = {
    REPOSITORY: {"bash": "5.2", "zsh": "5.9", "fish": "4.", "shellcheck": "0.", "tmux": "3."},
    OLDEST: {"bash": "5.1", "zsh": "5.8", "fish": "3.6"},
}
ANSWERS: Mapping[str, str] = {"tmux": "-V"}
"""How to ask for the version where `--version` is not the word."""


@pytest.mark.skipif(host_system() not in ARCHITECTURES, reason="the shells are Debian's")
@pytest.mark.parametrize("manifests", VERSIONS, ids=["today", "oldest"])
def test_shells_of_the_tests(manifests: Path) -> None:
    """Issue 6: the shells that tests drive come out of devenv's own lock, and are those versions."""
    with temporary_home() as home:
        path = realize(home, home / "cache", manifests).partition(":")[0]
        programs = find_on_path(path)
        assert programs.keys() == VERSIONS[manifests].keys()
        for name, version in VERSIONS[manifests].items():
            command = [programs[name], ANSWERS.get(name, "--version")]
            said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
            assert version in said
