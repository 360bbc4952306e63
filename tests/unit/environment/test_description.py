"""What an environment says about itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.environment.description import DESCRIPTION_LIMIT, DESCRIPTION_PATH, derive_description, read_description
from devenv.errors import StoreError
from devenv.lock.model import Lock, LockedBuild, LockedInput, LockedPackage
from devenv.manifest.model import (
    Check,
    Formatter,
    ListAdditions,
    Manifest,
    PackageRequest,
    ProjectBuild,
    PythonSettings,
    ShellCode,
    ShellSettings,
)
from devenv.packages.package import Package
from devenv.system import System

KEY = "blake3:" + "0" * 64
LINUX = System.X86_64_LINUX
LOCK = Lock(
    KEY,
    {"base": LockedInput("base", "builtin:base", KEY)},
    {name: LockedPackage(name, "base", "*", "1.0", {LINUX: LockedBuild((), KEY)}) for name in ("zig", "go")},
)
HARD = "a'b\"c\n$(x) `y` \\ größe 🦀"


def write(directory: Path, content: bytes) -> Path:
    path = directory / DESCRIPTION_PATH
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return directory


def test_values_arrive_as_they_were_given(tmp_path: Path) -> None:
    """Variables, aliases and the hook come out of the object byte for byte as the manifest has them (FAULTS M-01)."""
    manifest = Manifest(
        packages={name: PackageRequest(name) for name in ("zig", "go")},
        env={"B": HARD, "A": ""},
        shell=ShellSettings(HARD, {"ll": "ls -l"}),
    )
    derivation = derive_description(manifest, LOCK, [], LINUX)
    text = derivation.arguments["files"][DESCRIPTION_PATH]["text"]
    description = read_description(write(tmp_path, text.encode()))
    assert (description.variables, description.hook) == ({"B": HARD, "A": ""}, HARD)
    assert description.aliases == {"ll": "ls -l"}
    assert [(package.name, package.version) for package in description.packages] == [("go", "1.0"), ("zig", "1.0")]


def test_order_does_not_show() -> None:
    """The same manifest in another order has the same description, and so the same environment."""
    one = Manifest(env={"A": "1", "B": "2"}, shell=ShellSettings(None, {"x": "1", "y": "2"}))
    other = Manifest(env={"B": "2", "A": "1"}, shell=ShellSettings(None, {"y": "2", "x": "1"}))
    assert derive_description(one, LOCK, [], LINUX).key == derive_description(other, LOCK, [], LINUX).key


def test_what_is_built_is_no_part_of_it() -> None:
    """Builds, checks and formatters leave the environment as it is: a change to them realizes nothing anew."""
    plain = Manifest(env={"A": "1"})
    other = Manifest(
        env={"A": "1"},
        builds={"app": ProjectBuild("app")},
        checks={"test": Check("test", "x")},
        formatters={"c": Formatter("c", ("x",), ("*.c",))},
    )
    assert derive_description(plain, LOCK, [], LINUX).key == derive_description(other, LOCK, [], LINUX).key


def test_packages_set_variables(tmp_path: Path) -> None:
    """Packages' variables are described as paths in the environment; the manifest's own variables win."""
    java = Package("jdk", "", "", None, (), (), {"JAVA_HOME": "lib/jvm", "B": "b"}, {"CPATH": ("include",)})
    zlib = Package("zlib", "", "", None, (), (), {}, {"CPATH": ("include", "include/z"), "PKG": ("lib",)})
    derivation = derive_description(Manifest(env={"B": "own", "PKG": "own"}), LOCK, [java, zlib], LINUX)
    text = derivation.arguments["files"][DESCRIPTION_PATH]["text"]
    description = read_description(write(tmp_path, text.encode()))
    assert description.locations == {"JAVA_HOME": "lib/jvm"}
    assert description.search_paths == {"CPATH": ["include", "include/z"]}
    assert description.variables == {"B": "own", "PKG": "own"}


def test_further_fields(tmp_path: Path) -> None:
    """What the manifest says of lists, shells and unset variables comes out as it went in, texts byte for byte."""
    shell = ShellSettings(HARD, {"a": "1"}, HARD, {"f": HARD}, {"fish": ShellCode("", {"b": "2"}, HARD, {"g": HARD})})
    manifest = Manifest(unset=("A",), lists={"PATH": ListAdditions(("b",), ("/c",))}, shell=shell)
    derivation = derive_description(manifest, LOCK, [], LINUX)
    description = read_description(write(tmp_path, derivation.arguments["files"][DESCRIPTION_PATH]["text"].encode()))
    assert (description.unset, description.shell) == (["A"], shell)
    assert {name: (each.prepend, each.append) for name, each in description.lists.items()} == {"PATH": (["b"], ["/c"])}


def test_only_what_is_said_is_described() -> None:
    """A manifest without the newer keys has the description that it always had: its environment is not made again.

    Where a virtual environment lies, and which files have variables, is the project's affair and in no object.
    """
    manifest = Manifest(env={"A": "1"}, shell=ShellSettings("h", {"a": "b"}))
    for each in (manifest, replace(manifest, dotenv=(".env",), python=PythonSettings(".venv"))):
        derivation = derive_description(each, Lock(KEY, {}, {}), [], LINUX)
        assert derivation.arguments["files"][DESCRIPTION_PATH]["text"] == (
            '{\n "aliases": {\n  "a": "b"\n },\n "format": 1,\n "hook": "h",\n "packages": [],\n'
            ' "variables": {\n  "A": "1"\n }\n}\n'
        )


GOOD = {"format": 1, "packages": [], "variables": {}, "aliases": {}, "hook": None}


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"\xff", b"{}", json.dumps({**GOOD, "format": 2}).encode(),
    json.dumps({**GOOD, "more": 1}).encode(), json.dumps({**GOOD, "variables": {"A": 1}}).encode(),
    b"[" * 100_000, b" " * (DESCRIPTION_LIMIT + 1),
])  # fmt: skip
def test_damaged_description(tmp_path: Path, content: bytes) -> None:
    """An object that does not describe an environment of this format is an error, not half an environment."""
    with pytest.raises(StoreError) as caught:
        read_description(write(tmp_path, content))
    assert caught.value.slug == "description-invalid"


def test_missing_description(tmp_path: Path) -> None:
    """An object without a description is an error that names its path."""
    with pytest.raises(StoreError, match="does not describe an environment") as caught:
        read_description(tmp_path)
    assert str(tmp_path) in caught.value.message
