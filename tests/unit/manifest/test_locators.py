"""Locators of trees: one spelling for each place, nothing that commands or logs must not see (FAULTS H-03, H-04)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.manifest.grammar import GrammarError, require_locator
from devenv.manifest.locators import LocatorError, TreeLocator, locator_pattern, parse_tree_locator

REVISION = "1" * 40
PATTERN = re.compile(locator_pattern(), re.ASCII)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("path:./tools/", TreeLocator("path", "tools")),
        ("path:..//../set", TreeLocator("path", "../../set")),
        ("path:/opt/./set", TreeLocator("path", "/opt/set")),
        ("path:", None),
        ("git+https://forge.example/a/b", TreeLocator("git", "https://forge.example/a/b")),
        (
            "git+ssh://git@forge.example:2222/a.git?dir=x/y&ref=v1",
            TreeLocator("git", "ssh://git@forge.example:2222/a.git", "v1", None, "x/y"),
        ),
        ("git+file:///srv/a?rev=" + REVISION, TreeLocator("git", "file:///srv/a", None, REVISION)),
        ("https://forge.example/a-1.tar.zst", TreeLocator("archive", "https://forge.example/a-1.tar.zst")),
    ],
)
def test_spellings(text: str, expected: TreeLocator | None) -> None:
    """What people write is read to one value, whose text is read to the same again."""
    if expected is None:
        with pytest.raises(LocatorError):
            parse_tree_locator(text)
        return
    assert parse_tree_locator(text) == expected
    assert parse_tree_locator(str(expected)) == expected
    assert require_locator(text) == str(expected)


@pytest.mark.parametrize(
    "text",
    [
        "git+https://user:secret@forge.example/a",
        "git+https://secret@forge.example/a",
        "git+ssh://user:secret@forge.example/a",
        "https://secret@forge.example/a.tar.gz",
        "https://forge.example/a.tar.gz?token=secret",
        "https://forge.example/secret.zip",
        "git+https://forge.example/a?rev=secret&ref=secret&rev=secret",
        "git+https://secret\n.example/a",
        "git+file://secret/a",
        "github:secret/secret",
        "git@secret.example:secret/a.git",
    ],
)
def test_secrets_are_refused_and_not_repeated(text: str) -> None:
    """What may hold a password is in no message (H-10)."""
    with pytest.raises(GrammarError) as caught:
        require_locator(text)
    assert "secret" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    "text",
    [
        "git+ssh://-oProxyCommand=evil/a",
        "git+https://-x.example/a",
        "git+file://--upload-pack=evil",
        "git+https://forge.example/a?ref=--upload-pack=evil",
        "git+https://forge.example/a?ref=-x",
        "git+https://forge.example/a?ref=a..b",
        "git+https://forge.example/a?ref=a\nb",
        "git+https://forge.example/a?ref=a@{1}",
        "git+https://forge.example/a?ref=a.lock",
        "git+https://forge.example/a?ref=a/",
        "git+https://forge.example/a?ref=" + "A" * 40,
        "git+https://forge.example/a?ref=" + "0" * 64,
        "git+https://forge.example/a?rev=abcdef1",
        "git+https://forge.example/a?rev=main",
        "git+https://forge.example/a?rev=" + "1" * 41,
        "git+https://forge.example/a?dir=../b",
        "git+https://forge.example/a?dir=/etc",
        "git+https://forge.example/a?dir=.GIT/hooks",
        "git+https://forge.example/../a",
        "git+https://forge.example/%2e%2E/a",
        "git+https://forge.example/a%00b",
        "git+https://forge.example/a b",
        "git+ext::sh -c evil",
        "git+http://forge.example/a",
        "git+https://forge.example/" + "a" * 1100,
        "path:a/../../b",
        "path:/a/../b",
        "path:~/a",
        "path:a\nb",
    ],
)
def test_hostile_locators(text: str) -> None:
    """Options, other protocols, names that lead elsewhere, and what is no full revision are refused (H-03, H-04)."""
    assert not PATTERN.fullmatch(text)
    with pytest.raises(GrammarError):
        require_locator(text)


PARTS = ["path:", "git+https://", "git+file:///", "https://", "a", "a.example", "/", "..", ".", "?", "&", "ref=",
         "rev=", "dir=", "main", REVISION, ".tar", "-", "@", "%41", "é"]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=10).map("".join))
def test_pattern_and_parser_agree(text: str) -> None:
    """The pattern that other programs get matches just the spelling that the parser gives."""
    try:
        plain = str(parse_tree_locator(text))
    except LocatorError:
        assert PATTERN.fullmatch(text) is None
        return
    assert PATTERN.fullmatch(plain)
    assert (PATTERN.fullmatch(text) is not None) == (plain == text)


def test_names() -> None:
    """A tree is called after the last name of its address, as an object of the store may be."""
    names = {
        "path:../my tools": "my_tools",
        "path:..": "tree",
        "git+https://forge.example/a/b.git?ref=x": "b",
        "https://forge.example/b-1.2.tar.gz": "b-1.2",
    }
    assert {text: parse_tree_locator(text).name for text in names} == names
