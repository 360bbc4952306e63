"""Which variables a manifest may set."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devenv.errors import DevenvError
from devenv.manifest.parse import parse_manifest
from devenv.manifest.variables import ENTRY_LIMIT

Refusal = Callable[[str | bytes], DevenvError]


@pytest.mark.parametrize(
    "name", ["", "=", "a=b", "a b", "a[$(x)]", "BASH_FUNC_ls%%", "1A", "a-b", "é", "A\n", "A" * 256, "a.b", "$A"]
)
def test_names_that_are_no_identifiers(refusal: Refusal, name: str) -> None:
    """K-08: names in which shells find code, or that systems cannot pass on, are refused."""
    spelt = "".join(f"\\u{ord(character):04x}" for character in name)
    error = refusal(f'[env]\n"{spelt}" = "x"')
    assert "is not the name of a variable" in error.message
    assert str(error.place) == "devenv.toml:2:1"


@pytest.mark.parametrize(
    "name",
    [
        "PATH", "path", "BASH_ENV", "ENV", "ZDOTDIR", "PROMPT_COMMAND", "PS0", "PS1", "PS2", "PS3", "PS4", "IFS",
        "HOME", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "PWD", "OLDPWD", "SHELL", "UID", "status", "_",
        "DEVENV_PROJECT",
    ],
)  # fmt: skip
def test_variables_that_steer_shells(refusal: Refusal, name: str) -> None:
    """K-08, M-06: what steers shells or belongs to the session is refused; so nothing but packages adds to `PATH`."""
    assert refusal(f"[env]\n{name} = '/x'").message == f"`{name}` cannot be set"


def test_path_is_refused_with_the_way_to_do_it(refusal: Refusal) -> None:
    """M-06: who wants to extend `PATH` is told how that is done."""
    assert "[packages]" in str(refusal("[env]\nPATH = '/x:'").hint)


@pytest.mark.parametrize("name", ["LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "USER", "a", "_x", "A" * 255])
def test_variables_that_inform_programs(name: str) -> None:
    """K-08: what only tells programs something is allowed, the loader's variables included: the manifest says them."""
    assert parse_manifest(f"[env]\n{name} = 'x'".encode()).env == {name: "x"}


def test_nul_is_refused(refusal: Refusal) -> None:
    """K-08: a NUL would cut a value short on its way to a program."""
    for text in ('[env]\nA = "x\\u0000y"', '[shell]\nhook = "\\u0000"', '[shell.aliases]\na = "\\u0000"'):
        assert "NUL" in refusal(text).message


def test_longest_value(refusal: Refusal) -> None:
    """An entry that the system could not pass to a program is refused here and not at every start of one."""
    longest = "é" * ((ENTRY_LIMIT - 2) // 2)
    assert parse_manifest(f"[env]\nA = '{longest}'".encode()).env["A"] == longest
    assert "longer than" in refusal(f"[env]\nA = '{longest}x'").message
