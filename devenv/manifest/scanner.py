"""Finds where each key and value of a TOML text stands, and bounds how much there is to stand.

`tomllib` says where a syntax error lies but forgets the places of what it accepts, and it has no limits: a megabyte of
brackets overflows its stack, a megabyte of `a.a.a` takes all memory (FAULTS K-01). This scanner therefore runs
*before* it. It knows the structure of TOML and nothing of the meaning: where it does not understand a text it stops,
without an error, since `tomllib` will not get past that point either and says better why.

What is scanned is a superset of TOML 1.1.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Container, Mapping

from devenv.manifest.positions import Path, Positions, Span, Statement

NESTING_LIMIT = 16
"""Arrays and inline tables inside each other; a manifest needs two."""
KEY_PARTS_LIMIT = 16
"""Parts of a dotted key or header; a manifest needs three."""
SCALAR_LIMIT = 256
"""Characters of a number, date or boolean; far below where Python refuses to convert digits."""
ITEM_LIMIT = 10_000
"""Parts of keys, and values, in all; each costs memory here and in `tomllib`."""

SPACE = re.compile(r"[ \t]*")
BLANK = re.compile(r"[ \t\r\n]*")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
SCALAR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9][0-9:.+Zz-]*|[A-Za-z0-9_.:+-]+")

LINE_STRINGS = {'"': re.compile(r'\\.|["\n]'), "'": re.compile(r"['\n]")}
TEXT_STRINGS = {'"""': re.compile(r'\\.|"{3,5}', re.DOTALL), "'''": re.compile(r"'{3,5}")}
"""What a string begins with → what to look for in it: escapes, which may hide a quote, and what ends it.

One pattern for a whole string would need possessive groups, which Python before 3.11.5 matches wrongly, or memory for
each character. Three quotes end a string, two more may stand before them.
"""


class LimitExceededError(ValueError):
    """The text holds more than any manifest needs; `offset` is where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class _StoppedError(Exception):
    """The text is not TOML from here on."""


def scan_positions(text: str) -> Positions:
    """The places in `text`, up to where it stops being TOML. Raises LimitExceededError."""
    scanner = _Scanner(text)
    with contextlib.suppress(_StoppedError):
        scanner.scan()
    return Positions(
        keys=scanner.keys,
        values=scanner.values,
        statements=tuple(scanner.statements),
        members=tuple(scanner.members),
        repeated=scanner.repeated,
    )


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self.keys: dict[Path, int] = {}
        self.values: dict[Path, Span] = {}
        self.statements: list[Statement] = []
        self.members: list[Statement] = []
        self.repeated: tuple[Path, int] | None = None
        self._headers: set[Path] = set()
        self._lengths: dict[Path, int] = {}
        self._items = 0

    def scan(self) -> None:
        table: Path = ()
        while self._skip_blank() < len(self.text):
            if self.text.startswith("[", self.offset):
                statement = self._read_header()
                table = statement.path
            else:
                statement = self._read_assignment(table, 0)
            self.statements.append(statement)
            self._skip(SPACE)
            if self.text[self.offset : self.offset + 1] not in {"", "\n", "\r", "#"}:
                raise _StoppedError

    def _read_header(self) -> Statement:
        start = self.offset
        width = 2 if self.text.startswith("[[", start) else 1
        self.offset += width
        self._skip(SPACE)
        path: Path = ()
        for name, offset in self._read_key():
            # A table below an array of tables belongs to the array's last element so far.
            path = (*self._last_element(path), name)
            self.keys.setdefault(path, offset)
        self._expect("]" * width)
        if width == 2:
            length = self._lengths.get(path, 0)
            self._lengths[path] = length + 1
            path = (*path, length)
            self.keys[path] = start
        self._note(path, start, self._headers)
        self._headers.add(path)
        return Statement(path, Span(start, self.offset), path, is_header=True)

    def _last_element(self, path: Path) -> Path:
        length = self._lengths.get(path)
        return path if length is None else (*path, length - 1)

    def _read_assignment(self, table: Path, depth: int) -> Statement:
        start = self.offset
        path = table
        for name, offset in self._read_key():
            path = (*path, name)
            self.keys.setdefault(path, offset)
        self._expect("=")
        self._skip(SPACE)
        self._note(path, start, self.values)
        self._read_value(path, depth)
        return Statement(path, Span(start, self.offset), table)

    def _read_key(self) -> list[tuple[str, int]]:
        """The parts of a dotted key, each with its offset; the spaces after it are skipped."""
        parts: list[tuple[str, int]] = []
        while len(parts) < KEY_PARTS_LIMIT:
            start = self.offset
            self._count(start)
            if not self._read_string(LINE_STRINGS) and self._skip(BARE_KEY) == start:
                raise _StoppedError
            parts.append((_parse_key(self.text[start : self.offset]), start))
            self._skip(SPACE)
            if not self._take("."):
                return parts
            self._skip(SPACE)
        raise LimitExceededError(f"a key has more than {KEY_PARTS_LIMIT} parts", self.offset)

    def _read_value(self, path: Path, depth: int) -> None:
        start = self.offset
        if depth > NESTING_LIMIT:
            raise LimitExceededError(f"values are nested more than {NESTING_LIMIT} deep", start)
        if self.text.startswith("[", start):
            self._read_items("]", lambda index: self._read_value((*path, index), depth + 1))
        elif self.text.startswith("{", start):
            self._read_items("}", lambda _: self.members.append(self._read_assignment(path, depth + 1)))
        else:
            self._read_scalar()
        self._count(start)
        self.values[path] = Span(start, self.offset)

    def _read_items(self, closing: str, read_item: Callable[[int], None]) -> None:
        self.offset += 1
        for index in itertools.count():
            self._skip_blank()
            if self._take(closing):
                return
            read_item(index)
            self._skip_blank()
            if not self._take(","):
                self._expect(closing)
                return

    def _read_scalar(self) -> None:
        if self._read_string(TEXT_STRINGS) or self._read_string(LINE_STRINGS):
            return
        start = self.offset
        if self._skip(SCALAR) == start:
            raise _StoppedError
        if self.offset - start > SCALAR_LIMIT:
            raise LimitExceededError(f"a number has more than {SCALAR_LIMIT} characters", start)

    def _read_string(self, kinds: Mapping[str, re.Pattern[str]]) -> bool:
        """Whether a string of one of these kinds stands here; if so, it is passed over."""
        for opening, pattern in kinds.items():
            if self.text.startswith(opening, self.offset):
                for match in pattern.finditer(self.text, self.offset + len(opening)):
                    if match[0].startswith(opening):
                        self.offset = match.end()
                        return True
                    if match[0] == "\n":
                        break
                raise _StoppedError
        return False

    def _note(self, path: Path, offset: int, before: Container[Path]) -> None:
        if self.repeated is None and path in before:
            self.repeated = path, offset

    def _count(self, offset: int) -> None:
        self._items += 1
        if self._items > ITEM_LIMIT:
            raise LimitExceededError(f"there are more than {ITEM_LIMIT} keys and values", offset)

    def _skip_blank(self) -> int:
        """Pass over white space, ends of lines and comments; returns the offset of what follows."""
        while self._skip(BLANK) < len(self.text) and self.text[self.offset] == "#":
            end = self.text.find("\n", self.offset)
            self.offset = len(self.text) if end < 0 else end
        return self.offset

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.offset)
        if match is not None:
            self.offset = match.end()
        return self.offset

    def _take(self, token: str) -> bool:
        if not self.text.startswith(token, self.offset):
            return False
        self.offset += len(token)
        return True

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise _StoppedError


def _parse_key(spelt: str) -> str:
    """The name that one part of a key spells."""
    if spelt[0] not in LINE_STRINGS:
        return spelt
    if "\\" not in spelt or spelt.startswith("'"):
        return spelt[1:-1]
    import tomllib

    try:
        return str(tomllib.loads(f"key = {spelt}")["key"])
    except tomllib.TOMLDecodeError as error:
        raise _StoppedError from error
