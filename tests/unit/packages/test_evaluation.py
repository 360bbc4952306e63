"""Recipes that fail, run for ever or reach for the outside: what the person is told, and that it ends."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from devenv.errors import Place, RecipeError
from devenv.packages import evaluation
from devenv.packages.package import BuildRequest
from devenv.packages.package_set import PackageSet
from devenv.system import System

MakeSet = Callable[..., PackageSet]
REQUEST = BuildRequest("1.2.3", System.X86_64_LINUX, "a" * 64)
LOAD = 'load("//std", "package", "pypi", "unpack")\n'
GOOD = """
tool = package(summary = "A tool", license = "MIT", versions = pypi("tool"), build = lambda p: {build})
"""


def failure(packages: PackageSet, *, build: bool = False) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        packages.build("tool", REQUEST) if build else packages.package("tool")
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (LOAD + "\ntool = package(summary = 1 2)\n", "3:28", "Parse error"),
        (LOAD + "\ntool = undefined\n", "3:8", "`undefined` not found"),
        (LOAD + '\ntool = 1 + "a"\n', "3:8", "Operation `+` not supported"),
        ('load("//std", "nothing")\n', "1:15", "no symbol `nothing`"),
        ('\nload("//nowhere", "x")\n', "2:1", "there is no file `//nowhere` in this package set"),
        ("other = 1\n", "", "no symbol `tool`"),
        (LOAD + 'fail("not today")\n', "2:1", "not today"),
        ("def f():\n\treturn 1\n", "1:9", "tabs"),
    ],
)
def test_error_shows_the_recipes_own_line(make_set: MakeSet, text: str, place: str, words: str) -> None:
    """An error in a recipe names the recipe's file, line and column, and says what Starlark says."""
    error = failure(make_set(text))
    assert str(error.place) == "test/packages/tool.star" + (f":{place}" if place else "")
    assert words in error.message
    assert error.hint is not None


def test_misuse_of_the_standard_module_shows_the_recipes_line(make_set: MakeSet) -> None:
    """Where the standard module notices a mistake, the error points at the recipe that made it."""
    text = LOAD + "\n\n" + 'tool = package(summary = "A tool", license = "MIT", versions = 7, build = lambda p: 0)\n'
    error = failure(make_set(text))
    assert error.place == Place("test/packages/tool.star", 4)
    assert error.message == "`versions` takes `pypi(...)`, `debian(...)`, `debian_source(...)` or a list of them"
    assert error.details[0] == "test/packages/tool.star:4, in <module>"


@pytest.mark.parametrize("build", [
    'unpack("x")', 'unpack(p.source, keep = ["../x"])', 'unpack(p.source, keep = ["/etc"])',
    'unpack(p.source, place = {"a": "b//c"})', 'unpack(p.source, keep = ["a"], place = {"a": "b"})',
    'unpack(p.source, keep = ["a"], links = {"bin/a": "../../a"})', 'unpack(p.source, keep = ["."])',
    'unpack(p.source, keep = ["a"], links = {"bin/a": "/bin/sh"})', 'unpack(p.source, keep = ["a"], links = {"a": ""})',
    'unpack(p.source, keep = ["a"], format = "rar")', 'unpack(p.source, keep = ["a"], executable = ["a/../../b"])',
    "unpack(1, keep = [])", "p.nothing", "1 // 0",
])  # fmt: skip
def test_mistakes_in_a_build_show_the_recipes_line(make_set: MakeSet, build: str) -> None:
    """Paths that leave the package, wrong types and plain mistakes are refused on the recipe's line (FAULTS K-03)."""
    error = failure(make_set(LOAD + "\n" + GOOD.format(build=build)), build=True)
    assert error.place is not None
    assert (error.place.file, error.place.line) == ("test/packages/tool.star", 4)


def test_error_in_a_loaded_file_is_told_there(make_set: MakeSet) -> None:
    """An error while a helper file is loaded names the helper's line."""
    packages = make_set('load("//lib/helper", "x")\ntool = x\n', {"lib/helper.star": "\nx = nope\n"})
    assert str(failure(packages).place) == "test/lib/helper.star:2:5"


def test_files_that_load_each_other_in_a_circle(make_set: MakeSet) -> None:
    """A circle of loads is an error that shows the circle."""
    packages = make_set(
        'load("//lib/a", "x")\ntool = x\n', {"lib/a.star": 'load("//packages/tool", "tool")\nx = tool\n'}
    )
    assert failure(packages).details == ("//packages/tool → //lib/a → //packages/tool",)


ENDLESS = "def spin():\n    for i in range(2000000000):\n        pass\n    return 1\n"
BOTTOMLESS = "def dive(n):\n    return dive(n + 1)\n"


@pytest.mark.parametrize("build", [False, True])
def test_a_recipe_without_end_is_stopped(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch, build: bool) -> None:
    """A loop without end stops at the limit on time, while a file is read and while it builds."""
    monkeypatch.setattr(evaluation, "TIME_LIMIT", 0.1)
    text = LOAD + ENDLESS + GOOD.format(build="spin()") + ("" if build else "x = spin()\n")
    begun = time.monotonic()
    error = failure(make_set(text), build=build)
    assert time.monotonic() - begun < 1.0
    assert (error.slug, error.message) == ("recipe-limit", "the recipe takes longer than 0.1 seconds")
    assert str(error.place).startswith("test/packages/tool.star:3")


@pytest.mark.parametrize("build", [False, True])
def test_a_recursion_without_bottom_is_stopped(make_set: MakeSet, build: bool) -> None:
    """Deep recursion stops at the limit on depth, with few lines of traceback."""
    text = LOAD + BOTTOMLESS + GOOD.format(build="dive(0)") + ("" if build else "x = dive(0)\n")
    error = failure(make_set(text), build=build)
    assert error.slug == "recipe-limit"
    assert error.place is not None
    assert error.place.line == 3
    assert len(error.details) == evaluation.FRAME_LIMIT


def test_a_huge_file_is_refused(make_set: MakeSet) -> None:
    """A recipe file beyond the limit is refused before the parser, which recurses, sees it."""
    assert failure(make_set("x = " + "(" * evaluation.FILE_LIMIT + "1")).slug == "recipe-limit"


@pytest.mark.parametrize(
    "name", ["open", "print", "exec", "eval", "__import__", "input", "os", "import_module", "time"]
)
def test_a_recipe_cannot_reach_outside(make_set: MakeSet, name: str) -> None:
    """There is no name in a recipe by which it could read, write, print or look at a clock."""
    assert f"Variable `{name}` not found" in failure(make_set(f"tool = {name}\n")).message


@pytest.mark.parametrize(
    "module", ["/etc/passwd", "//../../secret", "./other", "https://recipes.example/x", "//std.star"]
)
def test_load_finds_only_files_of_the_set(make_set: MakeSet, module: str) -> None:
    """`load` looks in the set that was handed in and never at a disk or a network (FAULTS K-03)."""
    assert "there is no file" in failure(make_set(f'load("{module}", "x")\n')).message


def test_a_message_of_the_recipe_is_bounded(make_set: MakeSet) -> None:
    """What a recipe says in an error is cut, so that it cannot flood a terminal."""
    error = failure(make_set('fail("x" * 100000)\n'))
    assert len(error.message) <= evaluation.MESSAGE_LIMIT
    assert sum(map(len, error.details)) < 1000


def test_evaluation_is_lazy(make_set: MakeSet) -> None:
    """Only the file that is asked for is evaluated: a broken neighbour does no harm."""
    packages = make_set(LOAD + GOOD.format(build="0"), {"packages/broken.star": "this is no Starlark"})
    assert packages.package("tool").summary == "A tool"
    assert packages.names() == ("broken", "tool")
