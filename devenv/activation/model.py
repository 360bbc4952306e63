"""What an environment does to a shell: variables, entries of path-like variables, aliases, code of the user's own.

Made by the environment service from the manifest and the packages; written by `devenv.activation.bash`, carried out by
`devenv.activation.environ` and by the hooks. The rules on names are the manifest's; what is checked here is checked
whoever made the value, since names and entries end up in shells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devenv.errors import ActivationError
from devenv.manifest.grammar import GrammarError, require_alias
from devenv.manifest.variables import OWN_PREFIX, VARIABLE_NAME, require_variable_name
from devenv.manifest.wording import format_shown

HOOK_PREFIX = "__devenv"
"""Begins every name in the hooks. A shell looks variables up through all callers: an environment that set such a name
would be setting the hook's own."""

DEFAULT_TAILS: Mapping[str, str] = {
    "INFOPATH": ":",
    "MANPATH": ":",
    "XDG_CONFIG_DIRS": ":/etc/xdg",
    "XDG_DATA_DIRS": ":/usr/local/share:/usr/share",
}
"""What follows our entries where the variable was unset or empty: there programs use a default of their own, which our
entries alone would hide. An empty last element means it in `MANPATH` and `INFOPATH` (man(1), info(1)); the others are
spelt out in the XDG Base Directory Specification."""


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
    variables: Mapping[str, str] = field(default_factory=dict)
    """Plain variables to set, by name."""
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Variables that hold directories between colons: the entries to put in front, first one first."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    hook: str | None = None
    """The user's own shell code, run by interactive shells after entering."""

    def __post_init__(self) -> None:
        try:
            for name in self.variables:
                _require_free(require_variable_name(name))
            for name, command in self.aliases.items():
                require_alias(name, command)
        except GrammarError as error:
            raise _invalid(error.message, error.hint) from error
        for name, entries in self.paths.items():
            _require_list(name, entries)
            if name in self.variables:
                raise _invalid(f"`{name}` is both a plain variable and a list of directories")
        for text in (*self.variables.values(), *self.aliases.values(), self.hook or ""):
            require_text(text)
        for directory in (self.project, self.generation):
            if not directory.is_absolute():
                raise _invalid(f"`{format_shown(str(directory))}` is not an absolute path")


def require_text(text: str) -> str:
    """Return `text`. Raises ActivationError where no environment can hold it: NUL, or half a surrogate pair."""
    if "\0" in text:
        raise _invalid("a value holds a NUL byte, which no environment can hold")
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise _invalid("a value holds half a surrogate pair, which is no character") from error
    return text


def join_entries(name: str, entries: tuple[str, ...], before: str | None) -> str:
    """The value of list variable `name` with `entries` in front of `before`; None: it was not set."""
    joined = ":".join(entries)
    return f"{joined}:{before}" if before else joined + DEFAULT_TAILS.get(name, "")


def _require_list(name: str, entries: tuple[str, ...]) -> None:
    if VARIABLE_NAME.fullmatch(name) is None or name.startswith(OWN_PREFIX):
        raise _invalid(f"`{format_shown(name)}` cannot be a list of directories")
    _require_free(name)
    if not entries:
        raise _invalid(f"there is nothing to put in front of `{name}`")
    for entry in entries:
        # An empty or relative element means the working directory: whoever fills that chooses what runs (FAULTS M-06).
        if not entry.startswith("/") or ":" in entry or "\n" in entry:
            raise _invalid(f"`{format_shown(entry)}` cannot stand in `{name}`: it must be an absolute path without `:`")
        require_text(entry)


def _require_free(name: str) -> None:
    if name.startswith(HOOK_PREFIX):
        raise _invalid(f"`{format_shown(name)}` cannot be set: the shell hooks use such names themselves")


def _invalid(message: str, hint: str | None = None) -> ActivationError:
    return ActivationError(message, hint=hint, slug="activation-invalid")
