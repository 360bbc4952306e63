"""The command line of `devenv shell`: the user's own shell, interactive settings kept, in one environment for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv import fsutil
from devenv.activation.environ import apply_activation
from devenv.activation.hook import format_hook
from devenv.activation.model import Activation
from devenv.activation.quoting import quote_bash
from devenv.activation.state import leave_inherited
from devenv.settings import Settings

BASH_RC_NAME = "shell.bash"


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """What to execute: the program and its arguments, and the whole environment."""

    arguments: tuple[str, ...]
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShellRequest:
    """`shell`: the shell to start, by path or name; `program`: the absolute path of the `devenv` command."""

    shell: str
    program: Path
    environ: Mapping[str, str]
    """That of the caller, with whatever project it is in."""


def shell_command(settings: Settings, activation: Activation, request: ShellRequest) -> ShellCommand:
    """How to start the user's shell in the environment of `activation`, whose scripts are written.

    Every shell gets the variables, so that even one that reads no file of ours has them. An interactive bash also reads
    the user's `~/.bashrc` and then enters once more: aliases and the project's hook come from there, and directories
    that the user's file put in front of `PATH` do not hide the project's.
    """
    environ = apply_activation(activation, leave_inherited(settings, request.environ))
    if Path(request.shell).name != "bash":
        return ShellCommand((request.shell,), environ)
    path = activation.generation / BASH_RC_NAME
    fsutil.remove_unfinished(activation.generation)
    fsutil.write_atomic(path, format_bash_rc(settings, activation, request.program), 0o600)
    return ShellCommand((request.shell, "--rcfile", str(path)), environ)


def format_bash_rc(settings: Settings, activation: Activation, program: Path) -> bytes:
    """What bash reads instead of `~/.bashrc`: that file, our hook, and the order to stay in this environment."""
    home = quote_bash(f"{settings.home}/.bashrc")
    project, generation = quote_bash(str(activation.project)), quote_bash(str(activation.generation))
    user = f"# Written by devenv for `devenv shell`.\nif [[ -f {home} ]]; then . {home}; fi\n"
    pin = f'__devenv_guard __devenv_pin {project} {generation} && builtin eval "$__devenv_pending" || :\n'
    before, after = (text.encode("utf-8", "surrogateescape") for text in (user, pin))
    return before + format_hook("bash", settings, program) + after
