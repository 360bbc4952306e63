"""Recipe files of strangers: what would overflow the evaluator's stack is refused, what people write is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devenv.errors import Place, RecipeError
from devenv.packages.foreign import FILE_COUNT, read_recipes, require_shallow
from devenv.packages.package_set import read_base_set, read_source_set

PLACE = Place("set/a.star")


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 600 + ")" * 600,
        "x = " + "not " * 600 + "True",
        "x = 1" + " + 1" * 600,
        "x = [" + "-" * 600 + "1]",
        "x = " + "lambda: " * 300 + "1",
        "x = a" + ".b" * 300,
        "x = 1 if " + "1 if 0 else " * 200 + "1 else 0",
        "def f():\n" + " " * 200 + "pass\n",
        "x = '(' + " + "a+" * 600,
    ],
)
def test_deep_recipes(text: str) -> None:
    """Expressions and blocks that nest without end are an error at their line, not a crash."""
    with pytest.raises(RecipeError) as caught:
        require_shallow("\n" + text, PLACE)
    assert caught.value.slug == "recipe-limit"
    assert caught.value.place is not None
    assert (caught.value.place.line or 0) >= 2


def test_own_recipes() -> None:
    """Every recipe that devenv ships would be accepted, long lists and texts too."""
    for packages in (read_base_set(), read_source_set()):
        for path, text in packages.files.items():
            require_shallow(text, Place(path))
    require_shallow("x = [" + "1,\n" * 10000 + "]\ny = '''" + "((" * 5000 + "'''\n", PLACE)


def test_files(tmp_path: Path) -> None:
    """Links are not followed and hidden directories not looked into; a file that is no text is named."""
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages/a.star").write_text("a = 1\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/b.star").write_text("b = 1\n")
    (tmp_path / "c.star").symlink_to("/etc/passwd")
    assert read_recipes(tmp_path, "set") == {"packages/a.star": "a = 1\n"}
    (tmp_path / "d.star").write_bytes(b"\xff")
    with pytest.raises(RecipeError) as caught:
        read_recipes(tmp_path, "set")
    assert str(caught.value.place) == "set/d.star"


def test_too_many_files(tmp_path: Path) -> None:
    """A set without bounds is refused."""
    for number in range(FILE_COUNT + 1):
        os.close(os.open(tmp_path / f"a{number}.star", os.O_CREAT, 0o644))
    with pytest.raises(RecipeError) as caught:
        read_recipes(tmp_path, "set")
    assert caught.value.slug == "recipe-limit"
