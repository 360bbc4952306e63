"""Our reading of Debian's formats against that of dpkg."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devenv.debian.version import compare_versions, is_version

pytestmark = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not there")

versions = st.from_regex(r"([0-2]:)?[01][01ab.+~-]{0,6}(-[01ab.+~]{1,3})?", fullmatch=True).filter(is_version)


def compare_by_dpkg(pairs: list[tuple[str, str]]) -> list[int]:
    """-1, 0 or 1 for each pair, all in one process of a shell."""
    test = 'dpkg --compare-versions "$a" ${o% *} "$b" && echo ${o#* }'
    script = f'while read -r a b; do for o in "lt -1" "eq 0" "gt 1"; do {test}; done; done'
    text = "".join(f"{first} {second}\n" for first, second in pairs)
    answer = subprocess.run(["sh", "-c", script], input=text, capture_output=True, text=True, check=False)
    return [int(line) for line in answer.stdout.split()]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(versions, versions), min_size=10, max_size=20))
def test_order_is_that_of_dpkg(pairs: list[tuple[str, str]]) -> None:
    """The newest over a suite's pockets is the one that apt would install."""
    assert [compare_versions(first, second) for first, second in pairs] == compare_by_dpkg(pairs)
