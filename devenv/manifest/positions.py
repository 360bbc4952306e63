"""Where each key and value of a TOML text stands, and a bound on how much there is to stand.

`tomllib` says where a syntax error lies but forgets the places of what it accepts, and it has no limits: a megabyte of
brackets overflows its stack, a megabyte of `a.a.a` takes all memory (FAULTS K-01). This scanner therefore runs
*before* it. It knows the structure of TOML and nothing of the meaning: where it does not understand a text it stops,
without an error, since `tomllib` will not get past that point either and says better why.

Offsets are in characters of the text. What is scanned is a superset of TOML 1.1.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

NESTING_LIMIT = 16
"""Arrays and inline tables inside each other; a manifest needs two."""
KEY_PARTS_LIMIT = 16
"""Parts of a dotted key or header; a manifest needs three."""
SCALAR_LIMIT = 256
"""Characters of a number, date or boolean; far below where Python refuses to convert digits."""
ITEM_LIMIT = 10_000
"""Parts of keys, and values, in all; each costs memory here and in `tomllib`."""

Path = tuple[str | int, ...]
"""Keys and array indices from the top of the document."""

BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
SPACE = re.compile(r"[ \t]*+")
KEY = re.compile(r'([A-Za-z0-9_-]++)|"(?:[^"\\\n]++|\\.)*+"|\'([^\'\n]*+)\'')
STRING = re.compile(
    r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']++|'{1,2}(?!'))*+'{3,5}"
    r'|"(?:[^"\\\n]++|\\[^\n])*+"'
    r"|'[^'\n]*+'",
    re.DOTALL,
)
SCALAR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9][0-9:.+Zz-]*+|[A-Za-z0-9_.:+-]++")


@dataclass(frozen=True, slots=True)
class Span:
    """The characters from `start` up to, not including, `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A header, or a key with its value: `path` is complete, `table` is what the header or braces around it make."""

    path: Path
    span: Span
    table: Path
    is_header: bool = False


@dataclass(frozen=True, slots=True)
class Positions:
    """The places in one text. Of a key that occurs several times, such as `a` in `a.b` and `a.c`, the first counts."""

    keys: Mapping[Path, int]
    values: Mapping[Path, Span]
    """Without tables that are made by headers or dotted keys: those have no value that stands somewhere."""
    statements: tuple[Statement, ...]
    """In file order."""
    members: tuple[Statement, ...]
    """The keys with values inside inline tables; of one table in file order."""
    repeated: tuple[Path, int] | None
    """The first key or header that was there before, which TOML forbids: its path, and where it stands again."""


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
        while self._skip(BLANK) < len(self.text):
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
            match = KEY.match(self.text, self.offset)
            if match is None:
                raise _StoppedError
            self._count(self.offset)
            parts.append((_parse_key(match), self.offset))
            self.offset = match.end()
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
            self._skip(BLANK)
            if self._take(closing):
                return
            read_item(index)
            self._skip(BLANK)
            if not self._take(","):
                self._expect(closing)
                return

    def _read_scalar(self) -> None:
        match = STRING.match(self.text, self.offset)
        if match is None:
            match = SCALAR.match(self.text, self.offset)
            if match is None:
                raise _StoppedError
            if match.end() - match.start() > SCALAR_LIMIT:
                raise LimitExceededError(f"a number has more than {SCALAR_LIMIT} characters", self.offset)
        self.offset = match.end()

    def _note(self, path: Path, offset: int, before: Container[Path]) -> None:
        if self.repeated is None and path in before:
            self.repeated = path, offset

    def _count(self, offset: int) -> None:
        self._items += 1
        if self._items > ITEM_LIMIT:
            raise LimitExceededError(f"there are more than {ITEM_LIMIT} keys and values", offset)

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


def _parse_key(match: re.Match[str]) -> str:
    bare, literal = match.groups()
    if bare is not None:
        return str(bare)
    if literal is not None:
        return str(literal)
    quoted = match[0]
    if "\\" not in quoted:
        return quoted[1:-1]
    import tomllib

    try:
        return str(tomllib.loads(f"key = {quoted}")["key"])
    except tomllib.TOMLDecodeError as error:
        raise _StoppedError from error
