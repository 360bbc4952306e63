"""Results and errors as JSON for programs: always one object with the envelope's format number.

    {"format": 1, "command": "status", "result": {…}}
    {"format": 1, "command": "status", "error": {…}}

A field may be added without a new number; one that changes its meaning or goes away brings a new one.
"""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from devenv.errors import DevenvError
from devenv.ui.failure import failure_data
from devenv.ui.terminal import CONTROL_CHARACTERS

ENVELOPE_FORMAT = 1


def format_result(command: str, result: object) -> bytes:
    """A result (a dataclass of plain values) in its envelope."""
    return _format({"format": ENVELOPE_FORMAT, "command": command, "result": plain_data(result)})


def format_failure(command: str, error: DevenvError) -> bytes:
    """An error in its envelope."""
    return _format({"format": ENVELOPE_FORMAT, "command": command, "error": failure_data(error)})


def plain_data(value: object) -> Any:
    """Dataclasses, mappings, sequences, enumerations and paths as what JSON knows; other values by their text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case enum.Enum():
            return value.value
        case Path():
            return str(value)
        case Mapping():
            return {str(plain_data(key)): plain_data(each) for key, each in value.items()}
        case Sequence():
            return [plain_data(each) for each in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and type(value).__str__ is object.__str__:
        return {field.name: plain_data(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return str(value)


def _format(document: dict[str, Any]) -> bytes:
    """UTF-8 whatever the locale: JSON has no other encoding. Bytes of file names that are none become U+FFFD."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    # JSON allows in a string what a terminal acts on. Line feeds here are those between members.
    lines = (CONTROL_CHARACTERS.sub(lambda match: f"\\u{ord(match[0]):04x}", line) for line in text.split("\n"))
    text = "\n".join([*lines, ""])
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").encode()
