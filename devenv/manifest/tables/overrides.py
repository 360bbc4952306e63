"""What a package in its long form says of how it is built, besides its version and input."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.grammar import PACKAGE_NAME, require_path
from devenv.manifest.model import Overrides
from devenv.manifest.positions import Path
from devenv.manifest.tables.building import check_build_env, check_flags, check_path

OVERRIDE_KEYS = ("env", "flags", "inputs", "patches", "source")


def check_overrides(checker: Checker, record: Mapping[str, object], path: Path) -> Overrides:
    """The overrides in the record of the package at `path`."""
    return Overrides(
        patches=checker.members(record.get("patches", []), (*path, "patches"), require_path),
        source=check_path(checker, record["source"], (*path, "source")) if "source" in record else None,
        flags=check_flags(checker, record, path),
        env=check_build_env(checker, record, path),
        inputs=_check_inputs(checker, record.get("inputs"), (*path, "inputs")),
    )


def _check_inputs(checker: Checker, value: object, path: Path) -> dict[str, str]:
    inputs = {}
    for name, given in sorted(checker.table(value, path).items()):
        place = (*path, name)
        checker.apply(place, partial(PACKAGE_NAME.require, name), on_key=True)
        text = checker.string(given, place)
        replacement = None if text is None else checker.apply(place, partial(PACKAGE_NAME.require, text))
        if replacement == path[-2]:
            checker.fault(place, f"`{replacement}` cannot be an input of itself", "name another package")
        if replacement is not None:
            inputs[name] = replacement
    return inputs
