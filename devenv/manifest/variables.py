"""Which variables `[env]`, dotenv files and the `env` of builds may set (FAULTS K-08, M-06).

Names are plain identifiers: shells run code that hides in other names (`a[$(x)]` in `printf -v`, `BASH_FUNC_ls%%`).
Of the identifiers, those are refused by which a value would become code in every later shell, would break the shell
that enters the environment or the way back out, or would take over what belongs to the person at the keyboard. What
only tells programs something stays allowed: that goes for `LD_LIBRARY_PATH` and its like too, since the manifest says
them plainly and is allowed as a whole before it has any effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from devenv.manifest.grammar import PATH_LIMIT, GrammarError, require_path
from devenv.manifest.wording import format_shown

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")

OWN_PREFIX = "DEVENV_"

ENTRY_LIMIT = (128 << 10) - 512
"""Bytes of `NAME=value`. Linux passes at most 128 KiB an entry, its NUL included (`execve(2)`, `MAX_ARG_STRLEN`); the
rest is for the longer name under which a shell keeps the value while another one is set."""

REFUSED = {
    "PATH": (
        "packages put their own directories on it: name them under `[packages]`, or write "
        '`PATH = { prepend = ["…"] }` under `[env]`'
    ),
    "BASH_ENV ENV ZDOTDIR": "it names code that every new shell runs: use `hook` under `[shell]`",
    "PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4 PROMPT RPROMPT RPS1 prompt": "the prompt belongs to whoever sits before it",
    "IFS SHELLOPTS BASHOPTS BASH_XTRACEFD POSIXLY_CORRECT GLOBIGNORE": "it changes how shells read their scripts",
    "HOME SHELL": "it says whose session this is, and devenv finds its own settings by it",
    "PWD OLDPWD SHLVL CDPATH _": "shells keep it up to date and find directories by it",
    "UID EUID GID EGID PPID USERNAME": "shells make it read-only, or change the user when it is set",
    "path fpath FPATH cdpath manpath module_path mailpath argv status pipestatus psvar": (
        "zsh or fish use it for themselves: in zsh, setting `path` sets `PATH`"
    ),
}
"""Names (parted by spaces) → why, and what to do instead. `USER` and `LOGNAME` are free: programs merely show them."""


def _iter_refused() -> Iterator[tuple[str, str]]:
    for names, reason in REFUSED.items():
        for name in names.split():
            yield name, reason


REASONS = dict(_iter_refused())

BUILD_REFUSED = {
    "PATH CPATH LIBRARY_PATH LD_RUN_PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH ACLOCAL_PATH": (
        "the builder makes it of the inputs and tools: name what the build needs there"
    ),
    "HOME TMPDIR TMP TEMP LC_ALL LANG TZ SOURCE_DATE_EPOCH": "it is the same in every build, so that results are too",
    "out inputs tools source sources patches flags cores": "the builder tells the script something by it",
}
"""What a build may not set besides `REFUSED`: names → why."""

BUILD_REASONS = {name: reason for names, reason in BUILD_REFUSED.items() for name in names.split()}
BUILD_PREFIXES = ("input_", "patch_", "source_", "tool_")
"""What names begin with by which the builder tells a script where each thing is."""


def require_variable(name: str, value: str) -> str:
    """The value of variable `name`, as it is. Raises GrammarError where `[env]` may not set it."""
    require_variable_name(name)
    if len(name) + 1 + len(value.encode()) > ENTRY_LIMIT:
        raise GrammarError(
            f"the value of `{name}` is longer than {ENTRY_LIMIT} bytes",
            "put it into a file, and the file's path into the variable: systems pass no longer ones to programs",
        )
    return value


def require_variable_name(name: str) -> str:
    """Return `name`. Raises GrammarError where it is no identifier or one of those that are refused."""
    if VARIABLE_NAME.fullmatch(name) is None:
        raise GrammarError(
            f"`{format_shown(name)}` is not the name of a variable",
            "such a name holds letters, digits and `_`, does not begin with a digit, and has at most 255 characters",
        )
    if name.startswith(OWN_PREFIX):
        raise GrammarError(f"`{name}` cannot be set", f"names that begin with `{OWN_PREFIX}` are devenv's own")
    if name in REASONS:
        raise GrammarError(f"`{name}` cannot be set", REASONS[name])
    return name


ENTRY_PARTS = re.compile(r"[:\n]")


def require_list_name(name: str) -> str:
    """Return `name`. Raises GrammarError where `[env]` may not add directories to such a variable."""
    return name if name == "PATH" else require_variable_name(name)


def require_entry(text: str) -> str:
    """A directory in a list variable: absolute, or relative to the project (`.` is the project itself).

    Raises GrammarError where it would be another entry, or several, in what programs read (FAULTS M-06).
    """
    if not text or ENTRY_PARTS.search(text):
        raise GrammarError(
            f"`{format_shown(text)}` cannot be an entry of such a variable",
            "write a path without `:`, and one entry for each",
        )
    if not text.startswith("/"):
        return require_path(text)
    if not text.isprintable() or ".." in text.split("/") or len(text.encode()) > PATH_LIMIT:
        raise GrammarError(
            f"`{format_shown(text)}` is no plain path", f"write at most {PATH_LIMIT} bytes that show, without `..`"
        )
    return text


def require_build_variable(name: str, value: str) -> str:
    """The value of a variable of a build. Raises GrammarError where a build may not set it."""
    reason = BUILD_REASONS.get(name)
    if name.startswith(BUILD_PREFIXES):
        reason = "such names tell the script where its inputs are"
    if reason is not None:
        raise GrammarError(f"`{format_shown(name)}` cannot be set for a build", reason)
    return require_variable(name, value)
