"""Which shells can be activated, and what each needs: a quoter, a script format, a hook file.

A further shell is one entry here, one module beside `devenv.activation.scripts.bash`, and one file in `shell_hooks/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from devenv.activation.model import Activation
from devenv.activation.quoting import quote_bash, quote_fish
from devenv.activation.scripts.bash import format_bash_script
from devenv.activation.scripts.fish import format_fish_script
from devenv.activation.scripts.zsh import format_zsh_script
from devenv.errors import UsageError
from devenv.manifest.wording import format_names, format_shown


@dataclass(frozen=True, slots=True)
class ShellSupport:
    """What devenv knows of one shell; files are named `activate.<name>` and `shell_hooks/hook.<name>`."""

    name: str
    quote: Callable[[str], str]
    format_script: Callable[[Activation], bytes]

    @property
    def script_name(self) -> str:
        """The file in a generation that this shell's hook reads."""
        return f"activate.{self.name}"


SHELLS: Mapping[str, ShellSupport] = {
    "bash": ShellSupport("bash", quote_bash, format_bash_script),
    "zsh": ShellSupport("zsh", quote_bash, format_zsh_script),
    "fish": ShellSupport("fish", quote_fish, format_fish_script),
}


def require_shell(name: str) -> ShellSupport:
    """What is known of the shell `name`. Raises UsageError (`shell-unknown`)."""
    support = SHELLS.get(name)
    if support is None:
        raise UsageError(
            f"there is no hook for the shell `{format_shown(name)}`",
            hint=f"choose one of {format_names(SHELLS)}, or run programs with `devenv run`",
            slug="shell-unknown",
        )
    return support
