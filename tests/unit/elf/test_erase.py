"""What an image asked for is overwritten, and nothing beside it."""

from __future__ import annotations

import contextlib

import pytest

from devenv.elf.erase import erase_requests
from devenv.elf.image import parse_elf
from devenv.elf.patch import ElfChange, patch_elf
from devenv.elf.tables import ElfError
from tests.unit.elf.images import Sketch, make_elf


def test_old_requests_are_overwritten() -> None:
    """Neither interpreter nor search paths can be read any more; names of libraries can, and nothing has moved."""
    content = make_elf(Sketch(rpath=b"/store/abc-old/lib:/b", runpath=b"/store/def-old", soname=b"libx.so"))
    erased = erase_requests(content)
    assert len(erased) == len(content)
    for gone in (b"/store/abc-old", b"/store/def-old", b"/lib64/ld-linux"):
        assert gone in content
        assert gone not in erased
    image = parse_elf(erased)
    assert image is not None
    assert (image.needed, image.soname) == ((b"libm.so.6", b"libc.so.6"), b"libx.so")


def test_shared_ends_stay() -> None:
    """A linker lets a symbol called `lib` begin in a path that ends so: the last name stays, unless it is long."""
    assert b"XX/lib\0" in erase_requests(make_elf(Sketch(rpath=b"/store/abc-old/lib")))
    erased = erase_requests(make_elf(Sketch(rpath=b"/store/0123456789abcdfghijklmnpqrsvwxyz-a")))
    assert b"0123456789abcdfghijklmnpqrsvwxyz" not in erased


def test_new_requests_can_be_made() -> None:
    """An image without its old requests takes new ones, or none."""
    erased = erase_requests(make_elf(Sketch(rpath=b"/store/abc-old/lib")))
    for rpath in (b"/new", b""):
        image = parse_elf(patch_elf(erased, ElfChange(b"/loader", rpath)))
        assert image is not None
        assert (image.interpreter, image.rpath) == (b"/loader", rpath or None)


def test_nothing_to_erase() -> None:
    """An image that asks for nothing stays as it is."""
    content = make_elf(Sketch(interpreter=None))
    assert erase_requests(content) == content


def test_damaged_images() -> None:
    """Every truncation is an error or leaves what is there."""
    content = make_elf(Sketch(rpath=b"/a/b", has_sections=False))
    for length in range(len(content)):
        with contextlib.suppress(ElfError):
            assert len(erase_requests(content[:length])) == length
    with pytest.raises(ElfError):
        erase_requests(content[:100])
