"""The text of `devenv hook`: the shipped hook file with this user's places put in."""

from __future__ import annotations

from pathlib import Path

from devenv.activation.quoting import quote_bash
from devenv.activation.shells import require_shell
from devenv.resources import resource_path
from devenv.settings import Settings

STATE_PLACEHOLDER = b"@DEVENV_STATE@"
PROGRAM_PLACEHOLDER = b"@DEVENV_PROGRAM@"
DIRENV = "direnv"
"""No shell, but it has users in all of them: what its own bash reads."""


def format_hook(shell: str, settings: Settings, program: Path) -> bytes:
    """What the user's shell evaluates at its start; `program` is the absolute path of the `devenv` command.

    Bytes, since paths need not be UTF-8: write them to `sys.stdout.buffer`. In the shipped files the placeholders stand
    as bare words, where a quoted word may stand (FAULTS M-04). Raises UsageError (`shell-unknown`).
    """
    quote_word, name = (quote_bash, "direnv.sh") if shell == DIRENV else (require_shell(shell).quote, f"hook.{shell}")
    template = resource_path("shell_hooks", name).read_bytes()
    before, rest = template.split(STATE_PLACEHOLDER)
    between, after = rest.split(PROGRAM_PLACEHOLDER)

    def quote(path: Path) -> bytes:
        return quote_word(str(path)).encode("utf-8", "surrogateescape")

    return b"".join([before, quote(settings.state), between, quote(program), after])
