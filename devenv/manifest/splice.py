"""Cuts and additions in a manifest's text, at the places that `positions` knows: what `edit` is made of.

Every byte that is not meant stays: comments, order, indentation, line endings. `tomlkit` spells the keys and values; it
does not place them, since on its own it writes `\\n` into files that have `\\r\\n`, puts a new key after the comment
that introduces the next table, and keeps no sorted table sorted.
"""

from __future__ import annotations

from typing import Any

from devenv.manifest.document import Document, parse_document
from devenv.manifest.model import DEFAULT_INPUT
from devenv.manifest.positions import Path, Span, Statement
from devenv.project_names import MANIFEST_NAME


def _splice(text: str, span: Span, replacement: str) -> str:
    return text[: span.start] + replacement + text[span.end :]


def _insert(text: str, offset: int, addition: str) -> str:
    return text[:offset] + addition + text[offset:]


def _spell_pair(key: str, spelt: str) -> str:
    import tomlkit

    return f"{tomlkit.key(key).as_string()} = {spelt}"


def _spell_header(path: Path) -> str:
    import tomlkit

    return f"[{'.'.join(tomlkit.key(str(part)).as_string() for part in path)}]"


def spell(value: str) -> str:
    """A string as TOML has it."""
    import tomlkit

    return tomlkit.string(value).as_string()


def spell_package(spelt_version: str, source: str) -> str:
    """A package's value, in the long form where it is not from the default input."""
    if source == DEFAULT_INPUT:
        return spelt_version
    return f"{{ version = {spelt_version}, input = {spell(source)} }}"


# Changing


def _is_short(document: Document, path: Path) -> bool:
    """Whether the package at `path` is written as its version alone."""
    value: Any = document.data
    for key in path:
        value = value[key]
    return isinstance(value, str)


def change_version(document: Document, path: Path, version: str) -> str:
    """The text with another version of the package at `path`, in the form that it has."""
    if _is_short(document, path):
        return _splice(document.text, document.positions.values[path], spell(version))
    return _change_key(document, path, "version", version)


def change_input(document: Document, path: Path, source: str) -> str:
    """The text with the package at `path` from another input, in the long form."""
    if _is_short(document, path):
        return _splice(document.text, document.positions.values[path], spell_package(document.value_text(path), source))
    return _change_key(document, path, "input", source)


def _change_key(document: Document, path: Path, key: str, value: str) -> str:
    """Give the long form at `path` another value at `key`; where it has none yet, `key` becomes its first."""
    text, positions, length = document.text, document.positions, len(path)
    if (*path, key) in positions.values:
        return _splice(text, positions.values[*path, key], spell(value))
    pair = _spell_pair(key, spell(value))
    if path in positions.values:
        members = [member for member in positions.members if member.table == path]
        return _insert_member(text, positions.values[path], members, 0, pair)
    member = next((each for each in positions.members if each.path[:length] == path and each.table == path[:-1]), None)
    if member is not None:
        return _insert(text, member.span.start, f"{_key_prefix(document, member, member.path[: length + 1])}{pair}, ")
    own = [each for each in positions.statements if each.path[:length] == path]
    header = next((each for each in own if each.is_header and each.path == path), None)
    if header is not None:
        return _insert_line_after(text, header, pair)
    dotted = next((each for each in own if not each.is_header and len(each.table) < length), None)
    if dotted is not None:
        return _insert_line_before(text, dotted, _key_prefix(document, dotted, dotted.path[: length + 1]) + pair)
    # Only tables below it have headers, such as `[packages.openssl.env]`.
    newline = _newline(text)
    return _insert_line_before(text, own[0], f"{_spell_header(path)}{newline}{pair}{newline}")


# Adding


def add_value(document: Document, path: tuple[str, ...], spelt: str) -> str:
    """The text with a new key at `path`, whose value is spelt already."""
    text, positions, length = document.text, document.positions, len(path)
    section, name = path[:-1], path[-1]
    pair = _spell_pair(name, spelt)
    if section in positions.values:
        members = [member for member in positions.members if member.table == section]
        return _insert_member(text, positions.values[section], members, _find_index(members, length, name), pair)
    header = next((each for each in positions.statements if each.is_header and each.path == section), None)
    entries = [
        each
        for each in positions.statements
        if not each.is_header
        and len(each.path) >= length
        and each.path[: length - 1] == section
        and len(each.table) < length
    ]
    if entries:
        line = _key_prefix(document, entries[0], entries[0].path[:length]) + pair
        index = _find_index(entries, length, name)
        if index > 0:
            return _insert_line_after(text, entries[index - 1], line)
        # Directly below the header, above any comment: that belongs to the entry which follows it.
        return _insert_line_before(text, entries[0], line) if header is None else _insert_line_after(text, header, line)
    if header is not None:
        return _insert_line_after(text, header, pair)
    braces = next((path[:count] for count in range(length - 1, 0, -1) if path[:count] in positions.values), None)
    if braces is None:
        return _append_section(text, section, pair)
    # An environment in braces: nothing can be added to it from outside of them.
    members = [member for member in positions.members if member.table == braces]
    inner = f"{_spell_header(path[len(braces) :])[1:-1]} = {spelt}"
    return _insert_member(text, positions.values[braces], members, len(members), inner)


def _find_index(entries: list[Statement], length: int, name: str) -> int:
    """Where in `entries`, which stand in one section and have paths of this length or more, the key `name` goes."""
    names = [str(entry.path[length - 1]) for entry in entries]
    if names != sorted(names):
        return len(names)
    return sum(other < name for other in names)


def _key_prefix(document: Document, statement: Statement, path: Path) -> str:
    """What stands before the key at `path` in its statement, such as `packages.` where keys are dotted."""
    return document.text[statement.span.start : document.positions.keys[path]]


def _insert_member(text: str, braces: Span, members: list[Statement], index: int, pair: str) -> str:
    """Put `pair` into an inline table as its member number `index`."""
    if not members:
        return _insert(text, braces.start + 1, pair)
    if index < len(members):
        return _insert(text, members[index].span.start, f"{pair}, ")
    return _insert(text, members[-1].span.end, f", {pair}")


def _append_section(text: str, section: Path, pair: str) -> str:
    newline = _newline(text)
    if text and not text.endswith("\n"):
        text += newline
    if text and text.splitlines()[-1].strip():
        text += newline
    return f"{text}{_spell_header(section)}{newline}{pair}{newline}"


# Lines


def _newline(text: str) -> str:
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _line_end(text: str, offset: int) -> int:
    """Behind the newline of the line that `offset` lies in, or the end of a text that does not end in one."""
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1


def _indentation(text: str, statement: Statement) -> str:
    return text[_line_start(text, statement.span.start) : statement.span.start]


def _insert_line_after(text: str, statement: Statement, line: str) -> str:
    end = _line_end(text, statement.span.end)
    line = _indentation(text, statement) + line
    if text[:end].endswith("\n"):
        return _insert(text, end, line + _newline(text))
    return text + _newline(text) + line


def _insert_line_before(text: str, statement: Statement, line: str) -> str:
    start = _line_start(text, statement.span.start)
    return _insert(text, start, _indentation(text, statement) + line + _newline(text))


def cut_lines(text: str, span: Span) -> str:
    """`text` without the lines of `span`."""
    start, end = _line_start(text, span.start), _line_end(text, span.end)
    if not text[start:end].endswith("\n"):
        # The last line, without a newline: the one before it goes, so that the text ends as it did.
        return text[:start].removesuffix("\n").removesuffix("\r")
    return text[:start] + text[end:]


def cut_members(text: str, path: Path) -> str:
    """`text` without the members of inline tables at or below `path`, each with one of its commas."""
    while True:
        found = parse_document(text.encode(), MANIFEST_NAME).positions.members
        # A table in braces further up may name it by a dotted key: `ci = { packages.go = "1" }`.
        own = next((each for each in found if each.path[: len(path)] == path and len(each.table) < len(path)), None)
        if own is None:
            return text
        members = [each for each in found if each.table == own.table]
        index = next((i for i, member in enumerate(members) if member.path[: len(path)] == path), None)
        if index is None:
            return text
        span = members[index].span
        if index + 1 < len(members):
            span = Span(span.start, members[index + 1].span.start)
        elif index > 0:
            span = Span(members[index - 1].span.end, span.end)
        text = _splice(text, span, "")
