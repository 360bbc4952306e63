"""What a manifest may say of the environment besides its packages: variables, files with variables, shells, Python."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devenv.errors import DevenvError
from devenv.manifest.edit import remove_package, set_package
from devenv.manifest.model import ListAdditions, Manifest, ShellCode, ShellSettings
from devenv.manifest.parse import parse_manifest

Refusal = Callable[[str | bytes], DevenvError]


def parse(text: str) -> Manifest:
    return parse_manifest(text.encode())


def test_ways_of_writing() -> None:
    """Tables may be written in any of TOML's ways."""
    inline = parse('[env]\nA = { unset = true }\nPATH = { prepend = ["a"] }\n[shell]\nbash = { aliases = { x = "y" } }')
    tables = parse('[env.A]\nunset = true\n[env.PATH]\nprepend = ["a"]\n[shell.bash.aliases]\nx = "y"')
    dotted = parse('env.A.unset = true\nenv.PATH.prepend = ["a"]\nshell.bash.aliases.x = "y"')
    assert inline == tables == dotted
    assert inline.unset == ("A",)
    assert inline.lists == {"PATH": ListAdditions(("a",))}
    assert inline.shell.own == {"bash": ShellCode(aliases={"x": "y"})}


@pytest.mark.parametrize(("text", "place", "message"), [
    ('[env]\nPATH = "x"', "2:1", "`PATH` cannot be set"),
    ("[env]\nPATH = { unset = true }", "2:1", "`PATH` cannot be set"),
    ("[env]\nHOME = { unset = true }", "2:1", "`HOME` cannot be set"),
    ('[env]\nPS1 = { prepend = ["a"] }', "2:1", "`PS1` cannot be set"),
    ('[env]\nDEVENV_X = { append = ["a"] }', "2:1", "`DEVENV_X` cannot be set"),
    ('[env]\n"A-B" = { append = ["a"] }', "2:1", "`A-B` is not the name of a variable"),
    ("[env]\nA = { unset = false }", "2:15", "`unset` can only be `true`"),
    ('[env]\nA = { unset = true, append = ["a"] }', "2:1", "`A` cannot be unset and hold directories"),
    ("[env]\nA = {}", "2:1", "`A` adds nothing"),
    ("[env]\nA = { prepend = [] }", "2:1", "`A` adds nothing"),
    ("[env]\nA = { prepent = [] }", "2:7", "`prepent` is not a key of `env.A`"),
    ('[env]\nA = { prepend = "a" }', "2:17", "`env.A.prepend` must be an array, not a string"),
    ('[env]\nA = ["a"]', "2:5", "`env.A` must be a string, not an array"),
    ('[env]\nA = { prepend = ["a", "a"] }', "2:23", "`a` is given twice in `env.A.prepend`"),
    ('[env]\nA = { prepend = [""] }', "2:18", "`` cannot be an entry of such a variable"),
    ('[env]\nA = { prepend = ["a:b"] }', "2:18", "`a:b` cannot be an entry of such a variable"),
    ('[env]\nA = { append = ["/a\\n/b"] }', "2:17", "`/a\\n/b` cannot be an entry of such a variable"),
    ('[env]\nA = { append = ["../a"] }', "2:17", "`../a` may lead out of the project"),
    ('[env]\nA = { append = ["~/a"] }', "2:17", "`~/a` is not a path in the project"),
    ('[env]\nA = { append = ["./a"] }', "2:17", "`./a` is a roundabout path"),
    ('[env]\nA = { append = ["/a/../b"] }', "2:17", "`/a/../b` is no plain path"),
    ('[env]\nA = { append = ["/a\\u202e"] }', "2:17", "`/a\\u202e` is no plain path"),
    ('dotenv = ".env"', "1:10", "`dotenv` must be an array, not a string"),
    ('[packages]\ndotenv = [".env"]', "2:1", "`dotenv` is no key of `packages`"),
    ('dotenv = ["/etc/environment"]', "1:11", "`/etc/environment` is not a path in the project"),
    ('dotenv = ["../.env"]', "1:11", "`../.env` may lead out of the project"),
    ('dotenv = ["."]', "1:11", "a directory holds no variables"),
    ('dotenv = [".env", ".env"]', "1:19", "`.env` is given twice in `dotenv`"),
    ('[shell]\nzhs = ""', "2:1", "`zhs` is not a key of `shell`"),
    ("[shell.bash]\nbash = {}", "2:1", "`bash` is not a key of `shell.bash`"),
    ("[shell.functions]\nf = ''", "2:5", "the function `f` does nothing"),
    ("[shell.functions]\nif = 'x'", "2:1", "`if` cannot be a function: shells and their hooks are built on it"),
    ("[shell.functions]\n__devenv_x = 'x'", "2:1",
        "`__devenv_x` cannot be a function: shells and their hooks are built on it"),
    ("[shell.functions]\n'a b' = 'x'", "2:1", "`a b` is not the name of a function"),
    ("[shell]\naliases = { f = 'x' }\nfunctions = { f = 'x' }", "3:15", "`f` is an alias in bash too"),
    ("[shell]\naliases = { f = 'x' }\n[shell.fish]\nfunctions = { f = 'x' }", "4:15", "`f` is an alias in fish too"),
    ("[shell]\nfunctions = { f = 'x' }\n[shell.zsh]\naliases = { f = 'x' }", "2:15", "`f` is an alias in zsh too"),
    ("[python]\nvenv = 1", "2:8", "`python.venv` must be `true`, `false` or a path in quotes, not a number"),
    ("[python]\nvenv = '.'", "2:8", "the project itself cannot be the virtual environment"),
    ("[python]\nvenv = '/x'", "2:8", "`/x` is not a path in the project"),
    ("[python]\nvenv = '.devenv/v'", "2:8", "`.devenv/v` is no part of the project's source"),
    ("[python]\nvenf = true", "2:1", "`venf` is not a key of `python`"),
    ("[lock]\nminimum-release-age = 7", "2:23",
        "`lock.minimum-release-age` must be a duration in quotes, such as `\"7d\"`, not a number"),
    ("[lock]\nminimum-release-age = 'a week'", "2:23", "`a week` is no duration"),
    ("[lock]\nminimum-age = '7d'", "2:1", "`minimum-age` is not a key of `lock`"),
    ("[env]\nVIRTUAL_ENV = 'x'\n[python]\nvenv = true", "2:1",
        "`VIRTUAL_ENV` cannot be set beside `python.venv`, which does that"),
])  # fmt: skip
def test_refused(refusal: Refusal, text: str, place: str, message: str) -> None:
    """K-03, K-08, M-06: what could not be entered and left again is an error at its place."""
    error = refusal(text + "\n")
    assert (str(error.place), error.message) == (f"devenv.toml:{place}", message)


@pytest.mark.parametrize(("text", "meant"), [
    ("[shell]\nfunction = {}", "functions"), ("[env.A]\nprepent = []", "prepend"), ("venv = true", "python.venv"),
    ("leave = 'x'", "shell.leave"), ("functions.a = 'x'", "shell.functions"), ("dotenf = []", "dotenv"),
])  # fmt: skip
def test_suggestions(refusal: Refusal, text: str, meant: str) -> None:
    """A slip of the pen, or a key outside of its table, is answered with what was meant."""
    assert refusal(f"{text}\n[packages]\n").hint == f"did you mean `{meant}`?"


def test_a_virtual_environment_can_be_left_out() -> None:
    """`false` is the same as nothing, `true` means `.venv`."""
    assert parse("[python]\nvenv = false") == parse("[python]") == parse("[packages]")
    assert parse("[python]\nvenv = true") == parse('[python]\nvenv = ".venv"')


def test_code_of_shells() -> None:
    """A shell's own code takes the place of the common one, even if it is empty; names are added."""
    settings = ShellSettings("h", {"a": "1"}, "l", {"f": "1"}, {"zsh": ShellCode("", {"b": "2"}, None, {"f": "2"})})
    assert settings.code_for("zsh") == ShellCode("", {"a": "1", "b": "2"}, "l", {"f": "2"})
    assert settings.code_for("bash") == ShellCode("h", {"a": "1"}, "l", {"f": "1"})
    assert settings.code_for("fish") == ShellCode(None, {"a": "1"})


WRITTEN = """\
# before
dotenv = [".env"]   # secrets

[env]
A = { unset = true }  # why
PATH = { prepend = [
    "bin",
] }

[packages]
go = "1"

[python]
venv = true

[shell.fish]
hook = '''
echo "[packages]"
'''
[env.XDG_DATA_DIRS]
append = ["share"]
"""


def test_edits_leave_the_rest_alone() -> None:
    """`add` and `remove` change the line of the package and no other byte, whatever else the manifest says."""
    added = set_package(WRITTEN, "zig", "0.14")
    assert added == WRITTEN.replace('go = "1"\n', 'go = "1"\nzig = "0.14"\n')
    assert remove_package(added, "zig") == WRITTEN
    assert set_package(WRITTEN, "go", "2") == WRITTEN.replace('go = "1"', 'go = "2"')
