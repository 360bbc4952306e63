"""The vectors of tampered locks: each is noticed where the specification says, or rightly by nobody (FAULTS K-06)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devenv.environment.lock_derivations import LockDerivations
from devenv.errors import LockError, ResolutionError
from devenv.fetch.artifacts import verify_file
from devenv.lock.model import Lock
from devenv.lock.parse import parse_lock
from devenv.lock.satisfies import iter_unsatisfied
from devenv.manifest.model import Manifest
from devenv.manifest.parse import parse_manifest
from devenv.packages.package import BuildPlan, BuildRequest, Package, WheelSource
from devenv.resources import resource_path
from devenv.system import System

TAMPERED = resource_path("lockfile", "vectors", "tampered")
INDEX = json.loads((TAMPERED / "index.json").read_text("utf-8"))
SYSTEM = System(INDEX["system"])


class VectorSet:
    """The package set of the vectors: every package is one fetched file, as their derivation says."""

    revision = f"blake3:{'9f' * 32}"

    def has(self, name: str) -> bool:
        """It has what the original lock has."""
        return name in read_lock(INDEX["original"]).packages

    def package(self, name: str) -> Package:
        """A project of the index with the package's name, in any version."""
        return Package(name, "", "", None, (WheelSource(name),), ())

    def build(self, name: str, request: BuildRequest) -> BuildPlan:
        """The vectors' derivation."""
        template = INDEX["derivation"]
        arguments = {**template["arguments"], "name": template["arguments"]["name"].replace("PACKAGE", name)}
        assert request.source is not None
        return BuildPlan(template["builder"], arguments, (request.source,))


def read_lock(file: str) -> Lock:
    return parse_lock((TAMPERED / file).read_bytes(), file)


def find_noticing(file: str, manifest: Manifest, scratch: Path) -> tuple[str, str | None]:
    """Who notices that something is wrong with the lock, in the order in which it is used, and the reason."""
    try:
        lock = read_lock(file)
    except LockError as error:
        return "text", error.slug
    reason = next(iter(iter_unsatisfied(lock, manifest)), None)
    if reason is not None:
        return "manifest", type(reason).__name__
    derivations = LockDerivations({"base": VectorSet()}, manifest, lock, SYSTEM)
    for name in sorted(lock.packages):
        try:
            derivations.package(name, None)
        except (LockError, ResolutionError) as error:
            return ("answer" if error.slug == "lock-stale" else "derivation"), None
    for artifact in lock.iter_artifacts():
        scratch.write_text(INDEX["files"][artifact.locator])
        if scratch.stat().st_size != artifact.size or not verify_file(scratch, artifact.sha256):
            return "file", None
    return "nobody", None


@pytest.mark.parametrize("case", INDEX["cases"], ids=lambda case: Path(case["file"]).stem)
def test_tampered_lock(case: dict[str, Any], tmp_path: Path) -> None:
    """Each change is noticed by text, manifest, answer, derivation or file, and one that is as good by nobody."""
    manifest = parse_manifest((TAMPERED / INDEX["manifest"]).read_bytes())
    assert (TAMPERED / case["file"]).read_bytes() != (TAMPERED / INDEX["original"]).read_bytes()
    assert find_noticing(case["file"], manifest, tmp_path / "file") == (case["noticed_by"], case.get("reason"))


def test_original_is_right(tmp_path: Path) -> None:
    """Before it was tampered with, nothing is wrong with the lock of the vectors."""
    manifest = parse_manifest((TAMPERED / INDEX["manifest"]).read_bytes())
    assert find_noticing(INDEX["original"], manifest, tmp_path / "file") == ("nobody", None)


def test_every_vector_is_listed() -> None:
    """No tampered lock goes untested in another implementation."""
    listed = {INDEX["manifest"], INDEX["original"], "index.json", *(case["file"] for case in INDEX["cases"])}
    assert listed == {path.name for path in TAMPERED.iterdir()}
