"""A sandbox as bubblewrap's argument list. Pure: «the level of protection is entirely determined by the arguments».

What each option is for stands beside it. Nothing of the host's is inherited but standard input, output and error.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devenv.sandbox.model import GROUP_ID, HOST_NAME, USER_ID, SandboxRequest

SHARED_MEMORY_BYTES = 256 << 20
"""Of `/dev/shm`, which is the machine's memory: Python's `multiprocessing` in build scripts needs some."""

NAMESPACES = (
    # User, IPC, PID, network, UTS and control groups. It takes what it gets of the first and the last...
    "--unshare-all",
    # ...so that the first is asked for by itself: without it bubblewrap fails instead of going on.
    "--unshare-user",
    # A build makes no namespace of its own in which it could mount things again.
    "--disable-userns",
    "--uid",
    str(USER_ID),
    "--gid",
    str(GROUP_ID),
    "--hostname",
    HOST_NAME,
    "--cap-drop",
    "ALL",
    # No terminal to push characters into (CVE-2017-5226).
    "--new-session",
    # Nor does anything of it live on where devenv is killed.
    "--die-with-parent",
    "--clearenv",
)

DEVICES = (
    "--dev",
    "/dev",
    "--size",
    str(SHARED_MEMORY_BYTES),
    "--tmpfs",
    "/dev/shm",  # noqa: S108 - the sandbox's own
    # Memory that nobody counts otherwise.
    "--remount-ro",
    "/dev",
)


def bubblewrap_arguments(program: Path, request: SandboxRequest, control: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The whole command line. `control` are options for whoever supervises (descriptors)."""
    # What follows `--` is no option, however it begins (FAULTS J-16).
    return (str(program), *bubblewrap_options(request, control), "--", *request.command)


def bubblewrap_options(request: SandboxRequest, control: tuple[str, ...] = ()) -> tuple[str, ...]:
    """All of it that stands between the program and `--`."""
    return (
        *NAMESPACES,
        *control,
        *_iter_root(request),
        *_iter_kernel(request),
        *DEVICES,
        *_iter_mounts(request),
        # The root is memory too, and everything that is to be written has its mount by now.
        "--remount-ro",
        "/",
        *_iter_environment(request),
        "--chdir",
        request.directory,
    )


def _iter_root(request: SandboxRequest) -> Iterator[str]:
    for name, target in sorted(request.root.items()):
        if target is None:
            yield from ("--ro-bind", str(request.sysroot / name), f"/{name}")
        else:
            yield from ("--symlink", target, f"/{name}")


def _iter_kernel(request: SandboxRequest) -> Iterator[str]:
    yield from ("--proc", "/proc")
    for name in request.hidden:
        # A device that cannot be used where it lies: opening it fails.
        yield from ("--ro-bind", "/dev/null", name)
    # Who builds as root stays root to the kernel's settings, capabilities or not: `core_pattern` would be a way out.
    yield from ("--remount-ro", "/proc")


def _iter_mounts(request: SandboxRequest) -> Iterator[str]:
    for mount in request.mounts:
        yield from ("--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target)


def _iter_environment(request: SandboxRequest) -> Iterator[str]:
    for name, value in sorted(request.environment.items()):
        yield from ("--setenv", name, value)
