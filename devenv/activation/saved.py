"""`activation.json`: an activation in a generation, so that `devenv run` evaluates nothing and editors need no shell.

Read back strictly: whatever is not what we write is an error, never half an environment.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from devenv import fsutil
from devenv.activation.model import Activation
from devenv.errors import ActivationError, Place

ACTIVATION_NAME = "activation.json"
FORMAT = 1
SIZE_LIMIT = 64 << 20
"""Bytes; environments are bounded by what `execve` takes, which is less."""


def format_activation(activation: Activation) -> bytes:
    """JSON in ASCII; bytes that are not UTF-8 appear as `\\udcXX`."""
    document = {
        "format": FORMAT,
        "project": str(activation.project),
        "generation": str(activation.generation),
        "variables": dict(activation.variables),
        "paths": dict(activation.paths),
        "aliases": dict(activation.aliases),
        "hook": activation.hook,
    }
    return json.dumps(document, indent=1, sort_keys=True).encode("ascii") + b"\n"


def parse_activation(text: bytes) -> Activation:
    """What `format_activation` wrote. Raises ValueError, or ActivationError where a shell could not take it."""
    document = json.loads(text)
    if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
        raise ValueError("not the format of this version")
    if set(document) != set(Activation.__dataclass_fields__):
        raise ValueError("not the fields of an activation")
    hook = document["hook"]
    return Activation(
        project=Path(_string(document["project"])),
        generation=Path(_string(document["generation"])),
        variables=_strings(document["variables"]),
        paths={name: tuple(map(_string, entries)) for name, entries in _mapping(document["paths"]).items()},
        aliases=_strings(document["aliases"]),
        hook=None if hook is None else _string(hook),
    )


def read_activation(generation: Path) -> Activation:
    """The activation that lies in `generation`. Raises ActivationError (`generation-damaged`)."""
    path = generation / ACTIVATION_NAME
    try:
        return parse_activation(fsutil.read_regular(path, SIZE_LIMIT))
    except (OSError, ValueError, RecursionError, ActivationError) as error:
        raise ActivationError(
            "the generation cannot be used",
            place=Place(str(path)),
            details=(str(error)[:200],),
            hint="run `devenv allow` to make it anew",
            slug="generation-damaged",
        ) from error


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a string")  # noqa: TRY004 - one kind of error for whatever a file may hold
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(item, (str, list)) for item in value.values()):
        raise ValueError("not a table")
    return value


def _strings(value: Any) -> dict[str, str]:
    return {name: _string(text) for name, text in _mapping(value).items()}
