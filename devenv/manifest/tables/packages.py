"""`[packages]`: what is asked for, and from which input; `overrides` has what is changed in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from devenv.debian.suites import DEBIAN, DEFAULT_SUITE
from devenv.manifest.checker import Checker
from devenv.manifest.grammar import INDEX_PREFIX, PACKAGE_NAME, GrammarError, require_version
from devenv.manifest.locators import is_tree_locator
from devenv.manifest.model import (
    ANY_VERSION,
    DEBIAN_INPUT,
    DEFAULT_INPUT,
    SOURCE_INPUT,
    SOURCE_LOCATOR,
    PackageRequest,
)
from devenv.manifest.positions import Path
from devenv.manifest.tables.overrides import OVERRIDE_KEYS, check_overrides
from devenv.manifest.tables.project import check_systems
from devenv.manifest.wording import find_closest, format_names, format_shown
from devenv.system import System

TABLE = "packages"
PACKAGE_KEYS = ("input", "systems", "version", *OVERRIDE_KEYS)


def check_packages(
    checker: Checker, value: object, inputs: Mapping[str, str], table: Path = (TABLE,)
) -> dict[str, PackageRequest]:
    """The packages in `table`, by name.

    `inputs` are all that there are: name → locator, empty for one that is faulty itself.
    """
    packages = {}
    for name, given in sorted(checker.table(value, table).items()):
        path = (*table, name)
        checker.apply(path, partial(_require_package, name), on_key=True)
        if isinstance(given, dict):
            packages[name] = _check_long_form(checker, given, path, inputs)
        else:
            packages[name] = PackageRequest(name, _check_version(checker, given, path, "a string or a table"))
    return packages


def _check_long_form(
    checker: Checker, table: Mapping[str, object], path: Path, inputs: Mapping[str, str]
) -> PackageRequest:
    record = checker.record(table, path, PACKAGE_KEYS)
    version = ANY_VERSION
    if "version" in record:
        version = _check_version(checker, record["version"], (*path, "version"))
    overrides = check_overrides(checker, record, path)
    chosen = SOURCE_INPUT if overrides else DEFAULT_INPUT
    if "input" in record:
        chosen = _check_input(checker, record["input"], path, inputs) or chosen
    if overrides:
        _require_source(checker, record, path, chosen, inputs)
    systems = check_systems(checker, record["systems"], (*path, "systems")) if "systems" in record else None
    return PackageRequest(str(path[-1]), version, chosen, overrides, systems)


def require_some_system(
    checker: Checker, packages: Mapping[str, PackageRequest], systems: Collection[System] | None, table: Path
) -> None:
    """Note the packages in `table` that are restricted to systems none of which is among `systems`."""
    for name, request in packages.items():
        if request.systems and systems and not any(system in systems for system in request.systems):
            checker.fault(
                (*table, name, "systems"),
                f"`{name}` is for none of the systems that there are: {format_names(map(str, systems))}",
                "name one of them, or take the package out",
            )


def _check_input(checker: Checker, value: object, path: Path, inputs: Mapping[str, str]) -> str | None:
    place = (*path, "input")
    chosen = checker.string(value, place)
    if chosen is not None and chosen not in inputs:
        checker.fault(place, f"there is no input `{format_shown(chosen)}`", _input_hint(chosen, str(path[-1]), inputs))
    return chosen


def _require_source(
    checker: Checker, record: Mapping[str, object], path: Path, chosen: str, inputs: Mapping[str, str]
) -> None:
    """Note overrides of a package that nobody builds here. What is wrong with its input was noted before."""
    locator = inputs.get(chosen, "")
    if locator in {"", SOURCE_LOCATOR} or is_tree_locator(locator):
        # Of a tree's package only its recipe says whether it is built here.
        return
    key = next(key for key in OVERRIDE_KEYS if key in record)
    where = f"from `{inputs[chosen]}` it comes built"
    source = next((name for name in sorted(inputs) if inputs[name] == SOURCE_LOCATOR), None)
    checker.fault(
        (*path, key),
        f"`{key}` changes how `{format_shown(str(path[-1]))}` is built, but {where}",
        f'write `input = "{source}"`' if source else f"give `{SOURCE_LOCATOR}` a name under `[inputs]`",
        on_key=True,
    )


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
