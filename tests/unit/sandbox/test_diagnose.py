"""What is said where no sandbox can be made: which setting, by what the kernel and bubblewrap say (J-15)."""

from __future__ import annotations

from pathlib import Path

import pytest

from devenv.sandbox import find
from devenv.sandbox.find import diagnose, start_failure

REFUSED = ("bwrap: No permissions to create new namespace, likely because the kernel does not allow it",)
NO_PROC = ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted",)
NO_SOURCE = ("bwrap: Can't find source path /cache/procps_4.0.orig.tar.xz: No such file or directory",)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kernel that forbids nothing."""
    for name, value in (("USER_NAMESPACES", "100"), ("DEBIAN_SWITCH", "1"), ("APPARMOR", "0")):
        (tmp_path / name).write_text(f"{value}\n")
        monkeypatch.setattr(find, name, tmp_path / name)
    monkeypatch.setattr("os.getuid", lambda: 1000)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("USER_NAMESPACES", "0", "user.max_user_namespaces"),
        ("DEBIAN_SWITCH", "0", "kernel.unprivileged_userns_clone"),
        ("APPARMOR", "1", "apparmor_restrict_unprivileged_userns"),
    ],
)
def test_setting_is_named(kernel: Path, name: str, value: str, said: str) -> None:
    """The setting that forbids it, and the command that changes it."""
    (kernel / name).write_text(value)
    assert said in diagnose(REFUSED)


def test_proc(kernel: Path) -> None:
    """A container that hides parts of `/proc`; a package that has the word in its name is none."""
    assert "systempaths=unconfined" in diagnose(NO_PROC)
    assert "does not let `/proc` be mounted" not in diagnose(NO_SOURCE)


def test_nothing_is_known(kernel: Path) -> None:
    """Where nothing is known it is said how to find out; files that are not there are no reason."""
    for name in ("USER_NAMESPACES", "DEBIAN_SWITCH", "APPARMOR"):
        (kernel / name).unlink()
    assert "bwrap --unshare-all" in diagnose(REFUSED) or "seccomp=unconfined" in diagnose(REFUSED)


def test_error(kernel: Path) -> None:
    """The error has what bubblewrap said, its status, and the next step."""
    error = start_failure(Path("/usr/bin/bwrap"), REFUSED, 1)
    assert (error.slug, error.exit_code) == ("sandbox-unavailable", 12)
    assert REFUSED[0] in error.details
    assert "status 1" in error.details[0]
    assert error.hint
