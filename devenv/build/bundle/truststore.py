"""Java's certificates, which `ca-certificates-java` makes at installation, by a Java program that cannot run here.

The file is a key store in the format JKS (`sun.security.provider.JavaKeyStore`), which every Java since 1.2 reads:
magic number, version, count; for each certificate its tag, alias, time and DER; last the SHA-1 of a password, a
greeting and all before it. Numbers are big-endian, texts have two bytes of length in front.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Mapping

from devenv.build.bundle.paths import name_of, parent
from devenv.build.bundle.tree import Made, Tree

TRUSTSTORE = b"etc/ssl/certs/java/cacerts"
"""Where the links in Debian's JDKs lead."""
CERTIFICATES = b"usr/share/ca-certificates/mozilla"
OWNER = "ca-certificates-java"

MAGIC, VERSION, CERTIFICATE_TAG = 0xFEEDFEED, 2, 2
SEED = "changeit".encode("utf-16-be") + b"Mighty Aphrodite"
"""The password of every JDK's own key store, and the greeting: they guard against damage, all inside is public."""
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


def add_truststore(tree: Tree) -> None:
    """Make the key store from the certificates in the tree, if there are some; links that nobody has are no matter."""
    certificates: dict[str, bytes] = {}
    for path in sorted(tree.files):
        if parent(path) == CERTIFICATES:
            match = PEM.search(tree.files[path].read())
            if match is not None:
                certificates[name_of(path).decode(errors="replace").lower()] = base64.b64decode(match[1])
    if certificates and any(path.startswith(b"usr/lib/jvm/") for path in tree.links):
        tree.put(TRUSTSTORE, Made(OWNER, False, format_truststore(certificates)))


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
