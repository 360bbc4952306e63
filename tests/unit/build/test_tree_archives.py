"""Archives as trees: pax headers, the one directory at the top, parts of a tree (FAULTS I-04, I-08, H-09)."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from devenv.build.pax_header import parse_pax
from devenv.build.tar_header import InvalidTarError, TarKind
from devenv.build.trees.archive import iter_archive
from devenv.errors import BuildError, FetchError
from devenv.manifest.locators import parse_tree_locator
from devenv.nar.nodes import File, Symlink

ADDRESS = "https://forge.example/a.tar"


def record(key: str, value: str) -> bytes:
    """A record of a pax header."""
    text = f" {key}={value}\n".encode()
    length = len(text) + 1
    while len(str(length)) + len(text) != length:
        length = len(str(length)) + len(text)
    return f"{length}".encode() + text


def read(tmp_path: Path, fill: Callable[[tarfile.TarFile], None], query: str = "") -> dict[str, bytes]:
    """The files and links of an archive that `fill` makes: path → content or target."""
    path = tmp_path / "archive"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        fill(archive)
    found = {}
    with tempfile.TemporaryFile() as spool:
        for node in iter_archive(path, parse_tree_locator(ADDRESS + query), spool.fileno()):
            name = b"/".join(node.path).decode()
            if isinstance(node, File):
                found[name] = b"".join(node.content)
            elif isinstance(node, Symlink):
                found[name] = node.target
    return found


def add(archive: tarfile.TarFile, name: str, content: bytes = b"x", **fields: object) -> None:
    """Put a file, or what `fields` make of it, into an archive."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for key, value in fields.items():
        setattr(member, key, value)
    archive.addfile(member, io.BytesIO(content))


def test_long_names_and_links(tmp_path: Path) -> None:
    """Names beyond a header's fields, links and hard links come as they are; a single top directory goes."""
    long = "n" * 200

    def fill(archive: tarfile.TarFile) -> None:
        add(archive, f"top/{long}/é", b"1")
        add(archive, "top/link", b"", type=tarfile.SYMTYPE, linkname="t" * 300)
        add(archive, "top/hard", b"", type=tarfile.LNKTYPE, linkname=f"top/{long}/é")

    assert read(tmp_path, fill) == {f"{long}/é": b"1", "link": b"t" * 300, "hard": b"1"}


def test_top_and_parts(tmp_path: Path) -> None:
    """Where there is more than one directory at the top nothing is taken away; `dir` gives a part, or is an error."""

    def fill(archive: tarfile.TarFile) -> None:
        add(archive, "a/b/c")
        add(archive, "d")

    assert set(read(tmp_path, fill)) == {"a/b/c", "d"}
    assert set(read(tmp_path, fill, "?dir=a/b")) == {"c"}
    with pytest.raises(FetchError) as caught:
        read(tmp_path, fill, "?dir=b")
    assert caught.value.slug == "input-directory-missing"


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a//b"])
def test_names_that_lead_out(tmp_path: Path, name: str) -> None:
    """A name that leads out of the tree is refused, said by pax too (I-04)."""
    with pytest.raises(BuildError) as caught:
        read(tmp_path, lambda archive: add(archive, "a", pax_headers={"path": name}))
    assert caught.value.slug == "archive-invalid"


def test_device(tmp_path: Path) -> None:
    """Devices and FIFOs are refused (I-08)."""
    with pytest.raises(BuildError):
        read(tmp_path, lambda archive: add(archive, "a", b"", type=tarfile.FIFOTYPE))


@pytest.mark.parametrize(
    ("content", "is_global"),
    [
        (b"x", False),
        (b"99 path=a\n", False),
        (b"8 path=a\n", False),
        (b"10 path=a\0\n", False),
        (record("path", "a") * 2, False),
        (record("path", "a"), True),
        (record("size", "1"), False),
        (record("hdrcharset", "BINARY"), False),
        (record("GNU.sparse.map", "0,1"), False),
        (record("path", "a" * 5000), False),
        (b"5 ab\n", False),
    ],
)
def test_refused_pax_headers(content: bytes, is_global: bool) -> None:
    """What is damaged, said twice, or would make another reader see another tree is refused (I-04)."""
    with pytest.raises(InvalidTarError):
        parse_pax(content, is_global=is_global)


def test_pax_headers() -> None:
    """Names count; times, owners and attributes do not."""
    content = (
        record("mtime", "1.5") + record("path", "é") + record("SCHILY.xattr.user.x", "y") + record("linkpath", "b")
    )
    assert parse_pax(content, is_global=False) == {TarKind.LONG_NAME: "é".encode(), TarKind.LONG_TARGET: b"b"}
    assert parse_pax(record("comment", "1" * 40), is_global=True) == {}
