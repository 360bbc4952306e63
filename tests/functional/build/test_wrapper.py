"""Wrappers do in a real shell what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from devenv.build.bundle.arguments import Wrapper
from devenv.build.bundle.place import Place
from devenv.build.bundle.wrap import format_wrapper

PROGRAM = f"""#!{sys.executable}
import json, os, sys
print(json.dumps([os.path.basename(sys.argv[0]), sys.argv[1:], {{name: os.environ.get(name) for name in 'ABC'}}]))
"""
AWKWARD = 'it\'s "$HOME" `x` \\ \n*;ü'


Run = Callable[..., list[object]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the wrapper of `tool`, which is also called `other`, under a name; returns what the program saw."""
    place = Place(tmp_path / "o 'ut")
    called = place.out / "root/bin/.tool-called"
    called.mkdir(parents=True)
    (called / "tool").write_text(PROGRAM)
    (called / "tool").chmod(0o755)
    (called / "other").symlink_to("tool")

    def run(wrapper: Wrapper, *arguments: str, name: str = "tool", **environment: str) -> list[object]:
        script = place.out / name
        script.write_bytes(format_wrapper(wrapper, place, b"usr/bin/dash", b"bin/.tool-called/tool"))
        done = subprocess.run(["sh", script, *arguments], env=environment, stdout=subprocess.PIPE, check=True)
        found: list[object] = json.loads(done.stdout)
        return found

    return run


def test_values_are_exact(run: Run, tmp_path: Path) -> None:
    """Values and arguments arrive as they were written, whatever a shell would make of them."""
    wrapper = Wrapper(set={"A": AWKWARD, "B": "{root}"}, arguments=[AWKWARD, "{out}"])
    out = f"{tmp_path}/o 'ut"
    assert run(wrapper, "a  b", "") == [
        "tool",
        [AWKWARD, out, "a  b", ""],
        {"A": AWKWARD, "B": f"{out}/root", "C": None},
    ]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({}, {"A": "new", "B": "new", "C": "new"}),
        ({"A": "", "B": "", "C": ""}, {"A": "new", "B": "", "C": "new"}),
        ({"A": "old", "B": "old", "C": "old"}, {"A": "new", "B": "old", "C": "new:old"}),
    ],
)
def test_variables(run: Run, before: dict[str, str], expected: dict[str, str]) -> None:
    """A variable is set, set unless the caller did, or put in front of what the caller has."""
    wrapper = Wrapper(set={"A": "new"}, default={"B": "new"}, prefix={"C": "new"})
    assert run(wrapper, **before) == ["tool", [], expected]


@pytest.mark.parametrize(("name", "expected"), [("other", "other"), ("somebody's link", "tool")])
def test_names(run: Run, name: str, expected: str) -> None:
    """A program learns the name it was called by, if it is one of its own."""
    assert run(Wrapper(), name=name)[0] == expected
