"""Opens a shell in a sandbox, for a person: as the build ran, in its directory, on a terminal of its own.

The person's terminal is not handed in: whatever runs inside could put characters into it (FAULTS J-08). The shell gets
a new pseudo-terminal, between which and the person's own only bytes pass.
"""

from __future__ import annotations

import os
import platform
import pty
import sys
from dataclasses import replace
from pathlib import Path

from devenv.errors import UsageError
from devenv.sandbox.bubblewrap import bubblewrap_arguments
from devenv.sandbox.model import SandboxRequest
from devenv.sandbox.seccomp import seccomp_filter

EMPTY_ENVIRONMENT = ("/usr/bin/env", "-i")
PROMPT = "build:\\w$ "


def open_shell(program: Path, request: SandboxRequest) -> None:
    """Run an interactive shell as `request` would have run its command, until the person leaves it.

    Raises UsageError (`terminal-missing`) where there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "a shell in the failed build needs a terminal", hint="run it without `--debug`", slug="terminal-missing"
        )
    environment = {**request.environment, "PS1": PROMPT, "TERM": os.environ.get("TERM", "dumb")}
    shell = replace(request, command=(request.command[0], "--norc", "-i"), environment=environment)
    rules = os.memfd_create("seccomp", 0)
    try:
        os.write(rules, seccomp_filter(platform.machine()))
        os.lseek(rules, 0, os.SEEK_SET)
        arguments = bubblewrap_arguments(program, shell, ("--seccomp", str(rules)))
        # The new terminal is its controlling one: with a session of its own there would be none, and no job control.
        # Of the environment nothing comes along: what bubblewrap was started with can be read inside.
        pty.spawn([*EMPTY_ENVIRONMENT, *(each for each in arguments if each != "--new-session")])
    finally:
        os.close(rules)
