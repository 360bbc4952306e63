"""Files with variables (`.env`), which the manifest names under `dotenv`: text → names and values.

There is no standard for these files, and their readers disagree. This one takes what they read alike, refuses what they
read differently, and says which line it is about. It expands nothing: `$` and backquotes are characters. The reader of
`python-dotenv` is not used: what it documents looks variables up in the environment, passes over lines that it cannot
read, and bounds nothing.

    line     = [ name-and-value ] [ comment ]
    name     = letters, digits and `_`, as in `[env]`; `export` may stand in front, spaces round the `=`
    value    = plain text, without `#` and without spaces at its end
             | '…'   as it is, line feeds included
             | "…"   the same, but `\\n`, `\\r`, `\\t`, `\\\\`, `\\"` and `\\$` stand for a line feed and so on;
                     there is no other backslash
    comment  = `#` and the rest of the line; behind a plain value with white space in front

Messages never hold a value: these files are where people keep passwords.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from devenv.errors import ManifestError
from devenv.manifest.document import find_place
from devenv.manifest.grammar import GrammarError
from devenv.manifest.variables import require_variable

SIZE_LIMIT = 1 << 20
"""Bytes of a file, as many as a manifest has."""
COUNT_LIMIT = 1000
"""Variables in one file."""

KEY = re.compile(r"(?:export[ \t]+)?(?!export[ \t=])([^\s=#'\"`$]+)[ \t]*=[ \t]*")
PLAIN = re.compile(r"[^\n]*")
SINGLE = re.compile(r"'([^']*)'")
DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "$": "$"}


NOTHING: Mapping[str, str] = {}


def parse_dotenv(content: bytes, file: str, refused: Mapping[str, str] = NOTHING) -> dict[str, str]:
    """The variables in `content`, in the order in which they first stand; of several of one name the last counts.

    `file` is its name for messages; `refused` are names that it may not set here, each with the reason.

    Raises ManifestError (`dotenv-invalid`) with the place.
    """
    text = _decode(content, file)
    variables: dict[str, str] = {}
    offset = 0
    try:
        while offset < len(text):
            rest = REST.match(text, offset)
            if rest is not None:
                offset = rest.end()
                continue
            offset = _skip_indentation(text, offset)
            name, value, end = _read_pair(text, offset)
            if name in refused:
                raise _FaultError(offset, f"`{name}` cannot be set here", refused[name])
            variables[name] = require_variable(name, value)
            if len(variables) > COUNT_LIMIT:
                raise _FaultError(offset, f"it has more than {COUNT_LIMIT} variables", "leave out what is not used")
            offset = end
    except (_FaultError, GrammarError) as error:
        place = find_place(file, text, error.offset if isinstance(error, _FaultError) else offset)
        raise ManifestError(error.message, hint=error.hint, place=place, slug="dotenv-invalid") from error
    return variables


class _FaultError(GrammarError):
    """What is wrong at a character."""

    def __init__(self, offset: int, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.offset = offset


def _decode(content: bytes, file: str) -> str:
    reason = None
    if len(content) > SIZE_LIMIT:
        reason = f"it is larger than {SIZE_LIMIT} bytes"
    elif b"\0" in content:
        reason = "it holds a NUL byte"
    try:
        # Editors of one system begin files with a mark and end lines with two characters, and so does git there.
        text = content.removeprefix(codecs.BOM_UTF8).decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not UTF-8"
    if reason is not None:
        raise ManifestError(
            f"this is no file with variables: {reason}",
            hint="correct it, or take it out of `dotenv` in `devenv.toml`",
            place=find_place(file, "", 0),
            slug="dotenv-invalid",
        )
    return text


def _skip_indentation(text: str, offset: int) -> int:
    while text[offset] in " \t":
        offset += 1
    return offset


def _read_pair(text: str, offset: int) -> tuple[str, str, int]:
    """Name and value of the line at `offset`, and where the next one begins."""
    key = KEY.match(text, offset)
    if key is None:
        raise _FaultError(offset, "this line sets no variable", "write `NAME=value`, or `#` in front of a comment")
    value, end = _read_value(text, key.end())
    rest = REST.match(text, end)
    if rest is None:
        raise _FaultError(end, "something follows the closing quote", "put all of the value into one pair of quotes")
    return key[1], value, rest.end()


def _read_value(text: str, offset: int) -> tuple[str, int]:
    """The value at `offset`, and where it ends."""
    quote = text[offset : offset + 1]
    if quote == "`":
        raise _FaultError(offset, "the value begins with a backquote", "put it into single quotes")
    if quote not in {"'", '"'}:
        return _read_plain(text, offset)
    quoted = (SINGLE if quote == "'" else DOUBLE).match(text, offset)
    if quoted is None:
        raise _FaultError(offset, "the quote is not closed", 'close it, and write `\\"` for a quote in double quotes')
    if quote == "'":
        if quoted[1].endswith("\\"):
            # Some readers end the value here, others take it for a quote within.
            raise _FaultError(
                quoted.end() - 2, "a backslash stands before the closing quote", "use double quotes, and `\\\\` in them"
            )
        return quoted[1], quoted.end()
    return _unescape(quoted[1], quoted.start(1)), quoted.end()


def _unescape(text: str, offset: int) -> str:
    for match in ESCAPE.finditer(text):
        if match[1] not in ESCAPED:
            hint = "write `\\\\` for a backslash in double quotes, or use single quotes"
            raise _FaultError(
                offset + match.start(), "this backslash means different things to different readers", hint
            )
    return ESCAPE.sub(lambda match: ESCAPED[match[1]], text)


def _read_plain(text: str, offset: int) -> tuple[str, int]:
    line = PLAIN.match(text, offset)
    whole = "" if line is None else line[0]
    value, comment, _ = whole.partition("#")
    if comment and text[offset + len(value) - 1] not in " \t":
        # To some a comment begins here, to others the value goes on.
        hint = "put the value into single quotes, or white space in front of a comment"
        raise _FaultError(offset + len(value), "no white space stands in front of `#`", hint)
    value = value.rstrip(" \t")
    return value, offset + len(value)
