"""The variables of a script, byte for byte, and what a derivation says of it (J-10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from devenv.build.script.arguments import ScriptArguments, variable_of
from devenv.build.script.environment import BuildPaths, build_environment, require_variables
from devenv.errors import BuildError

ROLES = ["sysroot", "runtime", "tool", "input", "input", "source", "patch"]
NAMES = ["sysroot", "runtime", "pkg-config", "openssl", "zlib-ng", "app", "fix.patch"]

EXPECTED = """\
ACLOCAL_PATH=/s/pkg-config/share/aclocal:/s/openssl/share/aclocal
CMAKE_PREFIX_PATH=/s/openssl:/s/zlib-ng
CPATH=/s/openssl/include:/s/zlib-ng/include
HOME=/homeless
LC_ALL=C.UTF-8
LD_RUN_PATH=/s/openssl/lib
LIBRARY_PATH=/s/openssl/lib
PATH=/s/pkg-config/bin:/s/openssl/bin:/usr/bin:/usr/sbin
PKG_CONFIG_PATH=/s/openssl/lib/pkgconfig:/s/zlib-ng/share/pkgconfig
SHELL=/bin/bash
SOURCE_DATE_EPOCH=315532800
TERM=dumb
TMPDIR=/tmp
TZ=UTC
USER=builder
cores=4
input_openssl=/s/openssl
input_pkg_config=/s/pkg-config
input_runtime=/s/runtime
input_zlib_ng=/s/zlib-ng
inputs=/s/openssl /s/zlib-ng
lib=/s/b-thing-lib
out=/s/a-thing
patches=/s/fix.patch
source=/s/app
sources=/s/app /sources/zlib_1.3.orig.tar.gz
tools=/s/pkg-config
"""


def arguments(**changes: Any) -> ScriptArguments:
    """What a derivation with one input of each role says."""
    said = {"script": "true", "inputs": NAMES, "roles": ROLES, "sources": ["zlib_1.3.orig.tar.gz"], **changes}
    return msgspec.convert(said, ScriptArguments)


PLACES = (
    "openssl/include",
    "openssl/lib/pkgconfig",
    "openssl/bin",
    "openssl/share/aclocal",
    "zlib-ng/include",
    "zlib-ng/share/pkgconfig",
    "pkg-config/bin",
    "pkg-config/share/aclocal",
    "pkg-config/include",
    "sysroot/bin",
    "runtime/lib",
    "app/bin",
    "fix.patch",
)


@pytest.fixture
def paths(tmp_path: Path) -> BuildPaths:
    """Objects with what is looked for in them."""
    for place in PLACES:
        (tmp_path / place).mkdir(parents=True)
    outputs = {"out": tmp_path / "a-thing", "lib": tmp_path / "b-thing-lib"}
    return BuildPaths(tuple(tmp_path / name for name in NAMES), outputs)


def test_all_variables(paths: BuildPaths, tmp_path: Path) -> None:
    """Exactly these, in whatever the caller's environment is; directories that are not there are not searched."""
    found = build_environment(arguments(), paths, {}, 4)
    text = "".join(f"{name}={value}\n" for name, value in sorted(found.items()))
    assert text.replace(str(tmp_path), "/s") == EXPECTED


def test_own_variables_win(paths: BuildPaths) -> None:
    """What the derivation says goes before ours; where its outputs are it cannot say."""
    found = build_environment(arguments(), paths, {"HOME": "/build", "CFLAGS": "-O3", "out": "/etc"}, 1)
    assert (found["HOME"], found["CFLAGS"]) == ("/build", "-O3")
    assert found["out"].endswith("/a-thing")


@pytest.mark.parametrize("name", ["", "a b", "a=b", "1a", "a\n", "a\0", "é", "BASH_FUNC_x%%", "a[$(x)]"])
def test_names_of_variables(name: str) -> None:
    """A name that shells could read as something else is refused (K-08)."""
    with pytest.raises(BuildError) as caught:
        require_variables("thing", {name: "x"})
    assert caught.value.slug == "arguments-invalid"


def test_values_of_variables() -> None:
    """A value without an end, or one too long for the kernel, is refused; any other is fine."""
    require_variables("thing", {"a": "", "b_1": "x" * 131_000, "c": "$(x) `y` \n'\""})
    for value in ("\0", "x" * 131_072):
        with pytest.raises(BuildError):
            require_variables("thing", {"a": value})


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("zlib", "input_zlib"),
        ("pkg-config", "input_pkg_config"),
        ("gtk+-3.0", "input_gtk__3_0"),
        ("7zip", "input_7zip"),
    ],
)
def test_variables_of_inputs(name: str, variable: str) -> None:
    """Names of packages become names of variables."""
    assert variable_of(name) == variable


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": ["sysroot"]},
        {"inputs": NAMES[1:], "roles": ROLES[1:]},
        {"inputs": ["sysroot", *NAMES], "roles": ["sysroot", *ROLES]},
        {"inputs": ["runtime", *NAMES], "roles": ["runtime", *ROLES]},
        {"sources": []},
        {"sources": ["a", "b"]},
    ],
    ids=["roles", "no-sysroot", "two-sysroots", "two-runtimes", "no-source", "sources"],
)
def test_arguments_that_do_not_fit(changes: dict[str, Any]) -> None:
    """Names and roles go with inputs, files with sources; there is one sysroot."""
    said = arguments(**changes)
    with pytest.raises(BuildError) as caught:
        said.require_fit("thing", len(said.inputs), 1)
    assert caught.value.slug == "arguments-invalid"


def test_same_file_twice() -> None:
    """Two sources cannot have one name."""
    said = arguments(sources=["a", "a"])
    with pytest.raises(BuildError):
        said.require_fit("thing", len(NAMES), 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": ["../x"]},
        {"sources": ["a/b"]},
        {"sources": [".."]},
        {"sources": [""]},
        {"sources": ["a\n"]},
        {"sources": ["x" * 300]},
        {"inputs": ["a b"]},
        {"inputs": ["x\n"]},
        {"roles": ["root"]},
        {"network": True},
        {"script": 1},
        {"script": None},
    ],
)
def test_arguments_that_cannot_be(changes: dict[str, Any]) -> None:
    """Names are names of files and packages, never paths (J-14, K-03); what is unknown is no argument."""
    with pytest.raises(msgspec.ValidationError):
        arguments(**changes)


def test_two_inputs_of_one_variable_are_refused() -> None:
    """Packages whose names differ in what no variable can hold do not silently take each other's place."""
    twins = ScriptArguments(script="", inputs=["root", "a-b", "a.b"], roles=["sysroot", "tool", "input"])
    with pytest.raises(BuildError) as failure:
        twins.require_fit("thing", 3, 0)
    assert failure.value.slug == "arguments-invalid"
