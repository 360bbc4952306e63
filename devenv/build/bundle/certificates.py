"""What `ca-certificates` and `ca-certificates-java` make at installation: all certificates in one file, and Java's.

Java's is made there by a Java program, which cannot run here. It is a key store in the format JKS
(`sun.security.provider.JavaKeyStore`), which every Java since 1.2 reads: magic number, version, count; for each
certificate its tag, alias, time and DER; last the SHA-1 of a password, a greeting and all before it. Numbers are
big-endian, texts have two bytes of length in front.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Mapping

from devenv.build.bundle.paths import name_of, parent
from devenv.build.bundle.tree import Made, Tree
from devenv.errors import BuildError
from devenv.manifest.wording import format_shown_path

BUNDLE = b"etc/ssl/certs/ca-certificates.crt"
"""What OpenSSL, GnuTLS, curl and others read."""
TRUSTSTORE = b"etc/ssl/certs/java/cacerts"
"""Where the links in Debian's JDKs lead."""
CERTIFICATES = b"usr/share/ca-certificates/mozilla"
OWNER = "ca-certificates"

MAGIC, VERSION, CERTIFICATE_TAG = 0xFEEDFEED, 2, 2
SEED = "changeit".encode("utf-16-be") + b"Mighty Aphrodite"
"""The password of every JDK's own key store, and the greeting: they guard against damage, all inside is public."""
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([^-]++)-----END CERTIFICATE-----")
"""No letter of Base64 is a hyphen, so that nothing is looked at twice."""
MAX_FILE_BYTES = 1 << 16
"""Of a certificate; the largest of Mozilla's has 2,800."""
MAX_FILES = 1000
"""Mozilla has 140."""


def add_certificates(tree: Tree) -> None:
    """Make both from the certificates in the tree, if there are some; Java's only beside a JDK.

    Raises BuildError (`archive-invalid`) where there are too many, or one is too large, or is to be Java's and is
    damaged.
    """
    paths = sorted(path for path in tree.files if parent(path) == CERTIFICATES)
    if len(paths) > MAX_FILES:
        raise BuildError(f"the bundle has more than {MAX_FILES} certificates", slug="archive-invalid")
    texts = {name_of(path): _read(tree, path) for path in paths}
    found = {name: match for name, text in texts.items() if (match := PEM.search(text)) is not None}
    if not found:
        return
    tree.put(BUNDLE, Made(OWNER, False, b"".join(match[0] + b"\n" for match in found.values())))
    if any(path.startswith(b"usr/lib/jvm/") for path in tree.links):
        ders = {name.decode(errors="replace").lower(): _decode(name, match[1]) for name, match in found.items()}
        tree.put(TRUSTSTORE, Made(OWNER, False, format_truststore(ders)))


def _read(tree: Tree, path: bytes) -> bytes:
    file = tree.files[path]
    if file.size > MAX_FILE_BYTES:
        raise _invalid(name_of(path), f"it has more than {MAX_FILE_BYTES} bytes")
    return file.read()


def _decode(name: bytes, text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError as error:
        raise _invalid(name, str(error)) from error


def _invalid(name: bytes, reason: str) -> BuildError:
    return BuildError(f"`{format_shown_path(name)}` is no certificate: {reason}", slug="archive-invalid")


def format_truststore(certificates: Mapping[str, bytes]) -> bytes:
    """The key store that trusts each of the certificates: alias → DER. Same certificates, same bytes."""
    entries = [
        struct.pack(">I", CERTIFICATE_TAG)
        + _format_text(alias)
        + struct.pack(">Q", 0)
        + _format_text("X.509")
        + struct.pack(">I", len(der))
        + der
        for alias, der in sorted(certificates.items())
    ]
    body = struct.pack(">III", MAGIC, VERSION, len(entries)) + b"".join(entries)
    # The format wants this SHA-1; what vouches for the content is the digest of the store's object.
    digest = hashlib.sha1(SEED + body, usedforsecurity=False)
    return body + digest.digest()


def _format_text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">H", len(encoded)) + encoded
