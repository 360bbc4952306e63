"""What the files of a package are called, and in which versions: how a list of them differs from another. Pure.

A package of Debian is a bundle of packages that each have a version of their own; a wheel or an archive says its
version in its name too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devenv.debian.suites import DEBIAN

if TYPE_CHECKING:
    from devenv.lock.model import LockedArtifact


WHEEL = re.compile(r"(?P<project>[^-]+)-(?P<version>[^-]+)-.+\.whl", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that came, went or is another; versions as their makers write them (None: it is not there)."""

    name: str
    before: str | None
    after: str | None
    replaced: bool = False
    """Whether a file of the very same name has other content, which is what no registry should do."""


def compare_files(before: Iterable[LockedArtifact], after: Iterable[LockedArtifact]) -> Iterator[FileChange]:
    """What differs, in the order of names. The order of the files themselves does not count."""
    old, new = _name_files(before), _name_files(after)
    for name in sorted({*old, *new}):
        ours, theirs = old.get(name, {}), new.get(name, {})
        went = {version: each for version, each in ours.items() if theirs.get(version) != each}
        came = {version: each for version, each in theirs.items() if ours.get(version) != each}
        for version in sorted(went.keys() & came.keys()):
            yield FileChange(name, version, version, replaced=went[version][0] == came[version][0])
            del went[version], came[version]
        if len(went) == len(came) == 1:
            yield FileChange(name, next(iter(went)), next(iter(came)))
        else:
            yield from (FileChange(name, version, None) for version in sorted(went))
            yield from (FileChange(name, None, version) for version in sorted(came))


def _name_files(files: Iterable[LockedArtifact]) -> dict[str, dict[str, tuple[str, str]]]:
    """Name → version → the file's own name and its hash."""
    named: dict[str, dict[str, tuple[str, str]]] = {}
    for file in files:
        name, version = split_filename(file)
        named.setdefault(name, {})[version] = (file.filename, file.sha256)
    return named


def split_filename(file: LockedArtifact) -> tuple[str, str]:
    """Name and version of a file: `bash_5.2.37-2+b10_arm64.deb` → `bash`, `5.2.37-2+b10`."""
    filename = file.filename
    if file.locator.startswith(DEBIAN) and "_" in filename:
        name, _, rest = filename.partition("_")
        return name, rest.removesuffix(".deb").partition("_")[0] if filename.endswith(".deb") else rest
    wheel = WHEEL.fullmatch(filename)
    return (filename, "") if wheel is None else (wheel["project"], wheel["version"])
