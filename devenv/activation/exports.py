"""An activation for tools that are no shell: as a dotenv file, for GitHub's workflows, for direnv.

`ready` is what a tool needs that can do no more than set variables: final values, worked out against the environment
that it was asked in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from devenv.activation.environ import MARKERS, NAME_MARKER, WAS_PREFIX
from devenv.activation.model import Activation
from devenv.activation.quoting import quote_bash

PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=~-]*")
"""Values that every reader of a dotenv file takes as they stand, docker's among them, which knows no quotes."""

GITHUB_REFUSED = frozenset({"NODE_OPTIONS"})
"""What GitHub lets no step set for others: the whole file would fail."""

Ready = Mapping[str, str | None]
"""Names → values to set; None: to be unset."""


def find_ready(activation: Activation, before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """What turns the environment `before` into `after`, which is in the environment of `activation`; sorted.

    All that the activation is about is in it, also where it was so before.
    """
    own = {*activation.variables, *activation.lists, *MARKERS}
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    kept = {name for name in after if name.startswith(WAS_PREFIX)}
    return {name: after.get(name) for name in sorted(own | changed | kept)}


def without_markers(ready: Ready, *, but: Iterable[str] = ()) -> dict[str, str | None]:
    """`ready` without what shells leave the environment by: for what is no shell, or has a way of its own."""
    left_out = MARKERS - set(but)
    return {name: value for name, value in ready.items() if name not in left_out and not name.startswith(WAS_PREFIX)}


def format_dotenv(ready: Ready) -> bytes:
    """A dotenv file, a line for each variable. What is to be unset is a comment: such files cannot say it."""
    lines = [
        f"# {name} is not set" if value is None else f"{name}={_quote_dotenv(value)}"
        for name, value in without_markers(ready).items()
    ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def _quote_dotenv(value: str) -> str:
    """`value` as most readers take it: bare where it can be, literal in single quotes, else escaped in double ones."""
    if PLAIN.fullmatch(value):
        return value
    if not re.search(r"['\\\n\r]", value):
        return f"'{value}'"
    escapes = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r"}
    return f'"{"".join(escapes.get(character, character) for character in value)}"'


def format_direnv(ready: Ready, watched: Iterable[str]) -> bytes:
    """Code for direnv's bash: what to set, and the files (absolute paths) whose changes it is to notice."""
    lines = [f"watch_file {' '.join(quote_bash(path) for path in watched)}"]
    for name, value in without_markers(ready, but=[NAME_MARKER]).items():
        lines.append(f"unset -v {name}" if value is None else f"export {name}={quote_bash(value)}")
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class GithubFiles:
    """What to append to GitHub's files, and what those cannot say: names of variables."""

    env: bytes
    path: bytes
    emptied: tuple[str, ...]
    """To be unset, but GitHub can only empty them."""
    refused: tuple[str, ...]


def format_github(activation: Activation, ready: Ready, delimiter: str) -> GithubFiles:
    """The environment as workflow commands: steps that follow have it.

    `delimiter` is random: who can foresee it could end a value with it and go on with a variable of their own. GitHub
    puts each line of the path's file in front of the ones before.
    """
    text, emptied, refused = "", [], []
    entries = activation.lists.get("PATH")
    before, after = ((), ()) if entries is None else (entries.before, entries.after)
    for name, value in without_markers(ready).items():
        if name == "PATH" and not after:
            continue
        if name.upper() in GITHUB_REFUSED:
            refused.append(name)
            continue
        if value is None:
            emptied.append(name)
        text += f"{name}<<{delimiter}\n{value or ''}\n{delimiter}\n"
    path = "".join(f"{entry}\n" for entry in reversed(before))
    return GithubFiles(
        text.encode("utf-8", "surrogateescape"),
        path.encode("utf-8", "surrogateescape"),
        tuple(emptied),
        tuple(refused),
    )
