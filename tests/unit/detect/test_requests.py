"""Versions in the words of other tools, as requests of manifests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.detect.model import Wish
from devenv.detect.ranges import combine, intersects, matches
from devenv.detect.requests import (
    translate_composer,
    translate_minimum,
    translate_npm,
    translate_pin,
    translate_poetry,
    translate_python,
    translate_ruby,
)
from devenv.detect.rust_files import translate_channel
from devenv.detect.version_files import translate_cpython, translate_java, translate_mri, translate_node
from devenv.packages.versions import parse_version_request


@pytest.mark.parametrize(
    ("text", "requests"),
    [
        ("20", ["20"]),
        ("v20.1.0", ["20.1.0"]),
        ("20.x", ["20"]),
        ("20.1.*", ["20.1"]),
        ("*", ["*"]),
        ("", ["*"]),
        ("^20", ["20"]),
        ("^20.1", [">=20.1,<21"]),
        ("^0.2.3", [">=0.2.3,<0.3"]),
        ("^0.0.3", ["0.0.3"]),
        ("~20.1.2", [">=20.1.2,<20.2"]),
        ("~20.1", ["20.1"]),
        ("~20", ["20"]),
        (">=18", [">=18"]),
        (">= 18.0.0 < 21", [">=18.0.0,<21"]),
        (">18", [">=19"]),
        (">18.1.0", [">18.1.0"]),
        ("<=20", ["<21"]),
        ("<=20.1.0", ["<=20.1.0"]),
        ("18 - 20", [">=18,<21"]),
        ("18.1.0 - 20.2.3", [">=18.1.0,<=20.2.3"]),
        ("^18 || ^20 || >=22", [">=22", "20", "18"]),
        (">=20.0.0-rc.1", [">=20.0.0"]),
        ("=20.1.0", ["20.1.0"]),
        ("latest", ["*"]),
        ("workspace:*", []),
        ("^", []),
        ("20 and more", []),
        ("||".join(["1"] * 100), []),
    ],
)
def test_npm(text: str, requests: list[str]) -> None:
    """Ranges of npm keep their meaning; of alternatives, the newest comes first."""
    assert list(translate_npm(text).requests) == requests


@pytest.mark.parametrize(
    ("wish", "requests"),
    [
        (translate_composer("~8.2"), [">=8.2,<9"]),
        (translate_composer("~8.2.0"), [">=8.2.0,<8.3"]),
        (translate_composer("8.1.*|8.2.*"), ["8.2", "8.1"]),
        (translate_composer(">=8.1 <8.4"), [">=8.1,<8.4"]),
        (translate_composer("^8.1@dev"), [">=8.1,<9"]),
        (translate_composer("!=8.2.1,>=8"), ["!=8.2.1,>=8"]),
        (translate_ruby(["~> 3.2"]), [">=3.2,<4"]),
        (translate_ruby(["~> 3.2.1"]), [">=3.2.1,<3.3"]),
        (translate_ruby([">= 3.1", "< 3.4"]), [">=3.1,<3.4"]),
        (translate_poetry("^3.11"), [">=3.11,<4"]),
        (translate_poetry("~3.11"), ["3.11"]),
        (translate_poetry(">=3.9, !=3.9.7, <4"), [">=3.9,!=3.9.7,<4"]),
        (translate_python(">=3.11, <3.13"), [">=3.11,<3.13"]),
        (translate_python("~= 3.11"), ["~=3.11"]),
        (translate_python("==3.12.*"), ["==3.12.*"]),
        (translate_python(""), ["*"]),
        (translate_python("3.11"), []),
        (translate_minimum("1.22"), [">=1.22"]),
        (translate_pin("latest:20"), ["20"]),
        (translate_pin("1.2.3-rc1"), ["1.2.3"]),
        (translate_pin("ref:abc"), []),
        (translate_node("lts/*"), ["24"]),
        (translate_node("lts/-1"), ["22"]),
        (translate_node("lts/Jod"), ["22"]),
        (translate_node("iron"), ["20"]),
        (translate_node("lts/unheard"), []),
        (translate_node("lts/-99"), []),
        (translate_node("current"), ["*"]),
        (translate_node("node-20.1.0"), ["20.1.0"]),
        (translate_cpython("cpython@3.12"), ["3.12"]),
        (translate_cpython("3.13-dev"), ["3.13"]),
        (translate_cpython("3.13t"), ["3.13"]),
        (translate_cpython("pypy3.10-7.3.12"), []),
        (translate_cpython("my-virtualenv"), []),
        (translate_cpython("system"), ["*"]),
        (translate_mri("ruby-3.3.1"), ["3.3.1"]),
        (translate_mri("3.3.1@gems"), ["3.3.1"]),
        (translate_mri("jruby-9.4.5.0"), []),
        (translate_java("1.8"), ["8"]),
        (translate_java("21.0.2-tem"), ["21"]),
        (translate_java("temurin-21.0.2+13.0.LTS"), ["21"]),
        (translate_java("corretto-17.0.9.8.1"), ["17"]),
        (translate_java("openjdk64-11.0.2"), ["11"]),
        (translate_channel("stable-x86_64-unknown-linux-gnu"), ["*"]),
        (translate_channel("nightly-2026-01-01"), []),
        (translate_channel("1.85"), ["1.85"]),
    ],
)
def test_other_tools(wish: Wish, requests: list[str]) -> None:
    """Composer, RubyGems, Poetry, pip, nvm, pyenv, rbenv, SDKMAN and rustup are each read in their own words."""
    assert list(wish.requests) == requests
    assert wish.requests or wish.note, "what means nothing here is said"


TRANSLATIONS = [
    *(translate_npm, translate_composer, translate_poetry, translate_python, translate_minimum, translate_pin),
    *(translate_node, translate_cpython, translate_mri, translate_java, translate_channel),
    lambda text: translate_ruby([text]),
]
VERSION_TEXT = st.text(st.sampled_from("0123456789.xX*^~<>=!|-, vrcltsa/\n@+\u0661\u00b2"), max_size=40)


@given(st.sampled_from(TRANSLATIONS), st.one_of(VERSION_TEXT, st.text(max_size=300)))
def test_whatever_is_written_becomes_a_request_or_nothing(translate: object, text: str) -> None:
    """No text of a file breaks a translation, and none gets into a manifest that is no request (K-07)."""
    assert callable(translate)
    wish = translate(text)

    for request in wish.requests:
        assert parse_version_request(request).text == request


REQUESTS = st.sampled_from(
    ["*", "3", "3.1", "3.1.2", ">=3", ">=3.1,<4", "<3.1", "~=3.1", "==3.1.*", ">3.1,<3.2", "!=3.1.2,>=3", "<=3", "4"]
)
VERSIONS = [f"{one}.{two}.{three}" for one in range(2, 6) for two in range(4) for three in range(4)]


@given(REQUESTS, REQUESTS)
def test_requests_with_a_version_in_common_are_seen(one: str, other: str) -> None:
    """Two requests contradict each other only where no version satisfies both; what combines them is no wider."""
    common = {version for version in VERSIONS if matches(one, version) and matches(other, version)}

    assert intersects(one, other) or not common
    if not common:
        return
    combined = combine(one, other)
    assert combined is not None
    assert {version for version in VERSIONS if matches(combined, version)} <= {
        version for version in VERSIONS if matches(one, version)
    }
