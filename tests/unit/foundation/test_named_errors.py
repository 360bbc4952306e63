"""Errors of the system say where they happened."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from devenv.fsutil import NamedErrors

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_error_of_a_descriptor(tmp_path: Path) -> None:
    """A full disk, which a write to a descriptor finds, is told with the path (B-01)."""
    with FULL.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space") as caught:  # noqa: SIM117
        with NamedErrors(tmp_path):
            os.write(file.fileno(), b"x")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path))


def test_error_of_a_name_in_a_directory(tmp_path: Path) -> None:
    """A name relative to a descriptor says nothing to a person; a whole path stays as it is."""
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(FileNotFoundError) as caught, NamedErrors(tmp_path):
            os.unlink(b"missing", dir_fd=descriptor)
        assert caught.value.filename == str(tmp_path)
    finally:
        os.close(descriptor)
    with pytest.raises(FileNotFoundError) as whole, NamedErrors(tmp_path):
        os.unlink(tmp_path / "missing")
    assert Path(whole.value.filename) == tmp_path / "missing"
