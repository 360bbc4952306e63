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

from devenv.lock.parse import parse_lock
from devenv.system import host_system
from tests.homes import temporary_home
from tests.registry.user import User

PACKAGE = "nodejs"
VERSION = "24"
MARK = "BENCH_MARK"
"""A variable of the environment by which a measurement sees that it is in there."""

MANIFEST = f"""\
[packages]
{PACKAGE} = "{VERSION}"

[env]
{MARK} = "inside"
DATABASE_URL = "postgres://localhost/bench"
LOG_LEVEL = "debug"
NODE_ENV = "development"
TZ = "UTC"
"""


PACKAGES = {"bwrap": "bubblewrap", "nix": "nix-bin", "dpkg-deb": "dpkg", "apt-get": "apt"}
"""What of Debian brings a program, where it is called otherwise."""


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

    def direnv_project(self) -> Path:
        """A directory with an allowed `.envrc` that sets what devenv sets in `project`."""
        generation = next((self.user.settings.state / "projects").glob("*/generations/1/activation.json"))
        activation = json.loads(generation.read_bytes())
        directory = self.user.home / "direnv"
        directory.mkdir(exist_ok=True)
        lines = [f"PATH_add {shlex.quote(entry)}" for entry in reversed(activation["paths"]["PATH"])]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in activation["variables"].items()]
        (directory / ".envrc").write_text("\n".join([*lines, ""]))
        self.user.run([require_peer("direnv"), "allow", str(directory)])
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
        raise PeerMissingError(f"`{name}` is missing: `apt-get install -y {PACKAGES.get(name, name)}`")
    return path
