"""Activations as values, as text for bash and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.activation.model import Activation, Entries, Interactive
from devenv.activation.quoting import quote_bash
from devenv.activation.saved import ACTIVATION_NAME, format_activation, parse_activation, read_activation
from devenv.activation.scripts.bash import format_bash_script
from devenv.activation.scripts.zsh import format_zsh_script
from devenv.errors import ActivationError

PLACES: dict[str, Any] = {"project": Path("/p"), "generation": Path("/g")}

texts = st.binary(max_size=40).map(lambda data: data.replace(b"\0", b"").decode("utf-8", "surrogateescape"))
names = st.sampled_from(["ll", "g.x", "k-2"])
interactive = st.builds(
    Interactive,
    aliases=st.dictionaries(names, st.just("echo 'x'")),
    functions=st.dictionaries(names, texts),
    enter=st.none() | texts,
    leave=st.none() | texts,
    completion_directories=st.just(("/d",)),
    completions=st.dictionaries(names, st.lists(texts, max_size=2).map(tuple)),
)
activations = st.builds(
    Activation,
    project=texts.map(lambda text: Path("/" + text)),
    generation=st.just(Path("/g")),
    name=texts,
    variables=st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9]{0,9}X", fullmatch=True), st.none() | texts),
    lists=st.just({"PATH": Entries(("/a", "/b"), ("/c",))}),
    watched=st.just(("devenv.toml", "devenv.lock", ".env")),
    interactive=st.dictionaries(st.sampled_from(["bash", "zsh", "fish"]), interactive),
)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "a=b",
        "a[$(x)]",
        "BASH_FUNC_ls%%",
        "1A",
        "é",
        "PROMPT_COMMAND",
        "IFS",
        "BASH_ENV",
        "DEVENV_PROJECT",
        "__devenv_x",
    ],
)
def test_variable_names_that_are_refused(name: str) -> None:
    """K-08: whoever makes an activation, no name gets in by which a shell runs code or the hook loses its own state."""
    with pytest.raises(ActivationError) as caught:
        Activation(**PLACES, variables={name: "x"})
    assert caught.value.slug == "activation-invalid"


@pytest.mark.parametrize("name", ["a b", "a[0]", "DEVENV_PATH", "__devenv_absent"])
def test_list_names_that_are_refused(name: str) -> None:
    """K-08: list variables follow the same grammar; PATH is one of them."""
    Activation(**PLACES, lists={"PATH": Entries(("/a",))})
    with pytest.raises(ActivationError):
        Activation(**PLACES, lists={name: Entries(("/a",))})


@pytest.mark.parametrize("entries", [(), ("",), ("bin",), ("./bin",), ("/a:/b",), ("/a\n/b",), ("/a\0",)])
def test_list_entries_that_are_refused(entries: tuple[str, ...]) -> None:
    """M-06: an element of PATH is absolute and is one element; an empty one would mean the working directory."""
    with pytest.raises(ActivationError):
        Activation(**PLACES, lists={"PATH": Entries(entries)})
    with pytest.raises(ActivationError):
        Activation(**PLACES, lists={"PATH": Entries(("/a",) if entries else (), entries)})


@pytest.mark.parametrize(
    "fields",
    [
        {"variables": {"A": "a\0b"}},
        {"variables": {"A": "\ud800"}},
        {"name": "\0"},
        {"interactive": {"bash": Interactive(enter="\0")}},
        {"interactive": {"zsh": Interactive(leave="\0")}},
        {"interactive": {"bash": Interactive(aliases={"a b": "x"})}},
        {"interactive": {"bash": Interactive(aliases={"x": "a\nb"})}},
        {"interactive": {"bash": Interactive(aliases={"builtin": "echo"})}},
        {"interactive": {"bash": Interactive(functions={"a b": "x"})}},
        {"interactive": {"bash": Interactive(functions={"__devenv_leave": "x"})}},
        {"interactive": {"zsh": Interactive(completion_directories=("relative",))}},
        {"interactive": {"zsh": Interactive(completions={"a;b": ()})}},
        {"variables": {"MANPATH": "x"}, "lists": {"MANPATH": Entries(("/a",))}},
        {"project": Path("relative")},
    ],
)
def test_values_that_are_refused(fields: dict[str, Any]) -> None:
    """What no environment can hold, or what could not be told apart when leaving, is refused when the value is made."""
    with pytest.raises(ActivationError):
        Activation(**(PLACES | fields))


def test_quoting_is_one_word() -> None:
    """M-01: text is inside single quotes from end to end, and a single quote steps outside."""
    assert quote_bash("it's $(x)\n") == "'it'\\''s $(x)\n'"
    assert quote_bash("") == "''"
    with pytest.raises(ActivationError):
        quote_bash("\0")


BASH_SCRIPT = r"""# Written by devenv; read by its hook for bash.
__devenv_script 2 '/it'\''s' '/g' 'api' && {
__devenv_script_watched() { [[ ! ('/it'\''s/devenv.toml' -nt $__devenv_linked/0.stamp || '/it'\''s/devenv.toml' -ot \
$__devenv_linked/0.stamp || '/it'\''s/devenv.lock' -nt '/g/1.stamp' || '/it'\''s/devenv.lock' -ot '/g/1.stamp') ]]; }
__devenv_script_newer() { [[ '/it'\''s/devenv.toml' -nt $1 || '/it'\''s/devenv.lock' -nt $1 ]]; }
__devenv_script_plain() { [[ -z ${A+x}${B+x}${C+x} ]] && builtin export A='$(x)' B='2'; }
__devenv_script_same() { [[ ${A+=}${A-} == ='$(x)' && ${B+=}${B-} == ='2' && -z ${C+x} ]]; }
__devenv_script_unset() { builtin unset -v A B; }
__devenv_script_variables() { "$1" A ='$(x)'; "$1" B ='2'; "$1" C -; }
__devenv_script_lists() { "$1" MANPATH ':' '/m' ''; "$1" PATH '' '/a:/b' '/z'; }
__devenv_script_plain_aliases() { [[ -z ${BASH_ALIASES[ll]+x} ]] && builtin alias -- ll='ls -l'; }
__devenv_script_same_aliases() { [[ ${BASH_ALIASES[ll]-} == 'ls -l' ]]; }
__devenv_script_unalias() { builtin unalias -- ll; }
__devenv_script_aliases() { "$1" ll 'ls -l'; }
__devenv_script_functions() { "$1" greet 'echo "hi"'; }
__devenv_script_commands=('node')
__devenv_script_enter='echo hi'
__devenv_script_leave='echo bye'
__devenv_read_generation=$__devenv_script_generation
}
""".replace("\\\n", "")


def test_script_is_data() -> None:
    """A-15, M-04: the script is one block of calls with quoted words, sorted: the same activation, the same bytes."""
    activation = Activation(
        project=Path("/it's"),
        generation=Path("/g"),
        name="api",
        variables={"B": "2", "A": "$(x)", "C": None},
        lists={"PATH": Entries(("/a", "/b"), ("/z",)), "MANPATH": Entries(("/m",))},
        interactive={
            "bash": Interactive(
                aliases={"ll": "ls -l"},
                functions={"greet": 'echo "hi"'},
                enter="echo hi",
                leave="echo bye",
                completions={"node": ()},
            )
        },
    )
    assert format_bash_script(activation).decode() == BASH_SCRIPT


def test_script_for_zsh_is_data() -> None:
    """A-15, M-01, M-04: what zsh reads is one block of literal words, sorted; nothing that the project wrote runs."""
    activation = Activation(
        project=Path("/it's"),
        generation=Path("/g"),
        name="api",
        variables={"B": "2", "A": "$(x)", "GONE": None},
        lists={"PATH": Entries(("/a", "/b"), ("/c",)), "MANPATH": Entries(("/m",))},
        interactive={
            "zsh": Interactive(
                aliases={"ll": "ls -l"},
                functions={"greet": "echo hi"},
                enter="echo in",
                leave="echo out",
                completion_directories=("/d",),
                completions={"_tool": ("tool", "tool2")},
            )
        },
    )
    assert format_zsh_script(activation).decode() == (
        "# Written by devenv; read by its hook for zsh.\n"
        "__devenv_begin 1 '/it'\\''s' '/g' && {\n"
        "__devenv_project_name='api' \\\n"
        "__devenv_watched=('devenv.toml' 'devenv.lock') \\\n"
        "__devenv_names=('A' 'B') \\\n"
        "__devenv_pairs=('A=$(x)' 'B=2') \\\n"
        "__devenv_unsets=('GONE') \\\n"
        "__devenv_lists=('MANPATH' '/m' '' '/m:' 'PATH' '/a:/b' '/c' '/a:/b:/c') \\\n"
        "__devenv_aliases=('ll=ls -l') \\\n"
        "__devenv_functions=('greet' 'echo hi') \\\n"
        "__devenv_completion_directories=('/d') \\\n"
        "__devenv_completions=('_tool' 'tool tool2') \\\n"
        "__devenv_enter_code='echo in' \\\n"
        "__devenv_leave_code='echo out'\n"
        'function __devenv_look { __devenv_set="${A+.}${B+.}"; __devenv_now=("A=${A-}" "B=${B-}") }\n'
        "}\n"
    )


def test_scripts_hold_any_bytes() -> None:
    """M-01: values that are not UTF-8 stand in the scripts byte for byte."""
    activation = Activation(Path("/p"), Path("/g"), variables={"A": "\udcff\n"})
    for format_script in (format_bash_script, format_zsh_script):
        assert b"\xff\n'" in format_script(activation)


@given(activations)
def test_saved_activation_comes_back(activation: Activation) -> None:
    """What is written for `devenv run` is read back as the same value, bytes that are not UTF-8 included."""
    text = format_activation(activation)
    assert text.isascii()
    assert parse_activation(text) == activation


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"format": 3}',
        json.dumps({"format": 2}).encode(),
        format_activation(Activation(**PLACES)).replace(b'"/p"', b"7"),
        format_activation(Activation(**PLACES)).replace(b'"/p"', b'"p"'),
        format_activation(Activation(**PLACES, variables={"A": "x"})).replace(b'"A"', b'"A B"'),
        format_activation(Activation(**PLACES, variables={"A": "x"})).replace(b'"x"', b'["x"]'),
    ],
)
def test_damaged_activation(tmp_path: Path, text: bytes) -> None:
    """A generation whose file is not what we write is an error that says what to run, never half an environment."""
    (tmp_path / ACTIVATION_NAME).write_bytes(text)
    with pytest.raises(ActivationError) as caught:
        read_activation(tmp_path)
    assert caught.value.slug == "generation-damaged"
    assert "devenv allow" in (caught.value.hint or "")
