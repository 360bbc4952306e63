"""What an environment does to a shell: variables, entries of path-like variables, and what interactive shells get.

Made by the environment service from the manifest and the packages; written by `devenv.activation.scripts`, carried out
by `devenv.activation.environ` and by the hooks. The rules on names are the manifest's; what is checked here is checked
whoever made the value, since names and entries end up in shells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devenv.errors import ActivationError
from devenv.manifest.grammar import GrammarError, require_alias, require_function
from devenv.manifest.variables import OWN_PREFIX, VARIABLE_NAME, require_variable_name
from devenv.manifest.wording import format_shown
from devenv.project_names import WATCHED_NAMES

HOOK_PREFIX = "__devenv"
"""Begins every name in the hooks. A shell looks variables up through all callers: an environment that set such a name
would be setting the hook's own."""

DEFAULT_TAILS: Mapping[str, tuple[str, ...]] = {
    "INFOPATH": ("",),
    "MANPATH": ("",),
    "XDG_CONFIG_DIRS": ("/etc/xdg",),
    "XDG_DATA_DIRS": ("/usr/local/share", "/usr/share"),
}
"""What stands for the user's own entries where the variable was unset or empty: there programs use a default of their
own, which our entries alone would hide. An empty element means it in `MANPATH` and `INFOPATH` (man(1), info(1)); the
others are spelt out in the XDG Base Directory Specification."""


@dataclass(frozen=True, slots=True)
class Entries:
    """What an environment adds to a variable that holds directories between colons."""

    before: tuple[str, ...] = ()
    """In front of what is there, first one first."""
    after: tuple[str, ...] = ()
    """Behind what is there."""


@dataclass(frozen=True, slots=True)
class Interactive:
    """What only interactive shells of one kind get. Code and bodies are in that shell's language."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    """Names → bodies."""
    enter: str | None = None
    """The user's own code, run after entering."""
    leave: str | None = None
    """The same, run before leaving, while the environment is still there."""
    completion_directories: tuple[str, ...] = ()
    """Directories with completions of the environment's programs."""
    completions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What these directories complete: commands (bash, fish); autoloaded functions with what they are for (zsh), which
    is nothing where only others call one."""


@dataclass(frozen=True, slots=True)
class Activation:
    """An environment as a shell sees it.

    Text holds bytes that are not UTF-8 as `surrogateescape` does, like `os.environ`. Raises ActivationError
    (`activation-invalid`) where a name, an entry or a text could not be taken back out of a shell, or not get into it.
    """

    project: Path
    """Absolute, without symbolic links."""
    generation: Path
    """The directory of the generation, below the state directory."""
    name: str = ""
    """What people call the project: for prompts."""
    variables: Mapping[str, str | None] = field(default_factory=dict)
    """Plain variables: values to set; None: to be unset."""
    lists: Mapping[str, Entries] = field(default_factory=dict)
    """Variables that hold directories between colons."""
    watched: tuple[str, ...] = WATCHED_NAMES
    """The files that decide what the environment is, relative to the project, in the order of their stamps."""
    interactive: Mapping[str, Interactive] = field(default_factory=dict)
    """By the name of the shell; what is not there gets nothing."""

    def __post_init__(self) -> None:
        for name, value in self.variables.items():
            _check(require_variable_name, name)
            _require_free(name)
            require_text(value or "")
        for name, entries in self.lists.items():
            _require_list(name, entries)
            if name in self.variables:
                raise _invalid(f"`{name}` is both a plain variable and a list of directories")
        for each in self.interactive.values():
            _require_interactive(each)
        for text in (self.name, *self.watched):
            require_text(text)
        for directory in (self.project, self.generation):
            if not directory.is_absolute():
                raise _invalid(f"`{format_shown(str(directory))}` is not an absolute path")

    def interactive_for(self, shell: str) -> Interactive:
        """What interactive shells of this kind get."""
        return self.interactive.get(shell, NOTHING)


NOTHING = Interactive()


def require_text(text: str) -> str:
    """Return `text`. Raises ActivationError where no environment can hold it: NUL, or half a surrogate pair."""
    if "\0" in text:
        raise _invalid("a value holds a NUL byte, which no environment can hold")
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise _invalid("a value holds half a surrogate pair, which is no character") from error
    return text


def join_entries(name: str, entries: Entries, before: str | None) -> str:
    """The value of list variable `name` with `entries` round `before`; None: it was not set."""
    middle = (before,) if before else DEFAULT_TAILS.get(name, ())
    return ":".join((*entries.before, *middle, *entries.after))


def _require_list(name: str, entries: Entries) -> None:
    if VARIABLE_NAME.fullmatch(name) is None or name.startswith(OWN_PREFIX):
        raise _invalid(f"`{format_shown(name)}` cannot be a list of directories")
    _require_free(name)
    if not (entries.before or entries.after):
        raise _invalid(f"there is nothing to put into `{name}`")
    for entry in (*entries.before, *entries.after):
        _require_entry(name, entry)


def _require_entry(name: str, entry: str) -> None:
    # An empty or relative element means the working directory: whoever fills that chooses what runs (FAULTS M-06).
    if not entry.startswith("/") or ":" in entry or "\n" in entry:
        raise _invalid(f"`{format_shown(entry)}` cannot stand in `{name}`: it must be an absolute path without `:`")
    require_text(entry)


def _require_interactive(interactive: Interactive) -> None:
    for name, command in interactive.aliases.items():
        _check(require_alias, name, command)
    for name in (*interactive.functions, *interactive.completions):
        _check(require_function, name)
    for directory in interactive.completion_directories:
        _require_entry("the directories of completions", directory)
    texts = (interactive.enter or "", interactive.leave or "", *interactive.aliases.values())
    completed = (each for names in interactive.completions.values() for each in names)
    for text in (*texts, *interactive.functions.values(), *completed):
        require_text(text)


def _require_free(name: str) -> None:
    if name.startswith(HOOK_PREFIX):
        raise _invalid(f"`{format_shown(name)}` cannot be set: the shell hooks use such names themselves")


def _check(require: Callable[..., str], *texts: str) -> None:
    """Call `require`, a rule of the manifest's grammar, and make its error ours."""
    try:
        require(*texts)
    except GrammarError as error:
        raise _invalid(error.message, error.hint) from error


def _invalid(message: str, hint: str | None = None) -> ActivationError:
    return ActivationError(message, hint=hint, slug="activation-invalid")
