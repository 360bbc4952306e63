"""Writes `activate.zsh`: an environment as arrays for `shell_hooks/hook.zsh`, which does the work.

The script is data: literal assignments, and one function that says which of the plain variables are set and what they
are, since nothing else in zsh looks at many variables in one command. They stand in a block behind the beginning, which
says whether the hook knows the format and wants this project and generation. A script that breaks off is no complete
block: zsh then runs nothing of it (FAULTS A-15).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from devenv.activation.model import Activation, join_entries
from devenv.activation.quoting import quote_bash

SCRIPT_FORMAT = 1
"""Raised when the arrays change: shells keep the hook that they began with for weeks, while devenv is updated."""


def format_zsh_script(activation: Activation) -> bytes:
    """The whole of `activate.zsh`; the same activation gives the same bytes."""
    lines = ["# Written by devenv; read by its hook for zsh.", *_iter_lines(activation), ""]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _iter_lines(activation: Activation) -> Iterator[str]:
    project, generation = (quote_bash(str(path)) for path in (activation.project, activation.generation))
    yield f"__devenv_begin {SCRIPT_FORMAT} {project} {generation} && {{"
    # One command, since each costs; what the hook holds is empty when it reads this.
    yield " \\\n".join((f"__devenv_project_name={quote_bash(activation.name)}", *_iter_arrays(activation)))
    yield from _iter_look(tuple(_set_variables(activation)))
    yield "}"


def _iter_arrays(activation: Activation) -> Iterator[str]:
    values = _set_variables(activation)
    interactive = activation.interactive_for("zsh")
    arrays: Mapping[str, Iterable[str]] = {
        "watched": activation.watched,
        "names": values,
        "pairs": (f"{name}={value}" for name, value in values.items()),
        "unsets": (name for name, value in sorted(activation.variables.items()) if value is None),
        "lists": _iter_lists(activation),
        "aliases": (f"{name}={command}" for name, command in sorted(interactive.aliases.items())),
        "functions": _flatten(interactive.functions.items()),
        "completion_directories": interactive.completion_directories,
        "completions": _flatten((name, " ".join(words)) for name, words in interactive.completions.items()),
    }
    for name, texts in arrays.items():
        words = " ".join(quote_bash(text) for text in texts)
        if words:
            yield f"__devenv_{name}=({words})"
    for name, code in (("enter", interactive.enter), ("leave", interactive.leave)):
        if code:
            yield f"__devenv_{name}_code={quote_bash(code)}"


def _set_variables(activation: Activation) -> Mapping[str, str]:
    return {name: value for name, value in sorted(activation.variables.items()) if value is not None}


def _iter_lists(activation: Activation) -> Iterator[str]:
    for name, entries in sorted(activation.lists.items()):
        yield from (name, ":".join(entries.before), ":".join(entries.after), join_entries(name, entries, None))


def _iter_look(names: tuple[str, ...]) -> Iterator[str]:
    marks = "".join(f"${{{name}+.}}" for name in names)
    pairs = " ".join(f'"{name}=${{{name}-}}"' for name in names)
    yield f'function __devenv_look {{ __devenv_set="{marks}"; __devenv_now=({pairs}) }}'


def _flatten(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for pair in sorted(pairs):
        yield from pair
