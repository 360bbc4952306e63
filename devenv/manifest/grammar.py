"""The grammar of names in a manifest (FAULTS K-03): checked here, before a name gets into a path or a command.

Variables of the environment have rules of their own, in `devenv.manifest.variables`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from devenv.debian.suites import DEBIAN, SUITES
from devenv.manifest.locators import SCHEME, LocatorError, is_tree_locator, parse_tree_locator
from devenv.manifest.model import PYPI_LOCATOR
from devenv.manifest.wording import find_closest, format_names, format_shown


class GrammarError(ValueError):
    """Text that breaks a rule: a message and the next step. Whoever knows the place makes a `DevenvError` of it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a kind of name looks like: `kind` and `rule` are words for people, `pattern` bounds the length too."""

    kind: str
    pattern: re.Pattern[str]
    rule: str

    def require(self, text: str) -> str:
        """Return `text`. Raises GrammarError where it is no such name."""
        if self.pattern.fullmatch(text):
            return text
        lowered = text.lower()
        hint = f"did you mean `{lowered}`?" if self.pattern.fullmatch(lowered) else f"such a name {self.rule}"
        raise GrammarError(f"`{format_shown(text)}` is not the name of {self.kind}", hint)


PROJECT_NAME = Grammar(
    "a project",
    re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,99}"),
    "begins with a letter or digit, goes on with these or `+ . _ -`, and has at most 100 characters",
)
INPUT_NAME = Grammar(
    "an input",
    re.compile(r"[a-z0-9][a-z0-9_-]{0,99}"),
    "begins with a lower-case letter or digit, goes on with these or `_ -`, and has at most 100 characters",
)
PACKAGE_NAME = Grammar(
    "a package",
    re.compile(r"[a-z0-9][a-z0-9+._-]{0,99}"),
    "begins with a lower-case letter or digit, goes on with these or `+ . _ -`, and has at most 100 characters",
)
ENVIRONMENT_NAME = replace(INPUT_NAME, kind="an environment")
BUILD_NAME = replace(PACKAGE_NAME, kind="a build")
CHECK_NAME = replace(PACKAGE_NAME, kind="a check")
FORMATTER_NAME = replace(PACKAGE_NAME, kind="a formatter")
BUILD_VERSION = Grammar(
    "a version",
    re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,63}"),
    "begins with a letter or digit, goes on with these or `+ . _ -`, and has at most 64 characters",
)
"""With a build's name it makes a store path's, which has at most 180 characters."""
INDEX_PREFIX = "debian-"
"""What the names of inputs begin with that locks give to Debian's suites."""

BUILTIN_SETS = frozenset({"builtin:base", "builtin:source"})

MOVING_SUITES = frozenset({"stable", "testing", "unstable", "oldstable", "oldoldstable"})

ALIAS_NAME = Grammar(
    "an alias",
    re.compile(r"[A-Za-z0-9_.][A-Za-z0-9+._:-]{0,99}"),
    "begins with a letter, a digit, `_` or `.`, goes on with these or `+ : -`, and has at most 100 characters",
)

FUNCTION_NAME = replace(ALIAS_NAME, kind="a function")

# fmt: off
RESERVED_WORDS = frozenset({
    ".", "and", "begin", "break", "builtin", "case", "command", "continue", "coproc", "do", "done", "elif", "else",
    "end", "esac", "eval", "exec", "fi", "for", "foreach", "function", "if", "in", "nocorrect", "noglob", "not", "or",
    "repeat", "return", "select", "set", "source", "switch", "then", "time", "unset", "until", "while",
})
# fmt: on
"""What the grammars of bash, zsh and fish and their ways to run code are built from.

A shell expands an alias before it reads a script's next line: an alias with such a name would change the scripts
that enter and leave an environment.
"""

OWN_WORDS = re.compile(r"alias|unalias|devenv|__devenv.*")
"""What the hooks need in order to leave an environment again."""


def require_alias(name: str, command: str) -> str:
    """The command of alias `name`. Raises GrammarError where a shell could not take one or the other as they stand."""
    _require_command_name(name, ALIAS_NAME)
    if not command.strip() or "\n" in command or "\r" in command:
        raise GrammarError(
            f"the alias `{name}` must be one line that holds a command",
            "define a function under `[shell.functions]` for what takes several lines",
        )
    return command


def require_body(name: str, text: str) -> str:
    """The body of function `name`. Raises GrammarError where it does nothing: some shells have no such functions."""
    if not text.strip():
        raise GrammarError(f"the function `{format_shown(name)}` does nothing", "write what it does, even if it is `:`")
    return text


def require_function(name: str) -> str:
    """Return `name`. Raises GrammarError where no shell function may be called so."""
    return _require_command_name(name, FUNCTION_NAME)


def _require_command_name(name: str, grammar: Grammar) -> str:
    grammar.require(name)
    if name in RESERVED_WORDS or OWN_WORDS.fullmatch(name):
        raise GrammarError(
            f"`{name}` cannot be {grammar.kind}: shells and their hooks are built on it", "choose another name"
        )
    return name


def require_version(text: str) -> str:
    """The version request `text`, without white space around it. Raises GrammarError where it is none."""
    from devenv.packages.versions import parse_version_request

    try:
        return parse_version_request(text).text
    except ValueError as error:
        raise GrammarError(str(error), 'write `"*"` for the newest version') from error


SECURE_SHELL_SHORT = re.compile(r"[A-Za-z0-9_.-]{1,64}@[A-Za-z0-9.-]{1,253}:")
"""How git and scp write a place that ssh reaches."""


def require_locator(text: str) -> str:
    """The locator of an input, in the one spelling that locks have. Raises GrammarError.

    The message repeats nothing that may hold a password.
    """
    if text in BUILTIN_SETS or text == PYPI_LOCATOR:
        return text
    if text.startswith(DEBIAN):
        return DEBIAN + require_suite(text.removeprefix(DEBIAN))
    scheme = SCHEME.match(text)
    if is_tree_locator(text):
        return _require_tree_locator(text)
    if scheme is None:
        message = "an input is given by a locator such as `builtin:base`"
        if SECURE_SHELL_SHORT.match(text):
            raise GrammarError(message, "write `git+ssh://USER@HOST/PATH` for a repository that ssh reaches")
    elif scheme[1] in {"git", "ssh", "file", "github", "gitlab", "svn", "hg"}:
        message = f"there are no inputs of the kind `{scheme[1]}:`"
        raise GrammarError(message, "write `git+https://HOST/PATH?ref=main`, `git+ssh:`, `git+file:` or `path:`")
    elif scheme[1] == "builtin":
        message = f"the built-in package sets are {format_names(BUILTIN_SETS)}"
    else:
        message = f"there are no inputs of the kind `{scheme[1]}:`"
    raise GrammarError(message, f'write `"builtin:base"` or `"{DEBIAN}{SUITES[-2]}"`')


def _require_tree_locator(text: str) -> str:
    try:
        locator = parse_tree_locator(text)
    except LocatorError as error:
        raise GrammarError(error.message, error.hint) from error
    return str(locator)


def require_suite(text: str) -> str:
    """The codename of a Debian suite. Raises GrammarError for what is none; other text may hold anything."""
    if text in SUITES:
        return text
    shown = f"`{DEBIAN}{text}`" if re.fullmatch(r"[a-z-]{1,30}", text) else f"this `{DEBIAN}` locator"
    if text in MOVING_SUITES:
        message = f"{shown} means another suite every few years"
    else:
        message = f"{shown} names no suite that devenv knows"
    meant = find_closest(text, SUITES)
    hint = f"did you mean `{DEBIAN}{meant}`?" if meant else f"write a codename: {format_names(SUITES)}"
    raise GrammarError(message, hint)


def require_input(name: str, locator: str | None) -> str:
    """The name of an input at `locator` (None: a faulty one). Raises GrammarError where it is kept for another.

    A lock calls the index of a suite that no manifest names `debian-SUITE`.
    """
    INPUT_NAME.require(name)
    suite = name.removeprefix(INDEX_PREFIX)
    if name.startswith(INDEX_PREFIX) and locator not in {None, DEBIAN + suite}:
        raise GrammarError(f"the name `{name}` is kept for an input that is `{DEBIAN}{suite}`", "choose another name")
    return name


PATH_LIMIT = 1000
"""Bytes of a path in the project: what systems take leaves room for the directories above it."""
PATH_PART_LIMIT = 255
"""Bytes of one name in it: no file system takes longer ones."""
OWN_DIRECTORIES = frozenset({".devenv", ".git"})
"""What is no part of a project's source."""


def require_path(text: str) -> str:
    """The path of something in the project, relative to it; `.` is the project itself.

    Raises GrammarError where it could lead elsewhere (FAULTS J-14), or is spelt in a way that only looks different.
    """
    _require_printable(text, "the path")
    shown = format_shown(text)
    parts = text.split("/")
    if text.startswith(("/", "~")):
        raise GrammarError(f"`{shown}` is not a path in the project", "name it relative to the project's directory")
    if ".." in parts:
        raise GrammarError(f"`{shown}` may lead out of the project", "name it without `..`")
    if len(text.encode()) > PATH_LIMIT or any(len(part.encode()) > PATH_PART_LIMIT for part in parts):
        raise GrammarError(f"the path `{shown}` is too long", f"a path has at most {PATH_LIMIT} bytes")
    if OWN_DIRECTORIES & set(parts):
        raise GrammarError(f"`{shown}` is no part of the project's source", "name another file or directory")
    plain = "/".join(part for part in parts if part not in {"", "."}) or "."
    if plain != text:
        raise GrammarError(f"`{shown}` is a roundabout path", f"write `{format_shown(plain)}`")
    return text


GLOB_LIMIT = 200


def require_glob(text: str) -> str:
    """A pattern for paths in the project (`devenv.manifest.globs`). Raises GrammarError where it can match nothing."""
    _require_printable(text, "the pattern")
    shown = format_shown(text)
    if len(text) > GLOB_LIMIT:
        raise GrammarError(f"the pattern `{shown}` is too long", f"a pattern has at most {GLOB_LIMIT} characters")
    parts = text.split("/")
    if {"", ".", ".."} & set(parts):
        raise GrammarError(
            f"`{shown}` matches no path in the project",
            "paths are relative to the project's directory, as in `src/*.py`; `*.py` means files in all directories",
        )
    return text


ARGUMENT_LIMIT = 4096


def require_argument(text: str) -> str:
    """An argument for a program (FAULTS K-07: it gets there as it is). Raises GrammarError where it is none."""
    _require_printable(text, "the argument")
    if len(text) > ARGUMENT_LIMIT:
        raise GrammarError(
            f"the argument `{format_shown(text)}` is too long", f"an argument has at most {ARGUMENT_LIMIT} characters"
        )
    return text


CODE_LIMIT = 64 << 10


def require_code(text: str) -> str:
    """Shell code of any number of lines, even none. Raises GrammarError where it is too long."""
    if len(text) > CODE_LIMIT:
        raise GrammarError(
            f"this code has more than {CODE_LIMIT} characters", "put it into a file of the project and call that"
        )
    return text


def require_command_line(text: str) -> str:
    """Shell code that does something. Raises GrammarError."""
    if not text.strip():
        raise GrammarError("the command is empty", "write a command line such as `pytest -q`")
    return require_code(text)


def _require_printable(text: str, what: str) -> None:
    """Raise GrammarError where `text` is empty, or holds what nobody sees (control characters, marks of direction)."""
    if not text:
        raise GrammarError(f"{what} is empty", "leave it out, or write one")
    if not text.isprintable():
        raise GrammarError(f"{what} `{format_shown(text)}` holds a character that does not show", "leave it out")
