"""Reads a lock, strictly: what the specification does not name is refused, and so is a text that is not canonical TOML.

The wire types below mirror the specification; values are checked here once, so that nothing after this module meets an
impossible digest, size or path.
"""

from __future__ import annotations

import re
import tomllib
from typing import Annotated, Any

import msgspec

from devenv.errors import ForeignFileError, LockError, Place
from devenv.lock.model import LOCK_VERSION, Lock, LockedArtifact, LockedBuild, LockedInput, LockedPackage
from devenv.store_path import parse_store_path
from devenv.system import System, parse_requirement

CONFLICT_MARKER = re.compile(r"^(<<<<<<<|=======|>>>>>>>)( |$)", re.MULTILINE)

ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Blake3 = Annotated[str, msgspec.Meta(pattern=r"^blake3:[0-9a-f]{64}$")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
LocatorText = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]*:[\x21-\x7e]+$", max_length=2000)]
PackageNameText = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9+._-]*$", max_length=100)]


class _Artifact(msgspec.Struct, forbid_unknown_fields=True):
    locator: LocatorText
    sha256: Sha256
    size: Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
    requires: ShortText | None = None


class _Build(msgspec.Struct, forbid_unknown_fields=True):
    derivation: Blake3
    artifacts: list[_Artifact] = []
    output: ShortText | None = None


class _Package(msgspec.Struct, forbid_unknown_fields=True):
    input: PackageNameText
    request: ShortText
    version: ShortText
    systems: dict[System, _Build] = {}
    lacking: dict[System, ShortText] = {}


class _Input(msgspec.Struct, forbid_unknown_fields=True):
    locator: LocatorText
    revision: ShortText


class _Lock(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    fingerprint: Blake3
    inputs: dict[PackageNameText, _Input] = {}
    packages: dict[PackageNameText, _Package] = {}


def parse_lock(text: bytes, file: str) -> Lock:
    """The lock that `text` says. `file` names it in errors.

    Raises ForeignFileError where the file is another tool's, LockError (`lock-invalid`, `lock-conflict`, `lock-newer`).
    """
    document = _parse_document(text, file)
    version = document.get("version")
    if isinstance(version, int) and version > LOCK_VERSION:
        raise LockError(
            f"the lock has format {version}; this devenv reads format {LOCK_VERSION}",
            hint="use a newer devenv",
            place=Place(file),
            slug="lock-newer",
        )
    try:
        return _to_lock(msgspec.convert(document, _Lock))
    except (msgspec.ValidationError, ValueError) as error:
        raise _invalid(str(error), file) from error


def _invalid(reason: str, file: str, line: int | None = None) -> LockError:
    return LockError(
        f"the lock is not valid: {reason}",
        hint=f"restore `{file}` from version control, or delete it and run `devenv lock`",
        place=Place(file, line),
    )


def _parse_document(text: bytes, file: str) -> dict[str, Any]:
    if text.lstrip()[:1] == b"{":
        raise ForeignFileError(
            "the lock belongs to another tool (it is JSON, devenv's is TOML); it was left alone",
            hint="move it away, or keep this project's `devenv.toml` in another directory",
            place=Place(file),
        )
    try:
        decoded = text.decode()
    except UnicodeDecodeError as error:
        raise _invalid("it is not UTF-8", file, text.count(b"\n", 0, error.start) + 1) from error
    marker = CONFLICT_MARKER.search(decoded)
    if marker is not None:
        raise LockError(
            "the lock holds the markers of a merge conflict",
            hint="take either side with `git checkout --ours devenv.lock`, then run `devenv lock`",
            place=Place(file, decoded.count("\n", 0, marker.start()) + 1),
            slug="lock-conflict",
        )
    try:
        return tomllib.loads(decoded)
    except tomllib.TOMLDecodeError as error:
        raise _invalid(str(error), file) from error
    except RecursionError as error:
        raise _invalid("it is nested too deeply", file) from error


def _to_lock(lock: _Lock) -> Lock:
    inputs = {name: LockedInput(name, each.locator, each.revision) for name, each in lock.inputs.items()}
    for name, package in lock.packages.items():
        if package.input not in inputs:
            raise ValueError(f"`packages.{name}` names the input `{package.input}`, which is not there")
    packages = {
        name: LockedPackage(
            name=name,
            input=each.input,
            request=each.request,
            version=each.version,
            systems={system: _to_build(build) for system, build in each.systems.items()},
            lacking=each.lacking,
        )
        for name, each in lock.packages.items()
    }
    return Lock(lock.fingerprint, inputs, packages)


def _to_build(build: _Build) -> LockedBuild:
    artifacts = tuple(
        LockedArtifact(
            each.locator, each.sha256, each.size, None if each.requires is None else parse_requirement(each.requires)
        )
        for each in build.artifacts
    )
    output = None if build.output is None else parse_store_path(build.output)
    return LockedBuild(artifacts, build.derivation, output)
