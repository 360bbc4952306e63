"""The shell in a failed build: as closed as the build was, though a person sits at it (J-02, J-08, J-17)."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest

from devenv.errors import BuildError
from devenv.sandbox.model import SandboxRequest
from tests.sandboxes import Workshop

PROGRAM = """
import pickle, sys
from pathlib import Path
from devenv.sandbox.shell import open_shell
open_shell(Path(sys.argv[1]), pickle.loads(Path(sys.argv[2]).read_bytes()))
"""


def test_shell_is_as_closed_as_the_build(workshop: Workshop, tmp_path: Path) -> None:
    """It has neither the person's variables nor their keyring, network or terminal (J-08, J-10, J-17)."""
    seen: list[str] = []

    def debug(request: SandboxRequest, program: Path, error: BuildError) -> None:
        import pickle

        (tmp_path / "request").write_bytes(pickle.dumps(request))
        child = pexpect.spawn(
            sys.executable,
            ["-c", PROGRAM, str(program), str(tmp_path / "request")],
            env={**os.environ, "SECRET_TOKEN": "open-sesame"},
            cwd=str(Path(__file__).parents[3]),
            timeout=20,
        )
        child.expect("build:.*[$] ")
        for line in (
            "tr '\\0' '\\n' < /proc/1/environ; env; echo E''ND",
            'perl -e \'syscall(250, 0, -3, 0); print "keyctl ", $!+0, "\\n"; socket(S, 40, 1, 0); print "vsock ", $!+0, "\\n"\'; echo E\'\'ND',
            "cat /build/left; ls /sys /home; echo E''ND",
        ):
            child.sendline(line)
            child.expect("\r\nEND\r\n")
            seen.append(str(child.before))
        child.sendline("exit")
        child.expect(pexpect.EOF)

    options = replace(workshop.options, debug=debug)
    from devenv.build.realize import realize
    from tests.scripts import no_artifacts

    with pytest.raises(BuildError):
        realize(
            workshop.store, [workshop.derive("echo from the build > /build/left; exit 1")], no_artifacts, print, options
        )
    environment, calls, files = seen
    assert "open-sesame" not in environment
    assert "SOURCE_DATE_EPOCH" in environment
    assert "keyctl 38" in calls
    assert "vsock 97" in calls
    assert "from the build" in files
    assert subprocess.run(["true"], check=True).returncode == 0
