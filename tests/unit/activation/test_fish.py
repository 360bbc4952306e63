"""What fish reads: its quoting, aliases as fish defines them itself, the script as data."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.activation.model import Activation, Entries, Interactive
from devenv.activation.quoting import quote_fish
from devenv.activation.scripts.fish import format_alias, format_fish_script
from devenv.errors import ActivationError

UNIT = re.compile(rb"'((?:[^'\\]|\\[\\'])*)'|\\X([0-9a-f]{2})", re.DOTALL)


def read_word(word: str) -> bytes:
    """What fish makes of a quoted word, by its manual."""
    found, end = b"", 0
    for unit in UNIT.finditer(os.fsencode(word)):
        assert unit.start() == end
        end = unit.end()
        found += bytes.fromhex(unit[2].decode()) if unit[2] else re.sub(rb"\\(.)", rb"\1", unit[1])
    assert end == len(os.fsencode(word))
    return found


def test_quoting_is_one_word() -> None:
    r"""M-01, S-11: `\` and `'` are escaped inside single quotes; bytes that are not plain ASCII are spelt outside."""
    assert quote_fish("it's $(x)\n") == "'it\\'s $(x)\n'"
    assert quote_fish("a\\") == "'a\\\\'"
    assert quote_fish("ü\udcff\x1b") == "''\\Xc3\\Xbc\\Xff\\X1b''"
    assert quote_fish("") == "''"
    with pytest.raises(ActivationError):
        quote_fish("\0")


@given(st.binary(max_size=60).map(lambda data: data.replace(b"\0", b"")))
def test_quoting_keeps_every_byte(data: bytes) -> None:
    """M-01: whatever the value, the word stands for the same bytes, and is ASCII."""
    word = quote_fish(data.decode("utf-8", "surrogateescape"))
    assert word.isascii()
    assert read_word(word) == data


@pytest.mark.parametrize(
    ("name", "command", "expected"),
    [
        ("ll", "ls -l", "function ll --wraps 'ls -l' --description 'alias ll ls -l';  ls -l $argv\n        end"),
        ("ls", "ls -F", "function ls  --description 'alias ls ls -F'; command ls -F $argv\n        end"),
        ("echo", "echo -n", "function echo  --description 'alias echo echo -n'; builtin echo -n $argv\n        end"),
        ("x", "sudo x", "function x  --description 'alias x sudo x';  sudo x $argv\n        end"),
    ],
)
def test_aliases_are_what_fish_makes_of_them(name: str, command: str, expected: str) -> None:
    """S-19: an alias calls the command of the same name, and not itself, as with fish's own `alias`."""
    assert format_alias(name, command) == expected


def test_script_is_data() -> None:
    """A-15, M-04: the script is one block of assignments of quoted words, sorted; nothing in it runs."""
    activation = Activation(
        project=Path("/it's"),
        generation=Path("/g"),
        name="api",
        variables={"B": "2", "A": "$(x)", "GONE": None},
        lists={"PATH": Entries(("/a", "/b"), ("/c",)), "MANPATH": Entries(("/m",))},
        interactive={
            "fish": Interactive(
                functions={"greet": "echo hi"},
                enter="echo in",
                leave="echo out",
                completion_directories=("/d",),
                completions={"tool": ()},
            )
        },
    )
    assert format_fish_script(activation).decode() == (
        "# Written by devenv; read by its hook for fish.\n"
        "__devenv_begin 1 '/it\\'s' '/g' 'api' 'devenv.toml' '0.stamp' 'devenv.lock' '1.stamp'; and begin\n"
        "set -g __devenv_names 'A' 'B'\n"
        "set -g __devenv_size '2'\n"
        "set -g __devenv_values '$(x)' '2'\n"
        "set -g __devenv_gone 'GONE'\n"
        "set -g __devenv_lists 'MANPATH' 'PATH'\n"
        "set -g __devenv_before_MANPATH_ '/m'\n"
        "set -g __devenv_tail_MANPATH_ ''\n"
        "set -g __devenv_before_PATH_ '/a' '/b'\n"
        "set -g __devenv_after_PATH_ '/c'\n"
        "set -g __devenv_functions 'greet'\n"
        "set -g __devenv_codes 'function greet\necho hi\nend'\n"
        "set -g __devenv_hook 'echo in'\n"
        "set -g __devenv_leave_hook 'echo out'\n"
        "set -g __devenv_directories '/d'\n"
        "set -g __devenv_completions 'tool'\n"
        "__devenv_apply\n"
        "end\n"
    )
