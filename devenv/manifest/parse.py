"""A manifest's bytes → `Manifest`. Strict: what is not understood is an error, with its place and a suggestion.

`document` makes TOML of the bytes, `checker` collects faults, `grammar` and `variables` hold the rules for names. The
file is read by the services, so that the bytes which were hashed for trust are those that are parsed (FAULTS L-03).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from devenv.debian.suites import DEBIAN, DEFAULT_SUITE
from devenv.errors import ForeignFileError, ManifestError, Place
from devenv.manifest.checker import Checker
from devenv.manifest.document import Document, parse_document
from devenv.manifest.grammar import (
    INDEX_PREFIX,
    PACKAGE_NAME,
    PROJECT_NAME,
    GrammarError,
    require_alias,
    require_input,
    require_locator,
    require_version,
)
from devenv.manifest.model import (
    ANY_VERSION,
    DEBIAN_INPUT,
    DEFAULT_INPUT,
    DEFAULT_INPUTS,
    KEPT,
    MANIFEST_NAME,
    Manifest,
    PackageRequest,
    ShellSettings,
)
from devenv.manifest.positions import Path
from devenv.manifest.variables import require_variable
from devenv.manifest.wording import find_closest, format_names, format_path, format_shown
from devenv.system import ALL_SYSTEMS, System

TABLES = ("env", "inputs", "packages", "project", "shell")
KEEP = "keep"
TOP_KEYS = (*TABLES, KEEP)
PROJECT_KEYS = ("name", "systems")
PACKAGE_KEYS = ("input", "version")
SHELL_KEYS = ("aliases", "hook")

MEANT = {
    "dependencies": "packages",
    "environment": "env",
    "pkgs": "packages",
    "tools": "packages",
    "variables": "env",
    "vars": "env",
    **{key: f"project.{key}" for key in PROJECT_KEYS},
    **{key: f"shell.{key}" for key in SHELL_KEYS},
}
"""What people call our tables who know other tools, and keys that stand outside of their table → where they belong."""

OWN_TABLES = frozenset(TABLES) - {"env"}
"""Tables that mark a file as ours. Other tools' files of our name have an `[env]` too, so that one tells nothing."""

OWN_LIKENESS = 0.7
"""How near a key must come to one of `OWN_TABLES` to count as a slip of the pen (`[package]`, `[shel]`)."""

Member = TypeVar("Member", str, System)


def parse_manifest(content: bytes, file: str = MANIFEST_NAME) -> Manifest:
    """The manifest in `content`; `file` is its name for messages.

    Raises ManifestError for the first fault in file order, ForeignFileError where another tool's file has our name.
    """
    document = parse_document(content, file)
    if not document.data:
        raise ManifestError(
            "the manifest is empty",
            hint='begin with `[packages]` and a line like `nodejs = "24"`',
            place=Place(file, 1, 1),
        )
    return check_document(document)


def check_document(document: Document) -> Manifest:
    """What `document`, which may be empty, says. Raises as `parse_manifest` does."""
    _require_own(document)
    checker = Checker(document)
    _refuse_late_keep(checker, document)
    top = checker.record(document.data, (), TOP_KEYS, MEANT)
    project = checker.record(top.get("project"), ("project",), PROJECT_KEYS)
    inputs = {**DEFAULT_INPUTS, **_check_inputs(checker, top.get("inputs"))}
    manifest = Manifest(
        name=_check_project_name(checker, project),
        systems=_check_systems(checker, project),
        inputs=dict(sorted(inputs.items())),
        packages=_check_packages(checker, top.get("packages"), inputs),
        env=_check_env(checker, top.get("env")),
        shell=_check_shell(checker, top.get("shell")),
        keep=_check_set(checker, top.get(KEEP, []), (KEEP,), _require_kept),
    )
    checker.raise_first()
    return manifest


def _require_own(document: Document) -> None:
    """Raise ForeignFileError where nothing in `document` is ours or was meant to be."""
    unknown = [key for key in document.data if key not in TOP_KEYS]
    if not unknown or any(_is_own(key) for key in document.data):
        return
    raise ForeignFileError(
        f"this `{MANIFEST_NAME}` seems to belong to another tool: it has none of the tables {format_names(OWN_TABLES)}",
        hint="keep it in another directory; or, if it is yours, begin it with `[packages]`",
        place=document.place(document.key_offset((unknown[0],))),
    )


def _refuse_late_keep(checker: Checker, document: Document) -> None:
    """Note a `keep` that stands below a table's header, where TOML takes it for a key of that table."""
    for name in TABLES:
        table = document.data.get(name)
        if isinstance(table, dict) and isinstance(table.get(KEEP), list):
            checker.fault(
                (name, KEEP), f"`{KEEP}` is no key of `{name}`", f"put `{KEEP}` above the first table", on_key=True
            )


def _is_own(key: str) -> bool:
    # `name` and `env` are words of every tool.
    if key in OWN_TABLES or (key in MEANT and key != "name"):
        return True
    return find_closest(key, OWN_TABLES, OWN_LIKENESS) is not None


def _check_project_name(checker: Checker, project: Mapping[str, object]) -> str | None:
    if "name" not in project:
        return None
    path = ("project", "name")
    name = checker.string(project["name"], path)
    return None if name is None else checker.apply(path, partial(PROJECT_NAME.require, name))


def _check_systems(checker: Checker, project: Mapping[str, object]) -> tuple[System, ...] | None:
    if "systems" not in project:
        return None
    path: Path = ("project", "systems")
    if project["systems"] == []:
        checker.fault(
            path, "`project.systems` is empty", f"name some of {format_names(_system_names())}, or delete the line"
        )
    return _check_set(checker, project["systems"], path, _require_system)


def _check_set(checker: Checker, value: object, path: Path, require: Callable[[str], Member]) -> tuple[Member, ...]:
    """The members of the array at `path`, sorted: each what `require` makes of a string, none of them twice."""
    members: set[Member] = set()
    for index, given in enumerate(checker.array(value, path)):
        place = (*path, index)
        text = checker.string(given, place)
        member = None if text is None else checker.apply(place, partial(require, text))
        if member in members:
            checker.fault(place, f"`{member}` is given twice in `{format_path(path)}`", "delete one of the two")
        if member is not None:
            members.add(member)
    return tuple(sorted(members))


def _require_kept(text: str) -> str:
    if text in KEPT:
        return text
    meant = find_closest(text, KEPT)
    raise GrammarError(
        f"`{format_shown(text)}` is nothing that can be kept",
        f"did you mean `{meant}`?" if meant else f"there are {format_names(KEPT)}",
    )


def _system_names() -> list[str]:
    return [system.value for system in ALL_SYSTEMS]


def _require_system(text: str) -> System:
    try:
        return System(text)
    except ValueError as error:
        meant = find_closest(text, _system_names())
        raise GrammarError(
            f"`{format_shown(text)}` is not a system that devenv knows",
            f"did you mean `{meant}`?" if meant else f"there are {format_names(_system_names())}",
        ) from error


def _check_inputs(checker: Checker, value: object) -> dict[str, str]:
    inputs = {}
    for name, given in checker.table(value, ("inputs",)).items():
        path = ("inputs", name)
        text = checker.string(given, path)
        locator = None if text is None else checker.apply(path, partial(require_locator, text))
        checker.apply(path, partial(require_input, name, locator), on_key=True)
        # A faulty locator still declares its name: what uses it is not at fault.
        inputs[name] = locator or ""
    return inputs


def _check_packages(checker: Checker, value: object, inputs: Mapping[str, str]) -> dict[str, PackageRequest]:
    packages = {}
    for name, given in sorted(checker.table(value, ("packages",)).items()):
        path = ("packages", name)
        checker.apply(path, partial(_require_package, name), on_key=True)
        if isinstance(given, dict):
            packages[name] = _check_long_form(checker, given, name, inputs)
        else:
            packages[name] = PackageRequest(name, _check_version(checker, given, path, "a string or a table"))
    return packages


def _check_long_form(
    checker: Checker, table: Mapping[str, object], name: str, inputs: Mapping[str, str]
) -> PackageRequest:
    path = ("packages", name)
    record = checker.record(table, path, PACKAGE_KEYS)
    version = ANY_VERSION
    if "version" in record:
        version = _check_version(checker, record["version"], (*path, "version"))
    if "input" not in record:
        return PackageRequest(name, version)
    place = (*path, "input")
    chosen = checker.string(record["input"], place)
    if chosen is not None and chosen not in inputs:
        checker.fault(place, f"there is no input `{format_shown(chosen)}`", _input_hint(chosen, name, inputs))
    return PackageRequest(name, version, chosen or DEFAULT_INPUT)


def _input_hint(chosen: str, package: str, inputs: Mapping[str, str]) -> str:
    """What to do about an input that is not there."""
    if chosen == DEBIAN_INPUT:
        return (
            f'write `{DEBIAN_INPUT} = "{DEBIAN}{DEFAULT_SUITE}"` under `[inputs]`, or take this line out and run '
            f"`devenv add {DEBIAN}{format_shown(package)}`"
        )
    meant = find_closest(chosen, inputs)
    return f"did you mean `{meant}`?" if meant else f"there are {format_names(inputs)}"


def _require_package(name: str) -> str:
    """The name of a package. Raises GrammarError; what `devenv add` takes has its own form in a manifest."""
    if not name.startswith(DEBIAN):
        return PACKAGE_NAME.require(name)
    suite, _, package = name.removeprefix(DEBIAN).rpartition("/")
    source = f"{INDEX_PREFIX}{suite}" if suite else DEBIAN_INPUT
    raise GrammarError(
        f"`{format_shown(name)}` is not the name of a package: a manifest names its set apart",
        f'write `{format_shown(package)} = {{ input = "{format_shown(source)}" }}`, '
        f'with `{format_shown(source)} = "{DEBIAN}{format_shown(suite or DEFAULT_SUITE)}"` under `[inputs]`',
    )


def _check_version(checker: Checker, value: object, path: Path, expected: str = "a string") -> str:
    text = checker.string(value, path, expected)
    request = None if text is None else checker.apply(path, partial(require_version, text))
    return ANY_VERSION if request is None else request


def _check_env(checker: Checker, value: object) -> dict[str, str]:
    env = {}
    for name, given in sorted(checker.table(value, ("env",)).items()):
        path = ("env", name)
        text = checker.string(given, path)
        if text is not None:
            checker.apply(path, partial(require_variable, name, text), on_key=True)
            env[name] = text
    return env


def _check_shell(checker: Checker, value: object) -> ShellSettings:
    record = checker.record(value, ("shell",), SHELL_KEYS)
    hook = checker.string(record["hook"], ("shell", "hook")) if "hook" in record else None
    aliases = {}
    for name, given in sorted(checker.table(record.get("aliases"), ("shell", "aliases")).items()):
        path = ("shell", "aliases", name)
        text = checker.string(given, path)
        if text is not None:
            checker.apply(path, partial(require_alias, name, text), on_key=True)
            aliases[name] = text
    return ShellSettings(hook, aliases)
