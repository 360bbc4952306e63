"""Completions of real packages: found in an environment, for each shell, and such that the real shells take them."""

from __future__ import annotations

import json
from pathlib import Path

from devenv.activation.saved import read_activation
from devenv.generations.generations import find_current_generation
from tests.registry.user import User


def test_completions_of_packages(user: User) -> None:
    """git and ripgrep bring theirs; bash, zsh and fish, which are packages themselves, complete a line with them."""
    project = user.home / "completed"
    user.call("init", str(project))
    user.call("add", "bash", "fish", "git", "zsh", "debian:bash-completion", "debian:ripgrep", directory=project)
    generation = find_current_generation(user.settings, project)
    assert generation is not None
    activation = read_activation(generation.path)
    bash, fish, zsh = (activation.interactive_for(name) for name in ("bash", "fish", "zsh"))
    # Of the thousand that `bash-completion` brings, those of programs that are there.
    assert {"git", "rg"} <= bash.completions.keys()
    assert len(bash.completions) < 50
    assert {"rg"} <= fish.completions.keys()
    assert zsh.completions["_rg"] == ("rg",)

    def run(*command: str) -> str:
        return user.call("run", "--", *command, directory=project)

    (directory,) = bash.completion_directories
    script = f'. "{directory}/rg"; COMP_WORDS=(rg --files-w) COMP_CWORD=1; _rg rg --files-w rg; echo ${{COMPREPLY[@]}}'
    assert run("bash", "--norc", "-c", script).split() == ["--files-with-matches", "--files-without-match"]
    # A fish that starts in the environment finds them by XDG_DATA_DIRS.
    assert "--files-with-matches" in run("fish", "-c", "complete -C 'rg --files-w'")
    (directory,) = zsh.completion_directories
    script = f"fpath=({directory} $fpath); autoload -Uz compinit; compinit -D -u; print -- $_comps[rg]; autoload +X _rg"
    assert run("zsh", "-f", "-c", script) == "_rg\n"
    assert Path(json.loads(user.call("env", "--json", directory=project))["result"]["environment"]).exists()
