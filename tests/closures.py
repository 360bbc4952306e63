"""A project whose lock has a bit of everything, and a store that has got some of it, made without building anything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devenv.events import ignore
from devenv.lock.format import format_lock
from devenv.lock.model import Lock, LockedArtifact, LockedBuild, LockedEnvironment, LockedInput, LockedPackage
from devenv.settings import default_settings
from devenv.store.database import Registration
from devenv.store.store import Store
from devenv.store_path import StorePath, parse_store_path
from devenv.system import System, host_system
from devenv.workflow.tools import Tools
from tests.homes import temporary_home

KEY = "blake3:" + "0" * 64
DATE = "2026-11-26T02:14:46Z"
OTHER = next(each for each in (System.AARCH64_LINUX, System.X86_64_LINUX) if each is not host_system())
"""A Linux that this machine has not got."""

SIZES = {"shared": 100, "jq": 1000, "git": 5000, "libc": 300, "nodejs": 20_000, "make": 7000, "curl": 900}
"""Bytes to download of each file."""
KEPT = {"runtime": 400, "jq": 2000, "git": 9000, "nodejs": 60_000, "extra": 50, "curl": 800, "make": 8000}
"""Bytes in the store of each object."""


def store_path(name: str) -> StorePath:
    """An object of that name."""
    digest = "".join("0123456789abcdfghijklmnpqrsvwxyz"[ord(letter) % 32] for letter in name)
    return parse_store_path(f"{digest:0<32.32}-{name}")


def _deb(name: str) -> LockedArtifact:
    return LockedArtifact(f"debian:pool/main/x/{name}_1.0-1_amd64.deb", f"{len(name):x}{SIZES[name]:063x}", SIZES[name])


def _package(name: str, *files: LockedArtifact, debian: bool = True, request: str = "*") -> LockedPackage:
    key = "blake3:" + f"{sum(map(ord, name)):064x}"
    builds = {
        system: LockedBuild(
            files,
            key,
            store_path(f"{name}-1.0") if system is host_system() else None,
            "debian" if debian else None,
            DATE if debian else None,
        )
        for system in (host_system(), OTHER)
    }
    lacking = {} if not debian else {System.AARCH64_DARWIN: "it is from Debian, which is for Linux only"}
    return LockedPackage(name, "base", request, "1.0", builds, lacking)


def make_lock() -> Lock:
    """`jq` and `git` share a file, `nodejs` runs on the runtime, something is built with `make`; `ci` has `shared`."""
    wheel = LockedArtifact("pypi:packages/%3Cb%3Enode-1.0-py3-none-any.whl", "e" * 64, SIZES["nodejs"])
    source = LockedArtifact("debian:pool/main/c/curl_1.0.orig.tar.xz", "f" * 64, SIZES["curl"])
    return Lock(
        KEY,
        {
            "base": LockedInput("base", "builtin:base", KEY),
            "debian": LockedInput("debian", "debian:trixie", KEY, {"trixie": DATE}),
        },
        {
            "curl": _package("curl", source),
            "git": _package("git", _deb("git"), _deb("shared")),
            "jq": _package("jq", _deb("jq"), _deb("shared"), request=">=1,<2"),
            "nodejs": _package("nodejs", wheel, debian=False),
        },
        _package("runtime", _deb("libc")),
        {"make": _package("make", _deb("make"))},
        {"ci": LockedEnvironment({"shared": _package("shared", _deb("shared"))})},
    )


def make_project(path: Path) -> Path:
    """A project with that lock at `path`."""
    path.mkdir(parents=True)
    (path / "devenv.toml").write_text(
        "[packages]\ncurl = '*'\ngit = '*'\njq = '>=1,<2'\nnodejs = '*'\n"
        "[environments.ci]\nwithout = ['nodejs']\npackages = { shared = '*' }\n"
    )
    (path / "devenv.lock").write_bytes(format_lock(make_lock()))
    return path


def fill_store(store: Store) -> Mapping[str, StorePath]:
    """Say that the objects of the lock are there, by the names of packages; `extra` is what `nodejs` needs besides."""
    paths = {name: store_path(f"{name}-1.0") for name in KEPT}
    references = {"nodejs": [paths["runtime"], paths["extra"]], "extra": [paths["runtime"]]}
    order = sorted(KEPT, key=lambda name: (name in references, name == "nodejs"))
    store.database.register([Registration(paths[name], KEPT[name], references.get(name, [])) for name in order])
    for name in order:
        (store.root / str(paths[name]) / "bin").mkdir(parents=True)
        (store.root / str(paths[name]) / "bin" / name).write_bytes(b"\x7fELF" + b"x" * 96)
    return paths


@contextmanager
def tools_with_everything() -> Iterator[Tools]:
    """Those of a user with a short home directory, and all of the lock in the store."""
    with temporary_home() as home:
        settings = default_settings(home)
        with Store(settings) as store:
            fill_store(store)
        with Tools(settings, {"PATH": os.environ["PATH"]}, ignore) as tools:
            yield tools
