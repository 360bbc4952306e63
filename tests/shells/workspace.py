"""Real shells over real state: a home directory with projects, and shells in pseudo-terminals that follow them.

The state tree is written through `devenv.activation`, as the services do it; what packages would provide is made up.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from devenv import fsutil
from devenv.activation.hook import format_hook
from devenv.activation.model import Activation, Entries, Interactive
from devenv.activation.shell import ShellRequest, shell_command
from devenv.activation.shells import SHELLS
from devenv.activation.state import activate_project, generations_path, write_generation_scripts
from devenv.activation.watched import read_watched_file, write_stamps
from devenv.settings import Settings, default_settings
from tests.shells.drivers import ARGUMENTS, Shell, start_shell, write_rc
from tests.shells.executables import require_program

BASE_PATH = "/usr/local/bin:/usr/bin:/bin"
HOOKS = Path(__file__).parents[2] / "shell_hooks"
KINDS = tuple(kind for kind in SHELLS if b"@answer" in (HOOKS / f"hook.{kind}").read_bytes())
"""Shells whose hooks do all that hooks have to do."""
CLOCK_LIMIT = 20
"""Seconds after which a test stops waiting for what goes on beside its shell."""


def without_session(variables: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Without what every shell sets for itself."""
    session = {b"_", b"PWD", b"OLDPWD", b"SHLVL", b"LOGNAME", b"USER"}
    return {name: value for name, value in variables.items() if name not in session}


def prompt_until(shell: Shell, text: str) -> str:
    """Ask for prompt after prompt until one says `text`, and return what all of them said."""
    end, said = time.monotonic() + CLOCK_LIMIT, ""
    while text not in said:
        assert time.monotonic() < end, f"{text!r} is not in {said!r}"
        said += shell.run("true")
    return said


class Workspace:
    """A home directory with the state of devenv and any number of projects."""

    def __init__(self, home: Path, programs: Mapping[str, str]) -> None:
        self.home = home
        self.programs = programs
        self.settings: Settings = default_settings(home)
        self.program = home / "bin" / "devenv"
        """Stands for the command: it writes its arguments down, then does what `answer` told it."""
        self.calls = home / "calls"
        self.answer("exit 1")

    def answer(self, script: str) -> None:
        """From now on the program runs `script`; `$1` is the project that it is asked about."""
        self.program.parent.mkdir(exist_ok=True)
        text = f"#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{self.calls}'\nshift 2\n{script}\n"
        fsutil.write_atomic(self.program, text.encode(), 0o700)

    def asked(self) -> list[str]:
        """The arguments of each call of the program so far."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def project(self, name: str, parent: Path | None = None) -> Path:
        """A new directory with a manifest and a lock, not allowed."""
        project = (parent or self.home) / name
        project.mkdir()
        (project / "devenv.toml").write_text("[project]\n")
        (project / "devenv.lock").write_text("version = 1\n")
        return project

    def activate(
        self,
        project: Path,
        *,
        paths: Mapping[str, Sequence[str]] | None = None,
        aliases: Mapping[str, str] | None = None,
        hook: str | None = None,
        **fields: Any,
    ) -> Activation:
        """Allow `project`, as the services would, with an environment of these fields of `Activation`.

        `paths` are entries in front of list variables; `aliases` and `hook` are for shells of every kind.
        """
        fields.setdefault("lists", {name: Entries(tuple(entries)) for name, entries in (paths or {}).items()})
        interactive = Interactive(aliases=aliases or {}, enter=hook)
        fields.setdefault("interactive", dict.fromkeys(("bash", "zsh", "fish"), interactive))
        activation = self.realize(project, **fields)
        activate_project(self.settings, project, activation.generation)
        return activation

    def realize(self, project: Path, **fields: Any) -> Activation:
        """A new generation with these fields of `Activation`, in which no shell is yet."""
        generations = fsutil.make_private_directory(generations_path(self.settings, project))
        generation = generations / str(len(list(generations.iterdir())) + 1)
        generation.mkdir()
        activation = Activation(project, generation, **{"name": project.name, **fields})
        write_generation_scripts(generation, activation)
        write_stamps(generation, (read_watched_file(project, name) for name in activation.watched))
        return activation

    def environ(self, **variables: str) -> dict[str, str]:
        """A small environment for a shell, with `variables` added."""
        # The shells come with a place to look for terminals; that it is set already, they leave alone.
        terminal = {"TERM": "dumb", "TERMINFO_DIRS": "/usr/share/terminfo"}
        return {"HOME": str(self.home), "PATH": BASE_PATH, "LC_ALL": "C.UTF-8", **terminal, **variables}

    def shell(
        self,
        kind: str,
        before: str = "",
        after: str = "",
        *,
        environ: Mapping[str, str] | None = None,
        hook: bytes | None = None,
        wrapper: Sequence[str] = (),
    ) -> Shell:
        """A shell of this kind; for the rest see `write_rc`. `wrapper` is a command in front, such as strace."""
        self.write_rc(kind, before, after, hook=hook)
        return self.start(kind, environ=environ, wrapper=wrapper)

    def bash(self, before: str = "", after: str = "", **options: Any) -> Shell:
        """The same for bash."""
        return self.shell("bash", before, after, **options)

    def write_rc(self, kind: str, before: str = "", after: str = "", *, hook: bytes | None = None) -> None:
        """Write the file that such shells read: `before`, then the hook (or `hook` in its place), then `after`.

        `kind` is a shell's name, or `zsh-zle` for one that edits lines itself.
        """
        name = kind.removesuffix("-zle")
        (self.home / f"hook.{name}").write_bytes(hook if hook is not None else self.hook(name))
        write_rc(self.home, kind, before, f"builtin source ~/hook.{name}", after)

    def hook(self, name: str) -> bytes:
        """What `devenv hook` prints for the shell of that name."""
        return format_hook(name, self.settings, self.program)

    def start(self, kind: str, *, environ: Mapping[str, str] | None = None, wrapper: Sequence[str] = ()) -> Shell:
        """A shell with the files that are there."""
        command = [*wrapper, self.executable(kind), *ARGUMENTS[kind]]
        return start_shell(kind, self.home, command, self.environ() if environ is None else environ)

    def devenv_shell(self, kind: str, activation: Activation, environ: Mapping[str, str]) -> Shell:
        """What `devenv shell` starts, in a terminal, with the files that are there."""
        request = ShellRequest(self.executable(kind), environ)
        command = shell_command(self.settings, activation, request)
        arguments = [*command.arguments, *(["--noediting"] if kind == "bash" else [])]
        return start_shell(kind, self.home, arguments, command.environ)

    def executable(self, kind: str) -> str:
        """The program of that kind of shell."""
        return require_program(self.programs, kind.removesuffix("-zle"))
