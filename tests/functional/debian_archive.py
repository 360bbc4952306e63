"""A Debian archive on the loopback interface: signed releases and package indexes, made as a test wants them."""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pysequoia import SignatureMode, Tsk, sign

from tests.functional.loopback import Registry

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEBIAN_DATE = "%a, %d %b %Y %H:%M:%S UTC"


def make_stanza(name: str, version: str, *, pool: str = "pool/main", architecture: str = "amd64", **fields: str) -> str:
    """A package as an index lists it; names of further `fields` are written with `_` for `-`."""
    values = {
        "Package": name,
        "Version": version,
        "Architecture": architecture,
        "Description": f"the package {name}",
        "Filename": f"{pool}/{name[0]}/{name}/{name}_{version}_{architecture}.deb",
        "Size": "1000",
        "SHA256": hashlib.sha256(f"{name} {version}".encode()).hexdigest(),
    } | {key.replace("_", "-"): value for key, value in fields.items()}
    return "".join(f"{key}: {value}\n" for key, value in values.items() if value) + "\n"


def make_source_stanza(name: str, version: str, *archives: str, form: str = "3.0 (quilt)") -> str:
    """A source package as an index lists it, with these `archives` besides Debian's own files."""
    upstream, _, revision = version.rpartition(":")[2].partition("-")
    names = [f"{name}_{upstream}.orig.tar.gz", *archives] if revision else list(archives)
    own = [f"{name}_{upstream}-{revision}.debian.tar.xz", f"{name}_{upstream}.orig.tar.gz.asc"] if revision else []
    files = [f"{name}_{upstream}.dsc", *names, *own]
    sums = "".join(f"\n {hashlib.sha256(file.encode()).hexdigest()} {len(file)} {file}" for file in files)
    fields = {
        "Package": name,
        "Binary": f"{name}, lib{name}",
        "Version": version,
        "Format": form,
        "Files": "\n d41d8cd98f00b204e9800998ecf8427e 1 weak.tar.gz",
        "Checksums-Sha256": sums,
        "Directory": f"pool/main/{name[0]}/{name}",
    }
    return "".join(f"{key}: {value}\n" for key, value in fields.items()) + "\n"


@dataclass(frozen=True, slots=True)
class Pocket:
    """What is published of a pocket."""

    name: str
    stanzas: Sequence[str] = ()
    date: datetime = NOW - timedelta(days=1)
    valid_until: datetime | None = None
    codename: str | None = None
    by_hash: bool = True
    architectures: Sequence[str] = ("amd64",)
    sums: str = "SHA256"
    """The field that has the sums."""
    sources: Sequence[str] = ()
    """Stanzas of its source packages; without any it has no index of those."""
    index: bytes | None = None
    """The index as it is sent, where it is not just the stanzas, packed."""


@dataclass(slots=True)
class MadeArchive:
    """An archive at `base` of `registry`, whose releases are signed with `key`."""

    registry: Registry
    base: str
    """The path at which it lies; ends in a slash."""
    key: Tsk = field(default_factory=lambda: Tsk.generate("Archive <archive@archive.example>"))

    @property
    def address(self) -> str:
        return self.registry.files.rstrip("/") + self.base

    def path(self, below: str) -> str:
        """The path in requests of what lies at `below` the base."""
        return self.base + below

    def release_path(self, pocket: str) -> str:
        return self.path(f"dists/{pocket}/InRelease")

    def offer(self, name: str, content: bytes, version: str = "1.0-1", **fields: str) -> str:
        """Lay a package's file into the pool; returns what an index says of it, for any architecture."""
        described = {"Size": str(len(content)), "SHA256": hashlib.sha256(content).hexdigest()} | fields
        self.registry.put(self.path(f"pool/main/{name[0]}/{name}/{name}_{version}_all.deb"), content)
        return make_stanza(name, version, architecture="all", **described)

    def publish(self, pocket: Pocket) -> bytes:
        """Offer `pocket`; returns its signed release."""
        sums = []
        for architecture in pocket.architectures:
            plain = "".join(pocket.stanzas).encode()
            packed = pocket.index if pocket.index is not None else lzma.compress(plain)
            directory = f"main/binary-{architecture}"
            for path, content in ((f"{directory}/Packages", plain), (f"{directory}/Packages.xz", packed)):
                sums.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} {path}\n")
            digest = hashlib.sha256(packed).hexdigest()
            below = f"{directory}/by-hash/SHA256/{digest}" if pocket.by_hash else f"{directory}/Packages.xz"
            self.registry.put(self.path(f"dists/{pocket.name}/{below}"), packed)
        if pocket.sources:
            packed = lzma.compress("".join(pocket.sources).encode())
            digest = hashlib.sha256(packed).hexdigest()
            sums.append(f" {digest} {len(packed)} main/source/Sources.xz\n")
            self.registry.put(self.path(f"dists/{pocket.name}/main/source/by-hash/SHA256/{digest}"), packed)
        return self.publish_release(pocket, f"{pocket.sums}:\n{''.join(sums)}")

    def publish_release(self, pocket: Pocket, sums: str) -> bytes:
        fields = {
            "Origin": "Debian",
            "Codename": pocket.codename or pocket.name,
            "Date": pocket.date.strftime(DEBIAN_DATE),
            "Valid-Until": pocket.valid_until.strftime(DEBIAN_DATE) if pocket.valid_until is not None else "",
            "Acquire-By-Hash": "yes" if pocket.by_hash else "",
            "Components": "main",
        }
        text = "".join(f"{key}: {value}\n" for key, value in fields.items() if value) + sums
        content = sign(self.key.signer(), text.encode(), mode=SignatureMode.CLEAR)
        self.registry.put(self.release_path(pocket.name), content)
        return content
