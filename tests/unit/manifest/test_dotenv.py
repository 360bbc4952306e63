"""Files with variables: what they mean, and what is said about one that breaks a rule.

The vectors with a peer's name follow that peer's documentation or tests, but for what others read differently.
"""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.errors import ManifestError
from devenv.manifest.dotenv import COUNT_LIMIT, SIZE_LIMIT, parse_dotenv
from devenv.manifest.variables import ENTRY_LIMIT, REASONS


def parse(text: str) -> dict[str, str]:
    return parse_dotenv(text.encode(), ".env")


@pytest.mark.parametrize(("text", "expected"), [
    # The README and the tests of dotenv (npm).
    ("BASIC=basic", {"BASIC": "basic"}),
    ("\n# COMMENTS=work\nAFTER_LINE=after_line", {"AFTER_LINE": "after_line"}),
    ("EMPTY=", {"EMPTY": ""}),
    ("EMPTY_SINGLE_QUOTES=''", {"EMPTY_SINGLE_QUOTES": ""}),
    ('EMPTY_DOUBLE_QUOTES=""', {"EMPTY_DOUBLE_QUOTES": ""}),
    ("SINGLE_QUOTES='single_quotes'", {"SINGLE_QUOTES": "single_quotes"}),
    ("SINGLE_QUOTES_SPACED='    single quotes    '", {"SINGLE_QUOTES_SPACED": "    single quotes    "}),
    ("DOUBLE_QUOTES_INSIDE_SINGLE='double \"quotes\" work'", {"DOUBLE_QUOTES_INSIDE_SINGLE": 'double "quotes" work'}),
    ("SINGLE_QUOTES_INSIDE_DOUBLE=\"single 'quotes' work\"", {"SINGLE_QUOTES_INSIDE_DOUBLE": "single 'quotes' work"}),
    ('EXPAND_NEWLINES="expand\\nnew\\nlines"', {"EXPAND_NEWLINES": "expand\nnew\nlines"}),
    ("DONT_EXPAND_UNQUOTED=dontexpand\\nnewlines", {"DONT_EXPAND_UNQUOTED": "dontexpand\\nnewlines"}),
    ("DONT_EXPAND_SQUOTED='dontexpand\\nnewlines'", {"DONT_EXPAND_SQUOTED": "dontexpand\\nnewlines"}),
    ("INLINE_COMMENTS=inline comments # work", {"INLINE_COMMENTS": "inline comments"}),
    ("INLINE_SQ='comments outside of #singlequotes' # work", {"INLINE_SQ": "comments outside of #singlequotes"}),
    ('INLINE_DQ="comments outside of #doublequotes" #work', {"INLINE_DQ": "comments outside of #doublequotes"}),
    ("EQUAL_SIGNS=equals==", {"EQUAL_SIGNS": "equals=="}),
    ('RETAIN_INNER_QUOTES={"foo": "bar"}', {"RETAIN_INNER_QUOTES": '{"foo": "bar"}'}),
    ("TRIM_SPACE=    some spaced out string   ", {"TRIM_SPACE": "some spaced out string"}),
    ("    SPACED_KEY = parsed", {"SPACED_KEY": "parsed"}),
    ("SERVER=localhost\r\nPASSWORD=password\r\n", {"SERVER": "localhost", "PASSWORD": "password"}),
    ('MULTI="THIS\nIS\nA\nSTRING"', {"MULTI": "THIS\nIS\nA\nSTRING"}),
    # The documentation and the tests of python-dotenv.
    ("a=b # c", {"a": "b"}),
    ("a= # c", {"a": ""}),
    ("export a=b", {"a": "b"}),
    (" export\ta='b'\n", {"a": "b"}),
    ('a="b c"', {"a": "b c"}),
    ('a="b \\" c"', {"a": 'b " c'}),
    ("a=b\na=c", {"a": "c"}),
    ("a=à", {"a": "à"}),
    ("# only a comment", {}),
    # Compose's documentation of env files.
    ("VAR=VAL # comment", {"VAR": "VAL"}),
    ('VAR="VAL # not a comment"', {"VAR": "VAL # not a comment"}),
    ("VAR='VAL' # comment", {"VAR": "VAL"}),
    ("VAR='$OTHER'", {"VAR": "$OTHER"}),
    ("VAR='${OTHER}'", {"VAR": "${OTHER}"}),
    ('VAR="some\\tvalue"', {"VAR": "some\tvalue"}),
    ("VAR='some\\tvalue'", {"VAR": "some\\tvalue"}),
    ("VAR='{\"hello\": \"json\"}'", {"VAR": '{"hello": "json"}'}),
    # Ours: nothing is expanded, in no kind of quotes.
    ("A=$HOME ${HOME:-x} $(touch x) `touch x`", {"A": "$HOME ${HOME:-x} $(touch x) `touch x`"}),
    ('A="$HOME $(touch x) `touch x`"', {"A": "$HOME $(touch x) `touch x`"}),
    ('A="\\$HOME \\\\ \\t"', {"A": "$HOME \\ \t"}),
    ("A=~/x", {"A": "~/x"}),
    ("\ufeffA=1", {"A": "1"}),
    ("A=1\n\n \t\n#\nB='2'", {"A": "1", "B": "2"}),
    ("A=\nB=x", {"A": "", "B": "x"}),
    ("A= \nB=x", {"A": "", "B": "x"}),
    ("", {}),
])  # fmt: skip
def test_vectors(text: str, expected: dict[str, str]) -> None:
    """Lines mean what the readers of such files agree on, and nothing in them is ever expanded or run."""
    assert parse(text) == expected


@pytest.mark.parametrize(("text", "place", "message"), [
    ("A=1\nnothing", "2:1", "this line sets no variable"),
    ("=1", "1:1", "this line sets no variable"),
    ("  export A", "1:3", "this line sets no variable"),
    ("A", "1:1", "this line sets no variable"),
    ("A: 1", "1:1", "this line sets no variable"),
    ("A B=1", "1:1", "this line sets no variable"),
    ("'A'=1", "1:1", "this line sets no variable"),
    ("A='x", "1:3", "the quote is not closed"),
    ('A="x\\"', "1:3", "the quote is not closed"),
    ("A='x'y", "1:6", "something follows the closing quote"),
    ("A='it''s'", "1:7", "something follows the closing quote"),
    ("A='C:\\'", "1:6", "a backslash stands before the closing quote"),
    ("A=#fff", "1:3", "no white space stands in front of `#`"),
    ("A=pass#word", "1:7", "no white space stands in front of `#`"),
    ('A="C:\\dir"', "1:6", "this backslash means different things to different readers"),
    ("A='x'\nB=\"\\'\"", "2:4", "this backslash means different things to different readers"),
    ("export =1", "1:1", "this line sets no variable"),
    ("A=`ls`", "1:3", "the value begins with a backquote"),
    ("X=1\nA-B=1", "2:1", "`A-B` is not the name of a variable"),
    ("a[$(touch x)]=1", "1:1", "this line sets no variable"),
    ("a[0]=1", "1:1", "`a[0]` is not the name of a variable"),
    ("\n\nPATH=/evil", "3:1", "`PATH` cannot be set"),
    ("DEVENV_X=1", "1:1", "`DEVENV_X` cannot be set"),
    ("LIST=1", "1:1", "`LIST` cannot be set here"),
])  # fmt: skip
def test_refused(text: str, place: str, message: str) -> None:
    """What breaks a rule, and what readers disagree about, is an error with its line, never another value."""
    with pytest.raises(ManifestError) as caught:
        parse_dotenv(text.encode(), ".env", {"LIST": "reason"})
    error = caught.value
    assert (str(error.place), error.message, error.slug) == (f".env:{place}", message, "dotenv-invalid")
    assert error.hint


@pytest.mark.parametrize("name", sorted(REASONS))
def test_names_are_those_of_the_manifest(name: str) -> None:
    """K-08: what `[env]` may not set, such a file may not set either: `PATH` and what steers shells."""
    with pytest.raises(ManifestError, match=f"`{name}` cannot be set"):
        parse(f"{name}=x")


@pytest.mark.parametrize("content", [
    b"A=\xff", b"A=1\0", b"A=" + b"x" * SIZE_LIMIT, b"A=" + b"x" * ENTRY_LIMIT,
    b"".join(b"A%d=1\n" % number for number in range(COUNT_LIMIT + 1)),
])  # fmt: skip
def test_bounds(content: bytes) -> None:
    """Sizes and counts are bounded, and bytes are UTF-8."""
    with pytest.raises(ManifestError) as caught:
        parse_dotenv(content, ".env")
    assert (caught.value.slug, len(caught.value.message) < 300) == ("dotenv-invalid", True)


def test_messages_hold_no_value() -> None:
    """A secret in a faulty line does not get onto a screen or into a log."""
    for line in ("A='hunter2", "A='hunter2'x", "PATH=hunter2", "A=`hunter2`", f"A=hunter2{'x' * ENTRY_LIMIT}"):
        with pytest.raises(ManifestError) as caught:
            parse(line)
        error = caught.value
        assert "hunter2" not in f"{error.message} {error.hint} {error.details}"


@pytest.mark.parametrize("content", [
    b"A=x" + b" " * (SIZE_LIMIT - 4) + b"y", b" " * SIZE_LIMIT, b"\n" * SIZE_LIMIT, b"a" * SIZE_LIMIT,
    b'A="' + b"\\" * (SIZE_LIMIT - 3), b"A=x" + b" #" * 500_000, b"A" + b" " * (SIZE_LIMIT - 2) + b"x",
])  # fmt: skip
def test_time_is_linear(content: bytes) -> None:
    """No file makes the parser slow: a megabyte of any one thing takes well below a second."""
    begin = time.process_time()
    with contextlib.suppress(ManifestError):
        parse_dotenv(content, ".env")
    assert time.process_time() - begin < 2


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r'")))
def test_single_quotes_hold_anything(value: str) -> None:
    """In single quotes every text but a quote, or a backslash at its end, comes out as it went in."""
    if not value.endswith("\\"):
        assert parse(f"A='{value}'") == {"A": value}


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_double_quotes_hold_everything(value: str) -> None:
    """In double quotes, with escapes, every text comes out as it went in."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "$": "\\$"}
    spelt = "".join(escapes.get(character, character) for character in value)
    assert parse(f'A="{spelt}"') == {"A": value}
