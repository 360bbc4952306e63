"""Runs git so that neither a repository nor the machine has a say in what it does (FAULTS H-04, H-05, H-10).

Of the user's and the system's configuration git gets what leads to credentials and servers (`credential.*`, `http.*`),
read once and handed on in the environment, which other users cannot see, and nothing else. One protocol is allowed, for
git and for all that it starts. Values from outside stand behind `--`.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devenv.errors import FetchError

QUESTION_LIMIT = 60
"""Seconds for what asks no server."""
FETCH_LIMIT = 900
"""Seconds for what does."""
OUTPUT_LIMIT = 16 << 20
"""Bytes of an answer that is taken as a whole: the refs of a large repository."""
REASON_LIMIT = 2000
OLDEST = (2, 32)
"""The first git that can be told to read no configuration of the user."""

PASSED = (
    "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "KRB5CCNAME",
    "SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSH_COMMAND", "GIT_SSH",
    "GNUPGHOME", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
)  # fmt: skip
"""What of the user's environment leads git, ssh and credential helpers to servers, and nothing that names code of a
project: the environment is the user's own, without any project's."""

USER_KEYS = re.compile(r"(?:credential|http)\..+")

OPTIONS = (
    ("core.attributesFile", "/dev/null"),
    ("core.fsmonitor", ""),
    ("core.hooksPath", "/dev/null"),
    ("core.logAllRefUpdates", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("protocol.allow", "never"),
    ("protocol.version", "2"),
    ("submodule.recurse", "false"),
)

NEUTRAL: Mapping[str, str] = {
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
"""What keeps configuration, replacements and questions away from git, whatever it is asked."""
FIXED = {**NEUTRAL, "GIT_ASKPASS": ""}

PASSWORD = re.compile(r"(?<=://)[^/@\s'\"]{1,500}@")


@dataclass(frozen=True, slots=True)
class Git:
    """The program, and the environment that it sees."""

    program: Path
    environment: Mapping[str, str]
    protocol: str
    """The one that is allowed: `https`, `ssh` or `file`."""

    def run(self, directory: Path, *words: str, limit: int = QUESTION_LIMIT) -> bytes:
        """What git prints, run on the bare repository `directory`. Raises FetchError (`git-fetch-failed`)."""
        with self.open(directory, *words, limit=limit) as process:
            assert process.stdout is not None
            output = process.stdout.read(OUTPUT_LIMIT + 1)
            if len(output) > OUTPUT_LIMIT:
                raise FetchError("git answered with far more than was asked for", slug="git-fetch-failed")
        return output

    @contextmanager
    def open(self, directory: Path, *words: str, limit: int = QUESTION_LIMIT) -> Iterator[subprocess.Popen[bytes]]:
        """A running git, whose output is to be read to its end; killed where that is not done, or takes too long.

        Raises FetchError (`git-fetch-failed`) with what git said where it fails.
        """
        options = [word for name, value in self._options() for word in ("-c", f"{name}={value}")]
        command = [str(self.program), *options, f"--git-dir={directory}", *words]
        with tempfile.TemporaryFile() as complaints:
            process = _start(command, self.environment, complaints)
            late = threading.Event()

            def end() -> None:
                late.set()
                process.kill()

            timer = threading.Timer(limit, end)
            timer.daemon = True
            timer.start()
            finished = False
            try:
                yield process
                finished = True
            finally:
                timer.cancel()
                if process.stdin is not None:
                    process.stdin.close()
                if not finished:
                    process.kill()
                assert process.stdout is not None
                process.stdout.close()
                status = process.wait()
            if status != 0:
                reason = f"it took more than {limit} seconds" if late.is_set() else _read_reason(complaints)
                raise FetchError(
                    "git could not do what was asked of it",
                    details=tuple(reason.splitlines()[-8:]),
                    slug="git-fetch-failed",
                    transient=late.is_set(),
                )

    def _options(self) -> Iterator[tuple[str, str]]:
        yield from OPTIONS
        yield f"protocol.{self.protocol}.allow", "always"


def find_git(environ: Mapping[str, str], project: Path | None = None) -> Path | None:
    """The git on the `PATH` of `environ`, which is without any project's environment; none that lies in `project`."""
    for directory in environ.get("PATH", os.defpath).split(os.pathsep):
        program = Path(directory, "git")
        if not program.is_absolute() or not os.access(program, os.X_OK):
            continue
        if project is None or not _resolve(program).is_relative_to(project):
            return program
    return None


def _resolve(path: Path) -> Path:
    try:
        return path.parent.resolve() / path.name
    except (OSError, RuntimeError):
        return path


def open_git(environ: Mapping[str, str], protocol: str, project: Path | None = None) -> Git:
    """Git for one protocol, with the user's credentials where that asks servers.

    Raises FetchError (`git-missing`, `git-too-old`).
    """
    program = find_git(environ, project)
    if program is None:
        raise FetchError(
            "an input is a git repository, but there is no git on `PATH`", hint="install git", slug="git-fetch-missing"
        )
    _require_recent(program)
    passed = {name: environ[name] for name in PASSED if name in environ}
    path = os.pathsep.join(word for word in (environ.get("PATH", ""), os.defpath) if word)
    fixed = {**FIXED, "PATH": path, "GIT_ALLOW_PROTOCOL": protocol}
    if "GIT_SSH_COMMAND" not in passed and "GIT_SSH" not in passed:
        # Nobody is there to answer a question.
        fixed["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes"
    carried = _read_user_options(program, environ) if protocol != "file" else []
    return Git(program, {**passed, **fixed, **_as_environment(carried)}, protocol)


def _require_recent(program: Path) -> None:
    text = _ask([str(program), "version"], {"PATH": os.defpath, "LC_ALL": "C"})
    found = re.match(rb"git version ([0-9]{1,4})\.([0-9]{1,4})", text)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        raise FetchError(
            f"`{program}` is older than git {OLDEST[0]}.{OLDEST[1]}, which inputs need",
            hint="install a newer git",
            slug="git-too-old",
        )


def _read_user_options(program: Path, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the user's and the system's configuration say of credentials and servers, in their order."""
    seen = {name: environ[name] for name in (*PASSED, "XDG_CONFIG_HOME", "PATH") if name in environ}
    options = []
    for scope in ("--system", "--global"):
        text = _ask([str(program), "config", scope, "--includes", "-z", "--list"], {**seen, "LC_ALL": "C"})
        for entry in text.decode(errors="surrogateescape").split("\0"):
            name, _, value = entry.partition("\n")
            if USER_KEYS.fullmatch(name):
                options.append((name, value))
    return options


def _as_environment(options: Sequence[tuple[str, str]]) -> dict[str, str]:
    pairs = {"GIT_CONFIG_COUNT": str(len(options))} if options else {}
    for number, (name, value) in enumerate(options):
        pairs |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return pairs


def _ask(command: list[str], environment: Mapping[str, str]) -> bytes:
    """The first megabyte of what a program prints that needs no repository; nothing where it fails."""
    try:
        done = subprocess.run(
            command,
            cwd="/",
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=QUESTION_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout[: 1 << 20]


def _start(command: list[str], environment: Mapping[str, str], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd="/",
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
    except OSError as error:
        raise FetchError(f"`{command[0]}` cannot be run: {error.strerror}", slug="git-fetch-failed") from error


def _read_reason(complaints: IO[bytes]) -> str:
    complaints.seek(0, os.SEEK_END)
    complaints.seek(max(0, complaints.tell() - REASON_LIMIT))
    text = complaints.read(REASON_LIMIT).decode(errors="replace")
    printable = "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
    return PASSWORD.sub("", printable).strip()
