"""Edits the packages and inputs of a manifest's text: what `devenv add` and `devenv remove` do to the file.

The edits are cuts at the places that `positions` knows, so every other byte stays: comments, order, indentation, line
endings. `tomlkit` spells the keys and values; it does not place them, since on its own it writes `\\n` into files that
have `\\r\\n`, puts a new key after the comment that introduces the next table, and keeps no sorted table sorted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from devenv.debian.suites import DEBIAN, DEFAULT_SUITE
from devenv.errors import UsageError
from devenv.manifest.document import Document, parse_document
from devenv.manifest.grammar import PACKAGE_NAME, GrammarError, require_suite, require_version
from devenv.manifest.model import (
    ANY_VERSION,
    DEBIAN_INPUT,
    DEFAULT_ENVIRONMENT,
    DEFAULT_INPUT,
    PYPI_INPUT,
    PYPI_LOCATOR,
    SOURCE_INPUT,
    SOURCE_LOCATOR,
    Manifest,
    PackageRequest,
    find_suite_input,
    input_name,
)
from devenv.manifest.parse import check_document
from devenv.manifest.positions import Path, Span, Statement
from devenv.manifest.wording import find_closest, format_names, format_shown
from devenv.project_names import MANIFEST_NAME

INPUTS, PACKAGES, ENVIRONMENTS = "inputs", "packages", "environments"


def set_package(
    text: str,
    name: str,
    version: str | None = None,
    source: str | None = None,
    environment: str = DEFAULT_ENVIRONMENT,
) -> str:
    """The manifest `text` with package `name` at `version` from the input `source`; the long form keeps other keys.

    What is None stays as it is; a new package may have any version, and comes from the default input. A new one goes to
    its place in a section that is sorted, else to the end; a missing section is appended. The section is that of the
    `environment`.

    Raises UsageError (`package-invalid`) for a name or version that a manifest cannot hold, `environment-unknown`;
    ManifestError and ForeignFileError as `parse_manifest` does.
    """
    try:
        PACKAGE_NAME.require(name)
        wanted = None if version is None else require_version(version)
    except GrammarError as error:
        raise UsageError(error.message, hint=error.hint, slug="package-invalid") from error
    document, manifest = _parse(text)
    packages = _own_packages(manifest, environment)
    _refuse_clash(manifest, packages.get(name), name, source)
    path = (*_section_of(environment), name)
    if name not in packages:
        return _add(document, path, _spell_package(_spell(wanted or ANY_VERSION), source or DEFAULT_INPUT))
    if wanted is not None:
        document, _ = _parse(_change_version(document, path, wanted))
    if source is not None and source != packages[name].input:
        return _change_input(document, path, source)
    return document.text


def _section_of(environment: str) -> tuple[str, ...]:
    """Where the packages of an environment stand."""
    return (PACKAGES,) if environment == DEFAULT_ENVIRONMENT else (ENVIRONMENTS, environment, PACKAGES)


def _own_packages(manifest: Manifest, environment: str) -> Mapping[str, PackageRequest]:
    """The packages that an environment names itself. Raises UsageError (`environment-unknown`)."""
    manifest.select(environment)
    return manifest.packages if environment == DEFAULT_ENVIRONMENT else manifest.environments[environment].packages


def set_suite(text: str, suite: str | None = None) -> tuple[str, str]:
    """The manifest `text` with an input that is the Debian suite, and that input's name.

    An input that is there serves; without `suite`, that of any suite. A new one goes where a new package would go.
    Raises UsageError (`package-invalid`) where there is no such suite, and as `parse_manifest` does.
    """
    document, manifest = _parse(text)
    try:
        wanted = None if suite is None else DEBIAN + require_suite(suite)
    except GrammarError as error:
        raise UsageError(error.message, hint=error.hint, slug="package-invalid") from error
    first = find_suite_input(manifest.inputs)
    if wanted is None and first is not None:
        return text, first
    locator = wanted or DEBIAN + DEFAULT_SUITE
    for name, given in manifest.inputs.items():
        if given == locator:
            return text, name
    name = input_name({}, locator.removeprefix(DEBIAN))
    if first is None and DEBIAN_INPUT not in manifest.inputs:
        name = DEBIAN_INPUT
    return _add(document, (INPUTS, name), _spell(locator)), name


def set_index(text: str) -> tuple[str, str]:
    """The manifest `text` with an input that is the index of Python, and that input's name.

    An input that is there serves. Raises UsageError (`package-invalid`) where the manifest calls another set so, and
    as `parse_manifest` does.
    """
    document, manifest = _parse(text)
    for name, given in manifest.inputs.items():
        if given == PYPI_LOCATOR:
            return text, name
    if PYPI_INPUT in manifest.inputs:
        raise UsageError(
            f"the input `{PYPI_INPUT}` of this manifest is another set",
            hint=f'add an input that is `"{PYPI_LOCATOR}"` to `[inputs]`, under another name',
            slug="package-invalid",
        )
    return _add(document, (INPUTS, PYPI_INPUT), _spell(PYPI_LOCATOR)), PYPI_INPUT


def require_source_input(text: str) -> str:
    """The input of the manifest `text` whose packages are built from source.

    Raises UsageError (`package-invalid`) where it calls another set so and has none of its own name for it.
    """
    _, manifest = _parse(text)
    names = [name for name in (SOURCE_INPUT, *manifest.inputs) if manifest.inputs.get(name) == SOURCE_LOCATOR]
    if not names:
        raise UsageError(
            f"the input `{SOURCE_INPUT}` of this manifest is `{manifest.inputs[SOURCE_INPUT]}`",
            hint=f'add an input that is `"{SOURCE_LOCATOR}"` to `[inputs]`, under another name',
            slug="package-invalid",
        )
    return names[0]


def remove_package(text: str, name: str, environment: str = DEFAULT_ENVIRONMENT) -> str:
    """The manifest `text` without package `name`: its lines go, with comments at their ends; other lines stay.

    It is one that the `environment` names itself. Raises UsageError (`package-absent` where it does not,
    `package-needed` where a build or another environment needs it, `environment-unknown`), as `parse_manifest` does.
    """
    document, manifest = _parse(text)
    names = _own_packages(manifest, environment)
    if name not in names:
        where = "in the manifest" if environment == DEFAULT_ENVIRONMENT else f"in `environments.{environment}.packages`"
        hint = _absent_hint(name, names)
        if name in manifest.select(environment).packages:
            hint = f'it is in what that extends: write `without = ["{name}"]` to leave it out'
        raise UsageError(f"`{format_shown(name)}` is not {where}", hint=hint, slug="package-absent")
    _refuse_needed(manifest, name, environment)
    path = (*_section_of(environment), name)
    for statement in reversed(document.positions.statements):
        if statement.path[: len(path)] == path:
            text = _cut_lines(text, statement.span)
    return _cut_members(text, path)


def _refuse_needed(manifest: Manifest, name: str, environment: str) -> None:
    """Raise UsageError (`package-needed`) where something in the manifest names the package of an environment."""
    for each in manifest.environments.values():
        if name in each.without and each.extends == environment:
            raise UsageError(
                f"the environment `{each.name}` leaves `{name}` out",
                hint=f"take it out of `environments.{each.name}.without` first",
                slug="package-needed",
            )
    if environment != DEFAULT_ENVIRONMENT:
        return
    for build in manifest.builds.values():
        if name in {*build.inputs, *build.tools}:
            raise UsageError(
                f"the build `{build.name}` needs `{name}`",
                hint=f"take it out of `build.{build.name}` first",
                slug="package-needed",
            )


def _refuse_clash(manifest: Manifest, request: PackageRequest | None, name: str, source: str | None) -> None:
    """Raise UsageError (`package-invalid`) where the manifest has something else of that name, or changes its build."""
    if name in manifest.builds:
        raise UsageError(
            f"`{name}` is a build of this manifest", hint="give the build another name first", slug="package-invalid"
        )
    if request is None or not request.overrides or source is None:
        return
    if manifest.inputs.get(source) != SOURCE_LOCATOR:
        raise UsageError(
            f"the manifest changes how `{name}` is built, but from `{source}` it comes built",
            hint=f"take what is changed out of `packages.{name}` first",
            slug="package-invalid",
        )


def _absent_hint(name: str, names: Collection[str]) -> str:
    meant = find_closest(name, names)
    if meant:
        return f"did you mean `{meant}`?"
    return f"its packages are {format_names(names)}" if names else "it has no packages; `devenv add` adds some"


def _parse(text: str) -> tuple[Document, Manifest]:
    document = parse_document(text.encode(), MANIFEST_NAME)
    return document, check_document(document)


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


def _spell(value: str) -> str:
    import tomlkit

    return tomlkit.string(value).as_string()


def _spell_package(spelt_version: str, source: str) -> str:
    """A package's value, in the long form where it is not from the default input."""
    if source == DEFAULT_INPUT:
        return spelt_version
    return f"{{ version = {spelt_version}, input = {_spell(source)} }}"


# Changing


def _is_short(document: Document, path: Path) -> bool:
    """Whether the package at `path` is written as its version alone."""
    value: Any = document.data
    for key in path:
        value = value[key]
    return isinstance(value, str)


def _change_version(document: Document, path: Path, version: str) -> str:
    if _is_short(document, path):
        return _splice(document.text, document.positions.values[path], _spell(version))
    return _change_key(document, path, "version", version)


def _change_input(document: Document, path: Path, source: str) -> str:
    if _is_short(document, path):
        return _splice(
            document.text, document.positions.values[path], _spell_package(document.value_text(path), source)
        )
    return _change_key(document, path, "input", source)


def _change_key(document: Document, path: Path, key: str, value: str) -> str:
    """Give the long form at `path` another value at `key`; where it has none yet, `key` becomes its first."""
    text, positions, length = document.text, document.positions, len(path)
    if (*path, key) in positions.values:
        return _splice(text, positions.values[*path, key], _spell(value))
    pair = _spell_pair(key, _spell(value))
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


def _add(document: Document, path: tuple[str, ...], spelt: str) -> str:
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


def _cut_lines(text: str, span: Span) -> str:
    start, end = _line_start(text, span.start), _line_end(text, span.end)
    if not text[start:end].endswith("\n"):
        # The last line, without a newline: the one before it goes, so that the text ends as it did.
        return text[:start].removesuffix("\n").removesuffix("\r")
    return text[:start] + text[end:]


def _cut_members(text: str, path: Path) -> str:
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
