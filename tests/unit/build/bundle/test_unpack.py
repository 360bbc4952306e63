"""The archives of a bundle are unpacked together, within bounds for all of them."""

from __future__ import annotations

import os
import tempfile

import pytest

from devenv.build.bundle import unpack
from devenv.errors import BuildError
from tests.unit.build.bundle.conftest import Bundle, package
from tests.unit.build.bundle.test_merge import file, slug_of


def test_few_files_are_open(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle may have more archives than a process may have open files; each content is that of its own path."""
    opened = 0
    temporary_file = tempfile.TemporaryFile

    def counted(**arguments: object) -> object:
        nonlocal opened
        opened += 1
        return temporary_file(**arguments)  # type: ignore[call-overload]

    monkeypatch.setattr(tempfile, "TemporaryFile", counted)
    count = 50
    names = [f"p{number}" for number in range(count)]
    built = bundle({name: [file(f"etc/{name}/x".encode(), name.encode())] for name in names})
    assert built == {f"root/etc/{name}/x".encode(): name.encode() for name in names}
    assert opened <= (os.cpu_count() or 1)


@pytest.mark.parametrize(("limit", "enough"), [("MAX_MEMBERS", 8), ("MAX_PATHS_BYTES", 60), ("MAX_BYTES", 20)])
def test_bounds_for_all_together(bundle: Bundle, monkeypatch: pytest.MonkeyPatch, limit: str, enough: int) -> None:
    """Members, paths with control files, and contents are bounded over all archives, and not in each alone."""
    debs = {name: package(name, [file(f"usr/lib/{name}".encode(), bytes(10))]) for name in ("a", "b")}
    monkeypatch.setattr(unpack, limit, enough)
    assert bundle(debs)
    monkeypatch.setattr(unpack, limit, enough - 1)
    with pytest.raises(BuildError) as caught:
        bundle(debs)
    assert slug_of(caught) == "archive-invalid"
    assert "beside it" in caught.value.message
