"""The program that makes sandboxes: which one is taken, and what is said where none can be made (J-15)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devenv.errors import BuildError
from devenv.sandbox.find import find_bubblewrap
from tests.functional.sandbox.processes import REPOSITORY, Scripts
from tests.sandboxes import Workshop

SCRIPTS: Scripts = [("never", "echo it ran > $out", [])]


def build_within(workshop: Workshop, tmp_path: Path, namespaces: list[str], before: str) -> Any:
    """What a build says in namespaces of its own, in which `before` was run."""
    if subprocess.run(["unshare", *namespaces, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody make such namespaces")
    place = tmp_path / "scripts"
    place.write_text(json.dumps(SCRIPTS))
    command = [
        sys.executable,
        "-m",
        "tests.functional.sandbox.driver",
        str(workshop.home),
        str(workshop.bubblewrap),
        str(place),
    ]
    done = subprocess.run(
        ["unshare", *namespaces, "bash", "-ec", f'{before}\nexec "$@"', "bash", *command],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_user_namespaces_are_off(workshop: Workshop, tmp_path: Path) -> None:
    """Where the kernel gives no user namespaces nothing is built, and the setting is named (J-15)."""
    said = build_within(workshop, tmp_path, ["-Ur"], "echo 0 > /proc/sys/user/max_user_namespaces")
    assert said["slug"] == "sandbox-unavailable"
    assert "user.max_user_namespaces" in said["hint"]
    assert said["exit_code"] == 12


def test_proc_cannot_be_mounted(workshop: Workshop, tmp_path: Path) -> None:
    """Where parts of `/proc` are hidden, as in containers, none can be mounted: that is said, with what helps (J-15)."""
    hide = "mount -t tmpfs tmpfs /proc/sys/net || mount --bind /dev/null /proc/version"
    said = build_within(workshop, tmp_path, ["-Urmpf", "--mount-proc"], hide)
    assert said["slug"] == "sandbox-unavailable"
    assert "systempaths=unconfined" in said["hint"]
    assert any("proc" in line for line in said["details"])


FALSE_ONES = {
    "fails": "echo 'bwrap: No permissions to create new namespace' >&2; exit 1",
    "silent": "exit 0",
    "killed": "kill -9 $$",
    "lies": 'echo \'{ "child-pid": 0 }\' >&"$INFO"; exit 0',
}


@pytest.mark.parametrize("name", FALSE_ONES)
def test_program_that_makes_no_sandbox(workshop: Workshop, tmp_path: Path, name: str) -> None:
    """Whatever else is wrong with bubblewrap: an error about it, and never a build without (J-15)."""
    program = tmp_path / "bwrap"
    program.write_text(f"#!/bin/bash\n{FALSE_ONES[name]}\n")
    program.chmod(0o755)
    error = replace(workshop, bubblewrap=program).fail(f"echo {name} > $out")
    assert error.slug == "sandbox-unavailable"
    assert error.hint


def test_program_that_is_gone(workshop: Workshop, tmp_path: Path) -> None:
    """A program that was deleted, or is for another machine, is an error about it as well (J-15)."""
    assert replace(workshop, bubblewrap=tmp_path / "gone").fail("echo 1 > $out").slug == "sandbox-unavailable"
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(100))
    foreign.chmod(0o755)
    assert replace(workshop, bubblewrap=foreign).fail("echo 2 > $out").slug == "sandbox-unavailable"


def test_no_program_at_all(workshop: Workshop) -> None:
    """Where no bubblewrap is to be had nothing is built (J-15)."""

    def find() -> Path:
        raise BuildError("there is none", slug="sandbox-unavailable")

    from devenv.build.realize import BuildOptions, realize

    with pytest.raises(BuildError, match="there is none"):
        realize(
            workshop.store, [workshop.derive("echo 3 > $out")], lambda _: {}, print, BuildOptions(find_bubblewrap=find)
        )
    with pytest.raises(BuildError) as caught:
        realize(workshop.store, [workshop.derive("echo 4 > $out")], lambda _: {}, print, BuildOptions())
    assert caught.value.slug == "sandbox-unavailable"


def make_program(directory: Path, version: str = "0.11.0", mode: int = 0o755) -> Path:
    """What calls itself a bubblewrap."""
    directory.mkdir(parents=True, exist_ok=True)
    program = directory / "bwrap"
    program.write_text(f"#!/bin/sh\necho bubblewrap {version}\n")
    program.chmod(mode)
    return program


def found(*directories: Path, avoid: tuple[Path, ...] = ()) -> Path | None:
    """The one that is taken."""
    return find_bubblewrap(os.pathsep.join(map(str, directories)), avoid)


def test_first_that_is_fit(tmp_path: Path) -> None:
    """Of several the first fit one is taken; one that is too old, or says nothing, is passed over (J-15)."""
    old = make_program(tmp_path / "old", "0.7.9")
    fit = make_program(tmp_path / "fit", "0.8.0")
    make_program(tmp_path / "newer", "1.0")
    silent = make_program(tmp_path / "silent")
    silent.write_text("#!/bin/sh\nexit 1\n")
    assert found(old.parent, silent.parent, tmp_path / "missing", fit.parent, tmp_path / "newer") == fit
    assert found(old.parent) is None
    assert found(tmp_path / "newer") == tmp_path / "newer" / "bwrap"


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o775, 0o757, 0o644])
def test_unfit_modes(tmp_path: Path, mode: int) -> None:
    """One that is set-id, can be written by others, or cannot be run is passed over (J-15)."""
    assert found(make_program(tmp_path / "unsafe", mode=mode).parent) is None


def test_program_of_somebody_else(tmp_path: Path) -> None:
    """One that belongs to a third user is passed over (J-15)."""
    if os.getuid() != 0:
        pytest.skip("only root gives files away")
    program = make_program(tmp_path / "foreign")
    os.chown(program, 12345, 0)
    assert found(program.parent) is None


def test_program_of_an_environment(tmp_path: Path) -> None:
    """The store's own are passed over, links to them too: a project must not choose who guards its builds (O-08)."""
    program = make_program(tmp_path / "store" / "object")
    link = tmp_path / "bin" / "bwrap"
    link.parent.mkdir()
    link.symlink_to(program)
    assert found(link.parent, program.parent, avoid=(tmp_path / "store",)) is None
    assert found(link.parent) == program


def test_relative_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty or relative entry of `PATH` is no place to take it from (J-15)."""
    make_program(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert find_bubblewrap(f":.:{tmp_path.name}") is None
    assert shutil.which("bwrap", path=str(tmp_path))
