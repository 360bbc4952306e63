"""Archives on the disk, opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from devenv.build.zip_archive import ZipArchive
from tests.zips import Ending, Entry, make_zip

ReadZip = Callable[..., dict[str, bytes]]


@pytest.fixture
def read_zip(tmp_path: Path) -> ReadZip:
    """Writes an archive (bytes, or entries with an ending) and reads all of its files."""

    def read(archive: bytes | Sequence[Entry], ending: Ending | None = None) -> dict[str, bytes]:
        path = tmp_path / "archive.zip"
        path.write_bytes(archive if isinstance(archive, bytes) else make_zip(archive, ending))
        with ZipArchive(path, "archive.zip") as opened:
            return {member.name: b"".join(opened.read(member)) for member in opened.members}

    return read
