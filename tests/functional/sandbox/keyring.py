"""Runs in a process with a key in its session keyring: looks for it outside, then from within a sandbox."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from devenv.sandbox.model import Limits, Mount, SandboxRequest, kernel_secrets
from devenv.sandbox.supervise import Supervision, run_sandboxed

NUMBERS = {"x86_64": (248, 249, 250), "aarch64": (217, 218, 219)}
READ = 11

SEARCH = r"""
echo control
cat /proc/keys /proc/key-users
perl -e '
    my ($add, $request, $control) = @ARGV[0 .. 2];
    my $buffer = "\0" x 64;
    syscall($control, READ, $ARGV[3] + 0, $buffer, 64, 0);
    print "read: errno ", $! + 0, " $buffer\n";
    $! = 0; my ($type, $name) = ("user", "devenv-secret");
    my $found = syscall($request, $type, $name, 0, -3);
    print "found $found: errno ", $! + 0, "\n";
' "$@"
"""


def main(key: int) -> None:
    """Print what a script in the sandbox finds of the key."""
    program, sysroot = map(Path, sys.argv[1:3])
    numbers = NUMBERS[os.uname().machine]
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "log")
        request = SandboxRequest(
            command=("/usr/bin/bash", "-c", SEARCH.replace("READ", str(READ)), "search", *map(str, (*numbers, key))),
            sysroot=sysroot,
            root={each.name: os.readlink(each) if each.is_symlink() else None for each in sysroot.iterdir()},
            mounts=(Mount(Path(directory), "/build", writable=True),),
            environment={"PATH": "/usr/bin"},
            directory="/build",
            hidden=kernel_secrets(),
        )
        run_sandboxed(request, Supervision(program, Limits(seconds=20), log, lambda: None, lambda _: None))
        sys.stdout.write(log.read_text(errors="replace"))
