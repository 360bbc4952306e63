"""Recipes of packages that are built from source, and packages made of others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devenv.errors import RecipeError
from devenv.packages.package import ArchiveSource, BuildRequest
from devenv.packages.package_set import PackageSet, read_base_set, read_source_set
from devenv.system import System

MakeSet = Callable[..., PackageSet]
DIGEST = "a" * 64
REQUEST = BuildRequest("1.2.3", System.X86_64_LINUX, sources={"tool_1.2.3.orig.tar.gz": DIGEST})
LOAD = 'load("//std", "debian_source", "override", "package", "script", "pypi")\n'
TOOL = """
tool = package(
    summary = "A tool",
    license = "MIT",
    versions = debian_source("trixie", "tool-src", versions = ">=1"),
    inputs = ["zlib", "openssl"],
    tools = ["pkg-config"],
    build = lambda p: script(p, "make " + " ".join(p.flags + p.patches) + " " + repr(p.sources), env = {"A": "recipe"}),
)
"""


def test_package_from_source(make_set: MakeSet) -> None:
    """A recipe from source names its archive, inputs and tools, and gives a script over just these."""
    packages = make_set(LOAD + TOOL)
    package = packages.package("tool")
    assert package.sources == (ArchiveSource("trixie", "tool-src", ">=1"),)
    assert (package.inputs, package.tools) == (("zlib", "openssl"), ("pkg-config",))
    plan = packages.build("tool", REQUEST)
    assert plan.is_script
    assert plan.arguments == {"script": f'make  {{"tool_1.2.3.orig.tar.gz": "{DIGEST}"}}'}
    assert (plan.sources, plan.inputs, plan.tools) == ((DIGEST,), ("zlib", "openssl"), ("pkg-config",))
    assert plan.environment == {"A": "recipe"}


def test_recipe_sees_the_manifests_overrides(make_set: MakeSet) -> None:
    """Flags, variables and the names of patches reach `build`; an input that another stands in for keeps its name."""
    request = BuildRequest(
        "1.2.3",
        System.X86_64_LINUX,
        flags=("--fast",),
        env={"A": "manifest"},
        patches=("fix.patch",),
        replaced={"zlib": "zlib-ng"},
    )
    plan = make_set(LOAD + TOOL).build("tool", request)
    assert plan.arguments == {"script": "make --fast fix.patch {}"}
    assert plan.environment == {"A": "manifest"}
    assert plan.inputs == ("zlib", "openssl")
    assert [plan.package_of(name) for name in plan.inputs] == ["zlib-ng", "openssl"]


def test_override_in_a_set(make_set: MakeSet) -> None:
    """A package made of another one has its own flags, variables, sources and inputs; the manifest's come last."""
    other = (
        LOAD
        + """load("//packages/tool", "tool")
fast = override(
    tool,
    versions = debian_source("bookworm", "tool"),
    flags = ["--fast"],
    env = {"B": "set", "C": "set"},
    inputs = {"zlib": "zlib-ng"},
)
faster = override(fast, flags = ["--faster"], build = lambda p, own: script(p, "nice " + own(p).arguments["script"]))
"""
    )
    packages = make_set(LOAD + TOOL, {"packages/fast.star": other, "packages/faster.star": other})
    request = BuildRequest("1.2.3", System.X86_64_LINUX, flags=("--last",), env={"C": "manifest"})
    plan = packages.build("fast", request)
    assert packages.package("fast").sources == (ArchiveSource("bookworm", "tool"),)
    assert plan.arguments == {"script": "make --fast --last {}"}
    assert plan.environment == {"A": "recipe", "B": "set", "C": "manifest"}
    assert plan.package_of("zlib") == "zlib-ng"
    faster = packages.build("faster", request)
    assert faster.arguments == {"script": "nice make --fast --faster --last {}"}
    assert packages.package("tool").sources == (ArchiveSource("trixie", "tool-src", ">=1"),)


@pytest.mark.parametrize(("build", "words"), [
    ('struct(builder = "script/1", arguments = {}, sources = [], runtime = True)', "one argument"),
    ('struct(builder = "script/1", arguments = {"script": 1}, sources = [], runtime = True)', "one argument"),
    ('struct(builder = "text/1", arguments = {}, sources = [], runtime = True, inputs = ["zlib"])', "neither inputs"),
    ('struct(builder = "script/1", arguments = {}, sources = [], runtime = True, tools = ["../x"])', "$.too"),
    ('struct(builder = "script/1", arguments = {}, sources = ["b"], runtime = True)', "the package's files"),
])  # fmt: skip
def test_plans_of_no_script_are_refused(make_set: MakeSet, build: str, words: str) -> None:
    """What a recipe returns for a script is checked: names of packages are names, files are the package's (K-03)."""
    text = (
        LOAD + f'tool = package(summary = "T", license = "MIT", versions = pypi("tool"), build = lambda p: {build})\n'
    )
    with pytest.raises(RecipeError) as caught:
        make_set(text).build("tool", REQUEST)
    assert words in caught.value.message


def test_source_set_shares_the_modules_of_the_base_set() -> None:
    """Every package of `builtin:source` describes itself, and names inputs and tools that there are."""
    packages, base = read_source_set(), read_base_set()
    known = {*packages.names(), *base.names()}
    assert packages.revision != base.revision
    for name in packages.names():
        package = packages.package(name)
        assert {*package.inputs, *package.tools} <= known
        assert package.smoke or package.search_paths
        assert all(isinstance(source, ArchiveSource) for source in package.sources)


@pytest.mark.parametrize("name", read_source_set().names())
def test_source_recipe_plans_a_script(name: str) -> None:
    """Every package of `builtin:source` gives a script that reads all of its archives."""
    plan = read_source_set().build(name, REQUEST)
    assert plan.is_script
    assert plan.sources == (DIGEST,)


def test_override_of_a_ready_made_package(make_set: MakeSet) -> None:
    """What would change nothing, because nothing is built, is an error and not silence."""
    ready = """
made = package(summary = "A tool", license = "MIT", versions = pypi("tool"), build = lambda p: None)
tool = override(made, flags = ["--fast"])
"""
    with pytest.raises(RecipeError, match="ready-made"):
        make_set(LOAD + ready).package("tool")
