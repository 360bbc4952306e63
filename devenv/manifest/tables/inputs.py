"""`[inputs]`: names for package sets."""

from __future__ import annotations

from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.grammar import require_input, require_locator
from devenv.manifest.model import DEFAULT_INPUTS


def check_inputs(checker: Checker, value: object) -> dict[str, str]:
    """Input name → locator, those that every manifest has included."""
    inputs = dict(DEFAULT_INPUTS)
    for name, given in checker.table(value, ("inputs",)).items():
        path = ("inputs", name)
        text = checker.string(given, path)
        locator = None if text is None else checker.apply(path, partial(require_locator, text))
        checker.apply(path, partial(require_input, name, locator), on_key=True)
        # A faulty locator still declares its name: what uses it is not at fault.
        inputs[name] = locator or ""
    return dict(sorted(inputs.items()))
