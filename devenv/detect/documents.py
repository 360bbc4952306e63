"""JSON and TOML with the lines in which their values stand, bounded."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from devenv.detect.model import UnreadableError

if TYPE_CHECKING:
    from devenv.manifest.document import Document

COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
TRAILING_COMMA = re.compile(r'"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])', re.DOTALL)


def parse_json(text: str) -> dict[str, Any]:
    """The object that a text is. Raises UnreadableError."""
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise UnreadableError("nested too deep") from error
    except ValueError as error:
        raise UnreadableError(f"no valid JSON ({str(error)[:100]})") from error
    if not isinstance(data, dict):
        raise UnreadableError("no JSON object")
    return data


def strip_comments(text: str) -> str:
    """JSON of a text with comments and commas before closing brackets; every line stays where it was."""
    text = COMMENT.sub(lambda match: match[0] if match[0][0] == '"' else re.sub(r"[^\n]", " ", match[0]), text)
    return TRAILING_COMMA.sub(lambda match: match[0] if match[0][0] == '"' else " ", text)


def find_line(text: str, *names: str) -> int:
    """The line of a JSON text in which the last of `names` stands, each looked for behind the one before."""
    place = 0
    for name in names:
        found = text.find(json.dumps(name, ensure_ascii=False), place)
        if found < 0:
            break
        place = found + 1
    return text.count("\n", 0, place) + 1


def parse_toml(text: str, file: str) -> Document:
    """A TOML document with its positions. Raises UnreadableError."""
    from devenv.errors import ManifestError
    from devenv.manifest.document import parse_document

    try:
        return parse_document(text.encode(), file)
    except ManifestError as error:
        where = f" at line {error.place.line}" if error.place is not None and error.place.line else ""
        raise UnreadableError(f"no valid TOML{where}") from error
    except RecursionError as error:
        raise UnreadableError("nested too deep") from error


def value_line(document: Document, *path: str | int) -> int:
    """The line in which the value at `path` stands."""
    return document.place(document.value_offset(path)).line or 1


def lookup(data: Any, *path: str) -> Any:
    """What stands at `path` of nested tables; None where that is nothing."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data
