"""What is measured: a home directory with the same environment for devenv and for direnv."""

from __future__ import annotations

import functools
import json
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devenv.activation.saved import read_activation
from devenv.lock.parse import parse_lock
from devenv.system import host_system
from tests.homes import temporary_home
from tests.registry.user import User

PACKAGE = "nodejs"
VERSION = "24"
MARK = "BENCH_MARK"
"""A variable of the environment by which a measurement sees that it is in there."""

VARIABLES = {MARK: "inside", **{f"BENCH_{number}": f"the value of number {number}" for number in range(2, 31)}}
ALIASES = {f"bench{number}": f"echo {number}" for number in range(1, 6)}

MANIFEST = "\n".join(
    [
        f'[packages]\n{PACKAGE} = "{VERSION}"\n\n[env]',
        *(f'{name} = "{value}"' for name, value in VARIABLES.items()),
        "\n[shell.aliases]",
        *(f'{name} = "{command}"' for name, command in ALIASES.items()),
        "",
    ]
)
"""What a larger project has: 30 variables and 5 aliases."""

HOW_TO_GET = {
    "bwrap": "apt-get install -y bubblewrap",
    "nix": "apt-get install -y nix-bin",
    "dpkg-deb": "apt-get install -y dpkg",
    "apt-get": "apt-get install -y apt",
    "mise": "npm install --global @jdxcode/mise-linux-x64",
}
"""Where it is not `apt-get install` of that name."""


class PeerMissingError(Exception):
    """A program to compare with is not installed; the message says how to get it."""


@dataclass(frozen=True)
class Workbench:
    """A user, and how many pairs to measure."""

    user: User
    pairs: int

    @functools.cached_property
    def project(self) -> Path:
        """A project, realized and allowed. Made when it is asked for first: what does without needs no network."""
        project = self.user.home / "devenv"
        project.mkdir()
        (project / "devenv.toml").write_text(MANIFEST)
        self.user.call("lock", directory=project)
        self.user.call("allow", directory=project)
        return project

    @property
    def wheel(self) -> Path:
        """The file that the project's package is made of, in the artifact cache."""
        lock = parse_lock((self.project / "devenv.lock").read_bytes(), "devenv.lock")
        sha256 = lock.packages[PACKAGE].systems[host_system()].artifacts[0].sha256
        return self.user.settings.artifacts / "sha256" / sha256[:2] / sha256

    @property
    def outside(self) -> Path:
        """A directory in no project, as deep as the projects are."""
        return self.user.home / "outside"

    @property
    def path_entries(self) -> list[str]:
        """What the environment of `project` puts in front of `PATH`."""
        generation = next((self.user.settings.state / "projects").glob("*/generations/1"))
        return list(read_activation(generation).lists["PATH"].before)

    def direnv_project(self) -> Path:
        """A directory with an allowed `.envrc` that sets what devenv sets in `project`, but for aliases."""
        lines = [f"PATH_add {shlex.quote(entry)}" for entry in reversed(self.path_entries)]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in VARIABLES.items()]
        directory = self._peer_project("direnv", ".envrc", lines)
        self.user.run([require_peer("direnv"), "allow", str(directory)])
        return directory

    def mise_project(self) -> Path:
        """The same for mise, with a trusted `mise.toml`."""
        lines = ["[env]", f"_.path = {json.dumps(self.path_entries)}"]
        lines += [f"{name} = {json.dumps(value)}" for name, value in VARIABLES.items()]
        directory = self._peer_project("mise", "mise.toml", lines)
        self.user.run([require_peer("mise"), "trust", str(directory / "mise.toml")])
        return directory

    def _peer_project(self, name: str, file: str, lines: list[str]) -> Path:
        directory = self.user.home / name
        directory.mkdir(exist_ok=True)
        (directory / file).write_text("\n".join([*lines, ""]))
        return directory


@contextmanager
def open_workbench(pairs: int) -> Iterator[Workbench]:
    """A workbench, which goes away afterwards."""
    with temporary_home() as home:
        (home / "outside").mkdir()
        yield Workbench(User(home), pairs)


def require_peer(name: str) -> str:
    """The path of a program of that name. Raises PeerMissingError."""
    path = shutil.which(name)
    if path is None:
        raise PeerMissingError(f"`{name}` is missing: `{HOW_TO_GET.get(name, f'apt-get install -y {name}')}`")
    return path
