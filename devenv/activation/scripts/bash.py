"""Writes `activate.bash`: an environment as calls of the functions in `shell_hooks/hook.bash`, which do the work.

The script is data: nothing but calls with literal arguments. They stand in a block behind the beginning, which says
whether the hook knows the format and wants this project and generation. A script that breaks off is no complete block:
bash then runs nothing of it (FAULTS A-15).
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
    yield f"__devenv_begin {SCRIPT_FORMAT} {project} {generation} && {{"
    for name, value in sorted(activation.variables.items()):
        yield f"__devenv_set {name} {quote_bash(value or '')}"
    for name, entries in sorted(activation.lists.items()):
        tail = ":".join(("", *DEFAULT_TAILS.get(name, ())))
        yield f"__devenv_prepend {name} {quote_bash(tail)} {quote_bash(':'.join(entries.before))}"
    interactive = activation.interactive_for("bash")
    for name, command in sorted(interactive.aliases.items()):
        yield f"__devenv_alias {name} {quote_bash(command)}"
    if interactive.enter is not None:
        yield f"__devenv_enter_hook {quote_bash(interactive.enter)}"
    yield "}"
