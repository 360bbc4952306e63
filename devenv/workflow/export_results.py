"""What `devenv env` returns: plain values, which `devenv.ui` spells for people or for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.activation.model import Entries


@dataclass(frozen=True, slots=True)
class EnvResult:
    """An environment as data.

    `variables`, `unset` and `lists` are what it is, whoever asks; `ready` are final values for a program that has the
    caller's environment (None: not set), those by which a shell started there can leave it included.
    """

    project: Path
    name: str
    generation: int
    environment: Path
    """The object in the store."""
    variables: Mapping[str, str]
    unset: tuple[str, ...]
    lists: Mapping[str, Entries]
    ready: Mapping[str, str | None]
    watched: tuple[str, ...]
    """Files that decide what it is, relative to the project."""


@dataclass(frozen=True, slots=True)
class GithubResult:
    """An environment was handed to the steps of a workflow that follow: names of variables, directories of `PATH`."""

    project: Path
    variables: tuple[str, ...]
    path: tuple[str, ...]
