"""`[inputs]`: names for package sets and trees, and what is said of a tree besides its locator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from devenv.digest import SHA256_HEX
from devenv.manifest.checker import Checker
from devenv.manifest.grammar import INPUT_NAME, GrammarError, require_input, require_locator
from devenv.manifest.locators import is_tree_locator, parse_tree_locator
from devenv.manifest.model import DEFAULT_INPUTS, TreeOptions
from devenv.manifest.positions import Path
from devenv.manifest.wording import find_closest, format_names, format_shown

INPUT_KEYS = ("follows", "locator", "sha256")
LOOPBACK = re.compile(r"http://(?:localhost|127\.[0-9.]{5,11}|\[::1\])(?::[0-9]{1,5})?/")
"""Addresses on this machine: nobody sits between."""


def check_inputs(checker: Checker, value: object) -> tuple[dict[str, str], dict[str, TreeOptions]]:
    """Input name → locator, those that every manifest has included; and what else is said of some."""
    inputs = dict(DEFAULT_INPUTS)
    options: dict[str, TreeOptions] = {}
    table = checker.table(value, ("inputs",))
    for name, given in table.items():
        path: Path = ("inputs", name)
        if isinstance(given, dict):
            locator = _check_long_form(checker, given, path)
        else:
            locator = _check_locator(checker, given, path, "a string or a table")
        checker.apply(path, partial(require_input, name, locator), on_key=True)
        # A faulty locator still declares its name: what uses it is not at fault.
        inputs[name] = locator or ""
    for name, given in table.items():
        if isinstance(given, dict):
            found = _check_options(checker, given, name, inputs)
            if found != TreeOptions():
                options[name] = found
        elif inputs[name].startswith("http:"):
            _require_pinned(checker, ("inputs", name), inputs[name], None)
    return dict(sorted(inputs.items())), dict(sorted(options.items()))


def _check_long_form(checker: Checker, given: Mapping[str, object], path: Path) -> str | None:
    record = checker.record(given, path, INPUT_KEYS)
    if "locator" not in record:
        checker.fault(path, f"the input `{format_shown(str(path[-1]))}` has no `locator`", 'write `locator = "…"`')
        return None
    return _check_locator(checker, record["locator"], (*path, "locator"))


def _check_locator(checker: Checker, given: object, path: Path, expected: str = "a string") -> str | None:
    text = checker.string(given, path, expected)
    return None if text is None else checker.apply(path, partial(require_locator, text))


def _check_options(checker: Checker, given: Mapping[str, object], name: str, inputs: Mapping[str, str]) -> TreeOptions:
    """What the long form says; only trees have any of it."""
    path: Path = ("inputs", name)
    locator = inputs[name]
    for key in ("follows", "sha256"):
        if key in given and locator and not is_tree_locator(locator):
            checker.fault(
                (*path, key), f"`{locator}` is no tree: there is no `{key}` for it", "leave it out", on_key=True
            )
    follows = {
        inner: outer
        for inner, text in sorted(checker.table(given.get("follows"), (*path, "follows")).items())
        if (outer := _check_follows(checker, text, (*path, "follows", inner), name, inputs)) is not None
    }
    sha256 = None
    if "sha256" in given:
        text = checker.string(given["sha256"], (*path, "sha256"))
        sha256 = None if text is None else checker.apply((*path, "sha256"), partial(_require_sha256, text, locator))
    if locator.startswith("http:"):
        _require_pinned(checker, (*path, "locator"), locator, sha256)
    return TreeOptions(follows, sha256)


def _check_follows(checker: Checker, given: object, path: Path, name: str, inputs: Mapping[str, str]) -> str | None:
    checker.apply(path, partial(INPUT_NAME.require, str(path[-1])), on_key=True)
    outer = checker.string(given, path)
    if outer is None:
        return None
    if outer not in inputs or outer == name:
        meant = find_closest(outer, inputs.keys() - {name})
        checker.fault(
            path,
            f"an input cannot follow `{format_shown(outer)}`: there is no other input of that name",
            f"did you mean `{meant}`?" if meant else f"there are {format_names(inputs.keys() - {name})}",
        )
        return None
    return outer


def _require_sha256(text: str, locator: str) -> str:
    if SHA256_HEX.fullmatch(text) is None:
        raise GrammarError("this is not a SHA-256", "write 64 hexadecimal digits in lower case")
    if locator and is_tree_locator(locator) and parse_tree_locator(locator).kind != "archive":
        raise GrammarError("only archives have a `sha256`", "write `rev=` in the locator to fix a commit")
    return text


def _require_pinned(checker: Checker, path: Path, locator: str, sha256: str | None) -> None:
    """Whoever sits between could choose what is pinned: without TLS, the manifest says which archive is meant."""
    if sha256 is None and not LOOPBACK.match(locator):
        checker.fault(
            path,
            "an archive that comes without TLS needs its `sha256` in the manifest",
            'write `locator = "…"` and `sha256 = "…"`, or use `https:`',
        )
