"""Writes `activate.bash`: an environment as functions that `shell_hooks/hook.bash` calls when it enters and leaves.

They stand in a block behind a call that says whether the hook knows the format and wants this project and generation.
A script that breaks off is no complete block: bash then runs nothing of it (FAULTS A-15). Whatever comes from the
environment is a quoted word of its own, or a name that was checked to be one (FAULTS M-04).

What all variables have in common is done for all at once, since each command of a shell costs: no more than one test
and one command for entering where none was set before, and the same for leaving where all are as they were given. The
functions that do so are followed by one that hands each to another function, for all other cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from devenv.activation.model import DEFAULT_TAILS, Activation
from devenv.activation.quoting import quote_bash
from devenv.activation.watched import stamp_name

SCRIPT_FORMAT = 2
"""Raised when the functions change: shells keep the hook that they began with for weeks, while devenv is updated."""


def format_bash_script(activation: Activation) -> bytes:
    """The whole of `activate.bash`; the same activation gives the same bytes."""
    lines = ["# Written by devenv; read by its hook for bash.", *_iter_lines(activation), ""]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _iter_lines(activation: Activation) -> Iterator[str]:
    words = (str(activation.project), str(activation.generation), activation.name)
    yield f"__devenv_script {SCRIPT_FORMAT} {_words(words)} && {{"
    yield from _iter_watched(activation)
    yield from _iter_variables(activation)
    yield from _iter_aliases(activation)
    interactive = activation.interactive_for("bash")
    functions = [(name, quote_bash(body)) for name, body in sorted(interactive.functions.items())]
    yield _each("functions", functions)
    if interactive.completions:
        yield f"__devenv_script_commands=({_words(sorted(interactive.completions))})"
    if interactive.enter is not None:
        yield f"__devenv_script_enter={quote_bash(interactive.enter)}"
    if interactive.leave is not None:
        yield f"__devenv_script_leave={quote_bash(interactive.leave)}"
    # At the end: it says that all of this was read.
    yield "__devenv_read_generation=$__devenv_script_generation"
    yield "}"


def _iter_watched(activation: Activation) -> Iterator[str]:
    """Whether the files have the times of their stamps, and whether one is newer than another file.

    The first stamp is looked up through the project's link and below a name that only this generation has: once the
    link points elsewhere, it is not there.
    """
    files = [quote_bash(str(activation.project / name)) for name in activation.watched]
    stamps = [quote_bash(str(activation.generation / stamp_name(index))) for index in range(len(files))]
    stamps[0] = f"$__devenv_linked/{stamp_name(0)}"
    changed = " || ".join(
        f"{file} -nt {stamp} || {file} -ot {stamp}" for file, stamp in zip(files, stamps, strict=True)
    )
    yield f"__devenv_script_watched() {{ [[ ! ({changed}) ]]; }}"
    yield f"__devenv_script_newer() {{ [[ {' || '.join(f'{file} -nt $1' for file in files)} ]]; }}"


def _iter_variables(activation: Activation) -> Iterator[str]:
    plain = sorted(activation.variables)
    given = [(name, value) for name, value in sorted(activation.variables.items()) if value is not None]
    assignments = " ".join(f"{name}={quote_bash(value)}" for name, value in given)
    unset = "".join(f"${{{name}+x}}" for name in plain)
    same = [f"${{{name}+=}}${{{name}-}} == ={quote_bash(value)}" for name, value in given]
    same += [f"-z ${{{name}+x}}" for name in plain if activation.variables[name] is None]
    yield _function(
        "plain", _all(f"[[ -z {unset} ]]" if plain else "", f"builtin export {assignments}" if given else "")
    )
    yield _function("same", f"[[ {' && '.join(same)} ]]" if same else ":")
    yield _function("unset", f"builtin unset -v {' '.join(name for name, _ in given)}" if given else ":")
    values = ((name, "-" if value is None else f"={quote_bash(value)}") for name, value in activation.variables.items())
    yield _each("variables", sorted(values))
    lists = []
    for name, entries in sorted(activation.lists.items()):
        tail = "".join(f":{entry}" for entry in DEFAULT_TAILS.get(name, ()))
        lists.append((name, _words((tail, ":".join(entries.before), ":".join(entries.after)))))
    yield _each("lists", lists)


def _iter_aliases(activation: Activation) -> Iterator[str]:
    aliases = {name: quote_bash(text) for name, text in sorted(activation.interactive_for("bash").aliases.items())}
    unset = "".join(f"${{BASH_ALIASES[{name}]+x}}" for name in aliases)
    assignments = " ".join(f"{name}={text}" for name, text in aliases.items())
    same = " && ".join(f"${{BASH_ALIASES[{name}]-}} == {text}" for name, text in aliases.items())
    yield _function("plain_aliases", f"[[ -z {unset} ]] && builtin alias -- {assignments}" if aliases else ":")
    yield _function("same_aliases", f"[[ {same} ]]" if aliases else ":")
    yield _function("unalias", f"builtin unalias -- {' '.join(aliases)}" if aliases else ":")
    yield _each("aliases", aliases.items())


def _each(name: str, calls: Iterable[tuple[str, str]]) -> str:
    """A function that calls the one that it is given for each of these, with its name and what follows."""
    return _function(name, "; ".join(f'"$1" {each} {rest}' for each, rest in calls) or ":")


def _function(name: str, body: str) -> str:
    return f"__devenv_script_{name}() {{ {body}; }}"


def _all(*commands: str) -> str:
    return " && ".join(filter(None, commands)) or ":"


def _words(texts: Sequence[str]) -> str:
    return " ".join(map(quote_bash, texts))
