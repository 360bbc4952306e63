"""Activation of a plain mapping of exported variables, in and out: what `devenv run` gives to a program.

The rules are those of the hooks, so that an interactive shell started by that program can leave the environment, and so
that `devenv run` inside one project's shell can run another project's program without the first one's variables.
"""

from __future__ import annotations

from collections.abc import Mapping

from devenv.activation.model import DEFAULT_TAILS, Activation, join_entries

PROJECT_MARKER = "DEVENV_PROJECT"
GENERATION_MARKER = "DEVENV_GENERATION"
NAME_MARKER = "DEVENV_NAME"
"""What people call the project, for prompts; nothing is decided by it."""
MARKERS = frozenset({PROJECT_MARKER, GENERATION_MARKER, NAME_MARKER})
WAS_PREFIX = "DEVENV_WAS_"
"""With a variable's name: the value it had before. Absent: it was not set."""


def apply_activation(activation: Activation, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with the environment in it and what is needed to leave again.

    `environ` holds no other activation: see `revert_activation`.
    """
    result = {name: value for name, value in environ.items() if not name.startswith(WAS_PREFIX)}
    for name in (*activation.variables, *activation.lists):
        before = environ.get(name)
        if before is not None:
            result[WAS_PREFIX + name] = before
        _put(result, name, _goal(activation, name, before))
    result[NAME_MARKER] = activation.name
    result[PROJECT_MARKER] = str(activation.project)
    result[GENERATION_MARKER] = str(activation.generation)
    return result


def revert_activation(activation: Activation, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` as it was before `activation`, with what was changed meanwhile kept.

    A plain variable goes back if it is as we left it, set or unset. Of a list our entries are taken out: of those in
    front the first occurrence, of those behind the last.
    """
    result = drop_markers(environ)
    for name in (*activation.variables, *activation.lists):
        now, before = environ.get(name), environ.get(WAS_PREFIX + name)
        if now == _goal(activation, name, before):
            _put(result, name, before)
        elif now is not None and name in activation.lists:
            _put(result, name, _take_out(activation, name, now, before))
    return result


def drop_markers(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without what activations publish."""
    return {n: value for n, value in environ.items() if n not in MARKERS and not n.startswith(WAS_PREFIX)}


def _put(environ: dict[str, str], name: str, value: str | None) -> None:
    if value is None:
        environ.pop(name, None)
    else:
        environ[name] = value


def _goal(activation: Activation, name: str, before: str | None) -> str | None:
    if name in activation.variables:
        return activation.variables[name]
    return join_entries(name, activation.lists[name], before)


def _take_out(activation: Activation, name: str, now: str, before: str | None) -> str | None:
    elements = now.split(":")
    for entry in activation.lists[name].before:
        if entry in elements:
            elements.remove(entry)
    elements.reverse()
    for entry in reversed(activation.lists[name].after):
        if entry in elements:
            elements.remove(entry)
    elements.reverse()
    left = ":".join(elements)
    # Only the default that we spelt out is left: then it goes too.
    return before if not before and left == ":".join(DEFAULT_TAILS.get(name, ())) else left
