"""Finds bubblewrap, and says why it cannot do its work here."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path

from devenv.errors import BuildError

NAME = "bwrap"
OLDEST = (0, 8)
"""The first version that forbids further user namespaces."""
VERSION_SECONDS = 10
USER_NAMESPACES = Path("/proc/sys/user/max_user_namespaces")
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
DEBIAN_SWITCH = Path("/proc/sys/kernel/unprivileged_userns_clone")


def find_bubblewrap(search_path: str, avoid: Iterable[Path] = ()) -> Path | None:
    """The first `bwrap` on `search_path` (as `PATH` has it) that is fit; None where there is none.

    Directories below `avoid` are passed over: the store, since an environment puts its programs in front and must not
    choose who guards the builds (FAULTS O-08). One that is set-id, belongs to a third user, can be written by others,
    or is too old is passed over too: devenv has its own then.
    """
    for directory in search_path.split(os.pathsep):
        place = Path(directory) / NAME
        if not place.is_absolute() or not os.access(place, os.X_OK):
            continue
        program = place.resolve()
        if not any(program.is_relative_to(each) for each in avoid) and _is_safe(program) and _is_new(program):
            return program
    return None


def _is_safe(program: Path) -> bool:
    status = program.stat()
    mine = status.st_uid in {0, os.getuid()}
    return mine and stat.S_ISREG(status.st_mode) and not status.st_mode & (stat.S_ISUID | stat.S_ISGID | 0o022)


def _is_new(program: Path) -> bool:
    try:
        text = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_SECONDS,
            env={},
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    match = re.search(r"([0-9]+)\.([0-9]+)", text)
    return match is not None and (int(match[1]), int(match[2])) >= OLDEST


def start_failure(program: Path, said: tuple[str, ...], status: int) -> BuildError:
    """The error for a bubblewrap that did not start its command."""
    return BuildError(
        "no sandbox can be made here, and nothing is built without one",
        hint=diagnose(said),
        details=(f"`{program}` ended with status {status}", *said),
        slug="sandbox-unavailable",
    )


def diagnose(said: Iterable[str]) -> str:
    """What to change, by what the kernel says of itself and by what bubblewrap `said`."""
    text = "\n".join(said)
    if _reads(USER_NAMESPACES, "0"):
        return "user namespaces are switched off: `sysctl user.max_user_namespaces=15000` as root allows them"
    if _reads(DEBIAN_SWITCH, "0"):
        return "user namespaces are for root only: `sysctl kernel.unprivileged_userns_clone=1` as root allows them"
    if _reads(APPARMOR, "1") and os.getuid() != 0:
        return (
            "AppArmor restricts user namespaces: `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root "
            "allows them, or a profile for `bwrap` with `userns,` in it"
        )
    if "mount proc" in text:
        return (
            "this container does not let `/proc` be mounted: run it with `--security-opt systempaths=unconfined`, or "
            "build outside of it"
        )
    if any(Path(each).exists() for each in ("/.dockerenv", "/run/.containerenv")):
        return (
            "this container forbids user namespaces: run it with `--security-opt seccomp=unconfined "
            "--security-opt systempaths=unconfined`, or build outside of it"
        )
    return "try `bwrap --unshare-all --unshare-user --ro-bind / / true`; what it says is what to change"


def _reads(path: Path, value: str) -> bool:
    try:
        return path.read_text().strip() == value
    except OSError:
        return False
