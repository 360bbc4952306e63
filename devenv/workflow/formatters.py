"""Runs one formatter on files: as many at a time as a command line holds, and with what it said where it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devenv.manifest.model import Formatter

BATCH_BYTES = 128 << 10
"""Bytes of file names on one command line: systems take at least twice that, for arguments and variables together."""
ARGUMENT_OVERHEAD = 9
"""Bytes that an argument takes besides itself: its NUL and a pointer."""

SHOWN_LINES = 25
READ_BYTES = 64 << 10
"""From the end of what a formatter wrote, to find the last lines in."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A formatter that did not do its work: what happened, and the last lines of what it said."""

    formatter: str
    reason: str
    lines: tuple[str, ...] = ()


def run_formatter(
    formatter: Formatter, files: Sequence[str], directory: Path, environ: Mapping[str, str]
) -> Failure | None:
    """Run it in `directory` on `files`, relative to that. Nothing that it says is printed."""
    program = _find_program(formatter.command[0], directory, environ)
    if program is None:
        return Failure(formatter.name, f"there is no command `{formatter.command[0]}` in the environment")
    for batch in iter_batches([name_file(file) for file in files]):
        with tempfile.TemporaryFile() as said:
            try:
                done = subprocess.run(
                    [*formatter.command, *batch],
                    executable=program,
                    check=False,
                    cwd=directory,
                    env=dict(environ),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                )
            except OSError as error:
                return Failure(formatter.name, f"`{program}` cannot be started: {error.strerror}")
            if done.returncode != 0:
                return Failure(formatter.name, _describe(done.returncode), _last_lines(said))
    return None


def name_file(file: str) -> str:
    """A file as an argument that no program takes for an option."""
    return f"./{file}" if file.startswith("-") else file


def iter_batches(arguments: Sequence[str]) -> Iterator[list[str]]:
    """The arguments in pieces of at most `BATCH_BYTES`, in their order; none is empty."""
    batch: list[str] = []
    size = 0
    for argument in arguments:
        needed = len(os.fsencode(argument)) + ARGUMENT_OVERHEAD
        if batch and size + needed > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(argument)
        size += needed
    if batch:
        yield batch


def _find_program(name: str, directory: Path, environ: Mapping[str, str]) -> str | None:
    """As a shell in `directory` finds it."""
    return shutil.which(str(directory / name) if "/" in name else name, path=environ.get("PATH", os.defpath))


def _describe(status: int) -> str:
    return f"ended by signal {-status}" if status < 0 else f"exit status {status}"


def _last_lines(said: IO[bytes]) -> tuple[str, ...]:
    end = said.seek(0, os.SEEK_END)
    said.seek(max(0, end - READ_BYTES))
    return tuple(said.read().decode(errors="replace").splitlines()[-SHOWN_LINES:])
