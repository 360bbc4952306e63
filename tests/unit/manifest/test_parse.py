"""`parse_manifest`: what a manifest may say, and what is said about one that says something else."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path

import pytest

import devenv.manifest
from devenv.debian.suites import SUITES
from devenv.errors import DevenvError, ForeignFileError, ManifestError
from devenv.manifest.model import (
    DEFAULT_INPUTS,
    Check,
    Formatter,
    ListAdditions,
    LockSettings,
    Manifest,
    NamedEnvironment,
    Overrides,
    PackageRequest,
    ProjectBuild,
    PythonSettings,
    ShellCode,
    ShellSettings,
    input_name,
)
from devenv.manifest.parse import parse_manifest
from devenv.manifest.variables import REASONS
from devenv.system import ALL_SYSTEMS, System

Refusal = Callable[[str | bytes], DevenvError]

WHOLE = r'''
dotenv = [".env"]
keep = ["documentation"]

[project]
name = "api"
systems = ["x86_64-linux", "aarch64-darwin"]

[inputs]
base = "builtin:base"
debian = "debian:trixie"

[packages]
htop = { version = "*", input = "debian" }   # of Debian
ninja = "1"
nodejs = "24"                                # version request
openssl = { version = "3", patches = ["fix.patch"], flags = ["no-legacy"], env = { CFLAGS = "-O3" } }
ripgrep = { version = "*", input = "base" }  # long form

[env]
GREETING = "hello $USER"
PYTHONHASHSEED = { unset = true }
PATH = { prepend = ["scripts"] }
XDG_DATA_DIRS = { prepend = ["share"], append = ["/opt/share"] }

[shell]
hook = """
echo entering
"""
leave = "echo leaving"

[shell.aliases]
ll = "ls -l"

[shell.functions]
top = "cd \"$DEVENV_PROJECT\""

[shell.fish]
hook = "echo entering"
functions = { top = "cd $DEVENV_PROJECT" }

[build.app]
kind = "cmake"
source = "src"
version = "1.2"
inputs = ["openssl"]
tools = ["ninja"]
flags = ["-DX=1"]
env = { A = "b" }
phases = { check = "make test" }

[checks]
test = "pytest -q"
lint = { command = "ruff check", source = "src" }

[formatters]
python = { command = ["ruff", "format"], files = ["*.py"] }

[python]
venv = true

[environments.ci]
without = ["htop"]
packages = { nodejs = "22" }
env = { CI = "true" }

[lock]
minimum-release-age = "7d"
'''


def test_whole_manifest() -> None:
    """Everything that a manifest may hold arrives in the model."""
    assert parse_manifest(WHOLE.encode()) == Manifest(
        name="api",
        systems=(System.AARCH64_DARWIN, System.X86_64_LINUX),
        inputs={"base": "builtin:base", "debian": "debian:trixie", "source": "builtin:source"},
        packages={
            "htop": PackageRequest("htop", "*", "debian"),
            "ninja": PackageRequest("ninja", "1"),
            "nodejs": PackageRequest("nodejs", "24"),
            "openssl": PackageRequest(
                "openssl",
                "3",
                "source",
                Overrides(patches=("fix.patch",), flags=("no-legacy",), env={"CFLAGS": "-O3"}),
            ),
            "ripgrep": PackageRequest("ripgrep", "*", "base"),
        },
        env={"GREETING": "hello $USER"},
        unset=("PYTHONHASHSEED",),
        lists={"PATH": ListAdditions(("scripts",)), "XDG_DATA_DIRS": ListAdditions(("share",), ("/opt/share",))},
        dotenv=(".env",),
        shell=ShellSettings(
            "echo entering\n",
            {"ll": "ls -l"},
            "echo leaving",
            {"top": 'cd "$DEVENV_PROJECT"'},
            {"fish": ShellCode("echo entering", functions={"top": "cd $DEVENV_PROJECT"})},
        ),
        keep=("documentation",),
        builds={
            "app": ProjectBuild(
                "app", "cmake", "src", "1.2", ("openssl",), ("ninja",), ("-DX=1",), {"A": "b"}, {"check": "make test"}
            )
        },
        checks={"lint": Check("lint", "ruff check", "src"), "test": Check("test", "pytest -q")},
        formatters={"python": Formatter("python", ("ruff", "format"), ("*.py",))},
        python=PythonSettings(".venv"),
        environments={
            "ci": NamedEnvironment(
                "ci",
                packages={"nodejs": PackageRequest("nodejs", "22")},
                without=("htop",),
                env={"CI": "true"},
            )
        },
        lock=LockSettings("7d"),
    )


def test_defaults() -> None:
    """A manifest with one empty table is valid and has the inputs `base` and `source`."""
    assert parse_manifest(b"[packages]") == Manifest()
    assert parse_manifest(b"[packages]").inputs == {"base": "builtin:base", "source": "builtin:source"}
    assert parse_manifest(b"[packages.go]").packages == {"go": PackageRequest("go", "*", "base")}


def test_order_of_tables_and_keys_does_not_matter() -> None:
    """The same facts in another order are the same manifest, in the same order of iteration."""
    tables = ("[packages]\n{}", '[env]\nB = "1"\nA = "2"\n', '[shell.aliases]\nb = "x"\na = "y"\n')
    seen = set()
    for first, second, third in permutations(tables):
        for packages in permutations(('go = "1.25"\n', 'deno = "2"\n')):
            text = (first + second + third).format("".join(packages))
            manifest = parse_manifest(text.encode())
            seen.add((*manifest.packages, *manifest.env, *manifest.shell.aliases))
    assert seen == {("deno", "go", "A", "B", "a", "b")}


def test_line_endings_do_not_matter() -> None:
    """K-01: a file with CRLF says the same, inside multi-line strings too."""
    assert parse_manifest(WHOLE.replace("\n", "\r\n").encode()) == parse_manifest(WHOLE.encode())


def test_systems_are_sorted() -> None:
    """The order of systems means nothing, so it is always the same."""
    names = [str(system) for system in reversed(ALL_SYSTEMS)]
    assert parse_manifest(f"[project]\nsystems = {names}".encode()).systems == ALL_SYSTEMS


def test_version_requests_lose_white_space() -> None:
    """A version is kept as the request that it spells."""
    assert parse_manifest(b'[packages]\ngo = " 1.25 "').packages["go"].version == "1.25"


@pytest.mark.parametrize(
    "value",
    ["$(touch x)", "`id`", "a'b\"c\\", "; rm -rf ~", "line\nline\r\n", "\x1b[31m", "%s %n", "-n", "", "🦊é", " a "],
)
def test_values_are_kept_to_the_byte(value: str) -> None:
    """K-07: a variable's value is taken literally, whatever it means to a shell."""
    spelt = "".join(f"\\U{ord(character):08x}" for character in value)
    manifest = parse_manifest(f'[env]\nX = "{spelt}"\n[shell]\nhook = "{spelt}"'.encode())
    assert manifest.env["X"] == value
    assert manifest.shell.hook == value


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("[pakages]\n", "1:2", "`pakages` is not a key of the manifest", "did you mean `packages`?"),
        ("[package]\n", "1:2", "`package` is not a key of the manifest", "did you mean `packages`?"),
        ("[tools]\n", "1:2", "`tools` is not a key of the manifest", "did you mean `packages`?"),
        ("[project]\n[vars]\n", "2:2", "`vars` is not a key of the manifest", "did you mean `env`?"),
        ("name = 'a'\n[packages]\n", "1:1", "`name` is not a key of the manifest", "did you mean `project.name`?"),
        ("[project]\nnmae = 'a'\n", "2:1", "`nmae` is not a key of `project`", "did you mean `name`?"),
        ("[project]\nxyz = 1\n", "2:1", "`xyz` is not a key of `project`", "there are `name`, `systems`"),
        ("project.naem = 'a'\n", "1:9", "`naem` is not a key of `project`", "did you mean `name`?"),
        ("[shell]\nhooks = ''\n", "2:1", "`hooks` is not a key of `shell`", "did you mean `hook`?"),
        (
            "[packages]\ngo = { verson = '1' }\n",
            "2:8",
            "`verson` is not a key of `packages.go`",
            "did you mean `version`?",
        ),
        (
            "[packages]\n[packages.go]\n'é' . x = 1\n",
            "3:1",
            "`é` is not a key of `packages.go`",
            "there are `env`, `flags`, `input`, `inputs`, `patches`, `source`, `systems`, `version`",
        ),
    ],
)
def test_unknown_keys(refusal: Refusal, text: str, place: str, message: str, hint: str) -> None:
    """K-02: a key that means nothing is an error at that key, with what was probably meant."""
    error = refusal(text)
    assert type(error) is ManifestError
    assert (str(error.place), error.message, error.hint) == (f"devenv.toml:{place}", message, hint)


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("packages = 3", "1:12", "`packages` must be a table, not a number", "write it as a table: `[packages]`"),
        ("[[packages]]", "1:3", "`packages` must be a table, not an array", "write it as a table: `[packages]`"),
        ("[project]\nname = ['a']", "2:8", "`project.name` must be a string, not an array", None),
        ("[project]\nsystems = 'a'", "2:11", "`project.systems` must be an array, not a string", 'write `["…"]`'),
        ("[project]\nsystems = [\n 1]", "3:2", "`project.systems[0]` must be a string, not a number", None),
        (
            "[packages]\npython = 3.10",
            "2:10",
            "`packages.python` must be a string or a table, not a number",
            'put it in quotes: `python = "3.10"`',
        ),
        (
            "[packages]\ngo = {version = 2025-01-02}",
            "2:17",
            "`packages.go.version` must be a string, not a date or time",
            'put it in quotes: `version = "2025-01-02"`',
        ),
        (
            "[env]\nDEBUG = true # on",
            "2:9",
            "`env.DEBUG` must be a string, not a boolean",
            'put it in quotes: `DEBUG = "true"`',
        ),
        ("[env.A]\nb = 'c'", "2:1", "`b` is not a key of `env.A`", "there are `append`, `prepend`, `unset`"),
        ("shell.hook = {}", "1:14", "`shell.hook` must be a string, not a table", None),
        ("[shell]\naliases = ''", "2:11", "`shell.aliases` must be a table, not a string", None),
        ("[inputs]\nbase = 1", "2:8", "`inputs.base` must be a string or a table, not a number", None),
    ],
)
def test_wrong_types(text: str, place: str, message: str, hint: str | None) -> None:
    """K-02: a value of the wrong type is an error at that value; one that lacks quotes is shown with them."""
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text.encode(), "devenv.toml")
    assert (str(caught.value.place), caught.value.message) == (f"devenv.toml:{place}", message)
    if hint is not None:
        assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("[project]\nsystems = []", "2:11", "`project.systems` is empty"),
        ("[project]\nsystems = ['x86-64-linux']", "2:12", "`x86-64-linux` is not a system that devenv knows"),
        (
            "[project]\nsystems = ['x86_64-linux', 'x86_64-linux']",
            "2:28",
            "`x86_64-linux` is given twice in `project.systems`",
        ),
        ("[packages]\nnodejs = 'new'", "2:10", None),
        ("[packages]\nnodejs = ''", "2:10", None),
        ("[packages]\nnodejs = { input = 'bse' }", "2:20", "there is no input `bse`"),
        ("[inputs]\nBase = 'builtin:base'", "2:1", "`Base` is not the name of an input"),
        ("[shell.aliases]\nll = ' '", "2:1", "the alias `ll` must be one line that holds a command"),
        ('[shell.aliases]\nll = "a\\nb"', "2:1", "the alias `ll` must be one line that holds a command"),
        ("[shell.aliases]\nif = 'x'", "2:1", "`if` cannot be an alias: shells and their hooks are built on it"),
        (
            "[shell.aliases]\n__devenv_set = 'x'",
            "2:1",
            "`__devenv_set` cannot be an alias: shells and their hooks are built on it",
        ),
    ],
)
def test_impossible_values(refusal: Refusal, text: str, place: str, message: str | None) -> None:
    """K-02: a value that cannot be meant is an error at its place."""
    error = refusal(text)
    assert str(error.place) == f"devenv.toml:{place}"
    if message is not None:
        assert error.message == message


HOSTILE_NAMES = [
    "", ".", "../../x", "/abs", "a/b", "~", "$HOME", "%2e", "-rf", "a b", "a\nb", "a\\b", "é", "a@1", "$(x)", "a;b",
    "a=b", "x" * 101, "x" * 10_000,
]  # fmt: skip
TABLES = ["packages", "inputs", "shell.aliases", "project"]


@pytest.mark.parametrize(
    ("table", "name"),
    [
        *product(TABLES, HOSTILE_NAMES),
        *product(["packages", "inputs", "project"], ["..", "a:b"]),
        *product(["packages", "inputs"], ["NodeJS"]),
    ],
)
def test_names_that_are_paths_or_code(refusal: Refusal, table: str, name: str) -> None:
    """K-03: a name that could be a path, an option or code is refused by its grammar."""
    spelt = '"' + "".join(f"\\u{ord(character):04x}" for character in name) + '"'
    text = f"[project]\nname = {spelt}" if table == "project" else f"[{table}]\n{spelt} = 'builtin:base'"
    error = refusal(text)
    assert isinstance(error, ManifestError)
    assert error.place is not None
    assert error.place.line == 2


@pytest.mark.parametrize("name", ["..", "ll", "a:b", "g++", "Make", "_x", "k8s.up"])
def test_alias_names(name: str) -> None:
    """The names that people give their aliases are names here."""
    assert parse_manifest(f"[shell.aliases]\n'{name}' = 'x y'".encode()).shell.aliases == {name: "x y"}


@pytest.mark.parametrize("name", ["go", "7zip", "python3.11", "g++", "a_b-c", "x" * 100])
def test_package_names(name: str) -> None:
    """Names that packages really have are names here."""
    assert list(parse_manifest(f"[packages]\n'{name}' = '*'".encode()).packages) == [name]


def test_first_error_in_file_order(refusal: Refusal) -> None:
    """Of several errors the one that stands first in the file is reported, whatever table it stands in."""
    faults = ["[shell]\nhook = 1\n", "[env]\nPATH = ''\n", "[packages]\nGo = '1'\n", "[inputs]\nx = 2\n", "[vars]\n"]
    for order in permutations(faults):
        error = refusal("".join(order))
        assert error.place is not None
        assert error.place.line == (1 if order[0] == "[vars]\n" else 2)


def test_locators_are_not_repeated(refusal: Refusal) -> None:
    """A password in a locator is refused, and not shown: the error ends up in logs (FAULTS H-10)."""
    error = refusal("[inputs]\nown = 'git+https://me:secret@forge.example/set'")
    assert error.message == "this `git+https:` locator holds a user name or a password"
    assert "secret" not in str(error.hint)
    assert "secret" not in repr(vars(error))
    error = refusal("[inputs]\nown = '//me:secret@forge.example'")
    assert error.message == "an input is given by a locator such as `builtin:base`"
    assert "secret" not in repr(vars(error))
    assert refusal("[inputs]\nown = 'builtin:all'").message == (
        "the built-in package sets are `builtin:base`, `builtin:source`"
    )


@pytest.mark.parametrize("suite", SUITES)
def test_suites(suite: str) -> None:
    """Each suite that devenv knows can be an input, under any name and under the one that locks give it."""
    text = f"[inputs]\nown = 'debian:{suite}'\ndebian-{suite} = 'debian:{suite}'\n"
    inputs = parse_manifest(text.encode()).inputs
    assert inputs == {**DEFAULT_INPUTS, f"debian-{suite}": f"debian:{suite}", "own": f"debian:{suite}"}
    assert (input_name(inputs, suite), input_name({}, suite)) == (f"debian-{suite}", f"debian-{suite}")
    assert input_name({"own": f"debian:{suite}"}, suite) == "own"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "own = 'debian:stable'",
            "`debian:stable` means another suite every few years",
            "write a codename: `bookworm`, `bullseye`, `sid`, `trixie`",
        ),
        (
            "own = 'debian:bookwrm'",
            "`debian:bookwrm` names no suite that devenv knows",
            "did you mean `debian:bookworm`?",
        ),
        (
            "own = 'debian://me:secret@mirror.example'",
            "this `debian:` locator names no suite that devenv knows",
            "write a codename: `bookworm`, `bullseye`, `sid`, `trixie`",
        ),
        (
            "debian-sid = 'debian:trixie'",
            "the name `debian-sid` is kept for an input that is `debian:sid`",
            "choose another name",
        ),
        (
            "debian-x = 'builtin:base'",
            "the name `debian-x` is kept for an input that is `debian:x`",
            "choose another name",
        ),
        (
            "debian-sid = 'debian:unstable'",
            "`debian:unstable` means another suite every few years",
            "write a codename: `bookworm`, `bullseye`, `sid`, `trixie`",
        ),
    ],
)
def test_inputs_of_debian(refusal: Refusal, text: str, message: str, hint: str) -> None:
    """K-02: a suite is given by its codename; a lock's own names for suites cannot mean anything else."""
    error = refusal(f"[inputs]\n{text}")
    assert (error.message, error.hint) == (message, hint)
    assert "secret" not in repr(vars(error))


def test_keep() -> None:
    """What bundles keep is a set: its order in the file does not matter, and nothing is kept without being named."""
    assert parse_manifest(b"keep = ['locales', 'documentation']").keep == ("documentation", "locales")
    assert parse_manifest(b"keep = []").keep == parse_manifest(b"[packages]").keep == ()


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("keep = ['locale']", "1:9", "`locale` is nothing that can be kept"),
        ("keep = 'locales'", "1:8", "`keep` must be an array, not a string"),
        ("keep = [\n'locales',\n'locales']", "3:1", "`locales` is given twice in `keep`"),
        ("[keep]\nlocales = true", "1:2", "`keep` must be an array, not a table"),
        ("[packages]\nnodejs = '24'\nkeep = ['locales']", "3:1", "`keep` is no key of `packages`"),
        ("[project]\nkeep = ['locales']", "2:1", "`keep` is no key of `project`"),
    ],
)
def test_what_cannot_be_kept(refusal: Refusal, text: str, place: str, message: str) -> None:
    """K-02: a word that means nothing in `keep` is an error at its place."""
    error = refusal(text)
    assert (str(error.place), error.message) == (f"devenv.toml:{place}", message)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[env]\nkeep = ['locales']", "put `keep` above the first table"),
        (
            "[packages]\nhtop = { input = 'debian' }",
            'write `debian = "debian:trixie"` under `[inputs]`, or take this line out and run `devenv add debian:htop`',
        ),
        (
            "[packages]\n'debian:htop' = '*'",
            'write `htop = { input = "debian" }`, with `debian = "debian:trixie"` under `[inputs]`',
        ),
        (
            "[packages]\n'debian:sid/htop' = '*'",
            'write `htop = { input = "debian-sid" }`, with `debian-sid = "debian:sid"` under `[inputs]`',
        ),
    ],
)
def test_what_is_written_as_the_command_line_has_it(refusal: Refusal, text: str, hint: str) -> None:
    """Who writes by hand what `devenv add` does is told how it stands in a manifest."""
    assert refusal(text).hint == hint


def test_keep_does_not_make_a_file_ours() -> None:
    """Another tool's file that has a key of this name is still another tool's."""
    with pytest.raises(ForeignFileError):
        parse_manifest(b"keep = 3\nreplicas = 2\n")


def test_faulty_inputs_do_not_hide_behind_their_uses(refusal: Refusal) -> None:
    """A package that uses an input whose locator is wrong is not at fault itself, even where it stands first."""
    error = refusal("[packages]\ngo = { input = 'own' }\n[inputs]\nown = 'hg:./set'")
    assert str(error.place) == "devenv.toml:4:7"


@pytest.mark.parametrize(
    "text",
    [
        'name = "board"\nimage = "docker/local"\nsetup = "2.15.0"\n[services]\nweb = 5173\n',
        "APP_ENV = 'local'\nDB_PORT = 3141\n",
        "version = 1\nname = 'desk'\n[services.desktop]\ncwd = '.'\n",
        "[creds]\nenabled = true\n[env]\nPORT = '16200'\n[[env_maps]]\nfrom = 'PORT'\n",
        "[redis]\nport = 6379\n[pool]\nport = 1\n[proxy]\nport = 2\n",
        "name = 'x'\n",
    ],
)
def test_files_of_other_tools(refusal: Refusal, text: str) -> None:
    """A `devenv.toml` in the manner of other tools (shapes found in public repositories) is recognised as such."""
    assert isinstance(refusal(text), ForeignFileError)


@pytest.mark.parametrize("text", ["[package]", "[Packages]", "[shel]", "[env]\n[aliases]", "[env]\n[vras]\n[shell]"])
def test_slips_are_not_other_tools(refusal: Refusal, text: str) -> None:
    """A slip of the pen in our own file is told as one."""
    assert isinstance(refusal(text), ManifestError)


def test_domain_is_pure() -> None:
    """K-05: nothing here opens a file, so none can hang it; what is parsed are the bytes that were hashed (L-03)."""
    directory = Path(devenv.manifest.__file__).parent
    for file in directory.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                assert not {alias.name.partition(".")[0] for alias in node.names} & {
                    "io",
                    "os",
                    "pathlib",
                    "subprocess",
                }
            if isinstance(node, ast.ImportFrom):
                assert node.module not in {"io", "os", "pathlib", "subprocess", "devenv.fsutil"}
            if isinstance(node, ast.Name):
                assert node.id != "open"


def test_documentation_is_true() -> None:
    """The examples are manifests, the first with all there is; the variables that are called refused are those."""
    text = (Path(__file__).parents[3] / "docs" / "manifest.md").read_text(encoding="utf-8")
    whole, *_ = [parse_manifest(each.encode()) for each in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)]
    assert whole == parse_manifest(WHOLE.encode())
    rows = text.partition("| variables |")[2].partition("\n\n")[0]
    cells = [row.split("|")[1].replace("`PS0` …", "`PS0`, `PS1`, `PS2`, `PS3`,") for row in rows.splitlines()[2:]]
    assert set(re.findall(r"`(\w+)`", "".join(cells))) == set(REASONS)
