"""Build scripts that attack what they may read, and what they may not: the outcome is looked at from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devenv.derivation.model import Derivation
from devenv.errors import BuildError
from devenv.sandbox.model import Mount
from tests.fsck import unchanged
from tests.sandboxes import PRELUDE, Workshop
from tests.trees import Script

CONTROL = "try control true\n"
"""What succeeds: were it missing, nothing would have been tried."""


@pytest.fixture
def precious(workshop: Workshop) -> Derivation:
    """An input."""
    return workshop.add({b"file": b"precious", b"directory": {b"tool": Script(b"#!/bin/sh\n")}}, "precious")


def test_inputs_stay_as_they_are(workshop: Workshop, precious: Derivation) -> None:
    """Inputs cannot be written, renamed, deleted, given other modes or times, or linked into the output (J-01)."""
    script = (
        CONTROL
        + """
try write dd if=/dev/zero of=$input_i0/file count=1
try append bash -c 'echo x >> $input_i0/file'
try create touch $input_i0/new
try mode chmod u+w $input_i0/file
try mode-of-directory chmod 777 $input_i0
try times touch -d 2001-01-01 $input_i0/file
try delete rm -rf $input_i0
try delete-link unlink $input_i0/file
try rename mv $input_i0 $input_i0.old
try rename-over mv -T $out $input_i0
try hard-link ln $input_i0/file $out/file
try system touch /usr/bin/new
try system-mode chmod u+w /usr/bin/cat
try script dd if=/dev/null of=/script
"""
    )
    with unchanged(workshop.object_of(precious)), unchanged(workshop.object_of(workshop.sysroot)):
        assert workshop.attack(script, precious) == ["control"]


def test_nothing_is_mounted_again(workshop: Workshop, precious: Derivation) -> None:
    """Nobody inside mounts, not in another namespace either, and there is no way to get one (J-01)."""
    script = (
        CONTROL
        + """
try remount mount -o remount,bind,rw $input_i0
try unmount umount $input_i0
try bind mount --bind $out $input_i0
try namespace unshare -Ur true
try mount-namespace unshare -m true
try namespace-and-remount unshare -Urm mount -o remount,bind,rw $input_i0
try raw-unshare perl -e 'exit(syscall(272, 0x10000000) == 0 ? 0 : 1)'
try raw-chroot perl -e 'exit(chroot("/build") ? 0 : 1)'
try allow-namespaces bash -c 'echo 100 > /proc/sys/user/max_user_namespaces'
"""
    )
    assert workshop.attack(script, precious) == ["control"]


def test_nothing_of_the_host_is_seen(workshop: Workshop, home: Path, tmp_path: Path) -> None:
    """Home directory, passwords, `/tmp`, `/run`, `/sys`, other processes and their roots are not there (J-02)."""
    secret = home / ".ssh" / "id_ed25519"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("secret")
    outside = subprocess.Popen(["sleep", "60"])
    try:
        script = (
            CONTROL
            + f"""
for place in {secret} {home}/.ssh {tmp_path} /etc/shadow /etc/passwd- /root /run /run/user /var /sys /mnt /home \\
  /boot /opt /srv /usr/share /dev/kvm /dev/mem /dev/kmsg /dev/fuse /dev/net/tun /dev/sda /dev/vda /oldroot; do
    try $place test -e $place
done
try secret-through-init cat /proc/1/root{secret}
try secret-through-parent cat /proc/$PPID/root{secret} /proc/$PPID/cwd/../{secret}
try secret-by-descriptor bash -c 'cat /proc/[0-9]*/fd/[3-9]*'
try other-process test -e /proc/{outside.pid}/root
try signal kill -0 {outside.pid}
try signal-all kill -9 -{os.getpgrp()}
echo $(ls -d /proc/[0-9]*) | wc -w > $out/processes
ls / > $out/root
ls -A {workshop.store.root} > $out/store
"""
        )
        with unchanged(home, [workshop.settings.base]):
            found = workshop.build(workshop.derive(PRELUDE + script))
        assert (found / "did").read_text().split() == ["control"]
        assert int((found / "processes").read_text()) <= 6
        assert "oldroot" not in (found / "root").read_text()
        assert (found / "store").read_text().split() == [found.name]
        assert outside.poll() is None
    finally:
        outside.kill()
        outside.wait()


def test_kernel_settings(workshop: Workshop) -> None:
    """Nothing in `/proc` can be written: who builds as root is root to the kernel's settings even so (J-01, J-17)."""
    script = (
        CONTROL
        + """
for file in $(find /proc/sys /proc/sysrq-trigger /proc/irq /proc/fs /proc/bus /proc/driver -type f) /proc/1/* /proc/*; do
    if [[ -f $file ]]; then try $file eval ": >> $file"; fi
done
try settings bash -c 'echo 1 > /proc/sys/vm/swappiness'
try core-pattern bash -c 'echo "|/bin/true" > /proc/sys/kernel/core_pattern'
try adjust bash -c 'echo -1000 > /proc/self/oom_score_adj'
"""
    )
    assert workshop.attack(script) == ["control"]


def test_root_is_as_small_as_said(workshop: Workshop) -> None:
    """Of devices there are those that everybody has, `/` and `/dev` cannot be written, places to write are (J-17)."""
    script = (
        CONTROL
        + """
try root touch /new
try device touch /dev/new
try node mknod /build/node c 1 5
try raw-node perl -e 'exit(syscall(133, "/build/mem", 020600, 0x101) == 0 ? 0 : 1)'
try build touch /build/new
try temporary touch /tmp/new
try shared-memory touch /dev/shm/new
ls /dev | tr '\\n' ' ' > $out/devices
"""
    )
    found = workshop.build(workshop.derive(PRELUDE + script))
    assert (found / "did").read_text().split() == ["control", "build", "temporary", "shared-memory"]
    known = "core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero"
    assert (found / "devices").read_text().split() == known.split()


def test_shared_memory_is_private(workshop: Workshop) -> None:
    """What a build leaves in shared memory, `/tmp` and queues is gone; that of the host is not seen (J-17)."""
    name = Path(f"/dev/shm/devenv-test-{os.getpid()}")
    name.write_text("host")
    try:
        script = CONTROL + f"try host test -e {name}\ntouch /dev/shm/left /tmp/left /build/left\n"
        assert workshop.attack(script) == ["control"]
        again = workshop.attack(CONTROL + "try left ls /dev/shm/left || ls /tmp/left || ls /build/left\n")
        assert again == ["control"]
        assert not Path("/dev/shm/left").exists()
    finally:
        name.unlink()


KEYRING = r"""
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
ADD_KEY, KEYCTL = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]
JOIN, SESSION = 1, -3
libc.syscall(KEYCTL, JOIN, b"devenv-test", 0, 0, 0)
key = libc.syscall(ADD_KEY, b"user", b"devenv-secret", b"sesame", 6, SESSION)
assert key > 0, os.strerror(ctypes.get_errno())
from tests.functional.sandbox.keyring import main
main(key)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="keyrings are Linux'")
def test_keyring_of_the_session(workshop: Workshop) -> None:
    """A key that its user keeps in the session keyring cannot be read or found, nor its name be seen (J-17)."""
    if os.uname().machine not in {"x86_64", "aarch64"}:
        pytest.skip("numbers of system calls are known for two machines")
    command = [sys.executable, "-c", KEYRING, str(workshop.bubblewrap), str(workshop.object_of(workshop.sysroot))]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3], timeout=30
    )
    assert done.returncode == 0, done.stderr
    inside = done.stdout
    assert "control" in inside
    assert "sesame" not in inside
    assert "devenv-secret" not in inside
    assert "errno 38" in inside


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/",
        "relative",
        "/a/../b",
        "/..",
        "/a/./b",
        "/a//b",
        "/a/",
        "//a",
        "/dev",
        "/dev/kvm",
        "/proc",
        "/proc/1",
        "/a\0b",
    ],
)
def test_places_that_escape(target: str) -> None:
    """What is mounted has one spelling, within the root, and hides nothing that the sandbox made (J-14)."""
    with pytest.raises(BuildError) as caught:
        Mount(Path("/tmp"), target)
    assert caught.value.slug == "mount-invalid"
