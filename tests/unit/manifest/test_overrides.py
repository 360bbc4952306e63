"""Overrides of packages: what they may say, and where such a package comes from."""

from __future__ import annotations

import pytest

from devenv.lock.satisfies import manifest_fingerprint
from devenv.manifest.model import Manifest, Overrides, PackageRequest
from devenv.manifest.parse import parse_manifest
from tests.unit.manifest.conftest import Refusal


def overridden(text: str) -> PackageRequest:
    return parse_manifest(f"[packages]\nopenssl = {{ {text} }}".encode()).packages["openssl"]


def test_all_overrides() -> None:
    """Everything that can be overridden arrives; files and flags keep their order, names are sorted."""
    request = overridden(
        'patches = ["b.patch", "a/a.patch"], source = "vendor/openssl-3.tar.gz", flags = ["b", "a", "b"], '
        'env = { B = "1", A = "$(x)" }, inputs = { zlib = "zlib-ng", perl = "perl5" }'
    )
    overrides = Overrides(
        ("b.patch", "a/a.patch"),
        "vendor/openssl-3.tar.gz",
        ("b", "a", "b"),
        {"A": "$(x)", "B": "1"},
        {"perl": "perl5", "zlib": "zlib-ng"},
    )
    assert request == PackageRequest("openssl", "*", "source", overrides)
    assert [list(request.overrides.env), list(request.overrides.inputs)] == [["A", "B"], ["perl", "zlib"]]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("patches = ['a']", "source"),
        ("source = 'a'", "source"),
        ("flags = ['a']", "source"),
        ("env = { A = '' }", "source"),
        ("inputs = { a = 'b' }", "source"),
        ("flags = ['a'], input = 'source'", "source"),
        ("version = '1'", "base"),
        ("patches = [], flags = [], env = {}, inputs = {}", "base"),
        ("input = 'source'", "source"),
    ],
)
def test_where_overridden_packages_come_from(text: str, source: str) -> None:
    """A package with an override comes from the set that is built from source, without one from the usual one."""
    request = overridden(text)
    assert request.input == source
    assert bool(request.overrides) == (source == "source" and text != "input = 'source'")


def test_requests_can_be_members_of_sets() -> None:
    """Requests and what they hold stay values that can be hashed; equal ones are one."""
    one, other = overridden("env = { A = '1', B = '2' }"), overridden("env = { B = '2', A = '1' }")
    assert len({one, other}) == 1


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "[packages]\ngo = { flags = ['a'], input = 'base' }",
            "`flags` changes how `go` is built, but from `builtin:base` it comes built",
            'write `input = "source"`',
        ),
        (
            "[inputs]\ndebian = 'debian:sid'\n[packages]\ngo = { input = 'debian', source = 'a' }",
            "`source` changes how `go` is built, but from `debian:sid` it comes built",
            'write `input = "source"`',
        ),
        (
            "[inputs]\nsource = 'debian:sid'\n[packages]\ngo = { patches = ['a'] }",
            "`patches` changes how `go` is built, but from `debian:sid` it comes built",
            "give `builtin:source` a name under `[inputs]`",
        ),
        (
            "[inputs]\nsource = 'debian:sid'\nown = 'builtin:source'\n[packages]\ngo = { patches = ['a'] }",
            "`patches` changes how `go` is built, but from `debian:sid` it comes built",
            'write `input = "own"`',
        ),
    ],
)
def test_what_comes_built_cannot_be_overridden(refusal: Refusal, text: str, message: str, hint: str) -> None:
    """An override that could have no effect is an error, which says what would."""
    error = refusal(text)
    assert (error.message, error.hint) == (message, hint)


def test_faulty_inputs_hide_nothing(refusal: Refusal) -> None:
    """An override is not at fault where its input is: that one is named."""
    assert refusal("[packages]\ngo = { flags = ['a'], input = 'own' }").message == "there is no input `own`"
    assert "svn:" in refusal("packages.go = { flags = ['a'], input = 'own' }\ninputs.own = 'svn:./set'").message


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("patches = 'a'", 11, "`packages.openssl.patches` must be an array, not a string"),
        ("patches = ['a', 'a']", 17, "`a` is given twice in `packages.openssl.patches`"),
        ("patches = ['a', 1]", 17, "`packages.openssl.patches[1]` must be a string, not a number"),
        ("source = false", 10, "`packages.openssl.source` must be a string, not a boolean"),
        ("flags = ['']", 10, "the argument is empty"),
        ("flags = ['a', \"b\\n\"]", 15, "the argument `b\\n` holds a character that does not show"),
        ("env = { PATH = '/' }", 9, "`PATH` cannot be set for a build"),
        ("env = { out = '/' }", 9, "`out` cannot be set for a build"),
        ("env = { input_zlib = '/' }", 9, "`input_zlib` cannot be set for a build"),
        ("env = { BASH_ENV = '/' }", 9, "`BASH_ENV` cannot be set"),
        ("env = { A = 1 }", 13, "`packages.openssl.env.A` must be a string, not a number"),
        ("inputs = ['zlib']", 10, "`packages.openssl.inputs` must be a table, not an array"),
        ("inputs = { Zlib = 'a' }", 12, "`Zlib` is not the name of a package"),
        ("inputs = { zlib = '../a' }", 19, "`../a` is not the name of a package"),
        ("inputs = { zlib = 'openssl' }", 19, "`openssl` cannot be an input of itself"),
        ("patch = ['a']", 1, "`patch` is not a key of `packages.openssl`"),
    ],
)
def test_impossible_overrides(refusal: Refusal, text: str, column: int, message: str) -> None:
    """K-02: an override that cannot be meant is an error at its place."""
    error = refusal(f"[packages.openssl]\n{text}")
    assert (error.message, str(error.place)) == (message, f"devenv.toml:2:{column}")


def test_fingerprint_of_old_manifests() -> None:
    """A lock made before there was `builtin:source` still answers; a set of that name elsewhere is another manifest."""
    before = Manifest(inputs={"base": "builtin:base"})
    assert manifest_fingerprint(parse_manifest(b"[packages]")) == manifest_fingerprint(before)
    assert manifest_fingerprint(parse_manifest(b"inputs.source='builtin:source'")) == manifest_fingerprint(before)
    other = parse_manifest(b"inputs.source='debian:sid'")
    assert manifest_fingerprint(other) != manifest_fingerprint(before)
    assert manifest_fingerprint(other) == manifest_fingerprint(
        Manifest(inputs={"base": "builtin:base", "source": "debian:sid"})
    )
