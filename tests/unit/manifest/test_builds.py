"""`[build]`, `[checks]` and `[formatters]`: what they may say, and what is said of the rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devenv.errors import ForeignFileError, ManifestError
from devenv.manifest.model import Check, Formatter, Manifest, ProjectBuild
from devenv.manifest.parse import parse_manifest
from devenv.manifest.variables import BUILD_PREFIXES, BUILD_REASONS
from tests.unit.manifest.conftest import Refusal

FAST = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=200)


def test_defaults() -> None:
    """Every key of a build and the source of a check may be left out."""
    manifest = parse_manifest(b"[build.app]\n[checks]\ntest = 'x'\nlint.command = 'y'")
    assert manifest.builds == {"app": ProjectBuild("app", "shell", ".", None)}
    assert manifest.checks == {"lint": Check("lint", "y", "."), "test": Check("test", "x", ".")}


def test_whole_build() -> None:
    """What a build says arrives; phases stand in the order in which they run, however they are written."""
    manifest = parse_manifest(
        b"""
        [packages]
        zlib = { input = "source" }
        cmake = "*"
        [build.tool]
        source = false
        [build.app]
        kind = "make"
        source = "src/app.tar.gz"
        version = "1.2-rc1"
        inputs = ["zlib"]
        tools = ["tool", "cmake"]
        flags = ["-DX=a b", "-DX=a b"]
        env = { B = "$out", A = "" }
        phases = { install = "a\\nb", build = "", check = "x" }
        """
    )
    assert manifest.builds["tool"].source is None
    build = manifest.builds["app"]
    assert build == ProjectBuild(
        "app",
        "make",
        "src/app.tar.gz",
        "1.2-rc1",
        ("zlib",),
        ("tool", "cmake"),
        ("-DX=a b", "-DX=a b"),
        {"A": "", "B": "$out"},
        {"build": "", "check": "x", "install": "a\nb"},
    )
    assert (list(build.env), list(build.phases)) == (["A", "B"], ["build", "check", "install"])


def test_formatters_keep_their_words() -> None:
    """K-07: a formatter's words and patterns are taken as they stand; a word may stand twice."""
    manifest = parse_manifest(b"[formatters.a]\ncommand=['x', '-e', ';', '-e', '$(y)']\nfiles=['*.[ch]','a/**/b']")
    assert manifest.formatters == {"a": Formatter("a", ("x", "-e", ";", "-e", "$(y)"), ("*.[ch]", "a/**/b"))}


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("[build.app]\nkind = 'cmak'", "2:8", "`cmak` is no kind of build", "did you mean `cmake`?"),
        (
            "[build.app]\nkind = 'x'",
            "2:8",
            "`x` is no kind of build",
            "there are `autotools`, `cmake`, `make`, `meson`, `shell`",
        ),
        (
            "[build]\napp = 'x'",
            "2:7",
            "`build.app` must be a table, not a string",
            "write it as a table: `[build.app]`",
        ),
        ("[build.app]\nsrc = '.'", "2:1", "`src` is not a key of `build.app`", "did you mean `source`?"),
        (
            "[build.app]\nsource = true",
            "2:10",
            "`build.app.source` must be a path in quotes, or `false`, not a boolean",
            'put it in quotes: `source = "true"`',
        ),
        ("[build.app]\nversion = '1/2'", "2:11", "`1/2` is not the name of a version", None),
        (
            "packages.zlib = '1'\n[build.app]\ninputs = ['zlip']",
            "3:11",
            "`zlip` is neither a package of this manifest nor a build",
            "did you mean `zlib`?",
        ),
        (
            "[build.app]\ntools = ['cmake']",
            "2:10",
            "`cmake` is neither a package of this manifest nor a build",
            "name it under `[packages]`, or build it: `[build.NAME]`",
        ),
        (
            "packages.go = '1'\n[build.app]\ninputs = ['go']\ntools = ['go']",
            "4:10",
            "`go` is in `inputs` too",
            "delete one of the two",
        ),
        (
            "packages.go = '1'\n[build.app]\ninputs = ['go', 'go']",
            "3:17",
            "`go` is given twice in `build.app.inputs`",
            None,
        ),
        (
            "[build.app]\nflags = ['x']",
            "2:1",
            "`flags` go to the configure step, and the kind `shell` has none of its own",
            "write them into `phases`, or name another `kind`: `autotools`, `cmake`, `make`, `meson`",
        ),
        ("[build.app.phases]\ncompile = 'x'", "2:1", "`compile` is not a key of `build.app.phases`", None),
        (
            "[build.app.phases]\ninstal = 'x'",
            "2:1",
            "`instal` is not a key of `build.app.phases`",
            "did you mean `install`?",
        ),
        ("[build.app]\nenv = { TZ = 'UTC' }", "2:9", "`TZ` cannot be set for a build", None),
        (
            "packages.app = '1'\n[build.app]",
            "2:8",
            "`app` is a package of this manifest already",
            "choose another name for the build, or take the package out of `[packages]`",
        ),
        ("[build.sysroot]", "1:8", "`sysroot` cannot be a build: devenv builds with its own", "choose another name"),
        ("[checks]\ntest = ' '", "2:8", "the command is empty", None),
        (
            "[checks]\ntest = ['a']",
            "2:8",
            "`checks.test` must be a command line in quotes, or a table, not an array",
            None,
        ),
        ("[checks.test]\nsource = '.'", "1:9", "the check `test` has no command", 'write `command = "…"`'),
        ("[checks]\nTest = 'a'", "2:1", "`Test` is not the name of a check", "did you mean `test`?"),
        ("[formatters.a]\nfiles = ['*']", "1:13", "the formatter `a` has no `command`", None),
        ("[formatters.a]\ncommand = ['x']\nfiles = []", "1:13", "the formatter `a` has no `files`", None),
        (
            "[formatters.a]\ncommand = 'ruff format'\nfiles = ['*']",
            "2:11",
            "`formatters.a.command` must be an array, not a string",
            None,
        ),
        ("[formatters.a]\ncommand = ['x']\nfiles = ['/a']", "3:10", "`/a` matches no path in the project", None),
        ("[fmt]\n[packages]", "1:2", "`fmt` is not a key of the manifest", "did you mean `formatters`?"),
    ],
)
def test_faults(refusal: Refusal, text: str, place: str, message: str, hint: str | None) -> None:
    """K-02: what a build, a check or a formatter cannot say is an error at its place, with what was meant."""
    error = refusal(text)
    assert (str(error.place), error.message) == (f"devenv.toml:{place}", message)
    if hint is not None:
        assert error.hint == hint


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[build.a]\ninputs=['a']", "`a` → `a`"),
        ("[build.a]\ntools=['b']\n[build.b]\ninputs=['a']", "`a` → `b` → `a`"),
    ],
)
def test_circles(refusal: Refusal, text: str, shown: str) -> None:
    """Builds that need each other are an error that names them, where one of them says so."""
    error = refusal(text)
    rotated = "`b` → `a` → `b`"
    assert error.message in {f"builds need each other: {shown}", f"builds need each other: {rotated}"}
    assert error.place is not None
    assert text.splitlines()[(error.place.line or 0) - 1].startswith(("inputs", "tools"))


def test_long_circles_are_found_and_cut() -> None:
    """A circle of a thousand builds is found at once, and a message names only some of them."""
    text = "".join(f"[build.b{index}]\ninputs = ['b{(index + 1) % 1000}']\n" for index in range(1000))
    with pytest.raises(ManifestError, match=r"builds need each other: .* → `…`") as caught:
        parse_manifest(text.encode())
    assert len(caught.value.message) < 200


def test_diamonds_take_no_time() -> None:
    """Forty levels of builds that each need the two below are no circle, and no more than forty."""
    text = "[build.a0]\n[build.b0]\n"
    for level in range(1, 40):
        below = f"inputs = ['a{level - 1}', 'b{level - 1}']\n"
        text += f"[build.a{level}]\n{below}[build.b{level}]\n{below}"
    assert len(parse_manifest(text.encode()).builds) == 80


PATHS_REFUSED = [
    "", "/", "/etc/passwd", "~", "~/x", "..", "../x", "a/../b", "a/..", "./a", "a/", "a//b", "a/./b", ".git",
    ".git/config", "a/.devenv", "a\nb", "a\tb", "a\x7f", "\x1b[31m", "\u202ea", "x" * 256, "a/" * 500 + "b", "é" * 128,
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS_REFUSED)
@pytest.mark.parametrize(
    "form",
    [
        "[packages]\na = {{ patches = [{}] }}",
        "[packages]\na = {{ source = {} }}",
        "[build.a]\nsource = {}",
        "[checks]\na = {{ command = 'x', source = {} }}",
    ],
)
def test_paths_that_lead_elsewhere(refusal: Refusal, form: str, path: str) -> None:
    """J-14, K-03: a path leads into the project in one way of writing it, or is refused where it stands."""
    spelt = '"' + "".join(f"\\u{ord(character):04x}" for character in path) + '"'
    error = refusal(form.format(spelt))
    assert error.place is not None
    assert error.place.line == 2


@pytest.mark.parametrize(
    "path", [".", "a", "a b", "a/b.c", "...", "-rf", "é/日本", ".github/x", "a\\b", "x" * 255, "$(x)"]
)
def test_paths(path: str) -> None:
    """Names that files really have can be a source, whatever they would mean to a shell."""
    spelt = '"' + "".join(f"\\u{ord(character):04x}" for character in path) + '"'
    assert parse_manifest(f"[build.a]\nsource = {spelt}".encode()).builds["a"].source == path


@pytest.mark.parametrize("table", ["build", "checks", "formatters"])
@pytest.mark.parametrize("name", ["", "..", "../x", "/a", "-rf", "a b", "a\nb", "é", "$(x)", "a/b", "x" * 101, "App"])
def test_names(refusal: Refusal, table: str, name: str) -> None:
    """K-03: names become parts of paths and commands, so their grammar is that of packages."""
    spelt = '"' + "".join(f"\\u{ord(character):04x}" for character in name) + '"'
    values = {"build": "{}", "checks": "'x'", "formatters": "{ command = ['x'], files = ['*'] }"}
    error = refusal(f"[{table}]\n{spelt} = {values[table]}")
    assert "is not the name of" in error.message


@pytest.mark.parametrize(
    "text",
    [
        "[build.a]\ninputs = [" + "'x', " * 1001 + "]",
        "[build.a]\nkind = 'make'\nflags = ['" + "x" * 4097 + "']",
        "[build.a]\nphases.build = '" + "x" * 65_537 + "'",
        "[build.a]\nversion = '" + "1" * 65 + "'",
        "[build.a]\nenv.A = '" + "1" * (128 << 10) + "'",
        "[checks]\na = '" + "x" * 65_537 + "'",
        "[formatters]\na = { command = ['x'], files = ['" + "x" * 201 + "'] }",
    ],
)
def test_limits(refusal: Refusal, text: str) -> None:
    """Every length and count is bounded; what is too long is not repeated in the message."""
    assert refusal(text).place is not None


def test_order_does_not_matter() -> None:
    """The same facts in another order are the same manifest, and iterate in the same order."""
    tables = ["[build.b]\n", "[build.a]\ninputs=['b']\n", "[checks]\nb='x'\na='y'\n"]
    one, other = parse_manifest("".join(tables).encode()), parse_manifest("".join(reversed(tables)).encode())
    assert one == other
    assert [list(one.builds), list(one.checks)] == [list(other.builds), list(other.checks)] == [["a", "b"], ["a", "b"]]


def test_other_tools_may_have_builds() -> None:
    """`[build]` does not make a file ours, and one that has nothing else is ours all the same."""
    assert parse_manifest(b"[build.app]").builds
    with pytest.raises(ForeignFileError):
        parse_manifest(b"[build]\ndockerfile = 'x'\n[deploy]\nreplicas = 2\n")


WORDS = ["a", "b", "zlib", "A", "", ".", "..", "/x", "a/b", "make", "x" * 300, "out", "*", "[", "**/x", "\\u202e"]
KEYS = st.sampled_from(
    "kind source version inputs tools flags env phases command files patches install a".split()  # noqa: SIM905 - a line
)
VALUES = st.recursive(
    st.sampled_from([f'"{word}"' for word in WORDS] + ["false", "true", "1", "1.5", "2020-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(KEYS, inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        )
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(["build.a", "build.zlib", "checks", "formatters.a", "packages", "packages.b"])


@FAST
@given(st.dictionaries(NAMES, st.dictionaries(KEYS, VALUES, max_size=4), max_size=4))
def test_any_tables(tables: dict[str, dict[str, str]]) -> None:
    """K-01, K-02: whatever stands in the tables, it is a manifest or an error with line, column and a next step."""
    text = "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in tables.items())
    error = None
    try:
        manifest = parse_manifest(text.encode() or b"[packages]")
    except ManifestError as caught:
        error = caught
    if error is not None:
        assert error.place is not None
        assert error.place.line is not None
        assert error.place.column is not None
        assert len(error.message) < 300
        return
    assert isinstance(manifest, Manifest)
    known = {*manifest.builds, *manifest.packages}
    assert all({*build.inputs, *build.tools} <= known for build in manifest.builds.values())


def test_documentation_names_what_builds_cannot_set() -> None:
    """The reference lists every variable that the builder keeps for itself."""
    text = (Path(__file__).parents[3] / "docs" / "manifest.md").read_text(encoding="utf-8")
    listed = re.search(r"a build cannot set\nthose that the builder sets:(.*?)\n\n", text, re.DOTALL)
    assert listed is not None
    names = set(re.findall(r"`(\w+)`", listed[1]))
    assert names == (set(BUILD_REASONS) | set(BUILD_PREFIXES)) - {"PATH", "HOME"}
