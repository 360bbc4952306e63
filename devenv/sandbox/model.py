"""What is to be run in a sandbox, and within which limits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devenv.errors import BuildError

USER_ID, GROUP_ID = 1000, 100
"""Who a build is inside: the same on every machine. The sysroot's `/etc/passwd` knows it as `builder`."""

HOST_NAME = "localhost"

OWN_PLACES = frozenset({"/", "/dev", "/proc"})
"""Made by the sandbox itself: nothing is mounted over them."""


@dataclass(frozen=True, slots=True)
class Mount:
    """Something of the host's that is seen inside, at `target`."""

    source: Path
    target: str
    """An absolute path in its one spelling."""
    writable: bool = False

    def __post_init__(self) -> None:
        """Raises BuildError where the target would escape or hide what the sandbox is made of (FAULTS J-14)."""
        names = self.target.split("/")
        if len(names) == 1 or names[0] or any(name in {"", ".", ".."} for name in names[1:]) or "\0" in self.target:
            raise _escapes(self.target)
        if self.target in OWN_PLACES or names[1] in {"dev", "proc"} or not self.source.is_absolute():
            raise _escapes(self.target)


def _escapes(target: str) -> BuildError:
    return BuildError(f"`{target[:200]!a}` is no place that can be mounted in a sandbox", slug="mount-invalid")


@dataclass(frozen=True, slots=True)
class SandboxRequest:
    """A command, and all that it sees.

    The command waits for a line on its standard input before it does anything (`supervise.WAIT`).

    `root` has the entries of its `/`: name → where it leads as a link, None for a directory, which is mounted from
    `sysroot` for reading. `mounts` come in their order, so that one may lie within another.
    """

    command: tuple[str, ...]
    sysroot: Path
    root: Mapping[str, str | None]
    mounts: tuple[Mount, ...]
    environment: Mapping[str, str]
    directory: str
    """Where the command starts."""
    hidden: tuple[str, ...] = ()
    """Files in `/proc` that cannot be read (`kernel_secrets`)."""


SECRETS = ("/proc/key-users", "/proc/keys", "/proc/timer_list")
"""What the kernel tells of everybody in spite of all namespaces: whose keys there are, who waits for what."""


def kernel_secrets() -> tuple[str, ...]:
    """Those of them that this kernel has."""
    return tuple(name for name in SECRETS if os.path.exists(name))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a build may use. None: no limit of ours."""

    seconds: float | None = 4 * 3600
    silence: float | None = 3600
    """Seconds without a line."""
    memory: int | None = None
    """Bytes that all its processes have resident together."""
    processes: int = 4096
    log_bytes: int = 64 << 20
    file_bytes: int = 64 << 30
    """Of one file."""


LIMIT_SLUGS = frozenset(
    {
        "build-disk-full",
        "build-log-too-long",
        "build-out-of-memory",
        "build-silent",
        "build-timeout",
        "build-too-many-processes",
    }
)
"""What `Ended.stopped_as` can be."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit status as a shell tells it, or the limit that it broke."""

    status: int
    stopped: str | None = None
    """In words: `it took longer than 10 s`."""
    stopped_as: str | None = None
    """The slug of that limit."""
    last_lines: tuple[str, ...] = field(default=())
    """Of its output, as they came, each cut to a sane length."""
