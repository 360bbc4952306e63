"""What an environment's object has for completing command lines, by shell.

Found when a generation is made, so that a shell that enters reads no directory: it is told which of the environment's
programs there are completions for, and loads one when its program is first completed. Completions of other programs, of
which collections such as bash-completion have a thousand, are left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from devenv.manifest.grammar import GrammarError, require_function

BASH_DIRECTORIES = ("share/bash-completion/completions",)
FISH_DIRECTORIES = ("share/fish/vendor_completions.d", "share/fish/completions")
ZSH_DIRECTORIES = ("share/zsh/site-functions", "share/zsh/vendor-completions")

COUNT_LIMIT = 2000
"""Files of one directory; git and its like have a few dozen."""
LINE_LIMIT = 4096
"""Bytes of the first line of a function for zsh."""


@dataclass(frozen=True, slots=True)
class Completions:
    """Directories in an environment with what they complete, as `devenv.activation.model.Interactive` has it."""

    directories: tuple[str, ...] = ()
    completions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def find_completions(environment: Path) -> dict[str, Completions]:
    """The completions in the environment at this store path, for each shell by its name."""
    programs = frozenset(_list(environment / "bin"))
    return {
        "bash": _find(environment, BASH_DIRECTORIES, partial(_read_bash, programs)),
        "fish": _find(environment, FISH_DIRECTORIES, partial(_read_fish, programs)),
        "zsh": _find(environment, ZSH_DIRECTORIES, partial(_read_zsh, programs)),
    }


Found = tuple[str, tuple[str, ...]] | None


def _find(environment: Path, directories: tuple[str, ...], read: Callable[[Path], Found]) -> Completions:
    having: list[str] = []
    completions: dict[str, tuple[str, ...]] = {}
    for name in directories:
        directory = environment / name
        found = [each for each in (read(path) for path in _iter_files(directory)) if each and _is_fit(each[0])]
        if found:
            having.append(str(directory))
        for command, words in found:
            completions.setdefault(command, words)
    return Completions(tuple(having), dict(sorted(completions.items())))


def _iter_files(directory: Path) -> Iterator[Path]:
    """The files in a directory, by their names; none where there is no such directory."""
    yield from (directory / name for name in _list(directory)[:COUNT_LIMIT] if (directory / name).is_file())


def _list(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_fit(name: str) -> bool:
    """Whether a shell can be told of it: what cannot be a function's name is not."""
    try:
        require_function(name)
    except GrammarError:
        return False
    return True


def _read_bash(programs: Set[str], path: Path) -> Found:
    # As bash-completion names files: `NAME`, `NAME.bash` or `_NAME`.
    command = path.name.removesuffix(".bash").removeprefix("_")
    return (command, ()) if command in programs else None


def _read_fish(programs: Set[str], path: Path) -> Found:
    return (path.stem, ()) if path.suffix == ".fish" and path.stem in programs else None


def _read_zsh(programs: Set[str], path: Path) -> Found:
    """A function with the words behind `#compdef`; none for one that others call (`#autoload`)."""
    if not path.name.startswith("_"):
        return None
    with path.open("rb") as file:
        line = file.readline(LINE_LIMIT)
    try:
        tag, *words = line.decode().split()
    except ValueError:
        return None
    if not line.endswith(b"\n") or not all(word.isprintable() for word in words):
        return None
    if tag == "#autoload":
        return path.name, ()
    # `NAME=SERVICE` is about NAME; what follows an option is a pattern or a context.
    is_wanted = any(word.startswith("-") or word.partition("=")[0] in programs for word in words)
    return (path.name, tuple(words)) if tag == "#compdef" and is_wanted else None
