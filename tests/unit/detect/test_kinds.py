"""All kinds of files with whatever may stand in them."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.detect.kinds import KINDS
from devenv.detect.manifest_text import format_manifest
from devenv.detect.model import FINDINGS_LIMIT, UnreadableError
from devenv.detect.propose import propose
from devenv.manifest.parse import parse_manifest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["engines", "node", "packages", "require", "php", "config", "platform", "volta", "packageManager", "version"]
    ), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip
LINES = st.lists(
    st.sampled_from([
        "[project]", "requires-python = 3", "requires-python = '>=3'", "[tool]", "poetry = 1", "tools = []", "[tools]",
        'node = ["20"]', "node = []", "python = { version = 3 }", "[toolchain]", "channel = 'stable'", "channel = 1",
        "[package]", "rust-version = '1.x'", "ruby '3', '\\", "ruby", "ruby (", "go 1", "toolchain", "<project>",
        "nodejs", "java ref:x", "<properties>", "<java.version>17</java.version>", "</project>", "jvmToolchain(17)",
        '"', "'''", "/*",
        "\x00", "\u2028", "#", "=", "lts/*", "3.12",
    ]), max_size=8,
)  # fmt: skip
TEXTS = st.one_of(JSON.map(json.dumps), LINES.map("\n".join), st.text(max_size=200))


@given(st.sampled_from(sorted(KINDS)), TEXTS)
def test_no_text_breaks_a_reader_or_its_manifest(name: str, text: str) -> None:
    """A reader yields findings or says why not; what is proposed of them is a manifest with packages alone (K-07)."""
    try:
        findings = list(islice(KINDS[name](text, name), FINDINGS_LIMIT))
    except UnreadableError:
        return

    from devenv.detect.availability import Offered

    proposal = propose(findings, lambda each: Offered(("==3.13.*", ">=20")) if each in NAMES else None, lambda _: "")
    manifest = parse_manifest(format_manifest("a", proposal).encode())

    assert set(manifest.packages) == {each.name for each in proposal.packages}
    assert not manifest.env
    assert all(1 <= each.line <= text.count("\n") + 1 for each in findings)


NAMES = frozenset({"nodejs", "python", "php", "ruby", "go", "openjdk", "rust", "a", "packages"})

LAUGHS = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c SYSTEM "file:///etc/passwd">]><project><properties><java.version>&b;&c;</java.version></properties></project>"""


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LAUGHS, id="entities"),
        pytest.param("[" * 500_000, id="brackets"),
        pytest.param('{"a":' * 200_000, id="objects"),
        pytest.param("<a>" * 300_000, id="elements"),
        pytest.param('{"engines": {"node": "' + "1" * 900_000 + '"}}', id="long number"),
        pytest.param("1" * 1_000_000, id="digits"),
        pytest.param("ruby " + "'" * 500_000, id="quotes"),
        pytest.param('"' + "\\" * 900_000, id="backslashes"),
        pytest.param("/* " * 300_000, id="comments"),
        pytest.param('{"packages": ["' + '","'.join(f"a{number}" for number in range(100_000)) + '"]}', id="packages"),
        pytest.param("\n".join(f"a{number} 1" for number in range(100_000)), id="tools"),
        pytest.param(" " * 1_000_000, id="spaces"),
        pytest.param("\n" * 1_000_000, id="lines"),
        pytest.param("ruby \n" * 150_000, id="statements"),
        pytest.param(",\n  " * 200_000, id="commas"),
    ],
)
def test_floods_end_soon(name: str, text: str) -> None:
    """Depth, length and repetition neither exhaust the stack nor take more than a moment (K-05)."""
    try:
        findings = list(islice(KINDS[name](text, name), FINDINGS_LIMIT))
    except UnreadableError:
        return

    assert len(findings) <= FINDINGS_LIMIT
    assert "/etc" not in str(findings)
