"""Files that hold one version and nothing else: `.nvmrc`, `.node-version`, `.python-version`, `.ruby-version`, …"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from devenv.detect.model import Finding, Strength, Wish
from devenv.detect.requests import translate_pin

LINES_LIMIT = 1000
NODE_LINES = {
    "argon": 4,
    "boron": 6,
    "carbon": 8,
    "dubnium": 10,
    "erbium": 12,
    "fermium": 14,
    "gallium": 16,
    "hydrogen": 18,
    "iron": 20,
    "jod": 22,
    "krypton": 24,
}
"""Node.js's long-term lines by name (github.com/nodejs/Release, 2026-11)."""
NODE_NEWEST = frozenset({"node", "stable", "current", "latest"})
OTHER_PYTHONS = re.compile(r"(pypy|graalpy|jython|miniconda|anaconda|miniforge|mambaforge|stackless|micropython)\S*")
OTHER_RUBIES = re.compile(r"(jruby|truffleruby|mruby|rbx|picoruby|artichoke)\S*")


def translate_node(asked: str) -> Wish:
    """A version, or what nvm calls one: `lts/*`, `lts/-1`, `lts/iron`, `stable`."""
    word = asked.lower().removeprefix("node-")
    if word in NODE_NEWEST:
        return Wish(("*",))
    long_term, _, name = word.partition("/")
    if long_term in {"lts", "--lts", "lts-*"} or long_term.removeprefix("lts-") in NODE_LINES:
        return _long_term(name or long_term.removeprefix("lts-"), asked)
    return _long_term(word, asked) if word in NODE_LINES else translate_pin(asked.removeprefix("node-"))


def _long_term(name: str, asked: str) -> Wish:
    majors = sorted(NODE_LINES.values(), reverse=True)
    if name in {"*", "", "lts", "--lts"}:
        return Wish((str(majors[0]),), "the newest long-term line that devenv knows of")
    if name in NODE_LINES:
        return Wish((str(NODE_LINES[name]),), f"`{asked}` is the long-term line {NODE_LINES[name]}")
    if re.fullmatch(r"-[1-9]", name) and int(name[1:]) < len(majors):
        major = majors[int(name[1:])]
        return Wish((str(major),), f"`{asked}` is the long-term line {major}")
    return Wish((), f"devenv knows no long-term line `{asked}`")


def translate_cpython(asked: str) -> Wish:
    """What pyenv and uv call a Python."""
    word = asked.lower()
    if match := OTHER_PYTHONS.fullmatch(word):
        return Wish((), f"`{match[1]}` is another Python than CPython, the only one there is")
    if word == "system":
        return Wish(("*",), "the system's Python may be any")
    word = re.sub(r"^(?:cpython|python)[-@]?", "", word)
    word = re.sub(r"(?:-dev|t|\+freethreaded|-(?:linux|macos|windows)-.*)$", "", word)
    return translate_pin(word)


def translate_mri(asked: str) -> Wish:
    """What rbenv and rvm call a Ruby."""
    if match := OTHER_RUBIES.fullmatch(asked.lower()):
        return Wish((), f"`{match[1]}` is another Ruby than the one there is")
    if asked == "system":
        return Wish(("*",), "the system's Ruby may be any")
    return translate_pin(re.sub(r"^ruby-", "", asked).partition("@")[0])


def translate_java(asked: str) -> Wish:
    """What jenv, SDKMAN and asdf call a JDK: `17`, `1.8`, `temurin-21.0.2+13`, `21.0.2-tem`."""
    match = re.search(r"(?:^|[-_])(?:1\.)?([0-9]{1,3})(?:[.+_-]|$)", asked)
    return Wish((match[1],)) if match else translate_pin(asked)


def _iter_versions(text: str) -> Iterator[tuple[int, str]]:
    """Line and content of each line that says something."""
    for number, line in enumerate(text.split("\n")[:LINES_LIMIT], 1):
        asked = line.partition("#")[0].strip()
        if asked:
            yield number, asked


def _translate_go(asked: str) -> Wish:
    return translate_pin(asked.removeprefix("go"))


TOOLS: Mapping[str, tuple[str, str, Callable[[str], Wish]]] = {
    ".nvmrc": ("node", "nodejs", translate_node),
    ".node-version": ("node", "nodejs", translate_node),
    ".python-version": ("python", "python", translate_cpython),
    ".ruby-version": ("ruby", "ruby", translate_mri),
    ".java-version": ("java", "openjdk", translate_java),
    ".go-version": ("go", "go", _translate_go),
}
"""File → what it is called there, the package, and how its versions are understood."""


def parse_version_file(text: str, file: str) -> Iterator[Finding]:
    """One of `TOOLS`. The first of several versions counts: it is what `python`, say, means."""
    tool, package, translate = TOOLS[file]
    for line, asked in _iter_versions(text):
        yield Finding(file, line, tool, asked, package, translate(asked), Strength.PINNED)
        return
