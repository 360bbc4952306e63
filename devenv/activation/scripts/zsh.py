"""Writes `activate.zsh`: an environment as arrays for `shell_hooks/hook.zsh`, which does the work.

The script is data: literal assignments, and one function that says which of the plain variables are set and what they
are, since nothing else in zsh looks at many variables in one command. They stand in a block behind the beginning, which
says whether the hook knows the format and wants this project and generation. A script that breaks off is no complete
block: zsh then runs nothing of it (FAULTS A-15).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from devenv.activation.model import Activation, Interactive, join_entries
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
    yield f"__devenv_project_name={quote_bash(activation.name)}"
    yield _assign("watched", activation.watched)
    values = {name: value for name, value in sorted(activation.variables.items()) if value is not None}
    yield _assign("names", values)
    yield _assign("pairs", (f"{name}={value}" for name, value in values.items()))
    yield _assign("unsets", (name for name, value in sorted(activation.variables.items()) if value is None))
    yield _assign("lists", _iter_lists(activation))
    yield from _iter_interactive(activation.interactive_for("zsh"))
    yield from _iter_look(tuple(values))
    yield "}"


def _iter_lists(activation: Activation) -> Iterator[str]:
    for name, entries in sorted(activation.lists.items()):
        yield from (name, ":".join(entries.before), ":".join(entries.after), join_entries(name, entries, None))


def _iter_interactive(interactive: Interactive) -> Iterator[str]:
    yield _assign("aliases", _flatten(interactive.aliases.items()))
    yield _assign("functions", _flatten(interactive.functions.items()))
    yield _assign("completion_directories", interactive.completion_directories)
    completions = ((name, " ".join(completed)) for name, completed in interactive.completions.items())
    yield _assign("completions", _flatten(completions))
    yield f"__devenv_enter_code={quote_bash(interactive.enter or '')}"
    yield f"__devenv_leave_code={quote_bash(interactive.leave or '')}"


def _iter_look(names: tuple[str, ...]) -> Iterator[str]:
    marks = "".join(f"${{{name}+.}}" for name in names)
    pairs = " ".join(f'"{name}=${{{name}-}}"' for name in names)
    yield f'function __devenv_look {{ __devenv_set="{marks}"; __devenv_now=({pairs}) }}'


def _flatten(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for pair in sorted(pairs):
        yield from pair


def _assign(name: str, texts: Iterable[str]) -> str:
    return f"__devenv_{name}=({' '.join(quote_bash(text) for text in texts)})"
