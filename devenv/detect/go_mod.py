"""`go.mod`: the oldest Go that the module is written for, and the toolchain that it suggests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from devenv.detect.model import Finding, Strength
from devenv.detect.requests import translate_minimum

LINE = re.compile(r"(go|toolchain)[ \t]+(\S{1,64})[ \t]*(?://.*)?", re.ASCII)


def parse_go_mod(text: str, file: str) -> Iterator[Finding]:
    """`go 1.22` is the least that will do, and so is `toolchain go1.24.1` where it is newer."""
    said = False
    for number, line in enumerate(text.split("\n"), 1):
        match = LINE.fullmatch(line.strip())
        if match is None or match[2] == "default":
            continue
        said = True
        wish = translate_minimum(match[2].removeprefix("go"))
        yield Finding(file, number, "go", match[2], "go", wish, Strength.RANGE)
    if not said:
        yield Finding(file, 1, "go", "", "go")
