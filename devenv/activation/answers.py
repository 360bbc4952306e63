"""What the program has to tell the shells in a project, in one line that their hooks print.

    <state>/active/<absolute project path>/@answer     UTF-8, at most 500 bytes, a newline at the end

A hook asks in the background and goes on, so the answer comes by way of this file: each shell prints each new content
once. It goes away when the project is activated, since then there is nothing left to tell.
"""

from __future__ import annotations

from pathlib import Path

from devenv import fsutil
from devenv.activation.state import ANSWER_NAME, active_path
from devenv.settings import Settings

ANSWER_LIMIT = 500
"""Bytes: a few lines of a terminal."""


def write_answer(settings: Settings, project: Path, text: str) -> None:
    """Have shells in `project` print `text`; control characters and what changes the direction of writing are escaped.

    Raises ActivationError where shells cannot follow the project.
    """
    active = fsutil.make_private_directory(active_path(settings, project))
    fsutil.remove_unfinished(active)
    fsutil.write_atomic(active / ANSWER_NAME, format_answer(text), 0o600)


def format_answer(text: str) -> bytes:
    """`text` as one line that is safe to print, with its newline."""
    # Reversing and its like count as printable or not, by the Unicode version: of what is not ASCII letters stay.
    shown = "".join(c if c.isprintable() and (c.isascii() or c.isalnum() or c == "…") else _escape(c) for c in text)
    line = shown.encode("utf-8", "backslashreplace")
    if len(line) >= ANSWER_LIMIT:
        line = line[: ANSWER_LIMIT - 4].decode("utf-8", "ignore").encode() + "…".encode()
    return line + b"\n"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
