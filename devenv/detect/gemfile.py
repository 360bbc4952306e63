"""`Gemfile`: the Ruby that a project wants. It is a program in Ruby, of which only plain lines are understood."""

from __future__ import annotations

import re
from collections.abc import Iterator

from devenv.detect.model import Finding, Strength
from devenv.detect.requests import translate_ruby
from devenv.detect.version_files import translate_mri

RUBY = re.compile(r"ruby[ \t(]+(.{1,200})")
TEXT = re.compile(r"""["']([^"'#\\]{1,100})["']""")
OPTION = re.compile(r"""(?:,[ \t]*)?:?[a-z_]{1,30}:?[ \t]*(?:=>)?[ \t]*["'][^"']*["'].*""")


def parse_gemfile(text: str, file: str) -> Iterator[Finding]:
    """`ruby "~> 3.3"`, also with several requirements; `ruby file: ".ruby-version"` is that file's matter."""
    for number, line in enumerate(text.split("\n"), 1):
        match = RUBY.fullmatch(line.split(" #")[0].strip())
        if match is None:
            continue
        asked = TEXT.findall(OPTION.sub("", match[1]))
        if not asked:
            break
        wish = translate_mri(asked[0]) if len(asked) == 1 and asked[0][0].isdigit() else translate_ruby(asked)
        strength = Strength.PINNED if asked[0][0].isdigit() else Strength.RANGE
        yield Finding(file, number, "ruby", ", ".join(asked), "ruby", wish, strength)
        return
    yield Finding(file, 1, "ruby", "", "ruby")
