"""`devenv hook --install` and `--uninstall`, on the startup files of a user."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from devenv.activation.hook import format_hook
from devenv.activation.hook_files import hook_path
from tests.functional.workflow.command import User

RC = b'PS1=x\nalias l="ls -l"'
"""Its last line has no end."""


@pytest.fixture
def rc(user: User) -> Path:
    """The user's own `~/.bashrc`."""
    path = user.home / ".bashrc"
    path.write_bytes(RC)
    path.chmod(0o640)
    return path


@pytest.fixture
def me(user: User, rc: Path) -> User:
    """A user of bash, with a startup file."""
    return user.having(SHELL="/bin/bash")


def starts_with_hook(user: User, *options: str) -> subprocess.CompletedProcess[str]:
    """What a new bash of the user's says: `function` where the hook is there."""
    return subprocess.run(
        [*options, "bash", "-ic", "type -t __devenv_prompt"],
        check=False,
        env=dict(user.environ),
        capture_output=True,
        text=True,
    )


def test_install_and_undo(me: User, rc: Path) -> None:
    """Issue 6, Deliver 1: one edit that is shown, keeps the mode, is made once, and is undone to the byte."""
    assert starts_with_hook(me).stdout == ""
    said = me.devenv("hook", "--install").text
    assert f"changed {rc}\n" in said
    assert "\n  +if [ -r ~/" in said
    assert stat.S_IMODE(rc.stat().st_mode) == 0o640
    assert starts_with_hook(me).stdout == "function\n"
    once = rc.read_bytes()
    assert me.devenv("hook", "--install").text == f"kept {rc}: it reads the hook\n"
    assert rc.read_bytes() == once
    assert "\n  -if [ -r ~/" in me.devenv("hook", "--uninstall").text
    assert rc.read_bytes() == RC
    assert stat.S_IMODE(rc.stat().st_mode) == 0o640
    assert not hook_path(me.settings, "bash").exists()
    assert me.devenv("hook", "--uninstall").text == "no startup file reads a hook\n"
    assert me.unfinished() == []


def test_dry_run(me: User, rc: Path) -> None:
    """`--dry-run` shows what would be done, there and back, and does nothing."""
    [file] = me.report("hook", "--install", "--dry-run")["files"]
    assert (file["changed"], file["shell"]) == (True, "bash")
    assert rc.read_bytes() == RC
    assert not hook_path(me.settings, "bash").exists()
    me.devenv("hook", "--install")
    installed = rc.read_bytes()
    assert "would change" in me.devenv("hook", "--uninstall", "--dry-run").text
    assert rc.read_bytes() == installed
    assert hook_path(me.settings, "bash").exists()


def test_no_file_yet(user: User) -> None:
    """A startup file that was made for the hook goes with it."""
    path = user.home / ".bashrc"
    user.devenv("hook", "--install", "bash")
    assert path.exists()
    user.devenv("hook", "--uninstall", "bash")
    assert not path.exists()


def test_link_to_dotfiles(me: User, rc: Path) -> None:
    """Dotfiles that are managed by symbolic links: the file itself is edited, the link stays, and that is said."""
    real = me.home / "dotfiles" / "bashrc"
    real.parent.mkdir()
    rc.rename(real)
    rc.symlink_to("dotfiles/bashrc")
    assert f"changed {rc} (leads to {real})\n" in me.devenv("hook", "--install").text
    assert os.readlink(rc) == "dotfiles/bashrc"
    assert starts_with_hook(me).stdout == "function\n"
    me.devenv("hook", "--uninstall")
    assert (os.readlink(rc), real.read_bytes()) == ("dotfiles/bashrc", RC)


def test_new_shell_starts_nothing(me: User) -> None:
    """Issue 6: a new shell with the installed hook starts no program, and no Python."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not here: install it with the system's package manager")
    me.devenv("hook", "--install")
    log = me.home / "trace"
    done = starts_with_hook(me, strace, "-f", "-e", "trace=execve,fork,vfork,clone,clone3", "-o", str(log))
    assert done.stdout == "function\n"
    calls = [line for line in log.read_text().splitlines() if "execve(" in line or "fork(" in line or "clone" in line]
    assert len(calls) == 1, calls


def test_devenv_is_gone(me: User, rc: Path) -> None:
    """L-11: without the hook's file the lines do nothing and say nothing, also where people set `-eu`."""
    me.devenv("hook", "--install")
    hook_path(me.settings, "bash").unlink()
    rc.write_bytes(b"set -eu\n" + rc.read_bytes())
    done = starts_with_hook(me)
    assert (done.stdout, "devenv" in done.stderr) == ("", False)
    script = subprocess.run(
        ["bash", "--norc", "-euc", f". {rc}; echo $?"],
        check=False,
        env=dict(me.environ),
        capture_output=True,
        text=True,
    )
    assert (script.stdout, script.stderr) == ("0\n", "")


def test_with_options(me: User, rc: Path) -> None:
    """S-04: the hook is read under `set -euo pipefail`."""
    rc.write_bytes(b"set -euo pipefail\n")
    me.devenv("hook", "--install")
    assert starts_with_hook(me).stdout == "function\n"


def test_renewed(me: User) -> None:
    """Who updates devenv has the new hook after the next activation, calling the program that is there."""
    me.devenv("hook", "--install")
    path = hook_path(me.settings, "bash")
    right = path.read_bytes()
    path.write_bytes(b"# an older hook\n")
    me.project("api", "just").devenv("reload")
    assert path.read_bytes() == right
    assert right == format_hook("bash", me.settings, Path(os.readlink(path.parent / "program")))
    me.devenv("hook", "--uninstall")
    me.at("api").devenv("reload")
    assert not path.exists()


def test_evaluated_already(me: User, rc: Path) -> None:
    """A startup file that evaluates the hook at each start is told which line to take out."""
    rc.write_bytes(b'\neval "$(devenv hook bash)"\n')
    assert "note: line 2 runs `devenv hook` at every start" in me.devenv("hook", "--install").text


def test_refused(me: User, rc: Path) -> None:
    """What is no file of the user's stays as it is, and one sentence says why."""
    rc.write_bytes(b"# >>> devenv hook >>>\n")
    assert me.failure("hook", "--install")["slug"] == "startup-file-unclear"
    rc.unlink()
    os.mkfifo(rc)
    assert me.failure("hook", "--install")["slug"] == "startup-file-refused"
    rc.unlink()
    rc.symlink_to("missing/bashrc")
    (me.home / "missing").write_bytes(b"")
    assert me.failure("hook", "--install")["slug"] == "startup-file-refused"
    if os.geteuid() == 0:
        rc.unlink()
        rc.write_bytes(RC)
        os.chown(rc, 12345, 12345)
        assert "belongs to another user" in me.failure("hook", "--install")["message"]
        assert rc.read_bytes() == RC


def test_which_shell(user: User) -> None:
    """Without a name it is the user's own shell; one that is not known is told as such."""
    assert user.failure("hook", "--install")["slug"] == "shell-unknown"
    assert user.having(SHELL="/bin/tcsh").failure("hook", "--install")["slug"] == "shell-unknown"
    assert user.call("hook").status == 2
    assert user.call("hook", "bash", "--dry-run").status == 2
    assert user.call("hook", "--install", "--uninstall").status == 2
