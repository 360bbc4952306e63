"""Builds on a disk that gets full: others keep some of it, and what was written goes away (J-09, B-01)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.sandbox import watch
from tests.fsck import check_store
from tests.homes import temporary_home
from tests.sandboxes import Unavailable, Workshop, host_sysroot, open_workshop

MEGABYTES = 400
FILLER = "head -c 2G /dev/zero > {place}; sleep 30"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """A workshop on a disk of its own."""
    try:
        host_sysroot()
    except Unavailable as error:
        pytest.skip(str(error))
    with temporary_home() as home:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=700", "tmpfs", str(home)]
        if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
            pytest.skip("only root mounts a small disk")
        try:
            workshop = open_workshop(home)
            with workshop.store:
                yield workshop
            check_store(workshop.settings, finished=False)
        finally:
            subprocess.run(["umount", str(home)], check=True)


def free(place: Path) -> int:
    """Bytes that are free there."""
    status = os.statvfs(place)
    return status.f_bavail * status.f_frsize


@pytest.mark.parametrize("place", ["/build/x", "/tmp/x", "$out"])
def test_filler(small: Workshop, place: str) -> None:
    """A script that fills the disk is stopped while others can still work, and all that it took is given back (J-09)."""
    before = free(small.home)
    assert small.fail(FILLER.format(place=place)).slug == "build-disk-full"
    assert free(small.home) > before - (4 << 20)


def test_full_before_anybody_looked(small: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is full before that, its log has no place: an error all the same; the next build works (B-01)."""
    monkeypatch.setattr(watch, "FREE_BYTES", 0)
    error = small.fail("head -c 2G /dev/zero > /build/x || head -c 1M /dev/zero; sleep 30")
    assert error.slug == "build-disk-full"
    assert "filled the disk" in error.message
    assert small.build("echo x > $out").read_text() == "x\n"
