"""Indexes of source packages."""

from __future__ import annotations

import hashlib

import pytest

from devenv.debian.packages_file import STANZA_LIMIT
from devenv.debian.source_record import SourceRecord
from devenv.debian.sources_file import iter_source_records
from tests.functional.debian_archive import make_source_stanza


def read(*stanzas: str, archive: str = "main") -> list[SourceRecord]:
    return list(iter_source_records(["".join(stanzas).encode()], archive))


def test_upstream_archives() -> None:
    """What upstream published counts, the main archive first; never Debian's own files or signatures."""
    (record,) = read(make_source_stanza("zlib", "1:1.3.dfsg-3", "zlib_1.3.dfsg.orig-contrib.tar.xz"))
    assert (record.name, record.version) == ("zlib", "1:1.3.dfsg-3")
    main, contrib = record.files
    assert (main.component, main.locator) == ("orig", "debian:pool/main/z/zlib/zlib_1.3.dfsg.orig.tar.gz")
    assert main.sha256 == hashlib.sha256(b"zlib_1.3.dfsg.orig.tar.gz").hexdigest()
    assert main.size == len("zlib_1.3.dfsg.orig.tar.gz")
    assert record.select("orig") == (main,)
    assert record.select("orig-contrib") == (contrib,)
    assert record.select("*") == (main, contrib)
    assert record.select("orig-other") == ()


def test_native_package() -> None:
    """A package that was made for Debian has one archive, which is upstream's; others have none of that form."""
    native = make_source_stanza("dpkg", "1.22", "dpkg_1.22.tar.xz", form="3.0 (native)")
    (record,) = read(native)
    assert [file.path for file in record.select("orig")] == ["pool/main/d/dpkg/dpkg_1.22.tar.xz"]
    (other,) = read(native.replace("3.0 (native)", "3.0 (quilt)"))
    assert other.files == ()


def test_security_locator() -> None:
    """Sources of security updates come from the archive that these lie in."""
    (record,) = read(make_source_stanza("curl", "8.1-1+deb13u1"), archive="security")
    assert record.files[0].locator == "debian:security/pool/main/c/curl/curl_8.1.orig.tar.gz"


@pytest.mark.parametrize(("old", "new", "words"), [
    ("Package: curl", "Package: ../curl", "`Package`"),
    ("Version: 8.1-1", "Version: 8 1", "`Version`"),
    ("Directory: pool/main", "Directory: pool/../main", "`Directory`"),
    ("Directory: pool/main", "Directory: /pool/main", "`Directory`"),
    ("Checksums-Sha256:", "Checksums-Sha1:", "0 files with a SHA-256"),
    ("curl_8.1.dsc", "", "no SHA-256, size and name"),
    ("curl_8.1.orig.tar.gz\n", "x/curl 8.1.orig.tar.gz\n", "no SHA-256, size and name"),
    ("Format:", "Package:", "twice"),
])  # fmt: skip
def test_invalid_paragraphs(old: str, new: str, words: str) -> None:
    """What breaks the form is refused by the package's name: paths that climb, weak sums, repeated fields (K-03)."""
    stanza = make_source_stanza("curl", "8.1-1")
    assert old in stanza
    with pytest.raises(ValueError, match="in the index of sources") as caught:
        read(stanza.replace(old, new))
    assert words in str(caught.value)


def test_files_of_odd_names_are_no_archives() -> None:
    """A file whose name leads elsewhere is never one of upstream's archives (K-03)."""
    stanza = make_source_stanza("curl", "8.1-1").replace("curl_8.1.orig.tar.gz\n", "../curl_8.1.orig.tar.gz\n")
    (record,) = read(stanza)
    assert record.files == ()


def test_two_archives_of_one_component() -> None:
    """Two main archives would leave open which one is meant: refused."""
    with pytest.raises(ValueError, match="several archives"):
        read(make_source_stanza("curl", "8.1-1", "curl_8.1.orig.tar.xz"))


def test_bounds() -> None:
    """A paragraph without end is refused before it fills the memory (K-01)."""
    with pytest.raises(ValueError, match="more than"):
        list(iter_source_records([b"Package: x\n" + b"X: y\n" * STANZA_LIMIT], "main"))
