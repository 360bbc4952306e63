"""One binary package of Debian's archive, as its index describes it.

A record is only made from text by `devenv.debian.packages_file`, through `make_record`, which checks everything that
becomes part of a path, an address or a lock. What is made again from our own cache needs no second check.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from devenv.debian.version import VERSION_LIMIT, VERSION_PATTERN

NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9+.-]{1,99}", re.ASCII)
"""A package's name by Debian's policy (section 5.6.1), bounded."""

FILENAME_PATTERN = re.compile(r"pool(?!.{500})(?:/(?!\.)[A-Za-z0-9.+~_%:-]+)+\.deb", re.ASCII)
"""A path below the archive's pool that does not climb or hide; real ones have up to 180 characters."""

FORMS = {
    "Package": NAME_PATTERN.pattern,
    "Version": VERSION_PATTERN.pattern,
    "Architecture": r"[a-z0-9][a-z0-9-]{1,30}",
    "Filename": FILENAME_PATTERN.pattern,
    "Size": r"[1-9][0-9]{0,11}",
    "SHA256": r"[0-9a-f]{64}",
}
"""The fields that a package must have, and their forms."""

FIELDS_PATTERN = re.compile("".join(f"{form}\n" for form in FORMS.values()), re.ASCII)
"""All of them, a line each: one match instead of six, 70,000 times."""

HOMEPAGE_PATTERN = re.compile(r"https?://[!-~]{1,500}", re.ASCII)

SECTION_PATTERN = re.compile(r"[a-z0-9/-]{1,60}", re.ASCII)
MULTI_ARCH = frozenset({"same", "foreign", "allowed"})

SUMMARY_LIMIT = 200
"""Characters; real ones have up to 120."""

ARCHIVES = frozenset({"main", "security"})
"""Where packages lie: security updates come from an archive of their own."""


@dataclass(frozen=True, slots=True)
class DebRecord:
    """A package in one version for one architecture."""

    name: str
    version: str
    architecture: str
    """`amd64` and the like; `all` where it is for any."""
    section: str
    """`libs`, `doc` and the like; empty where none is given."""
    summary: str
    homepage: str | None
    depends: str
    """Pre-Depends and Depends, joined by `, `; see `parse_relations`."""
    provides: str
    """See `parse_provides`."""
    multi_arch: str
    """`same`, `foreign`, `allowed`, or empty."""
    essential: bool
    filename: str
    """Its path within the archive: `pool/…`."""
    size: int
    """Bytes."""
    sha256: str
    """64 hexadecimal digits."""
    archive: str
    """`main` or `security`."""

    @property
    def locator(self) -> str:
        """Names the file whatever mirror it comes from: `debian:pool/…`, `debian:security/pool/…`.

        A locator is part of an address, and a percent sign of a file's name is written as apt writes it there.
        """
        path = self.filename.replace("%", "%25")
        return f"debian:{path}" if self.archive == "main" else f"debian:{self.archive}/{path}"


def is_name(text: str) -> bool:
    """Whether `text` may be a package's name."""
    return NAME_PATTERN.fullmatch(text) is not None


def make_record(fields: Mapping[str, str], archive: str) -> DebRecord:
    """The package that the fields of an index' paragraph describe.

    Raises ValueError that names the package where a field is missing or not in its form. A paragraph that offers no
    SHA-256 is refused whatever weaker sums it has.
    """
    field = fields.get
    name, version, architecture = field("Package", ""), field("Version", ""), field("Architecture", "")
    filename, size, sha256 = field("Filename", ""), field("Size", ""), field("SHA256", "")
    text = f"{name}\n{version}\n{architecture}\n{filename}\n{size}\n{sha256}\n"
    if FIELDS_PATTERN.fullmatch(text) is None or len(version) > VERSION_LIMIT:
        raise ValueError(_describe_defect(fields))
    depends, earlier = field("Depends", ""), field("Pre-Depends")
    homepage, multi_arch = field("Homepage"), field("Multi-Arch", "")
    return DebRecord(
        name,
        version,
        architecture,
        _clean_section(field("Section", "")),
        _clean(field("Description", "")),
        homepage if homepage is not None and HOMEPAGE_PATTERN.fullmatch(homepage) else None,
        depends if not earlier else f"{earlier}, {depends}" if depends else earlier,
        field("Provides", ""),
        multi_arch if multi_arch in MULTI_ARCH else "",
        field("Essential") == "yes",
        filename,
        int(size),
        sha256,
        archive,
    )


@functools.lru_cache(256)
def _clean_section(section: str) -> str:
    """One string for all packages of a section; nothing where it is no plain name."""
    return section if SECTION_PATTERN.fullmatch(section) else ""


def _clean(summary: str) -> str:
    """The one-line summary, without anything that could steer a terminal."""
    line = summary.partition("\n")[0][:SUMMARY_LIMIT]
    return line if line.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in line)


def _describe_defect(fields: Mapping[str, str]) -> str:
    """What is wrong with the first field that is."""
    place = f"{fields.get('Package', '')[:100]!a} in the package index"
    for name, form in FORMS.items():
        if name not in fields:
            return f"{place} has no field `{name}`"
        if re.fullmatch(f"{form}\n", f"{fields[name]}\n", re.ASCII) is None:
            return f"{place} has {fields[name][:100]!a} as `{name}`, which is not valid"
    return f"{place} has a version of more than {VERSION_LIMIT} characters"
