"""Tiers: a test belongs to the tier of the directory that it lies in."""

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        tier = TIERS[item.path.relative_to(TESTS).parts[0]]
        item.add_marker(tier)
