"""A program of this machine with the loader and the C library that it runs on, to be packed as others would have it."""

from __future__ import annotations

import functools
import shutil
from dataclasses import dataclass
from pathlib import Path

from devenv.elf.image import parse_elf
from devenv.system import System, host_system
from tests.debs import TarEntry, make_deb, symlink

LINKS = {
    System.X86_64_LINUX: ("usr/lib64/ld-linux-x86-64.so.2", "../lib/"),
    System.AARCH64_LINUX: ("usr/lib/ld-linux-aarch64.so.1", ""),
}
"""Where Debian has the link to the loader that programs name, and how it begins."""
TRIPLETS = {System.X86_64_LINUX: "x86_64-linux-gnu", System.AARCH64_LINUX: "aarch64-linux-gnu"}


@dataclass(frozen=True, slots=True)
class HostPrograms:
    """`echo`, and what it runs on."""

    system: System
    echo: bytes
    loader: Path
    library: Path

    def pack_libc(self) -> bytes:
        """The package `libc6`, as Debian lays it out."""
        directory = f"usr/lib/{TRIPLETS[self.system]}"
        link, begin = LINKS[self.system]
        return make_deb(
            [
                TarEntry(f"{directory}/{self.loader.name}".encode(), self.loader.read_bytes(), mode=0o755),
                TarEntry(f"{directory}/{self.library.name}".encode(), self.library.read_bytes(), mode=0o755),
                symlink(link.encode(), f"{begin}{TRIPLETS[self.system]}/{self.loader.name}".encode()),
            ],
            compression=".zst",
        )


@functools.cache
def find_host_programs() -> HostPrograms | None:
    """None where `echo` does not run on glibc, or on more than that."""
    system = host_system()
    path = shutil.which("echo", path="/usr/bin:/bin")
    if path is None or system not in LINKS:
        return None
    content = Path(path).read_bytes()
    image = parse_elf(content)
    if image is None or image.interpreter is None or image.needed != (b"libc.so.6",):
        return None
    loader = Path(image.interpreter.decode())
    if loader.name != Path(LINKS[system][0]).name:
        return None
    # The loader that programs name is a link; the library lies where it leads.
    return HostPrograms(system, content, loader, loader.resolve().parent / "libc.so.6")
