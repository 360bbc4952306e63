"""What to do about usual failures of builds, by what a script said last. Pure.

Most builds that fail do so for what a sandbox does not have: a program, a library, a network, a home directory. What
tools say of that does not tell anybody who does not know the sandbox what to do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NAME = r"[A-Za-z0-9+._/-]{1,60}"
PROGRAM = r"[A-Za-z0-9+._-]{1,60}"
"""Not one that is named by its path: that was to be among the sources."""

ADVICE = (
    (
        r"[Nn]etwork is unreachable|[Cc]ould not resolve|[Nn]ame or service not known"
        r"|[Tt]emporary failure in name resolution",
        "a build has no network: what it needs must be among its sources, `inputs` or `tools`",
    ),
    (
        rf": ({PROGRAM}): (?:command )?not found\b|^make(?:\[\d+\])?: ({PROGRAM}): No such file or directory"
        rf"|env: .({PROGRAM}).: No such file or directory",
        "add the package that has `{0}` to `tools`: a build sees no program of this machine",
    ),
    (
        rf"fatal error: ({NAME}): No such file or directory",
        "add the package that has `{0}` to `inputs`",
    ),
    (rf"cannot find -l(?:({NAME}))\b", "add the package that has the library `{0}` to `inputs`"),
    (rf"No package '({NAME})' found|Package ({NAME}) was not found", "add the package that has `{0}.pc` to `inputs`"),
    (
        rf"Could NOT find ({NAME})|Could not find a package configuration file provided by .({NAME})",
        ("add the package that has `{0}` to `inputs`"),
    ),
    (r"No module named '?([A-Za-z0-9_.]{1,60})", "add the package that has the Python module `{0}` to `tools`"),
    (r"/homeless\b", "a build has no home directory: let it write below `$TMPDIR` or `$out`"),
    (r"Read-only file system", "a build can write below `/build`, `$TMPDIR` and `$out` only"),
)
"""Patterns for lines, and what helps; `{0}` is what a pattern's group found."""

_PATTERNS = tuple((re.compile(pattern), text) for pattern, text in ADVICE)


def advise(lines: Sequence[str]) -> str | None:
    """What helps against the failure that `lines` end with, if that is a usual one. What came first is its cause."""
    for line in lines:
        for pattern, text in _PATTERNS:
            match = pattern.search(line)
            if match is not None:
                return text.format(*(group for group in match.groups() if group))
    return None
