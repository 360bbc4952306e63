"""Programs find the certificates that the packages would have collected at installation."""

from __future__ import annotations

import base64

import pytest

from devenv.build.bundle.certificates import MAX_FILE_BYTES, MAX_FILES, format_truststore
from devenv.errors import BuildError
from tests.debs import TarEntry, symlink
from tests.trees import Link
from tests.unit.build.bundle.conftest import Bundle
from tests.unit.build.bundle.test_merge import file, slug_of

LINK = b"usr/lib/jvm/java/lib/security/cacerts"
STORE = b"root/etc/ssl/certs/java/cacerts"

VECTOR = (
    "feedfeed0000000200000001"
    "00000002"
    "000161"
    "0000000000000000"
    "0005582e353039"
    "000000017e"
    "49151b11dcb353dc969f75b3eb2411139d4ad8e5"
)
"""Such a store with another certificate and time is what `keytool -importcert -storetype JKS` writes, to the byte."""

BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"


def certificate(name: bytes, der: bytes) -> TarEntry:
    return file(b"usr/share/ca-certificates/mozilla/" + name, BEGIN + base64.encodebytes(der) + END)


def test_store_is_made(bundle: Bundle) -> None:
    """The link in the JDK leads to a store of all certificates, whatever order they come in."""
    java = [symlink(LINK, b"/etc/ssl/certs/java/cacerts")]
    certificates = [certificate("Root_ä.crt".encode(), b"two"), certificate(b"A.crt", b"one")]
    built = bundle({"java": java, "ca-certificates": certificates})
    assert built[STORE] == format_truststore({"a.crt": b"one", "root_ä.crt": b"two"})
    assert built[b"root/" + LINK] == Link(b"../../../../../../etc/ssl/certs/java/cacerts")


def test_one_file_of_all_certificates(bundle: Bundle) -> None:
    """What OpenSSL reads holds each certificate once, in the order of their names, and nothing that is none."""
    certificates = [certificate(b"b.crt", b"two"), certificate(b"a.crt", b"one")]
    built = bundle({"ca-certificates": [*certificates, file(b"usr/share/ca-certificates/mozilla/c.crt", b"none")]})
    text = built[b"root/etc/ssl/certs/ca-certificates.crt"]
    assert isinstance(text, bytes)
    assert [base64.b64decode(each.split(b"-----")[0]) for each in text.split(b"CERTIFICATE-----\n")[1::2]] == [
        b"one",
        b"two",
    ]
    assert text.endswith(b"-----END CERTIFICATE-----\n")


@pytest.mark.parametrize("text", [BEGIN + b"QUJD=QUI\n" + END, BEGIN + b"x" * MAX_FILE_BYTES + END])
def test_damaged(bundle: Bundle, text: bytes) -> None:
    """A certificate that is none, or has the size of something else, is an error that names it."""
    java = [symlink(LINK, b"/etc/ssl/certs/java/cacerts")]
    with pytest.raises(BuildError, match=r"`a.crt` is no certificate") as caught:
        bundle({"java": java, "ca-certificates": [file(b"usr/share/ca-certificates/mozilla/a.crt", text)]})
    assert slug_of(caught) == "archive-invalid"


def test_too_many(bundle: Bundle) -> None:
    """All certificates are in memory at once, so there is an end to them."""
    entries = [certificate(b"%d.crt" % number, b"x") for number in range(MAX_FILES + 1)]
    with pytest.raises(BuildError) as caught:
        bundle({"ca-certificates": entries})
    assert slug_of(caught) == "archive-invalid"
    assert bundle({"ca-certificates": entries[1:]})


def test_beginnings_without_an_end(bundle: Bundle) -> None:
    """Where a certificate has no end, the next one counts: the text between is not looked through again."""
    text = BEGIN * 100 + certificate(b"a", b"one").content + BEGIN * 100
    built = bundle({"ca-certificates": [file(b"usr/share/ca-certificates/mozilla/a.crt", text)]})
    assert built[b"root/etc/ssl/certs/ca-certificates.crt"] == certificate(b"a", b"one").content


def test_no_store_without_java(bundle: Bundle) -> None:
    """Certificates alone stay as they are, and a JDK without certificates has no link that leads nowhere."""
    assert STORE not in bundle({"ca-certificates": [certificate(b"a.crt", b"one")]})
    java = bundle({"java": [symlink(LINK, b"/etc/ssl/certs/java/cacerts"), file(b"usr/lib/jvm/java/release")]})
    assert STORE not in java
    assert b"root/" + LINK not in java


def test_format() -> None:
    """Magic number, version, count; tag, alias, time, type, content; checksum."""
    assert format_truststore({"a": b"~"}) == bytes.fromhex(VECTOR)
