"""A sealed loader and C library of this machine: they run, and take nothing from the host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from devenv.elf.image import parse_elf
from devenv.elf.patch import ElfChange, patch_elf
from devenv.elf.seal import seal_libc, seal_loader
from devenv.elf.tables import ElfError
from tests.functional.elf.linked import attempt, run

PROGRAMS = (Path("/bin/bash"), Path("/usr/bin/bash"), Path("/bin/ls"))


def copy_bundle(directory: Path) -> Path:
    """A program of the host with its own loader and libraries. Skips where the host's glibc is not Debian's."""
    program = next((path for path in PROGRAMS if path.exists()), None)
    image = parse_elf(program.read_bytes()) if program else None
    if program is None or image is None or image.interpreter is None:
        pytest.skip("needs a program")
    listing = run([image.interpreter.decode(), "--list", str(program)])
    libraries = {name: Path(path) for name, path in re.findall(r"^\s*(\S+) => (/\S+)", listing, re.MULTILINE)}
    try:
        (directory / "loader").write_bytes(seal_loader(Path(image.interpreter.decode()).read_bytes()))
        libc = seal_libc(libraries.pop("libc.so.6").read_bytes())
    except (ElfError, KeyError):
        pytest.skip("needs Debian's glibc")
    (directory / "libc.so.6").write_bytes(libc)
    for name, path in libraries.items():
        (directory / name).write_bytes(path.read_bytes())
    copy = directory / "program"
    copy.write_bytes(patch_elf(program.read_bytes(), ElfChange(bytes(directory / "loader"), b"$ORIGIN")))
    for path in (copy, directory / "loader"):
        path.chmod(0o755)
    return copy


def test_no_library_of_the_host(tmp_path: Path) -> None:
    """A program finds its libraries in the bundle, and the loader looks nowhere else."""
    program = copy_bundle(tmp_path)
    assert attempt([str(program), "--version"]).returncode == 0
    trace = attempt([str(program), "--version"], variables={"LD_DEBUG": "libs"}).stderr
    tried = re.findall(r"trying file=(\S+)", trace)
    assert tried
    assert all(path.startswith(f"{tmp_path}/") for path in tried)


def test_a_missing_library_is_missing(tmp_path: Path) -> None:
    """A bundle without a library fails with its name, though the host has it; the user's own path still serves."""
    program = copy_bundle(tmp_path)
    image = parse_elf(program.read_bytes())
    assert image is not None
    missing = image.needed[0].decode()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / missing).rename(elsewhere / missing)
    failed = attempt([str(program), "--version"], variables={"LD_DEBUG": "libs"})
    assert failed.returncode != 0
    assert f"{missing}: cannot open shared object file" in failed.stderr
    beyond = [path for path in re.findall(r"(?:trying file|search cache)=(\S+)", failed.stderr) if "/sys" not in path]
    assert all(path.startswith(f"{tmp_path}/") for path in beyond)
    assert attempt([str(program), "--version"], variables={"LD_LIBRARY_PATH": str(elsewhere)}).returncode == 0
