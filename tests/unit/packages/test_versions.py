"""Version requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from devenv.packages.versions import parse_version_request

VERSIONS = tuple(
    map(Version, ["0.11.0.1", "22.20.0", "24.0.0", "24.1.0", "24.1.1", "24.10.0", "24.19.0", "25.0.0rc1", "3.0.post1"])
)


def answer(request: str, versions: tuple[Version, ...] = VERSIONS, yanked: tuple[str, ...] = ()) -> str | None:
    selected = parse_version_request(request).select(versions, tuple(map(Version, yanked)))
    return str(selected[0]) if selected else None


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ("24", "24.19.0"),
        ("24.1", "24.1.1"),
        ("24.1.0", "24.1.0"),
        ("0.11.0", "0.11.0.1"),
        ("3.0", "3.0.post1"),
        ("3.0.post1", "3.0.post1"),
        ("3.0.post2", None),
        ("24.1.0+local", None),
        ("1!24", None),
        ("24.1.0.0", "24.1.0"),
        ("24.1.7", None),
        ("2", None),
        (">=22,<24", "22.20.0"),
        (">= 22 , < 24.1", "24.0.0"),
        ("~=24.1.0", "24.1.1"),
        ("==24.1.*", "24.1.1"),
        ("==24.1.0", "24.1.0"),
        ("!=24.19.0", "24.10.0"),
        ("*", "24.19.0"),
        ("latest", "24.19.0"),
        (" 24 ", "24.19.0"),
    ],
)
def test_newest_that_satisfies(request_text: str, expected: str | None) -> None:
    """The newest version that satisfies wins; a plain version is exact where it exists, else a prefix by components."""
    assert answer(request_text) == expected


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [("25", None), (">=25", None), (">=25rc1", "25.0.0rc1"), ("25.0.0rc1", "25.0.0rc1"), ("==25.0.0rc1", "25.0.0rc1")],
)
def test_prerelease_only_where_named(request_text: str, expected: str | None) -> None:
    """A pre-release is never chosen unless the request itself names one, even where nothing else exists."""
    assert answer(request_text) == expected


def test_yanked_only_where_exact() -> None:
    """A version that was withdrawn answers only a request that names exactly it."""
    yanked = ("24.19.0",)
    assert answer("24", yanked=yanked) == "24.10.0"
    assert answer(">=24.11", yanked=yanked) is None
    assert answer("24.19.0", yanked=yanked) == "24.19.0"
    assert answer("==24.19.0", yanked=yanked) == "24.19.0"


@pytest.mark.parametrize(
    ("request_text", "version", "expected"),
    [
        ("24", "24.1.0", True),
        ("24", "22.20.0", False),
        ("24.1.0", "24.1.0", True),
        ("0.11.0", "0.11.0.1", True),
        ("*", "25.0.0rc1", False),
        ("25.0.0rc1", "25.0.0rc1", True),
        (">=24", "24.1.0", True),
        ("*", "../x", False),
        ("*", "", False),
    ],
)
def test_matches(request_text: str, version: str, expected: bool) -> None:
    """A lock's version is kept exactly where it satisfies; what is no version never does (FAULTS K-03)."""
    assert parse_version_request(request_text).matches(version) is expected


@pytest.mark.parametrize("text", [
    "", " ", "v24", "twenty", "^24", "~24", "24 || 22", "24.x", "24.*", "===24", ">=", ">=a", "-24", "../24", "/24",
    "~", "$HOME", "%2e", "24;rm", "24\n1", "2" * 101, "\0", "２４", "24, 25",
])  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    """What is no request is an error in words, whatever stands there (FAULTS K-03, K-07)."""
    with pytest.raises(ValueError, match="version request") as caught:
        parse_version_request(text)
    assert len(str(caught.value)) < 250
    assert str(caught.value).isprintable()


RELEASES = st.lists(st.tuples(*[st.integers(0, 12)] * 3), min_size=1, max_size=12, unique=True)


@given(RELEASES, st.integers(0, 12))
def test_prefix_compares_components(releases: list[tuple[int, int, int]], major: int) -> None:
    """A prefix matches whole components (`1` is not `12`), and what it finds is the newest of those."""
    versions = tuple(Version(".".join(map(str, release))) for release in releases)
    matching = [release for release in releases if release[0] == major]
    expected = ".".join(map(str, max(matching))) if matching else None
    assert answer(str(major), versions) == expected


@given(RELEASES, st.sampled_from(["*", "3", "3.1", ">=4", "!=2.0.0"]))
def test_selected_versions_match(releases: list[tuple[int, int, int]], text: str) -> None:
    """What is selected also matches, so that the lock keeps what resolution chose."""
    request = parse_version_request(text)
    versions = [Version(".".join(map(str, release))) for release in releases]
    assert all(request.matches(str(version)) for version in request.select(versions))
