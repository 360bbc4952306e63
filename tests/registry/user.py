"""A user of the real registries: a home directory of their own, the real user's way to packages, the real command.

What the developer configured for pip stays in force (its variables, its configuration files, netrc); everything else in
the environment is left out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from devenv.cli.program import program_path
from devenv.fetch.pip_configuration import pip_configuration_files
from devenv.fsutil import delete_tree
from devenv.settings import Settings, read_settings, settings_path
from devenv.store_path import store_root

BASE_PATH = "/usr/local/bin:/usr/bin:/bin"
REGISTRY_VARIABLES = re.compile(
    r"PIP_.*|UV_DEFAULT_INDEX|NETRC|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|(https?|all|no)_proxy", re.IGNORECASE
)
"""What leads to registries, through proxies and past certificates."""
TIME_LIMIT = 600
"""Seconds of one command: that of a slow mirror, not of devenv."""


class User:
    """Somebody whose home directory is `home`. `wrapper` is what every command is started with."""

    def __init__(self, home: Path, wrapper: Sequence[str] = ()) -> None:
        self.home = home
        self.command: tuple[str, ...] = (str(program_path()),)
        """`devenv` itself."""
        self.wrapper = tuple(wrapper)
        real_home = Path.home()
        for file in pip_configuration_files(real_home, os.environ):
            if file.is_file() and file.is_relative_to(real_home):
                copy = home / file.relative_to(real_home)
                copy.parent.mkdir(parents=True)
                shutil.copyfile(file, copy)
        self.environ = {name: value for name, value in os.environ.items() if REGISTRY_VARIABLES.fullmatch(name)}
        self.environ |= {"HOME": str(home), "PATH": BASE_PATH, "LC_ALL": "C.UTF-8", "TERM": "dumb"}
        if (real_home / ".netrc").is_file():
            self.environ.setdefault("NETRC", str(real_home / ".netrc"))

    @property
    def settings(self) -> Settings:
        """As devenv reads them."""
        return read_settings(self.home)

    def configure(self, text: str) -> None:
        """Write the settings file."""
        path = settings_path(self.home)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def call(self, *arguments: str, directory: Path | None = None, **variables: str) -> str:
        """What `devenv` with these arguments, in `directory` (the home), prints on stdout. It must succeed."""
        return self.run([*self.command, *arguments], directory, **variables)

    def ask(self, *arguments: str, directory: Path | None = None) -> Any:
        """The result of a verb that reports, from its JSON."""
        return json.loads(self.call(*arguments, "--json", directory=directory))["result"]

    def run(self, command: Sequence[str], directory: Path | None = None, **variables: str) -> str:
        """What a command prints on stdout. It must succeed."""
        completed = subprocess.run(
            [*self.wrapper, *command],
            check=False,
            cwd=directory or self.home,
            env=self.environ | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
        )
        assert completed.returncode == 0, f"{command}: {completed.returncode}\n{completed.stdout}\n{completed.stderr}"
        return completed.stdout

    def start(
        self, command: Sequence[str], directory: Path, *, outside: Sequence[str] = (), **variables: str
    ) -> subprocess.Popen[str]:
        """A command that goes on; what it prints on stdout can be read. `outside` starts what makes it the user's."""
        return subprocess.Popen(
            [*outside, *self.wrapper, *command],
            cwd=directory,
            env=self.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    def objects(self) -> set[str]:
        """The names of all objects in the user's store: each begins with the digest of its content."""
        return {path.name for path in store_root(self.settings.base).iterdir()}

    def delete_store(self) -> None:
        """Remove the store, its database, and all that followed from it; what was downloaded stays."""
        delete_tree(self.settings.base)
        delete_tree(self.settings.state)


MakeUser = Callable[[], User]
"""Makes users who have nothing but their way to registries."""
