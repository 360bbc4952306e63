"""`devenv shell`: the user's own shell, interactive settings kept, in one environment for good.

Every shell gets the variables. bash, zsh and fish, where interactive, also read a file of ours after the user's own:
it holds the hook, so that none need be installed, and the order to stay in this environment (`__devenv_pin`). Aliases,
functions and the project's own code come from there, and directories that the user's files put in front of `PATH` do
not hide the project's. The files lie in the generation, so that this needs no Python either (`shell_hooks/devenv.sh`):

    shell.bash           read in place of `~/.bashrc`, which it reads first
    shell.zsh/.zshenv    read from `ZDOTDIR`, which is given back at once: zsh finds all other files by itself
    shell.fish           read by `--init-command`, after the user's configuration
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv import fsutil
from devenv.activation.environ import apply_activation
from devenv.activation.hook import format_hook
from devenv.activation.model import Activation
from devenv.activation.shells import SHELLS
from devenv.activation.state import leave_inherited
from devenv.settings import Settings

FILES = {"bash": "shell.bash", "fish": "shell.fish", "zsh": "shell.zsh/.zshenv"}
"""Shells → what is written for them in a generation."""

USER_ZDOTDIR = "DEVENV_USER_ZDOTDIR"
"""Tells our file for zsh what `ZDOTDIR` was; absent: it was not set."""

NO_PROGRAM = Path("/nonexistent/devenv")
"""In place of the command, which a shell that stays where it is never calls."""

BEGINNING = {
    "bash": """\
# Written by devenv for `devenv shell`.
if [[ -f ~/.bashrc ]]; then . ~/.bashrc; fi
""",
    "fish": """\
# Written by devenv for `devenv shell`.
""",
    "zsh": """\
# Written by devenv for `devenv shell`.
if [[ -n ${DEVENV_USER_ZDOTDIR+set} ]]; then ZDOTDIR=$DEVENV_USER_ZDOTDIR; else unset ZDOTDIR; fi
unset DEVENV_USER_ZDOTDIR
if [[ -f ${ZDOTDIR:-$HOME}/.zshenv ]]; then source ${ZDOTDIR:-$HOME}/.zshenv; fi
[[ -o interactive ]] || return 0
""",
}
"""What stands before the hook."""

ENDING = {
    "bash": """\
__devenv_guard __devenv_pin {project} {generation} && builtin eval "$__devenv_pending" || :
""",
    "fish": """\
__devenv_pin {project} {generation}
""",
    # The files that set PATH and the prompt are still to be read; before the first prompt they were.
    "zsh": """\
function __devenv_shell {{
  () {{ emulate -L zsh; precmd_functions=(${{precmd_functions:#__devenv_shell}}) }}
  unfunction __devenv_shell
  __devenv_pin {project} {generation}
}}
typeset -ga precmd_functions
precmd_functions=(__devenv_shell $precmd_functions)
""",
}
"""What stands behind it, with places for quoted words."""


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """What to execute: the program and its arguments, and the whole environment."""

    arguments: tuple[str, ...]
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShellRequest:
    """`shell`: the shell to start, by path or name."""

    shell: str
    environ: Mapping[str, str]
    """That of the caller, with whatever project it is in."""


def shell_command(settings: Settings, activation: Activation, request: ShellRequest) -> ShellCommand:
    """How to start the user's shell in the environment of `activation`, whose scripts are written."""
    environ = apply_activation(activation, leave_inherited(settings, request.environ))
    name = Path(request.shell).name
    if name not in FILES or name not in SHELLS:
        return ShellCommand((request.shell,), environ)
    path = activation.generation / FILES[name]
    if not path.exists():
        write_shell_files(activation.generation, settings, activation)
    match name:
        case "bash":
            return ShellCommand((request.shell, "--rcfile", str(path)), environ)
        case "fish":
            source = f"source {SHELLS[name].quote(str(path))}"
            return ShellCommand((request.shell, "--init-command", source), environ)
        case _:
            environ.pop(USER_ZDOTDIR, None)
            if "ZDOTDIR" in environ:
                environ[USER_ZDOTDIR] = environ["ZDOTDIR"]
            return ShellCommand((request.shell,), {**environ, "ZDOTDIR": str(path.parent)})


def write_shell_files(directory: Path, settings: Settings, activation: Activation) -> None:
    """Write into `directory` what shells read that `devenv shell` starts."""
    for name, file in FILES.items():
        if name in SHELLS:
            fsutil.make_private_directory((directory / file).parent)
            fsutil.write_atomic(directory / file, format_shell_file(name, settings, activation), 0o600)


def format_shell_file(name: str, settings: Settings, activation: Activation) -> bytes:
    """What the shell of that name reads: the user's own file, our hook, and the order to stay in this environment."""
    quote = SHELLS[name].quote
    project, generation = quote(str(activation.project)), quote(str(activation.generation))
    ending = ENDING[name].format(project=project, generation=generation)
    beginning = BEGINNING[name].encode()
    return beginning + format_hook(name, settings, NO_PROGRAM) + ending.encode("utf-8", "surrogateescape")
