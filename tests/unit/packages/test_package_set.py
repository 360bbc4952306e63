"""Package sets: names, revisions, and the strict reading of what recipes answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devenv.errors import RecipeError, ResolutionError
from devenv.packages.package import BuildPlan, BuildRequest, WheelSource
from devenv.packages.package_set import PackageSet, read_base_set
from devenv.system import System

MakeSet = Callable[..., PackageSet]
DIGEST = "a" * 64
REQUEST = BuildRequest("1.2.3rc1", System.AARCH64_DARWIN, DIGEST)
LOAD = 'load("//std", "package", "pypi", "unpack", "fetch", "text")\n'


def recipe(build: str = "0", **fields: str) -> str:
    values = {"summary": '"A tool"', "license": '"MIT"', "versions": 'pypi("tool")', **fields}
    arguments = ", ".join(f"{name} = {value}" for name, value in values.items())
    return f"{LOAD}\ntool = package({arguments}, build = lambda p: {build})\n"


def test_package_fields(make_set: MakeSet) -> None:
    """What a recipe says arrives typed: sources in order, narrowed by versions and systems."""
    packages = make_set(
        recipe(
            versions='[pypi("tool-bin"), pypi("tool", versions = "<15", systems = ["x86_64-linux"])]',
            homepage='"https://tool.example"',
            smoke='["tool --version", "tool --help", "/bin/sh -c true", "other -V", "./made"]',
        )
    )
    package = packages.package("tool")
    assert (package.name, package.summary, package.license) == ("tool", "A tool", "MIT")
    assert package.homepage == "https://tool.example"
    assert package.sources == (WheelSource("tool-bin"), WheelSource("tool", "<15", (System.X86_64_LINUX,)))
    assert package.programs == ("tool", "other")


@pytest.mark.parametrize(
    ("build", "plan"),
    [
        (
            'unpack(p.source, strip = "d", keep = ["bin"], place = {"x": "share/x"}, links = {"bin/y": "../share/x"}, '
            'executable = ["share/x"])',
            BuildPlan(
                "unpack/1",
                {
                    "format": "wheel",
                    "strip": "d",
                    "place": {"bin": "bin", "x": "share/x"},
                    "links": {"bin/y": "../share/x"},
                    "executable": ["share/x"],
                },
                (DIGEST,),
                runtime=True,
            ),
        ),
        (
            'fetch(p.source, name = "bin/tool")',
            BuildPlan("fetch/1", {"name": "bin/tool", "executable": True}, (DIGEST,)),
        ),
        (
            'text({"bin/tool": "#!/bin/sh\\n", "a": p.version + p.system + str(p.release)}, executable = ["bin/tool"])',
            BuildPlan(
                "text/1",
                {
                    "files": {
                        "bin/tool": {"text": "#!/bin/sh\n", "executable": True},
                        "a": {"text": "1.2.3rc1aarch64-darwin[1, 2, 3]", "executable": False},
                    }
                },
                (),
            ),
        ),
    ],
)
def test_build_plans(make_set: MakeSet, build: str, plan: BuildPlan) -> None:
    """Each builder function gives the arguments that the builder of that name and version reads."""
    assert make_set(recipe(build)).build("tool", REQUEST) == plan


@pytest.mark.parametrize("fields", [
    {"summary": '""'}, {"summary": '"a\\nb"'}, {"summary": '"\\033[31m"'}, {"license": '" "'}, {"smoke": '[""]'},
    {"homepage": '"javascript:x"'}, {"homepage": '"https://a b"'}, {"summary": '"x" * 201'},
    {"versions": 'pypi("../x")'}, {"versions": 'pypi("-x")'}, {"versions": 'pypi("$HOME")'}, {"versions": 'pypi("")'},
    {"versions": 'pypi("x", versions = "about 3")'}, {"versions": 'pypi("x", systems = ["amiga"])'},
    {"versions": 'pypi("x", systems = [])'}, {"versions": '[pypi("x")] * 17'},
])  # fmt: skip
def test_impossible_descriptions(make_set: MakeSet, fields: dict[str, str]) -> None:
    """Values that no package can have are refused on the line that defines the package (FAULTS K-03, K-07)."""
    with pytest.raises(RecipeError) as caught:
        make_set(recipe(**fields)).package("tool")
    assert caught.value.slug == "recipe-invalid"
    assert str(caught.value.place) == "test/packages/tool.star:3"


@pytest.mark.parametrize("build", [
    "None", "{}", "struct(builder = 'script/1', arguments = {}, sources = [], runtime = False)",
    "struct(builder = 'text/1', arguments = {}, sources = ['" + "c" * 64 + "'], runtime = False)",
    "struct(builder = 'text/1', arguments = {'a': 0.5}, sources = [], runtime = False)",
    "struct(builder = 'text/1', arguments = {'a': {1: 2}}, sources = [], runtime = False)",
    "struct(builder = 'text/1', arguments = {'a': [[[[[[[[1]]]]]]]]}, sources = [], runtime = False)",
    "struct(builder = 'text/1', arguments = {'a': [0] * 10001}, sources = [], runtime = False)",
    "struct(builder = 'text/1', arguments = {'a': 'x' * 1048577}, sources = [], runtime = False)",
    "struct(builder = 'text/1', arguments = {}, sources = [], runtime = False, more = 1)",
])  # fmt: skip
def test_impossible_plans(make_set: MakeSet, build: str) -> None:
    """A plan with a foreign file, an unknown builder or data that canonical JSON cannot hold is refused."""
    with pytest.raises(RecipeError) as caught:
        make_set(recipe(build)).build("tool", REQUEST)
    assert caught.value.slug == "recipe-invalid"
    assert str(caught.value.place) == "test/packages/tool.star:3"
    assert len(caught.value.message) < 400


def test_dashes_become_underscores(make_set: MakeSet) -> None:
    """The package `two-words` is the global `two_words` of its file, and nothing else is taken for a package."""
    text = recipe().replace("tool = package", "two_words = package")
    packages = make_set("tool = 1", {"packages/two-words.star": text})
    assert packages.package("two-words").name == "two-words"
    with pytest.raises(RecipeError, match="no attribute `summary`"):
        packages.package("tool")


@pytest.mark.parametrize(("name", "suggestion"), [
    ("node", "nodejs"), ("rg", "ripgrep"), ("nodjs", "nodejs"), ("golang", "go"), ("NINJA", "ninja"),
])  # fmt: skip
def test_unknown_name_suggests(name: str, suggestion: str) -> None:
    """A name that is not there is answered with the one that was likely meant, programs' names included."""
    with pytest.raises(ResolutionError) as caught:
        read_base_set().package(name)
    assert caught.value.slug == "package-unknown"
    assert f"`{suggestion}`" in caught.value.message
    assert caught.value.hint is not None


@pytest.mark.parametrize("name", [
    "../../x", "/abs", "a/b", "~", "$HOME", "%2e", "-x", "x" * 10_000, "", "\x1b[2J", "base/../nodejs", "nodejs\n",
])  # fmt: skip
def test_names_are_no_paths(name: str) -> None:
    """A name never reaches a path, and an error about it is short and printable (FAULTS K-03)."""
    with pytest.raises(ResolutionError) as caught:
        read_base_set().package(name)
    assert len(caught.value.message) < 300
    assert caught.value.message.isprintable()


def test_a_version_that_is_none_is_refused(make_set: MakeSet) -> None:
    """A version from a damaged lock is an error in words, no crash (FAULTS K-03)."""
    with pytest.raises(ResolutionError, match="no version"):
        make_set(recipe()).build("tool", BuildRequest("../../x", System.X86_64_LINUX, DIGEST))


def test_revision_depends_on_content_alone() -> None:
    """The revision is the same in any order of the files, and another for any other content or division of it."""
    files = {"packages/a.star": "x", "packages/b.star": "y"}
    revision = PackageSet("one", files).revision
    assert revision == PackageSet("two", dict(reversed(files.items()))).revision
    others = ({"packages/a.star": "xpackages/b.stary"}, {**files, "packages/b.star": "z"}, {"packages/a.star": "x"})
    assert revision not in {PackageSet("one", other).revision for other in others}
    assert revision.startswith("blake3:")
