"""Reads the lines of a lock into sections: a header and the keys below it, each with its line.

A lock is TOML, though not all of TOML (`lockfile/SPEC.md`): every line stands for itself. That is what makes it easy to
merge, and lets it be read line by line. `tomllib` would do more than is wanted: its stack and its time follow the
nesting of hostile text, it reads numbers of any length (FAULTS K-01), it forgets the lines of what it accepts, and it
takes three times as long. What is accepted here means the same to every TOML parser; tests hold it against `tomllib`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from devenv.manifest.wording import find_closest, format_names, format_path, format_shown

LINE_LIMIT = 400_000
"""Lines of a lock: twenty times what two thousand artifacts take."""

KEY_LIMIT = 32
"""Keys below one header; the specification has four at most. What is unknown is remembered until it is named."""

SPACE = r"[ \t]*+"
NAME = r'(?:[A-Za-z0-9_-]++|"[A-Za-z0-9+._-]++")'
COMMENT = r"(?:#[^\x00-\x08\x0a-\x1f\x7f]*+)?"
CHARACTER = r'[^"\\\x00-\x08\x0a-\x1f\x7f]'
HEXADECIMAL = "[0-9A-Fa-f]"
SCALAR = rf"(?![Dd][89A-Fa-f]){HEXADECIMAL}{{4}}"
ESCAPE = rf'\\(?:[btnfr"\\]|u{SCALAR}|U0000{SCALAR}|U00(?:0[1-9A-Fa-f]|10){HEXADECIMAL}{{4}})'

ASSIGNMENT = re.compile(
    rf"{SPACE}(?P<key>{NAME}){SPACE}={SPACE}"
    rf'(?:"(?P<text>(?:{CHARACTER}++|{ESCAPE})*+)"|(?P<number>-?(?:0|[1-9][0-9]{{0,18}})))'
    rf"{SPACE}{COMMENT}"
)
HEADER = re.compile(
    rf"{SPACE}(?P<open>\[\[?){SPACE}(?P<path>{NAME}(?:{SPACE}\.{SPACE}{NAME}){{0,7}}){SPACE}(?P<close>\]\]?)"
    rf"{SPACE}{COMMENT}"
)
BLANK = re.compile(rf"{SPACE}{COMMENT}")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
LETTERS = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class LineError(ValueError):
    """What is wrong with a line (counted from 1, and the column likewise where it is known)."""

    def __init__(self, reason: str, line: int, column: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


@dataclass(slots=True)
class Section:
    """A header with what stands below it. The first section of a lock has no header, and the empty path."""

    path: tuple[str, ...]
    repeated: bool
    """Whether the header is one of many (`[[…]]`)."""
    line: int
    values: dict[str, str | int] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def name(self, *keys: str) -> str:
        """What people call the section, or a key below it: its path as TOML spells it."""
        return format_path((*self.path, *keys))

    def text(self, key: str) -> str:
        """The text at `key`. Raises LineError where there is none."""
        value = self._require(key)
        if not isinstance(value, str):
            raise self.error(key, "must be a string in double quotes")
        return value

    def find_text(self, key: str) -> str | None:
        """The text at `key`, None where the key is not there. Raises LineError where it is no text."""
        return self.text(key) if key in self.values else None

    def number(self, key: str) -> int:
        """The number at `key`. Raises LineError where there is none."""
        value = self._require(key)
        if not isinstance(value, int):
            raise self.error(key, "must be a whole number, without quotes")
        return value

    def require_known(self, known: Collection[str]) -> None:
        """Raises LineError at the first key that is not among `known`."""
        for key, line in self.lines.items():
            if key not in known:
                raise LineError(f"`{self.name(key)}` is not a key of a lock; {_suggest(key, known)}", line)

    def error(self, key: str, reason: str) -> LineError:
        """An error about the value at `key`; `reason` goes on from its name."""
        return LineError(f"`{self.name(key)}` {reason}", self.lines.get(key, self.line))

    def _require(self, key: str) -> str | int:
        if key not in self.values:
            raise LineError(f"`{self.name(key)}` is missing", self.line)
        return self.values[key]


def read_sections(text: str) -> list[Section]:
    """The sections of `text`, in its order. Raises LineError on a line that no lock can have."""
    section = Section((), repeated=False, line=1)
    sections = [section]
    for number, line in enumerate(_split(text), start=1):
        if not line:
            continue
        assignment = ASSIGNMENT.fullmatch(line)
        if assignment is not None:
            _add(section, assignment, number)
        elif BLANK.fullmatch(line) is None:
            section = _read_header(line, number)
            sections.append(section)
    return sections


def _split(text: str) -> list[str]:
    """The lines, ended by `\\n` or `\\r\\n`, as TOML has it: `splitlines` knows further ends."""
    lines = text.replace("\r\n", "\n").split("\n", LINE_LIMIT)
    if len(lines) > LINE_LIMIT:
        raise LineError(f"it has more than {LINE_LIMIT} lines", LINE_LIMIT)
    return lines


def _add(section: Section, assignment: re.Match[str], line: int) -> None:
    key, text, number = assignment.group("key", "text", "number")
    key = key.strip('"')
    if key in section.values:
        raise LineError(f"`{section.name(key)}` is given twice, first in line {section.lines[key]}", line)
    if len(section.values) == KEY_LIMIT:
        raise LineError(f"there are more than {KEY_LIMIT} keys in one table", line)
    section.values[key] = int(number) if text is None else _unescape(text)
    section.lines[key] = line


def _read_header(line: str, number: int) -> Section:
    header = HEADER.fullmatch(line)
    if header is None or len(header["open"]) != len(header["close"]):
        raise _explain(line, number)
    path = header["path"]
    plain = '"' not in path and " " not in path and "\t" not in path
    names = path.split(".") if plain else [name.strip('"') for name in re.findall(NAME, path)]
    return Section(tuple(names), repeated=len(header["open"]) == 2, line=number)


def _unescape(text: str) -> str:
    return text if "\\" not in text else re.sub(ESCAPE, _unescape_one, text)


def _unescape_one(escape: re.Match[str]) -> str:
    letter, digits = escape[0][1], escape[0][2:]
    return chr(int(digits, 16)) if digits else LETTERS[letter]


def _explain(line: str, number: int) -> LineError:
    """Why `line` cannot stand in a lock, and where that shows first."""
    control = CONTROL.search(line)
    if control is not None:
        return LineError(f"a control character (0x{ord(control[0]):02x}) stands here", number, control.start() + 1)
    start = len(line) - len(line.lstrip(" \t"))
    if line.startswith("[", start):
        return LineError("this is not a header like `[packages.nodejs]`", number, start + 1)
    key = re.compile(rf"{NAME}{SPACE}={SPACE}").match(line, start)
    if key is None:
        return LineError("this is neither a header nor a key with a value", number, start + 1)
    value = "a value is a string in double quotes or a whole number, complete on its line"
    return LineError(f"{value}; this is not", number, key.end() + 1)


def _suggest(key: str, known: Collection[str]) -> str:
    meant = find_closest(key, known)
    return f"did you mean `{format_shown(meant)}`?" if meant is not None else f"here are {format_names(known)}"
