"""Tiers: a test belongs to the tier of its directory; what is marked `catalogue` or `long` waits to be asked for."""

from __future__ import annotations

import signal
from pathlib import Path

import hypothesis
import pytest

# Whoever starts tests in the background may have made them deaf to Ctrl-C, and with them all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Speed is measured in tests/bench: a noisy machine must not fail a property.
hypothesis.settings.register_profile("devenv", deadline=None)
hypothesis.settings.load_profile("devenv")

TESTS = Path(__file__).parent
TIERS = {
    "architecture": "unit",
    "unit": "unit",
    "functional": "functional",
    "registry": "registry",
    "shells": "shells",
}


ASKED_FOR = ("catalogue", "long")
"""Marks of what takes too long for every run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--oldest-shells", action="store_true", help="drive the oldest shells that hooks are for, not those of today"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        tier = TIERS[item.path.relative_to(TESTS).parts[0]]
        item.add_marker(tier)
    # Not `addopts = -m "not catalogue"`: of several `-m` pytest takes the last, and `-m registry` would take it away.
    for mark in ASKED_FOR:
        if mark not in config.getoption("markexpr"):
            left_out = [item for item in items if item.get_closest_marker(mark) is not None]
            items[:] = [item for item in items if item.get_closest_marker(mark) is None]
            config.hook.pytest_deselected(items=left_out)
