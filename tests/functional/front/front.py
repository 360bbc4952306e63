"""The front that stands on `PATH` as `devenv`, with a stand-in for the program: it tells what it was called with."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devenv import fsutil
from devenv.activation.model import Activation
from devenv.activation.scripts.posix import SCRIPT_NAME
from devenv.activation.state import activate_project, generations_path, write_generation_scripts
from devenv.activation.watched import read_watched_file, write_stamps
from devenv.resources import resource_path
from devenv.settings import Settings, read_settings, settings_path

FELL_BACK = 42
"""The status of the stand-in, which writes its arguments one a line, each with its length in front."""

PROGRAM = f"""#!/bin/sh
for argument; do printf '%s:%s\\n' "${{#argument}}" "$argument"; done
exit {FELL_BACK}
"""

OF_SHELLS = frozenset({"_", "OLDPWD", "PWD", "SHLVL"})
"""Variables that a shell keeps up to date by itself."""


def find_shells() -> Mapping[str, str]:
    """The shells of this machine that may be somebody's `sh`."""
    found = {name: shutil.which(name) for name in ("dash", "bash", "busybox", "sh")}
    return {name: path for name, path in found.items() if path is not None}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended."""

    status: int
    output: bytes
    errors: bytes

    @property
    def fell_back(self) -> bool:
        """Whether the program was to do it."""
        return self.status == FELL_BACK

    @property
    def environ(self) -> dict[str, str]:
        """What `env -0` printed, without what shells set."""
        assert (self.status, self.errors) == (0, b""), self
        entries = os.fsdecode(self.output).split("\0")[:-1]
        return without_session(dict(entry.split("=", 1) for entry in entries))


def without_session(environ: Mapping[str, str]) -> dict[str, str]:
    """Without what shells set by themselves."""
    return {name: value for name, value in environ.items() if name not in OF_SHELLS}


@dataclass
class Front:
    """A user with a home directory, projects in it, and the front run by the shell at `shell`."""

    home: Path
    shell: str
    activation: Activation | None = field(default=None)

    def __post_init__(self) -> None:
        binaries = self.home / "bin"
        binaries.mkdir()
        # By this name every shell is POSIX.
        (binaries / "sh").symlink_to(self.shell)
        text = resource_path("shell_hooks", "devenv.sh").read_text()
        fsutil.write_atomic(self.program, text.replace("#!/bin/sh", f"#!{binaries}/sh", 1).encode(), 0o755)
        fsutil.write_atomic(binaries / "devenv-main", PROGRAM.encode(), 0o755)

    @property
    def program(self) -> Path:
        """What is called."""
        return self.home / "bin" / "devenv"

    @property
    def settings(self) -> Settings:
        """As devenv reads them now."""
        return read_settings(self.home)

    @property
    def script(self) -> Path:
        """What the front reads of the project that was activated last."""
        assert self.activation is not None
        return self.activation.generation / SCRIPT_NAME

    @property
    def active(self) -> Path:
        """The project that was activated last."""
        assert self.activation is not None
        return self.activation.project

    def configure(self, text: str) -> None:
        """Write the settings file."""
        path = settings_path(self.home)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def project(self, name: str = "api") -> Path:
        """A new directory with a manifest and a lock, not allowed."""
        project = self.home / name
        project.mkdir(parents=True)
        (project / "devenv.toml").write_text("[project]\n")
        (project / "devenv.lock").write_text("version = 1\n")
        return project

    def activate(self, project: Path, **fields: Any) -> Activation:
        """Allow `project` with an environment of these fields, as the services would, in a new generation."""
        generations = fsutil.make_private_directory(generations_path(self.settings, project))
        generation = generations / str(len(list(generations.iterdir())) + 1)
        generation.mkdir()
        (generation / "environment").symlink_to("/usr")
        self.activation = Activation(project, generation, fields.pop("name", project.name), **fields)
        write_generation_scripts(generation, self.activation)
        write_stamps(generation, [read_watched_file(project, name) for name in self.activation.watched])
        activate_project(self.settings, project, generation)
        return self.activation

    def environ(self, **variables: str) -> dict[str, str]:
        """A small environment."""
        return {"HOME": str(self.home), "PATH": "/usr/bin:/bin", **variables}

    def call(
        self,
        *arguments: str,
        at: Path,
        environ: Mapping[str, str] | None = None,
        wrapper: Sequence[str] = (),
        stdin: bytes = b"",
    ) -> Outcome:
        """Call `devenv` in the directory `at`."""
        done = subprocess.run(
            [*wrapper, str(self.program), *arguments],
            cwd=at,
            env=self.environ() if environ is None else dict(environ),
            input=stdin,
            capture_output=True,
            check=False,
            timeout=60,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)
