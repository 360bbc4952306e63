"""Realizing on a machine without glibc: programs from wheels run on the lock's runtime, or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.debian.record import DebRecord
from devenv.elf.image import parse_elf
from devenv.environment.answers import LockRequest
from devenv.environment.locking import lock_manifest
from devenv.environment.realize import RealizeRequest, realize_environment
from devenv.errors import ActivationError
from devenv.events import ignore
from devenv.lock.model import PinnedArtifact
from devenv.manifest.model import Manifest, PackageRequest
from devenv.packages.package_set import PackageSet
from devenv.packages.wheels import WheelFile
from devenv.store.store import Store
from devenv.system import System, host_platform
from tests.debs import TarEntry, make_deb
from tests.functional.wheels import make_wheel
from tests.unit.elf.images import Sketch, make_elf
from tests.unit.environment.conftest import MemoryIndex, MemorySuite, make_record

AMD = System.X86_64_LINUX
MANIFEST = Manifest(systems=(AMD,), packages={"just": PackageRequest("just")})
LOADER = b"usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
RUNTIME = ("libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libatomic1", "dash")

Realize = Callable[..., Path]


class ReadableIndex(MemoryIndex):
    """An index whose files can be had: `files` are their contents by SHA-256."""

    def __init__(self, *, has_debian: bool) -> None:
        self.files: dict[str, bytes] = {}
        suite = MemorySuite([self._make_deb(name) for name in RUNTIME])
        super().__init__({}, {("trixie", AMD): suite} if has_debian else None)

    def _make_deb(self, name: str) -> DebRecord:
        entries = [TarEntry(LOADER, b"a loader", mode=0o755)] if name == "libc6" else []
        deb = make_deb(entries, {"control": f"Package: {name}\n".encode()}, compression="")
        return replace(make_record(name, "1-1", "amd64"), size=len(deb), sha256=self._add(deb))

    def wheels_of(self, projects: object) -> dict[str, Sequence[WheelFile]]:
        del projects
        program = make_elf(Sketch())
        wheel = make_wheel("rust_just", "1.41.0", "py3-none-manylinux_2_17_x86_64", scripts={"just": program})
        return {"rust-just": [WheelFile(wheel.filename, f"pypi:{wheel.filename}", self._add(wheel.content))]}

    def sizes_of(self, files: object) -> dict[str, int]:
        del files
        return {sha256: len(content) for sha256, content in self.files.items()}

    def _add(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        self.files[sha256] = content
        return sha256


@pytest.fixture
def realize(base_set: PackageSet, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Realize:
    """Locks and realizes the manifest on a machine without glibc; returns the environment's program."""

    def no_glibc(name: str) -> None:
        raise ValueError(name)

    monkeypatch.setattr(os, "confstr", no_glibc)
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "", "", "", "x86_64")))
    assert host_platform() is None

    def run(*, has_debian: bool, host_libraries: bool = False) -> Path:
        index = ReadableIndex(has_debian=has_debian)
        sets = {"base": base_set}
        lock = lock_manifest(LockRequest(MANIFEST, None, sets), index)
        assert (lock.runtime is not None) is has_debian

        def fetch(pinned: Sequence[PinnedArtifact]) -> dict[str, Path]:
            paths = {each.artifact.sha256: tmp_path / each.artifact.sha256 for each in pinned}
            for sha256, path in paths.items():
                path.write_bytes(index.files[sha256])
            return paths

        request = RealizeRequest(MANIFEST, lock, sets, AMD, host_libraries=host_libraries)
        return store.path(realize_environment(request, store, fetch, ignore).path) / "bin" / "just"

    return run


def test_runtime_needs_no_glibc_of_the_host(realize: Realize, store: Store) -> None:
    """A lock with a runtime can be realized where the host has no glibc: its programs name a loader of the store."""
    image = parse_elf(realize(has_debian=True).read_bytes())
    assert image is not None
    assert image.interpreter is not None
    assert image.interpreter.startswith(bytes(store.root))
    assert image.interpreter.endswith(b"/root/" + LOADER)


@pytest.mark.parametrize(("has_debian", "host_libraries"), [(False, False), (True, True)])
def test_host_libraries_need_glibc(realize: Realize, has_debian: bool, host_libraries: bool) -> None:
    """Without a runtime, or with `runtime = "host"`, such a machine cannot have the program, and is told so."""
    with pytest.raises(ActivationError, match=r"needs glibc 2\.17 or newer; this machine has none") as caught:
        realize(has_debian=has_debian, host_libraries=host_libraries)
    assert caught.value.slug == "host-too-old"
