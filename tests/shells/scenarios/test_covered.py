"""Which traps of shells, and which cases of the groups about trust and quoting, no test tries, and why.

What is tried stands in the docstring of a test: `S-04`, `L-02`, or as part of `M-01 to M-03`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[2]

TRAPS = {
    "S-01": "a hook keeps `$?`, `$_` and PIPESTATUS",
    "S-02": "it is installed once, however often the rc file is read",
    "S-03": "it works with PROMPT_COMMAND as a string and as an array",
    "S-04": "it works with `set -euo pipefail` and whatever else people set",
    "S-05": "it does nothing in shells without a prompt, subshells and command substitutions",
    "S-06": "zsh: completing `cd ../` calls `chpwd` (direnv#1109)",
    "S-07": "zsh: FPATH is not exported, and unsetting it breaks completion (flox#4275)",
    "S-08": "zsh: `compinit` may stop at insecure directories (flox#4000)",
    "S-09": "frameworks own the prompt",
    "S-10": "fish computes `fish_complete_path` once (direnv#1539)",
    "S-11": "each shell has a quoter of its own",
    "S-12": "code hidden in subscripts: names are letters, digits and `_`; functions and loader variables are refused",
    "S-13": "entries of PATH that the user added stay (direnv#1112)",
    "S-14": "PS2 is not unset (direnv#792); unset and empty are different",
    "S-15": "markers do not act in multiplexers and editors started inside; a child shell can leave (direnv#106)",
    "S-16": "from a project straight into a sibling or a nested one (devenv#2944, #3129)",
    "S-17": "`cd -` and `pushd` (devenv#2853)",
    "S-18": "the working directory never changes (devenv#3041)",
    "S-19": "aliases, functions, keys and completions reach the user's own shell and leave (direnv#73, #443)",
    "S-20": "looks at files are counted (mise#7312)",
    "S-21": "a prompt that waits while something builds (direnv#503)",
    "S-22": "a build that fails keeps the old environment",
    "S-23": "trust is about every file that acts (direnv#448, #249)",
    "S-24": "in a directory that is not allowed nothing but hashing is done",
    "S-25": "worktrees of one repository ask anew (mise#10890), and a forged `.git` must not be believed",
    "S-26": "nothing on standard output that is not meant to be evaluated (hermit#252)",
    "S-27": "quiet by default, one line on a change",
    "S-28": "editors need JSON and a link that stays, not a hook",
}
"""What users of other tools reported."""
CASES = {f"L-{number:02d}" for number in range(1, 16)} | {f"M-{number:02d}" for number in range(1, 7)}

UNTRIED = {
    "M-03": "wrappers name their interpreter in the store, whose root is 80 bytes: a line with `#!` has at most 127",
}
"""What no test tries."""

TRIED_IN_PART = {
    "L-08": "two who allow at once wait for each other; what is tried is who may read and write",
    "L-11": "a disk that hangs hangs whoever looks at it; how often the hook looks is counted (S-20)",
    "M-01": "of the shells named there bash, zsh, fish and `sh` are supported",
}
"""Of which something cannot be tried here."""

RANGE = re.compile(r"\b([SLM])-(\d\d)(?: to \1-(\d\d))?\b")


def iter_tried() -> Iterator[str]:
    """What stands in docstrings of tests."""
    for file in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for group, first, last in RANGE.findall(ast.get_docstring(node) or ""):
                    yield from (f"{group}-{number:02d}" for number in range(int(first), int(last or first) + 1))


def test_every_trap_and_case_is_tried_or_says_why_not() -> None:
    """Each trap of shells and each case of L and M has a test or a reason here, and not both."""
    tried = set(iter_tried())
    assert (CASES | TRAPS.keys()) - tried == UNTRIED.keys()
    assert TRIED_IN_PART.keys() <= tried
    assert {each for each in tried if each.startswith("S")} <= TRAPS.keys(), "a trap that is not known"
