"""Runs the real command in a process of its own, as a user with a home directory of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from devenv.events import ignore
from devenv.fsutil import TEMPORARY_PREFIX
from devenv.settings import Settings, read_settings, settings_path
from devenv.store.check import examine
from devenv.store.database import StoreDatabase
from devenv.store_path import require_store_path, store_root
from devenv.workflow.edit import add_packages
from devenv.workflow.start import init_project
from devenv.workflow.tools import Tools
from devenv.workflow.wanted import parse_wanted

TIME_LIMIT = 60
"""Seconds of one command; all take less than one unless something hangs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left: its exit status (negative: the signal that killed it), and all that it printed."""

    status: int
    output: bytes
    errors: bytes

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.output.decode()

    @property
    def messages(self) -> str:
        """Standard error as text."""
        return self.errors.decode()

    @property
    def result(self) -> Any:
        """The result in the JSON on standard output."""
        return json.loads(self.output)["result"]

    @property
    def error(self) -> Any:
        """The error in the JSON on standard output."""
        return json.loads(self.output)["error"]


@dataclass(frozen=True)
class User:
    """Somebody whose home directory is `home`, in the working directory `directory`."""

    home: Path
    directory: Path
    environ: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        """As devenv reads them."""
        return read_settings(self.home)

    def at(self, directory: Path | str) -> User:
        """The same user in another working directory, relative to this one; it is made where missing."""
        target = self.directory / directory
        target.mkdir(parents=True, exist_ok=True)
        return replace(self, directory=target)

    def having(self, **variables: str) -> User:
        """The same user with further environment variables."""
        return replace(self, environ={**self.environ, **variables})

    def configure(self, text: str) -> None:
        """Write the settings file."""
        path = settings_path(self.home)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def command(self, *arguments: str) -> list[str]:
        """The command line of `devenv` with these arguments; warnings are errors."""
        return [sys.executable, "-W", "error", "-m", "devenv", *arguments]

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start `devenv`; its output is to be read by the caller."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.directory,
            env=dict(self.environ),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def call(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        """Run `devenv` to its end, whatever that is. A traceback is never right."""
        done = subprocess.run(
            self.command(*arguments),
            check=False,
            cwd=self.directory,
            env=dict(self.environ),
            input=stdin,
            capture_output=True,
            timeout=TIME_LIMIT,
        )
        outcome = Outcome(done.returncode, done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr, outcome.messages
        assert b"devenv made a mistake" not in done.stdout + done.stderr, done.stdout + done.stderr
        return outcome

    def devenv(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        """Run `devenv`, which must succeed."""
        outcome = self.call(*arguments, stdin=stdin)
        assert outcome.status == 0, f"{arguments}: {outcome}"
        return outcome

    def report(self, *arguments: str) -> Any:
        """The result of a verb that reports."""
        return self.devenv(*arguments, "--json").result

    def failure(self, *arguments: str) -> Any:
        """The error of a verb that reports, which must fail with that error's exit status."""
        outcome = self.call(*arguments, "--json")
        assert outcome.status != 0, f"{arguments} succeeded: {outcome}"
        assert outcome.status == outcome.error["exit_code"]
        return outcome.error

    def project(self, name: str, *packages: str) -> User:
        """This user in a new project with these packages, locked and realized; made in this process, to be quick."""
        there = self.at(name)
        with Tools(self.settings, self.environ, ignore) as tools:
            init_project(tools, there.directory, "minimal")
            if packages:
                add_packages(tools, there.directory, [parse_wanted(package) for package in packages])
        return there

    @property
    def manifest(self) -> Path:
        """The manifest in the working directory."""
        return self.directory / "devenv.toml"

    @property
    def lock(self) -> Path:
        """The lock in the working directory."""
        return self.directory / "devenv.lock"

    def files(self) -> dict[str, bytes]:
        """Manifest and lock as they are; what is missing is left out."""
        return {path.name: path.read_bytes() for path in (self.manifest, self.lock) if path.exists()}

    def objects(self) -> list[str]:
        """The names of all objects in the store, in order; unfinished ones included."""
        root = store_root(self.settings.base)
        return sorted(os.listdir(root)) if root.exists() else []

    def unfinished(self) -> list[Path]:
        """Everything that is named as unfinished: in projects, the store, the state, and the caches."""
        return [path for path in self.home.rglob("*") if path.name.startswith(TEMPORARY_PREFIX)]

    def verify_store(self) -> None:
        """Check that every object is registered, and that its content is what its name says."""
        root = store_root(self.settings.base)
        database = StoreDatabase(self.settings.base / "store.sqlite")
        try:
            for name in self.objects():
                path = require_store_path(name)
                assert examine(root, path).digest == path.digest, f"{name} is not what its name says"
                assert database.is_valid(path), f"{name} is visible but not registered"
        finally:
            database.close()


def kill(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGKILL) -> Outcome:
    """Send a signal and wait for the end."""
    process.send_signal(number)
    output, errors = process.communicate(timeout=TIME_LIMIT)
    return Outcome(process.returncode, output, errors)
