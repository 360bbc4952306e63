"""Which cases of the groups about store, archives and manifests no test tries, or not all of, and why.

A case is tried where its ID stands in the docstring of a test, `B-05` or as part of `F-03 to F-10`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[2]
GROUPS = {"A": 16, "B": 18, "C": 14, "D": 15, "E": 9, "F": 16, "I": 17, "J": 18, "K": 8, "N": 10}
"""How many cases each group has."""
CASES = {f"{group}-{number:02d}" for group, count in GROUPS.items() for number in range(1, count + 1)} | {"G-19"}
"""Theirs, and the one about indexes that go back in time; the rest of its group is about caches."""

UNTRIED = {
    "C-10": "entering a directory builds nothing; that hooks start no program but to ask is tried for one shell",
    "I-09": "the RECORD of a wheel is not read: the file is fixed by its hash, and nothing is uninstalled by it",
    "I-10": "entry points of wheels are not read: recipes say what is a program",
}
"""Cases that no test tries."""

TRIED_IN_PART = {
    "A-11": "in builds all signals are tried, in downloads and collections Ctrl-C only: they share the handler",
    "A-14": "the order in which calls reach the disk is traced; the power cannot be cut here",
    "B-05": "no file system of the systems that we test on folds case: the probe is shown names that do",
    "B-06": "nor does one normalise Unicode",
    "B-07": "an overlay is tried; a network disk, whose locks and renames may be others, needs a server",
    "B-12": "2 GiB and 20,000 files are tried, not 20 GB and a million: memory does not depend on it",
    "D-06": "a directory that cannot be read is tried as root, who may become somebody else",
    "E-06": "six writers for a second, not eight for ten minutes: there is no write-ahead log to damage",
    "I-11": "nothing of a wheel becomes part of a Python: what a recipe does not place is left out",
    "I-16": "no file system of the systems that we test on folds case, see B-05",
    "J-06": "300 files, not a million: what limits their number is tried at that number",
    "J-09": "a disk that fills is shown to the watch, and tried on a small disk where root may mount one",
    "J-15": "neither AppArmor nor Docker is here: their settings are shown to what reads them",
    "K-04": "a manifest cannot include another file",
    "N-01": "that packed names are not found is shown; what a build hides so is documented",
}
"""Cases of which something cannot be tried here."""

RANGE = re.compile(r"\b([A-Z])-(\d\d)(?: to \1-(\d\d))?\b")


def iter_tried() -> Iterator[str]:
    """The IDs in docstrings of tests."""
    for file in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for group, first, last in RANGE.findall(ast.get_docstring(node) or ""):
                    yield from (f"{group}-{number:02d}" for number in range(int(first), int(last or first) + 1))


def test_every_case_is_tried_or_says_why_not() -> None:
    """Each of these cases has a test or a reason here, and not both."""
    tried = set(iter_tried())
    assert CASES - tried == UNTRIED.keys()
    assert TRIED_IN_PART.keys() <= tried & CASES
