"""Real shells over real state: a home directory with projects, and a bash in a pseudo-terminal that follows them.

The state tree is written through `devenv.activation`, as the services do it; what packages would provide is made up.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pexpect

from devenv import fsutil
from devenv.activation.hook import format_hook
from devenv.activation.model import Activation, Entries, Interactive
from devenv.activation.state import activate_project, generations_path, write_generation_scripts
from devenv.activation.watched import read_watched_files, write_stamps
from devenv.settings import Settings, default_settings

PROMPT = "<prompt of the test>"
LINE_LIMIT = 4000
"""Bytes of a line that a terminal takes in canonical mode (4096 on Linux)."""
BASE_PATH = "/usr/local/bin:/usr/bin:/bin"


class Bash:
    """An interactive bash in a pseudo-terminal. Commands are awaited by their prompt: nothing here sleeps."""

    def __init__(self, home: Path, rc_file: Path, environ: Mapping[str, str], wrapper: Sequence[str] = ()) -> None:
        executable = shutil.which("bash")
        assert executable is not None, "these tests need bash: install it"
        self.home = home
        command = [*wrapper, executable, "--noprofile", "--noediting", "--rcfile", str(rc_file), "-i"]
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            command[0],
            command[1:],
            env=dict(environ),
            cwd=str(home),
            echo=False,
            timeout=30,
            dimensions=(24, 4096),
        )
        self._child.delaybeforesend = None
        self.greeting = self._wait()

    def run(self, command: str) -> str:
        """What `command` (one or more lines) printed, on either stream, up to the next prompt."""
        lines = command.split("\n")
        for line in lines:
            encoded = os.fsencode(line)
            assert len(encoded) < LINE_LIMIT, "too long for a terminal: put it into a file"
            self._child.sendline(encoded)
        return "".join(self._wait() for _ in lines)

    def interrupt_when(self, command: str, text: str) -> str:
        """Run `command`, press Ctrl-C as soon as `text` shows, and return what was printed after that."""
        self._child.sendline(command.encode())
        self._child.expect_exact(text.encode())
        self._child.sendintr()
        return self._wait()

    def variables(self) -> dict[bytes, bytes]:
        """What a program started from this shell finds in its environment, byte for byte."""
        path = self.home / "environ.out"
        output = self.run(f"command env -0 >|'{path}'")
        assert output == "", output
        entries = path.read_bytes().split(b"\0")[:-1]
        return dict(entry.split(b"=", 1) for entry in entries)

    def close(self) -> None:
        self._child.close(force=True)

    def __enter__(self) -> Bash:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self) -> str:
        self._child.expect_exact(PROMPT.encode())
        before = self._child.before
        assert isinstance(before, bytes)
        return os.fsdecode(before).replace("\r\n", "\n")


class Workspace:
    """A home directory with the state of devenv and any number of projects."""

    def __init__(self, home: Path) -> None:
        self.home = home
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
        fields.setdefault("name", project.name)
        fields.setdefault("lists", {name: Entries(tuple(entries)) for name, entries in (paths or {}).items()})
        interactive = Interactive(aliases=aliases or {}, enter=hook)
        fields.setdefault("interactive", dict.fromkeys(("bash", "zsh", "fish"), interactive))
        generations = fsutil.make_private_directory(generations_path(self.settings, project))
        generation = generations / str(len(list(generations.iterdir())) + 1)
        generation.mkdir()
        activation = Activation(project, generation, **fields)
        write_generation_scripts(generation, activation)
        write_stamps(generation, read_watched_files(project))
        activate_project(self.settings, project, generation)
        return activation

    def environ(self, **variables: str) -> dict[str, str]:
        """A small environment for a shell, with `variables` added."""
        return {"HOME": str(self.home), "PATH": BASE_PATH, "LC_ALL": "C.UTF-8", "TERM": "dumb", **variables}

    def bash(
        self,
        before: str = "",
        after: str = "",
        *,
        environ: Mapping[str, str] | None = None,
        hook: bytes | None = None,
        wrapper: Sequence[str] = (),
    ) -> Bash:
        """A bash whose rc file has the lines `before`, then the hook (or `hook` in its place), then `after`."""
        rc_file = self.home / ".bashrc"
        text = hook if hook is not None else format_hook("bash", self.settings, self.program)
        rc_file.write_bytes(
            b"\n".join([f"PS1='{PROMPT}' PS2=\n{before}".encode(), b"builtin source ~/hook.bash", after.encode(), b""])
        )
        (self.home / "hook.bash").write_bytes(text)
        return Bash(self.home, rc_file, self.environ() if environ is None else environ, wrapper)
