"""The sandbox as arguments: «the level of protection is entirely determined by the arguments»."""

from __future__ import annotations

from pathlib import Path

from devenv.sandbox.bubblewrap import bubblewrap_arguments
from devenv.sandbox.model import Mount, SandboxRequest

REQUEST = SandboxRequest(
    command=("/usr/bin/bash", "-e", "/script", "--share-net"),
    sysroot=Path("/s/sysroot"),
    root={"usr": None, "bin": "usr/bin", "etc": None},
    mounts=(
        Mount(Path("/w/build"), "/build", writable=True),
        Mount(Path("/w/store"), "/s", writable=True),
        Mount(Path("/s/--bind"), "/s/--bind"),
    ),
    environment={"out": "/s/x", "PATH": "/usr/bin", "empty": ""},
    directory="/build",
    hidden=("/proc/keys",),
)

EXPECTED = """
/usr/bin/bwrap
--unshare-all --unshare-user --disable-userns
--uid 1000 --gid 100 --hostname localhost
--cap-drop ALL --new-session --die-with-parent --clearenv
--seccomp 9
--symlink usr/bin /bin --ro-bind /s/sysroot/etc /etc --ro-bind /s/sysroot/usr /usr
--proc /proc --ro-bind /dev/null /proc/keys --remount-ro /proc
--dev /dev --size 268435456 --tmpfs /dev/shm --remount-ro /dev
--bind /w/build /build --bind /w/store /s --ro-bind /s/--bind /s/--bind
--remount-ro /
--setenv PATH /usr/bin --setenv empty EMPTY --setenv out /s/x
--chdir /build
-- /usr/bin/bash -e /script --share-net
"""


def test_whole_command_line() -> None:
    """Each argument in its place: namespaces, no capabilities, root before mounts, read-only last (J-01 to J-17)."""
    arguments = bubblewrap_arguments(Path("/usr/bin/bwrap"), REQUEST, ("--seccomp", "9"))
    assert list(arguments) == ["" if word == "EMPTY" else word for word in EXPECTED.split()]


def test_nothing_is_shared() -> None:
    """No option gives a build the network, a device or a namespace of the host's (J-03, J-17)."""
    options = bubblewrap_arguments(Path("/usr/bin/bwrap"), REQUEST)
    before = options[: options.index("--")]
    assert not {"--share-net", "--dev-bind", "--dev-bind-try", "--cap-add", "--userns", "--bind-try"} & set(before)


def test_order_does_not_follow_the_mapping() -> None:
    """The same request gives the same line, in whatever order its parts were put together (J-18)."""
    shuffled = SandboxRequest(
        REQUEST.command,
        REQUEST.sysroot,
        dict(reversed(list(REQUEST.root.items()))),
        REQUEST.mounts,
        dict(reversed(list(REQUEST.environment.items()))),
        REQUEST.directory,
        REQUEST.hidden,
    )
    assert bubblewrap_arguments(Path("/b"), shuffled) == bubblewrap_arguments(Path("/b"), REQUEST)
