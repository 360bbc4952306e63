"""Writes `activate.sh`, an environment for programs: read by the front on `PATH` (`shell_hooks/devenv.sh`).

The script is data in POSIX `sh` without functions: the conditions on which it holds, and then either what
`devenv.activation.environ` does to a mapping, or, in an environment that is this one already, nothing. At the end it
says that it did (`__devenv_ready`); where it does not, the caller has the program do it. All of it is one command: of a
script that breaks off a shell runs nothing (FAULTS A-15).
"""

from __future__ import annotations

from collections.abc import Iterator

from devenv.activation.environ import GENERATION_MARKER, NAME_MARKER, PROJECT_MARKER, WAS_PREFIX
from devenv.activation.model import DEFAULT_TAILS, Activation, Entries
from devenv.activation.quoting import quote_bash
from devenv.activation.watched import stamp_name

SCRIPT_NAME = "activate.sh"
SCRIPT_FORMAT = 1
"""Raised when what scripts and the front rely on changes: `__devenv_format` there."""

SETTINGS_STAMP = "settings.stamp"
"""The file in a generation with the time of the user's settings with which it was activated; missing where there were
none."""

_SPECIAL = (
    "BAUD COLUMNS COMP_WORDBREAKS DIRSTACK DIRSTACKSIZE EPOCHREALTIME EPOCHSECONDS ERRNO EXECIGNORE FUNCNAME FUNCNEST",
    "GROUPS HISTCMD HISTSIZE IGNOREEOF KEYTIMEOUT KSHEGID KSHGID KSHUID LINENO LINES LISTMAX LOGCHECK MAILCHECK OPTARG",
    "OPTERR OPTIND RANDOM REPLY SAVEHIST SECONDS SRANDOM TMOUT TTYIDLE",
)
SPECIAL = frozenset(name for line in _SPECIAL for name in line.split())
SPECIAL_PREFIX = "BASH"
"""Variables that some shell that is called `sh` computes, checks, or acts on when they are set. What sets one of these
is left to the program."""


def format_posix_script(activation: Activation) -> bytes:
    """The whole of `activate.sh`; the same activation gives the same bytes."""
    lines = ["# Written by devenv, and read by it: for `devenv run`, `devenv exec` and `devenv shell`."]
    if not any(is_special(name) for name in (*activation.variables, *activation.lists)):
        lines += _iter_lines(activation)
    return "\n".join((*lines, "")).encode("utf-8", "surrogateescape")


def is_special(name: str) -> bool:
    """Whether a shell may do something else than keep the value of this variable."""
    return name in SPECIAL or name.startswith(SPECIAL_PREFIX)


def _iter_lines(activation: Activation) -> Iterator[str]:
    project, generation = (quote_bash(str(path)) for path in (activation.project, activation.generation))
    yield f'if [ "$__devenv_format" = {SCRIPT_FORMAT} ] && [ "${{__devenv_project:-/}}" = {project} ] &&'
    yield f"  [ -d {quote_bash(f'{activation.generation}/environment/')} ] &&"
    yield from (f"  {condition} &&" for condition in _iter_unchanged(activation))
    yield "  :; then"
    yield f"  case ${{{GENERATION_MARKER}-}} in"
    yield "  '')"
    yield from (f"    {command}" for command in _iter_commands(activation))
    yield "    ;;"
    yield f"  {generation})"
    yield f'    if [ "${{{PROJECT_MARKER}-}}" = {project} ] &&'
    yield from (f"      {condition} &&" for condition in _iter_entered(activation))
    yield "      :; then __devenv_ready=1; fi"
    yield "    ;;"
    yield "  esac"
    yield f'  if [ -n "$__devenv_ready" ]; then export {NAME_MARKER}={quote_bash(activation.name)}; fi'
    yield "fi"


def _iter_unchanged(activation: Activation) -> Iterator[str]:
    """For each file that decides: it has the time of its stamp, or there is neither.

    Existence is asked for first: whether what is missing counts as older is not the same in all shells.
    """
    files = [quote_bash(str(activation.project / name)) for name in activation.watched]
    stamps = [quote_bash(str(activation.generation / stamp_name(index))) for index in range(len(files))]
    settings = quote_bash(str(activation.generation / SETTINGS_STAMP))
    for file, stamp in (*zip(files, stamps, strict=True), ('"$__devenv_settings"', settings)):
        same = f"[ -e {stamp} ] && ! [ {file} -nt {stamp} ] && ! [ {file} -ot {stamp} ]"
        yield f"if [ -e {file} ]; then {same}; else ! [ -e {stamp} ]; fi"


def _iter_commands(activation: Activation) -> Iterator[str]:
    """What `apply_activation` does. What pretends to be the value of a variable before counts no more."""
    names = sorted((*activation.variables, *activation.lists))
    if names:
        yield "unset -v " + " ".join(WAS_PREFIX + name for name in names)
    for name in names:
        yield f'[ -z "${{{name}+set}}" ] || export {WAS_PREFIX}{name}="${name}"'
    for name, value in sorted(activation.variables.items()):
        yield f"unset -v {name}" if value is None else f"export {name}={quote_bash(value)}"
    for name, entries in sorted(activation.lists.items()):
        yield f"export {name}={_join(name, entries, name)}"
    yield f"export {PROJECT_MARKER}={quote_bash(str(activation.project))}"
    yield f"export {GENERATION_MARKER}={quote_bash(str(activation.generation))}"
    yield "__devenv_ready=1"


def _iter_entered(activation: Activation) -> Iterator[str]:
    """For each variable: it is as we left it, so that leaving and entering again would change nothing."""
    for name, value in sorted(activation.variables.items()):
        expected = "''" if value is None else quote_bash(f"={value}")
        yield f'[ "${{{name}+=}}${{{name}-}}" = {expected} ]'
    for name, entries in sorted(activation.lists.items()):
        yield f'[ "${{{name}-}}" = {_join(name, entries, WAS_PREFIX + name)} ]'


def _join(name: str, entries: Entries, before: str) -> str:
    """The word for the value of a list variable, where the variable `before` holds what it was: see `join_entries`."""
    front, behind = (quote_bash(":".join(each)) if each else "" for each in (entries.before, entries.after))
    tails = DEFAULT_TAILS.get(name)
    if tails is not None:
        middle = f'"${{{before}:-{":".join(tails)}}}"'
        return ":".join(part for part in (front, middle, behind) if part)
    if not front:
        return f'"${{{before}:+${before}:}}"{behind}'
    return f'{front}"${{{before}:+:${before}}}"' + (f":{behind}" if behind else "")
