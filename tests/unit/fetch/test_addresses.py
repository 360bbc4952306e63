from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.fetch.addresses import is_loopback, origin_of, parse_address, show_address


def test_userinfo_and_fragment_leave_the_address() -> None:
    """What is left of an address after parsing can be logged: user and password are apart, and in no repr (H-10)."""
    parsed = parse_address("https://us%40er:pa%3Ass@Index.Example:443/simple/#sha256=1")
    assert (parsed.address, parsed.username, parsed.password) == ("https://index.example/simple/", "us@er", "pa:ss")
    assert "pa:ss" not in repr(parsed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "index.example/simple",
        "ftp://index.example/",
        "file:///etc/passwd",
        "https:///simple/",
        "https://index.example:port/",
        "https://index.example:99999/",
        "https://[::1/",
        "https://index.example/a b",
        "https://index.example\\@other.example/",
        "https://index.example/\x00",
        "https://index.example/\n",
        "https://index.example/é",
        "https://index.example/" + "a" * 2048,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Anything that two parsers could read differently, or that is not HTTP, is no address (G-05)."""
    with pytest.raises(ValueError, match=r"^its? "):
        parse_address(text)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://a.example/x", "https://a.example"),
        ("https://a.example:8443/x", "https://a.example:8443"),
        ("http://[::1]:3141/x", "http://[::1]:3141"),
    ],
)
def test_origin(address: str, origin: str) -> None:
    """Origins differ by scheme, host and port: that is what credentials are bound to."""
    assert origin_of(parse_address(address).address) == origin


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:8000", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("localhost", True),
        ("localhost.example", False),
        ("10.0.0.1", False),
        ("127.0.0.1.example", False),
    ],
)
def test_loopback(host: str, *, expected: bool) -> None:
    """Only what really stays on this machine counts as loopback; names that look like it do not."""
    assert is_loopback(f"http://{host}/") is expected


def test_shown_address_hides_userinfo_and_query() -> None:
    """Messages show neither passwords nor the signatures in a query (H-10)."""
    shown = show_address("https://user:s3cret@files.example/a.whl?X-Signature=s3cret#sha256=s3cret")
    assert shown == "https://files.example/a.whl?…"


@given(st.text(max_size=50), st.text(alphabet="abc/@:?#é\n\x1b", max_size=400))
def test_shown_address_never_shows_a_secret(secret: str, rest: str) -> None:
    """Whatever stands in an address, what is shown is one bounded printable line without its userinfo."""
    shown = show_address(f"https://user:S3CRET{secret.replace('/', '').replace('?', '').replace('#', '')}@host/{rest}")
    assert "S3CRET" not in shown
    assert shown.isprintable()
    assert len(shown) <= 301
