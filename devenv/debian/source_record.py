"""One source package of Debian's archive: the archives that upstream published, as the index describes them.

Debian's own changes (`.debian.tar`, `.diff`) and signatures are left out: recipes say themselves what is to be changed.
Records are made from text by `devenv.debian.sources_file` only, through `make_source_record`, which checks everything
that becomes part of a path, an address or a lock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from devenv.debian.record import NAME_PATTERN
from devenv.debian.version import is_version

MAIN, ALL = "orig", "*"
"""Components: upstream's main archive, and all of them."""

FILE_LIMIT = 1000
"""Files of one source package; the largest has some 100."""

DIRECTORY_PATTERN = re.compile(r"pool(?!.{400})(?:/(?!\.)[A-Za-z0-9.+~_%:-]+)+", re.ASCII)
LINE_PATTERN = re.compile(r"(?P<sha256>[0-9a-f]{64}) +(?P<size>[1-9][0-9]{0,11}) +(?P<name>\S{1,200})", re.ASCII)
COMPRESSED = r"\.tar\.(?:gz|bz2|xz|lzma|zst)"
UPSTREAM_PATTERN = re.compile(
    rf"[a-z0-9][A-Za-z0-9.+~%-]*_[A-Za-z0-9.+~%-]+\.(?P<component>orig(?:-[A-Za-z0-9-]{{1,60}})?){COMPRESSED}", re.ASCII
)
NATIVE_PATTERN = re.compile(rf"[a-z0-9][A-Za-z0-9.+~%-]*_[A-Za-z0-9.+~%-]+{COMPRESSED}", re.ASCII)
DEBIAN_PATTERN = re.compile(rf".*\.debian{COMPRESSED}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One archive of a source package."""

    component: str
    """`orig` or `orig-NAME`."""
    path: str
    """Within Debian's archive: `pool/…`."""
    size: int
    """Bytes."""
    sha256: str
    """64 hexadecimal digits."""
    archive: str
    """`main` or `security`."""

    @property
    def locator(self) -> str:
        """As for a package's file: `debian:pool/…`, `debian:security/pool/…`."""
        path = self.path.replace("%", "%25")
        return f"debian:{path}" if self.archive == "main" else f"debian:{self.archive}/{path}"


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source package in one version."""

    name: str
    version: str
    files: tuple[SourceFile, ...]
    """The main archive first, then the others by their components."""

    def select(self, component: str) -> tuple[SourceFile, ...]:
        """The archives of `component` (`orig`, `orig-NAME`, or `*` for all)."""
        return tuple(each for each in self.files if component in {ALL, each.component})


class SourceIndex(Protocol):
    """The source packages of one suite."""

    def find(self, name: str) -> SourceRecord | None:
        """The newest source package of that name over the suite's pockets; None where there is none."""
        ...


def make_source_record(fields: Mapping[str, str], archive: str) -> SourceRecord:
    """The source package that the fields of an index' paragraph describe; without files where upstream has none there.

    Raises ValueError that names the package where a field is missing or not in its form.
    """
    name, version, directory = (fields.get(field, "") for field in ("Package", "Version", "Directory"))
    place = f"{name[:100]!a} in the index of sources"
    for field, value, valid in (
        ("Package", name, NAME_PATTERN.fullmatch(name) is not None),
        ("Version", version, is_version(version)),
        ("Directory", directory, DIRECTORY_PATTERN.fullmatch(directory) is not None),
    ):
        if not valid:
            raise ValueError(f"{place} has {value[:100]!a} as `{field}`, which is not valid")
    sums = [line.strip() for line in fields.get("Checksums-Sha256", "").splitlines() if line.strip()]
    if not sums or len(sums) > FILE_LIMIT:
        raise ValueError(f"{place} has {len(sums)} files with a SHA-256")
    matches = [LINE_PATTERN.fullmatch(line) for line in sums]
    found = [match for match in matches if match is not None]
    if len(found) != len(sums):
        raise ValueError(f"{place} has {sums[matches.index(None)][:100]!a}, which is no SHA-256, size and name")
    files = [
        SourceFile(component, f"{directory}/{match['name']}", int(match["size"]), match["sha256"], archive)
        for match in found
        if (component := find_component(match["name"], native="native" in fields.get("Format", ""))) is not None
    ]
    # `orig` sorts before `orig-…`. Of two of one component, which there are not, both would be one too many.
    files.sort(key=lambda file: (file.component, file.path))
    if len({file.component for file in files}) != len(files):
        raise ValueError(f"{place} has several archives of one component")
    return SourceRecord(name, version, tuple(files))


def find_component(name: str, *, native: bool = True) -> str | None:
    """Which of upstream's archives the file `name` is; None where it is none.

    Of a `native` package, which was made for Debian, the one archive is that.
    """
    match = UPSTREAM_PATTERN.fullmatch(name)
    if match is not None:
        return match["component"]
    if NATIVE_PATTERN.fullmatch(name) is None or DEBIAN_PATTERN.fullmatch(name) is not None:
        return None
    return MAIN if native else None
