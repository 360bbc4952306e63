"""`activation.json`: an activation in a generation, so that `devenv run` evaluates nothing and editors need no shell.

Read back strictly: whatever is not what we write is an error, never half an environment.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import msgspec

from devenv import fsutil
from devenv.activation.model import Activation, Entries, Interactive
from devenv.errors import ActivationError, Place

ACTIVATION_NAME = "activation.json"
FORMAT = 2
SIZE_LIMIT = 64 << 20
"""Bytes; environments are bounded by what `execve` takes, which is less."""


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    project: str
    generation: str
    name: str
    variables: dict[str, str | None]
    lists: dict[str, Entries]
    watched: tuple[str, ...]
    interactive: dict[str, Interactive]


def format_activation(activation: Activation) -> bytes:
    """JSON in ASCII; bytes that are not UTF-8 appear as `\\udcXX`."""
    document = {
        **asdict(activation),
        "format": FORMAT,
        "project": str(activation.project),
        "generation": str(activation.generation),
    }
    return json.dumps(document, indent=1, sort_keys=True).encode("ascii") + b"\n"


def parse_activation(text: bytes) -> Activation:
    """What `format_activation` wrote. Raises ValueError, or ActivationError where a shell could not take it."""
    # The standard library's reader: msgspec's own takes no half surrogate pairs, which stand for bytes here.
    saved = msgspec.convert(json.loads(text), _Document)
    if saved.format != FORMAT:
        raise ValueError("not the format of this version")
    return Activation(
        project=Path(saved.project),
        generation=Path(saved.generation),
        name=saved.name,
        variables=saved.variables,
        lists=saved.lists,
        watched=saved.watched,
        interactive=saved.interactive,
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
