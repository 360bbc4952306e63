"""Writes `activate.fish`: an environment as lists that `shell_hooks/hook.fish` works with, which does the work.

The script is data: nothing but assignments of literal text. They stand in a block behind the beginning, which says
whether the hook knows the format and wants this project and generation. A script that breaks off is no complete block:
fish then runs nothing of it (FAULTS A-15).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from devenv.activation.model import DEFAULT_TAILS, Activation
from devenv.activation.quoting import quote_fish
from devenv.activation.watched import stamp_name

SCRIPT_FORMAT = 1
"""Raised when the assignments change: shells keep the hook that they began with for weeks, while devenv is updated."""

_BUILTINS = (
    "abbr argparse bind builtin cd command commandline complete contains count disown echo emit eval exec exit false",
    "fg functions history jobs math path printf pwd random read realpath set source status string test time true type",
    "ulimit wait",
)
BUILTINS = frozenset(name for line in _BUILTINS for name in line.split())
"""Commands of fish itself that an alias of the same name may call."""


def format_fish_script(activation: Activation) -> bytes:
    """The whole of `activate.fish`; the same activation gives the same bytes."""
    lines = ["# Written by devenv; read by its hook for fish.", *_iter_lines(activation), ""]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def format_alias(name: str, command: str) -> str:
    """What fish's own `alias NAME COMMAND` defines, so that it is known as the same."""
    words = command.split()
    prefix = ("builtin" if name in BUILTINS else "command") if words[:1] == [name] else ""
    wraps = "" if name in (*words[:1], *words[-1:]) else f"--wraps {quote_fish(command)}"
    description = quote_fish(f"alias {name} {command}")
    return f"function {name} {wraps} --description {description}; {prefix} {command} $argv\n        end"


def _iter_lines(activation: Activation) -> Iterator[str]:
    begin = (str(activation.project), str(activation.generation), activation.name)
    watched = [word for index, name in enumerate(activation.watched) for word in (name, stamp_name(index))]
    yield f"__devenv_begin {SCRIPT_FORMAT} {_quote([*begin, *watched])}; and begin"
    values = sorted((name, value) for name, value in activation.variables.items() if value is not None)
    yield from _iter_set("names", (name for name, _ in values))
    yield from _iter_set("size", [str(len(values))])
    yield from _iter_set("values", (value for _, value in values))
    yield from _iter_set("gone", sorted(name for name, value in activation.variables.items() if value is None))
    yield from _iter_set("lists", sorted(activation.lists))
    for name, entries in sorted(activation.lists.items()):
        yield from _iter_set(f"before_{name}_", entries.before)
        yield from _iter_set(f"after_{name}_", entries.after)
        yield from _iter_set(f"tail_{name}_", DEFAULT_TAILS.get(name, ()))
    interactive = activation.interactive_for("fish")
    aliases = {name: format_alias(name, command) for name, command in interactive.aliases.items()}
    functions = {name: f"function {name}\n{body}\nend" for name, body in interactive.functions.items()}
    called = sorted({**aliases, **functions}.items())
    yield from _iter_set("functions", (name for name, _ in called))
    yield from _iter_set("codes", (code for _, code in called))
    yield from _iter_set("hook", [interactive.enter] if interactive.enter is not None else [])
    yield from _iter_set("leave_hook", [interactive.leave] if interactive.leave is not None else [])
    yield from _iter_set("directories", interactive.completion_directories)
    yield from _iter_set("completions", sorted(interactive.completions))
    yield "__devenv_apply"
    yield "end"


def _iter_set(name: str, words: Iterable[str]) -> Iterator[str]:
    quoted = _quote(words)
    if quoted:
        yield f"set -g __devenv_{name} {quoted}"


def _quote(words: Iterable[str]) -> str:
    return " ".join(quote_fish(word) for word in words)
