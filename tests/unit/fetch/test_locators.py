from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.fetch.access import RegistryAccess
from devenv.fetch.locators import candidate_addresses, make_locator, parse_base, parse_locator

INDEX = "https://index.example/root/simple/"
CANONICAL = f"packages/ab/cd/{'0' * 60}/tool-1.0-py3-none-any.whl"
ACCESS = RegistryAccess(INDEX, "a test")

segments = st.text(alphabet=st.sampled_from("abcXYZ019._~!$&'()*+,;=:@-"), min_size=1, max_size=12).filter(
    lambda text: text not in {".", ".."}
)
paths = st.lists(segments, min_size=1, max_size=5).map("/".join)
origins = st.sampled_from(["https://index.example", "https://files.example", "http://127.0.0.1:3141"])
indexes = st.builds(lambda origin, path: f"{origin}/{path}/", origins, paths) | origins.map(lambda text: f"{text}/")


@given(origins, paths | paths.map(lambda path: f"{path}/{CANONICAL}") | st.just(CANONICAL), indexes)
def test_locator_is_inverse_for_the_mirror_it_came_from(origin: str, path: str, index: str) -> None:
    """With what was learned when the index was read, a locator leads back to exactly the address it was made from."""
    address = f"{origin}/{path}"
    located = make_locator(address, index)
    access = RegistryAccess(index, "a test", files=(located.base,))
    assert candidate_addresses(located.locator, access)[0] == address


@pytest.mark.parametrize(
    ("address", "locator", "base"),
    [
        (f"https://files.example/{CANONICAL}", f"pypi:{CANONICAL}", "https://files.example/"),
        (f"https://mirror.example/pypi/{CANONICAL}", f"pypi:{CANONICAL}", "https://mirror.example/pypi/"),
        (f"https://index.example/root/{CANONICAL}", f"pypi:{CANONICAL}", "https://index.example/root/"),
        ("https://index.example/root/+f/ab/x.whl", "pypi:../+f/ab/x.whl", INDEX),
        ("https://index.example/root/simple/tool/x.whl", "pypi:tool/x.whl", INDEX),
        ("https://index.example/x.whl", "pypi:../../x.whl", INDEX),
        ("https://index.example/root/simple/a:b/x.whl", "pypi:/root/simple/a:b/x.whl", "https://index.example/"),
        ("https://files.example/some/x.whl", "pypi:/some/x.whl", "https://files.example/"),
        ("https://files.example/a b/x.whl", "pypi:/a%20b/x.whl", "https://files.example/"),
    ],
)
def test_locator_forms(address: str, locator: str, base: str) -> None:
    """The canonical layout is recognised wherever it lies; else the path is relative to the index, or on its host."""
    located = make_locator(address, INDEX)
    assert (located.locator, located.base) == (locator, base)


def test_canonical_locator_moves_between_mirrors() -> None:
    """A lock that was made with one full mirror names files that another one has."""
    here = make_locator(f"https://one.example/{CANONICAL}", "https://one.example/simple/").locator
    other = RegistryAccess("https://two.example/pypi/simple/", "a test", files=("https://files.two.example/",))
    assert candidate_addresses(here, other) == (
        f"https://files.two.example/{CANONICAL}",
        f"https://two.example/pypi/{CANONICAL}",
        f"https://two.example/{CANONICAL}",
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://files.example/x.whl?token=s3cret",
        "https://files.example/a//x.whl",
        "https://files.example/%2e%2e/x.whl",
        "https://files.example/a%2fb.whl",
        "https://files.example/a%00b.whl",
        "https://files.example/a%5cb.whl",
        "https://files.example/a%zz.whl",
        "https://files.example/" + "a" * 1024,
    ],
)
def test_address_that_cannot_be_pinned(address: str) -> None:
    """Signed addresses expire, and encoded separators mean different things to different servers: neither is pinned."""
    with pytest.raises(ValueError, match=r"query|locator|elsewhere"):
        make_locator(address, INDEX)


@pytest.mark.parametrize(
    "locator",
    [
        "",
        "pypi:",
        "npm:x.whl",
        "https://files.example/x.whl",
        "pypi://files.example/x.whl",
        "pypi:a/../x.whl",
        "pypi:./x.whl",
        "pypi:https:x.whl",
        "pypi:/../x.whl",
        "pypi:..",
        "pypi:a/",
        "pypi:a b",
        "pypi:a\nb",
        "pypi:x.whl?a=b",
        "pypi:%2E%2E/x.whl",
        "pypi:a%2Fb",
        "pypi:" + "a/" * 600 + "x",
    ],
)
def test_what_is_no_locator_is_refused(locator: str) -> None:
    """A lock cannot send devenv to another host, out of a server's root, or anywhere by tricks of spelling (G-05)."""
    with pytest.raises(ValueError, match=r"locator|elsewhere"):
        parse_locator(locator)


def test_climbing_out_of_the_server_leads_nowhere() -> None:
    """A relative locator with more `..` than the index address is deep has no address at all."""
    assert candidate_addresses("pypi:../../x.whl", ACCESS) == ("https://index.example/x.whl",)
    assert candidate_addresses("pypi:../../../x.whl", ACCESS) == ()


@given(st.text(max_size=60) | paths, indexes)
def test_candidates_stay_on_configured_origins(text: str, index: str) -> None:
    """Whatever a lock says, requests go to the hosts that the user configured, and to no other."""
    access = RegistryAccess(index, "a test", files=("https://files.example/base/",))
    try:
        candidates = candidate_addresses(f"pypi:{text}", access)
    except ValueError:
        return
    allowed = ("https://files.example/", "/".join(index.split("/")[:3]) + "/")
    assert all(address.startswith(allowed) for address in candidates)


def test_base_is_normalised() -> None:
    """A base address ends in a slash however it was written, and cannot hold a query."""
    assert parse_base("https://index.example/simple") == INDEX.replace("root/", "")
    with pytest.raises(ValueError, match="query"):
        parse_base("https://index.example/simple?x")
