"""Writes `activate.bash`: an environment as calls of the functions in `shell_hooks/hook.bash`, which do the work.

The script is data. It says everything between a beginning and an end; the hook collects the calls and acts at the end,
so that a script that breaks off has no effect (FAULTS A-15). A hook that does not know the format stops at its
beginning.
"""

from __future__ import annotations

from collections.abc import Iterator

from devenv.activation.model import DEFAULT_TAILS, Activation
from devenv.activation.quoting import quote_bash

SCRIPT_FORMAT = 1
"""Raised when the calls change: shells keep the hook that they began with for weeks, while devenv is updated."""


def format_bash_script(activation: Activation) -> bytes:
    """The whole of `activate.bash`; the same activation gives the same bytes."""
    lines = ["# Written by devenv; read by its hook for bash.", *_iter_calls(activation), ""]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _iter_calls(activation: Activation) -> Iterator[str]:
    project, generation = (quote_bash(str(path)) for path in (activation.project, activation.generation))
    yield f"__devenv_begin {SCRIPT_FORMAT} {project} {generation} || return 0"
    for name, value in sorted(activation.variables.items()):
        yield f"__devenv_set {name} {quote_bash(value)}"
    for name, entries in sorted(activation.paths.items()):
        words = (DEFAULT_TAILS.get(name, ""), *entries)
        yield " ".join(["__devenv_prepend", name, *map(quote_bash, words)])
    for name, command in sorted(activation.aliases.items()):
        yield f"__devenv_alias {name} {quote_bash(command)}"
    if activation.hook is not None:
        yield f"__devenv_enter_hook {quote_bash(activation.hook)}"
    yield "__devenv_end"
