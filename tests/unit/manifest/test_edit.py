"""`set_package`, `set_suite` and `remove_package`: what changes, and that nothing else does."""

from __future__ import annotations

import tomllib
from itertools import takewhile
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devenv.errors import ManifestError, UsageError
from devenv.manifest.edit import remove_package, set_package, set_suite
from devenv.manifest.parse import parse_manifest
from devenv.manifest.tables.overrides import OVERRIDE_KEYS

COMMENTED = """\
# what the service needs
[project]
name = "api"

[packages]
# built with
deno = "2"
nodejs = { version = '22', input = "base" }  # long-term support

# the environment
[env]
A = "1"
"""


def test_add_to_a_sorted_section() -> None:
    """A new package goes to its place; comments stay with what they stand above, the next table's included."""
    assert set_package(COMMENTED, "go", "1.25") == COMMENTED.replace('deno = "2"\n', 'deno = "2"\ngo = "1.25"\n')
    assert set_package(COMMENTED, "zig") == COMMENTED.replace("support\n", 'support\nzig = "*"\n')
    assert set_package(COMMENTED, "cmake") == COMMENTED.replace("[packages]\n", '[packages]\ncmake = "*"\n')


def test_change() -> None:
    """Only the version changes: the long form keeps its other keys, the line its comment."""
    assert set_package(COMMENTED, "deno", "1") == COMMENTED.replace('"2"', '"1"')
    assert set_package(COMMENTED, "nodejs", ">=24, <25") == COMMENTED.replace("'22'", '">=24, <25"')


def test_add_without_a_version_keeps_the_pin() -> None:
    """Adding a package that is there, without a version, changes nothing."""
    assert set_package(COMMENTED, "nodejs") == COMMENTED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '[packages]\ngo = "1"\n'),
        ("[project]\nname = 'a'", "[project]\nname = 'a'\n\n[packages]\ngo = \"1\"\n"),
        ("[env]\r\nA = 'a'\r\n", "[env]\r\nA = 'a'\r\n\r\n[packages]\r\ngo = \"1\"\r\n"),
        ("[env]\n\n", '[env]\n\n[packages]\ngo = "1"\n'),
        ("[packages]", '[packages]\ngo = "1"'),
        ("[packages] # p\n[env]\n", '[packages] # p\ngo = "1"\n[env]\n'),
        ("[packages]\nz = '1'\na = '1'\n\n", "[packages]\nz = '1'\na = '1'\ngo = \"1\"\n\n"),
        ("[packages]\n  a = '1'\n\tz = '1'\n", "[packages]\n  a = '1'\n  go = \"1\"\n\tz = '1'\n"),
        (
            "packages.a = '1'\npackages.z = '1'\n[env]\n",
            "packages.a = '1'\npackages.go = \"1\"\npackages.z = '1'\n[env]\n",
        ),
        ("packages.z = '1'", "packages.go = \"1\"\npackages.z = '1'"),
        ("packages = {}\n", 'packages = {go = "1"}\n'),
        ("packages = { z = '1' }\n", "packages = { go = \"1\", z = '1' }\n"),
        ("packages = { a = '1' }\n", "packages = { a = '1', go = \"1\" }\n"),
        ("[packages.a]\nversion = '1'\n", "[packages.a]\nversion = '1'\n\n[packages]\ngo = \"1\"\n"),
        ("[packages]\na.version = '1'\na.input = 'base'\n", None),
        ("[packages]\na = '1'\n[packages.b]\n[env]\n", "[packages]\na = '1'\ngo = \"1\"\n[packages.b]\n[env]\n"),
    ],
)
def test_add_to_any_form(text: str, expected: str | None) -> None:
    """Whatever form the packages are written in, a new one takes the same; without a section one is appended."""
    assert set_package(text, "go", "1") == (expected or f'{text}go = "1"\n')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("packages = { go = {} }", 'packages = { go = {version = "1"} }'),
        ("[packages]\ngo = { input = 'base' }", "[packages]\ngo = { version = \"1\", input = 'base' }"),
        ("[packages]\n  go.input = 'base'\n", "[packages]\n  go.version = \"1\"\n  go.input = 'base'\n"),
        ("packages.go.input = 'base'\n", "packages.go.version = \"1\"\npackages.go.input = 'base'\n"),
        ("[packages.go] # c\ninput = 'base'\n", "[packages.go] # c\nversion = \"1\"\ninput = 'base'\n"),
        ("[packages.go]", '[packages.go]\nversion = "1"'),
        ("[packages.go]\nversion = '''\n2'''\n", '[packages.go]\nversion = "1"\n'),
        ("packages.go.version = '2'", 'packages.go.version = "1"'),
        ("packages = { go.input = 'base' }", "packages = { go.version = \"1\", go.input = 'base' }"),
        ("[packages]\n  go.env.A = 'a'\n", "[packages]\n  go.version = \"1\"\n  go.env.A = 'a'\n"),
        ("packages.'go'.flags = ['a']\n", "packages.'go'.version = \"1\"\npackages.'go'.flags = ['a']\n"),
        ("packages = { a = '1', go.env.A = 'a' }", "packages = { a = '1', go.version = \"1\", go.env.A = 'a' }"),
        (
            "# why\n[packages.go.env]\r\nA = 'a'\r\n",
            "# why\n[packages.go]\nversion = \"1\"\n\n[packages.go.env]\r\nA = 'a'\r\n",
        ),
        (
            "[packages.go.env]\nA = 'a'\n[packages.go] # c\nflags = ['a']\n",
            "[packages.go.env]\nA = 'a'\n[packages.go] # c\nversion = \"1\"\nflags = ['a']\n",
        ),
        (
            "[packages]\ngo.flags = []\n[packages.go.env]\nA = 'a'",
            "[packages]\ngo.version = \"1\"\ngo.flags = []\n[packages.go.env]\nA = 'a'",
        ),
        ("packages.go = { env = { A = 'a' } }", "packages.go = { version = \"1\", env = { A = 'a' } }"),
    ],
)
def test_change_in_any_form(text: str, expected: str) -> None:
    """The version of a long form is changed, or given where there was none, in whatever form it is written."""
    assert set_package(text, "go", "1") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[packages]\n# about\ngo = '1' # why\nz = '1'\n", "[packages]\n# about\nz = '1'\n"),
        ("[packages]\r\na = '1'\r\ngo = '1'", "[packages]\r\na = '1'"),
        ("[packages]\ngo.version = '1'\nz = '1'\ngo.input = 'base'\n", "[packages]\nz = '1'\n"),
        ("[packages.go]\nversion = '''\n1'''\n[env]\nA = 'a'\n", "[env]\nA = 'a'\n"),
        ("[env]\n[packages.go]\nversion = '1'\n", "[env]\n"),
        ("packages = { go = '1' }\n", "packages = {  }\n"),
        ("packages = { a = '1', go = '1' }\n", "packages = { a = '1' }\n"),
        ("packages = { go = '1', z = '1' }\n", "packages = { z = '1' }\n"),
        ("packages = { go.version = '1', z = '1', go.input = 'base' }\n", "packages = { z = '1' }\n"),
        ("packages.go = '1'\n", ""),
    ],
)
def test_remove_from_any_form(text: str, expected: str) -> None:
    """A package goes with all that says something about it, and nothing else does."""
    assert remove_package(text, "go") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '[packages]\ngo = { version = "*", input = "debian" }\n'),
        ("packages = {}", 'packages = {go = { version = "*", input = "debian" }}'),
        ("[packages]\n  go = '1' # c\n", "[packages]\n  go = { version = '1', input = \"debian\" } # c\n"),
        ("packages.go = '''\n1'''", "packages.go = { version = '''\n1''', input = \"debian\" }"),
        ("[packages]\ngo = {input = 'base', version = '1'}", "[packages]\ngo = {input = \"debian\", version = '1'}"),
        ("[packages]\ngo = {version = '1'}", "[packages]\ngo = {input = \"debian\", version = '1'}"),
        ("[packages]\n go.version = '1'\n", "[packages]\n go.input = \"debian\"\n go.version = '1'\n"),
        ("[packages.go]\nversion = '1'\n", "[packages.go]\ninput = \"debian\"\nversion = '1'\n"),
        ("[packages]\ngo = { input = 'debian' }\n", "[packages]\ngo = { input = 'debian' }\n"),
    ],
)
def test_set_the_input_in_any_form(text: str, expected: str) -> None:
    """A package comes from the input that is asked for; a version that it has stays, as it is spelt."""
    inputs = "inputs.debian = 'debian:trixie'\n"
    assert set_package(inputs + text, "go", None, "debian").removeprefix(inputs).lstrip("\n") == expected


def test_set_version_and_input() -> None:
    """A version that is asked for together with an input gets into the file as well."""
    assert set_package("[packages]\ngo = '1'\n", "go", "2", "own") == (
        '[packages]\ngo = { version = "2", input = "own" }\n'
    )


@pytest.mark.parametrize(
    ("text", "suite", "expected", "name"),
    [
        ("", None, '[inputs]\ndebian = "debian:trixie"\n', "debian"),
        ("", "sid", '[inputs]\ndebian = "debian:sid"\n', "debian"),
        ("inputs.d = 'debian:sid'", None, "inputs.d = 'debian:sid'", "d"),
        ("inputs.d = 'debian:sid'", "sid", "inputs.d = 'debian:sid'", "d"),
        (
            "[inputs]\nd = 'debian:sid'\n",
            "bookworm",
            "[inputs]\nd = 'debian:sid'\ndebian-bookworm = \"debian:bookworm\"\n",
            "debian-bookworm",
        ),
        (
            "[inputs]\ndebian = 'builtin:base'\n",
            None,
            "[inputs]\ndebian = 'builtin:base'\ndebian-trixie = \"debian:trixie\"\n",
            "debian-trixie",
        ),
        (
            "# why\n[inputs]\r\n# c\r\nzoo = 'builtin:base'\r\n[packages]\r\n",
            None,
            "# why\n[inputs]\r\ndebian = \"debian:trixie\"\n# c\r\nzoo = 'builtin:base'\r\n[packages]\r\n",
            "debian",
        ),
        (
            "inputs = { zoo = 'builtin:base' }",
            None,
            "inputs = { debian = \"debian:trixie\", zoo = 'builtin:base' }",
            "debian",
        ),
    ],
)
def test_set_suite(text: str, suite: str | None, expected: str, name: str) -> None:
    """A suite that the manifest has serves under its name; a new one is called `debian`, a further one by its suite."""
    assert set_suite(text, suite) == (expected, name)


def test_suites_that_there_are_not() -> None:
    """K-03: what names no suite, or one that moves, gets no input; the codenames are told."""
    for suite in ("stable", "bookwrm", "../x", ""):
        with pytest.raises(UsageError) as caught:
            set_suite(COMMENTED, suite)
        assert caught.value.slug == "package-invalid"
        assert "bookworm" in str(caught.value.hint)


def test_inputs_stay() -> None:
    """Removing the last package of an input leaves the input: other packages may be meant to come from it."""
    text, name = set_suite(COMMENTED)
    assert remove_package(set_package(text, "htop", None, name), "htop") == text


def test_names_that_need_quotes() -> None:
    """A name that TOML would read as several keys is quoted."""
    text = set_package("[packages]\n", "python3.11", "3.11")
    assert text == '[packages]\n"python3.11" = "3.11"\n'
    assert remove_package(text, "python3.11") == "[packages]\n"


@pytest.mark.parametrize(
    ("name", "version"), [("../x", None), ("Go", "1"), ("go", "new"), ("go", '1"\nx = "'), ("", "")]
)
def test_what_no_manifest_can_hold(name: str, version: str | None) -> None:
    """K-03: a name or version that would not be a manifest's is refused before anything is written."""
    with pytest.raises(UsageError) as caught:
        set_package(COMMENTED, name, version)
    assert caught.value.slug == "package-invalid"
    assert caught.value.hint


def test_remove_what_is_not_there() -> None:
    """Removing an unknown package is an error with a suggestion."""
    with pytest.raises(UsageError, match="`nodjes` is not in the manifest") as caught:
        remove_package(COMMENTED, "nodjes")
    assert (caught.value.slug, caught.value.hint) == ("package-absent", "did you mean `nodejs`?")
    with pytest.raises(UsageError) as caught:
        remove_package("[packages]\n", "go")
    assert caught.value.hint


def test_what_builds_need_is_not_removed() -> None:
    """A package that a build names stays until the build does without it; the file is not made invalid."""
    for key in ("inputs", "tools"):
        with pytest.raises(UsageError, match="the build `app` needs `zlib`") as caught:
            remove_package(f"[packages]\nzlib = '1'\n[build.app]\n{key} = ['zlib']", "zlib")
        assert caught.value.slug == "package-needed"


@pytest.mark.parametrize(
    ("text", "source", "message"),
    [
        ("[build.go]\n", None, "`go` is a build of this manifest"),
        (
            "[packages]\ngo = { flags = ['a'] }\n",
            "base",
            "the manifest changes how `go` is built, but from `base` it comes built",
        ),
    ],
)
def test_what_the_manifest_says_otherwise(text: str, source: str | None, message: str) -> None:
    """What would clash with a build or with overrides is refused before anything is written."""
    with pytest.raises(UsageError, match=message) as caught:
        set_package(text, "go", "1", source)
    assert caught.value.slug == "package-invalid"
    assert caught.value.hint


def test_overrides_may_come_from_any_input_that_is_built() -> None:
    """An overridden package gets another input where that one is built from source too."""
    text = "inputs.own = 'builtin:source'\npackages.go.flags = ['a']\n"
    assert set_package(text, "go", None, "own") == text.replace(
        "packages.go", 'packages.go.input = "own"\npackages.go', 1
    )


def test_removing_in_pieces() -> None:
    """An overridden package whose keys stand apart in braces goes as a whole, whichever of them goes first."""
    text = "inputs = { source = 'debian:sid', own = 'builtin:source' }\n"
    text += "packages = { go.input = 'own', a = '1', go.env.A = 'a' }\n"
    assert remove_package(text, "go") == text.replace("go.input = 'own', ", "").replace(", go.env.A = 'a'", "")


def test_invalid_manifests_are_not_edited() -> None:
    """What is wrong already is reported and not built upon."""
    with pytest.raises(ManifestError):
        set_package("[packages]\nGo = '1'\n", "go", "1")
    with pytest.raises(ManifestError):
        remove_package("[packages]\ngo = '1'\n[evn]\n", "go")


# Properties

NAMES = st.sampled_from(["a", "b-c", "g++", "go", "m4", "node.js", "x", "z"])
INDENTS = st.sampled_from(["", "", "", "  ", "\t"])
COMMENTS = st.sampled_from(["", "", "  # why = [", ' # "'])
BETWEEN = st.lists(st.sampled_from(["", "# [packages]", "  # go = '1'"]), max_size=2)
VERSIONS = st.sampled_from(['"24"', "'1.2'", '"""1"""', '">=1,<2"', "'''\n2'''"])
LONG = st.sampled_from(
    [
        "{ version = '1' }",
        "{version='1',input='base'}",
        '{ input = "base", version = "2" }',
        "{ input = 'base' }",
        "{}",
        "{ flags = ['a, b', '}'], env = { A = '1', version = '2' }, input = 'source' }",
        "{ env.A = '1', patches = [] }",
        "{ inputs = { go = 'x1' }, version = '1', source = 'a/b' }",
    ]
)
OTHERS = st.sampled_from(
    [
        ["[project]", "name = 'api'"],
        ["[env]", "go = '[packages]'", "A = '''", "[packages]", "go = 1", "'''"],
        ["[shell]", 'hook = """', "echo # '", '"""', "[shell.aliases]", "go = 'x'"],
        ["inputs.base = 'builtin:base'"],
        ["inputs = { base = 'builtin:base' }"],
        ["[inputs] # of packages", "  base = 'builtin:base'", "# zoo", "zoo = 'debian:sid'"],
    ]
)


def spell(name: str) -> str:
    return f'"{name}"' if {"+", "."} & set(name) else name


@st.composite
def sections(draw: st.DrawFn) -> list[str]:
    """The lines that give some packages, in one of the forms that TOML has for it."""
    names = draw(st.lists(NAMES, max_size=5, unique=True))
    if draw(st.booleans()):
        names.sort()
    form = draw(st.sampled_from(["header", "header", "dotted", "inline"]))
    lines = [f"[packages]{draw(COMMENTS)}"] if form == "header" else []
    prefix = "packages." if form == "dotted" else ""
    pairs = []
    for name in names:
        pairs.append(f"{prefix}{spell(name)} = {draw(VERSIONS | LONG)}")
        if form != "inline":
            if draw(st.booleans()) and draw(st.booleans()):
                pairs[-1:] = [
                    f"{prefix}{spell(name)}.version = {draw(VERSIONS)}",
                    f"{prefix}{spell(name)}.input = 'base'",
                ]
            lines.extend([*draw(BETWEEN), *(draw(INDENTS) + pair + draw(COMMENTS) for pair in pairs)])
            pairs.clear()
    if form == "inline":
        space = draw(st.sampled_from(["", " "]))
        lines.append(f"packages = {{{space}{', '.join(pairs)}{space}}}{draw(COMMENTS)}")
    if form == "header":
        for name in draw(st.lists(st.sampled_from(["sub", "table"]), max_size=2, unique=True)):
            lines.extend([*draw(BETWEEN), f"[packages.{name}]", f"version = {draw(VERSIONS)}"])
    return lines


@st.composite
def manifests(draw: st.DrawFn) -> str:
    """Valid manifests: with a section for packages or without, in any order, with either kind of line endings."""
    tables = draw(st.lists(OTHERS, max_size=3, unique_by=lambda lines: next(iter(tomllib.loads("\n".join(lines))))))
    section = draw(sections() | st.just([]))
    tables.append(section)
    # What has no header of its own must stand above all that has one.
    tables.sort(key=lambda lines: bool(lines) and any(line.startswith("[") for line in lines))
    lines = [line for table in tables for line in [*draw(BETWEEN), *table]]
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return ("\n".join(lines) + draw(st.sampled_from(["", "\n"]))).replace("\n", newline)


def packages_in(text: str) -> dict[str, Any]:
    return dict(tomllib.loads(text).get("packages", {}))


def with_version(packages: dict[str, Any], name: str, version: str) -> dict[str, Any]:
    given_before = packages.get(name)
    given_now = {**given_before, "version": version} if isinstance(given_before, dict) else version
    return {**packages, name: given_now}


def count_common(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def assert_one_replacement(before: str, after: str, removed: int, added: int) -> None:
    """`after` is `before` with at most `removed` characters in one place replaced by at most `added`."""
    start = count_common(before, after)
    end = count_common(before[start:][::-1], after[start:][::-1])
    assert len(before) - start - end <= removed, (before, after)
    assert len(after) - start - end <= added, (before, after)


FAST = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=200)


@FAST
@given(manifests(), NAMES)
def test_set_says_what_it_should(text: str, name: str) -> None:
    """After setting, the file says the old facts and the new one to two readers, and keeps its line endings."""
    after = set_package(text, name, "3.1")
    expected = {**tomllib.loads(text), "packages": with_version(packages_in(text), name, "3.1")}
    assert tomllib.loads(after) == expected
    # The second reader keeps the line endings of multi-line strings.
    assert tomlkit.parse(after.replace("\r\n", "\n")).unwrap() == expected
    if "\r\n" in text:
        assert "\n" not in after.replace("\r\n", "")
    else:
        assert "\r" not in after


@FAST
@given(manifests(), NAMES)
@example("[packages]\n# about b\nb = '1'", "a")
def test_set_changes_one_place(text: str, name: str) -> None:
    """Every other byte stays: a new package is one insertion, a changed one replaces its version and nothing more."""
    after = set_package(text, name, "3.1")
    is_new = name not in packages_in(text)
    assert_one_replacement(
        text, after, 0 if is_new else 10, len('\r\n\r\n\r\n[packages]\r\n\tpackages."node.js" = "3.1"\r\n')
    )


@FAST
@given(manifests(), NAMES)
@example("[packages]", "go")
@example("[packages]\r\na = '1'", "go")
@example("packages.z = '1'", "go")
def test_remove_takes_back_what_set_added(text: str, name: str) -> None:
    """Adding a package that was not there and removing it gives back the file, byte for byte.

    A section that had to be made stays, empty: whether a person put it there cannot be told later.
    """
    before = packages_in(text)
    if name in before:
        text = remove_package(text, name)
    after = remove_package(set_package(text, name, "1"), name)
    if "packages" in tomllib.loads(text) and ("[packages]" in text or "packages = {" in text or packages_in(text)):
        assert after == text
    else:
        assert after.startswith(text)
        assert after[len(text) :].strip() == "[packages]"


@FAST
@given(manifests(), NAMES, st.sampled_from([None, "bookworm"]))
def test_suite_says_what_it_should(text: str, package: str, suite: str | None) -> None:
    """An input that has to be made is one insertion, and then one place changes: what the file said else stays said."""
    before = tomllib.loads(text)
    after, name = set_suite(text, suite)
    assert_one_replacement(text, after, 0, len('\r\n\r\n\r\n[inputs]\r\n  debian-bookworm = "debian:bookworm"\r\n'))
    inputs = tomllib.loads(after)["inputs"]
    assert inputs[name] in ({f"debian:{suite}"} if suite else {"debian:trixie", "debian:sid"})
    assert tomllib.loads(after) == {**before, "inputs": {**before.get("inputs", {}), name: inputs[name]}}
    wanted = packages_in(text).get(package, {"version": "*"})
    long = wanted if isinstance(wanted, dict) else {"version": wanted}
    if any(long.get(key) for key in OVERRIDE_KEYS):
        with pytest.raises(UsageError):
            set_package(after, package, None, name)
        return
    last = set_package(after, package, None, name)
    assert packages_in(last) == {**packages_in(text), package: {**long, "input": name}}
    added = len('\r\n\r\n\r\n[packages]\r\n\tpackages."node.js" = { version = "*", input = "debian-bookworm" }\r\n')
    # The short form is put into braces: its version, as it is spelt, stands in the middle of what is new.
    assert_one_replacement(after, last, len("'''\n2''' "), added)
    assert set_package(last, package, None, name) == last


@FAST
@given(manifests(), st.data())
def test_remove_takes_nothing_else(text: str, data: st.DataObject) -> None:
    """Removing a package leaves all other facts, and all other lines in their order; inline it is one cut."""
    before = packages_in(text)
    if not before:
        return
    name = data.draw(st.sampled_from(sorted(before)))
    after = remove_package(text, name)
    del before[name]
    assert packages_in(after) == before
    if "packages = {" in text:
        assert_one_replacement(text, after, len(text), 0)
    else:
        lines = iter(text.splitlines())
        assert all(line in lines for line in after.splitlines())


@FAST
@given(manifests(), st.lists(NAMES, min_size=1, max_size=4))
def test_sorted_sections_stay_sorted(text: str, names: list[str]) -> None:
    """A section in the order of its names has that order after any additions."""
    before = list(packages_in(remove_tables(text)))
    if before != sorted(before):
        return
    for name in names:
        text = set_package(text, name, "1")
    after = list(packages_in(remove_tables(text)))
    assert after == sorted(after)


def remove_tables(text: str) -> str:
    """`text` without the packages that have a table of their own: those stand after the section in any case."""
    for name in ("sub", "table"):
        if name in packages_in(text):
            text = remove_package(text, name)
    return text


@pytest.mark.parametrize(("text", "expected"), [
    ("[environments.ci]", '[environments.ci]\n\n[environments.ci.packages]\nx = "1"\n'),
    ("[environments.ci]\npackages = {}\n", '[environments.ci]\npackages = {x = "1"}\n'),
    ('[environments.ci]\npackages = { y = "2" }\n', '[environments.ci]\npackages = { x = "1", y = "2" }\n'),
    ('[environments.ci.packages]\n# c\ny = "2"\n', '[environments.ci.packages]\nx = "1"\n# c\ny = "2"\n'),
    ('[environments.ci]\npackages.y = "2"\n', '[environments.ci]\npackages.x = "1"\npackages.y = "2"\n'),
    ('environments.ci.packages.a = "2"\n',
     'environments.ci.packages.a = "2"\nenvironments.ci.packages.x = "1"\n'),
    ('[environments]\nci = { dotenv = ["e"] }\n', '[environments]\nci = { dotenv = ["e"], packages.x = "1" }\n'),
    ('environments = { ci = { packages.a = "1" } }', 'environments = { ci = { packages.a = "1", packages.x = "1" } }'),
    ('[environments.ci.packages.a]\nversion = "2"\n',
     '[environments.ci.packages.a]\nversion = "2"\n\n[environments.ci.packages]\nx = "1"\n'),
])  # fmt: skip
def test_packages_of_an_environment(text: str, expected: str) -> None:
    """A package of an environment goes to its own table, however that is written; taking it out leaves what was."""
    added = set_package(text, "x", "1", environment="ci")
    assert added == expected
    assert parse_manifest(added.encode()).environments["ci"].packages["x"].version == "1"
    changed = set_package(added, "x", "2", "source", environment="ci")
    request = parse_manifest(changed.encode()).environments["ci"].packages["x"]
    assert (request.version, request.input) == ("2", "source")
    removed = remove_package(changed, "x", environment="ci")
    assert parse_manifest(removed.encode()).select("ci") == parse_manifest(text.encode()).select("ci")


def test_packages_that_environments_need() -> None:
    """What an environment leaves out stays, so that the manifest stays one; what it inherits is named in `without`."""
    text = '[packages]\na = "1"\n[environments.ci]\nwithout = ["a"]\n[environments.docs]\n'
    with pytest.raises(UsageError, match="the environment `ci` leaves `a` out") as caught:
        remove_package(text, "a")
    assert caught.value.slug == "package-needed"
    with pytest.raises(UsageError) as caught:
        remove_package(text, "a", environment="docs")
    assert (caught.value.slug, "without" in str(caught.value.hint)) == ("package-absent", True)
    with pytest.raises(UsageError) as caught:
        set_package(text, "a", environment="other")
    assert caught.value.slug == "environment-unknown"
