"""Runs a command in its sandbox and watches over it: until all its processes are dead, and none of them too long.

bubblewrap waits, before it lets the command begin, until its first process is known here by a descriptor: that cannot
come to mean another process, killing it kills the whole namespace, and it ends after everything in it has ended. Only
then is what was written looked at (FAULTS J-04): bubblewrap itself returns as soon as the command does, while what the
command left behind is still being killed.

bubblewrap's processes die with us only once each of them has asked the kernel for it, and where we are killed before
that, it takes the end of what it waits for as leave to go on. So the command itself waits for a line on its standard
input (`WAIT`), which it gets when all of them have asked (FAULTS A-01).
"""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devenv.errors import BuildError
from devenv.fsutil import NamedErrors
from devenv.sandbox.bubblewrap import bubblewrap_options
from devenv.sandbox.find import start_failure
from devenv.sandbox.model import Ended, Limits, SandboxRequest
from devenv.sandbox.output import BuildOutput
from devenv.sandbox.seccomp import seccomp_filter
from devenv.sandbox.watch import Watch

TICK = 0.1
"""Seconds between two looks at limits and at whether the work is still wanted."""
PIECE_BYTES = 1 << 16
INFO_LIMIT = 4096
NOT_STARTED = 126
"""What a shell says of a program that it cannot execute."""
WAIT = "[ -t 0 ] || read -r _ || exit; exec </dev/null; "
"""What a script that is run here begins with. A person who runs it once more (`shell`) does so at a terminal."""
START_TICK = 0.0002
"""Seconds between two looks at whether the first process has come as far as that."""
START_FAILED = 1
"""bubblewrap's own status where it could not do what it was told."""
NICE = 10
"""Builds give way to whoever works at the machine, and to who watches them: a thousand processes would not let us."""
NO_COMMAND = "bwrap: execvp "
FIRST_TO_GO = 1000
"""The highest `oom_score_adj`: where memory runs out, the build dies and not what somebody works with."""
OPEN_FILES = 1024
"""Programs ask for this number, and some do as much: it is the same everywhere."""
LAST_WORDS = 0.2
"""Seconds that are given to what is still on its way when all processes are dead."""


@dataclass(frozen=True, slots=True)
class Supervision:
    """How a command is run: by which bubblewrap, within what, and who hears of it.

    `check` raises where the work is not wanted any more; `say` is told the last line, from time to time.
    """

    program: Path
    limits: Limits
    log: Path
    check: Callable[[], None]
    say: Callable[[str], None]


def run_sandboxed(request: SandboxRequest, supervision: Supervision) -> Ended:
    """Run the command to its end; its output goes to the log, which is made anew.

    Returns when every process of it is dead. Raises BuildError (`sandbox-unavailable`) where it could not be started,
    and what `check` raises.
    """
    limits = supervision.limits
    # Of all that is written here only the log lies on a disk.
    with NamedErrors(supervision.log), contextlib.ExitStack() as opened:
        output = opened.enter_context(BuildOutput(supervision.log, limits.log_bytes, supervision.say))
        started = opened.enter_context(_started(request, supervision.program))
        init = _find_init(started, supervision, output)
        opened.callback(os.close, init)
        opened.callback(_kill, init)
        _limit(started.init_number, limits)
        started.release(init)
        stopped = _watch(started, supervision, output)
        _kill(init)
        _read_rest(started.output, output)
        status = _status_of(started.process.wait())
        # That there is no such command is not the machine's fault.
        missing = any(line.startswith(NO_COMMAND) for line in output.last_lines)
        if stopped is None and status == START_FAILED and not started.has_run() and not missing:
            raise start_failure(supervision.program, output.last_lines, status)
        reason, slug = stopped if stopped is not None else (None, None)
        return Ended(status, reason, slug, output.last_lines)


@dataclass(slots=True)
class _Started:
    """bubblewrap's process, and the descriptors to it."""

    process: subprocess.Popen[bytes]
    output: int
    info: int
    block: int
    go: int
    init_number: int = 0

    def release(self, init: int) -> None:
        """Let the command begin; `init` is the first process."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.block, b"\n")
            # It asks to die with bubblewrap, and then for its filter, which can be seen.
            while not (_is_filtered(self.init_number) or _wait_readable(init, 0)):
                time.sleep(START_TICK)
            os.write(self.go, b"\n")

    def has_run(self) -> bool:
        """Whether the command was begun at all, once bubblewrap has ended: it tells a status of no other."""
        return b"exit-code" in os.read(self.info, INFO_LIMIT)


@contextlib.contextmanager
def _started(request: SandboxRequest, program: Path) -> Iterator[_Started]:
    with contextlib.ExitStack() as ours, contextlib.ExitStack() as its:
        output, output_in = _open_pipe(ours, its)
        info, info_in = _open_pipe(ours, its)
        block_out, block = _open_pipe(its, ours)
        go_out, go = _open_pipe(its, ours)
        rules = _open_memory(its, seccomp_filter(platform.machine()))
        control = ("--json-status-fd", str(info_in), "--block-fd", str(block_out), "--seccomp", str(rules))
        # Where everybody sees the arguments of a process, they tell nobody of its variables and our directories.
        options = _open_memory(
            its, b"".join(os.fsencode(each) + b"\0" for each in bubblewrap_options(request, control))
        )
        process = _start(
            program,
            [str(program), "--args", str(options), "--", *request.command],
            (go_out, output_in),
            (info_in, block_out, rules, options),
        )
        ours.callback(_end_process, process)
        its.close()
        yield _Started(process, output, info, block, go)


def _open_pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[int, int]:
    """The two ends of a pipe, each closed once, with its stack: another thread may have the number then."""
    out, into = os.pipe2(os.O_CLOEXEC)
    reader.callback(os.close, out)
    writer.callback(os.close, into)
    return out, into


def _end_process(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _start(
    program: Path, command: list[str], standard: tuple[int, int], inherited: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    """`standard`: input, and output for what it says and for its errors."""
    go, output = standard
    try:
        return subprocess.Popen(
            command,
            stdin=go,
            stdout=output,
            stderr=output,
            cwd="/",
            env={},
            pass_fds=inherited,
            # Ctrl-C is for us: the build is stopped in order.
            start_new_session=True,
            umask=0o022,
        )
    except OSError as error:
        raise start_failure(program, (f"it could not be started: {error.strerror}",), NOT_STARTED) from error


def _open_memory(its: contextlib.ExitStack, content: bytes) -> int:
    """A descriptor from which `content` is read."""
    descriptor = os.memfd_create("bubblewrap", os.MFD_CLOEXEC)
    its.callback(os.close, descriptor)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _find_init(started: _Started, supervision: Supervision, output: BuildOutput) -> int:
    """A descriptor of the sandbox's first process. Raises BuildError where there is none."""
    import json

    text = b""
    # One line, which comes before the command begins; that of its end comes later.
    while len(text) < INFO_LIMIT and (piece := os.read(started.info, INFO_LIMIT)):
        text += piece
        with contextlib.suppress(ValueError):
            started.init_number = int(json.loads(text)["child-pid"])
            break
    if started.init_number:
        # It waits for us, so that the number is its own still; unless it was killed.
        with contextlib.suppress(ProcessLookupError):
            return os.pidfd_open(started.init_number)
    _read_rest(started.output, output)
    raise start_failure(supervision.program, output.last_lines, _status_of(started.process.wait()))


def _limit(number: int, limits: Limits) -> None:
    """Limits that the kernel keeps; what the command starts inherits them."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{number}/oom_score_adj").write_text(str(FIRST_TO_GO))
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, number, NICE)
    with contextlib.suppress(ProcessLookupError):
        for kind, value in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, limits.file_bytes),
            (resource.RLIMIT_NPROC, limits.processes),
            (resource.RLIMIT_NOFILE, OPEN_FILES),
        ):
            _, hard = resource.prlimit(number, kind)
            kept = value if hard == resource.RLIM_INFINITY else min(value, hard)
            # More files may be asked for, as on any machine.
            resource.prlimit(number, kind, (kept, hard if kind == resource.RLIMIT_NOFILE else kept))


def _watch(started: _Started, supervision: Supervision, output: BuildOutput) -> tuple[str, str] | None:
    """Read its output until the command has ended, or breaks a limit: then which one, in words and as a slug."""
    watch = Watch(supervision.limits, started.init_number, supervision.log.parent)
    poll = select.poll()
    poll.register(started.output, select.POLLIN)
    outer = os.pidfd_open(started.process.pid)
    try:
        poll.register(outer, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(TICK * 1000)}
            supervision.check()
            if started.output in ready:
                piece = os.read(started.output, PIECE_BYTES)
                if not piece:
                    # Everybody closed it; that is no reason to stop (FAULTS J-09).
                    poll.unregister(started.output)
                elif not output.write(piece):
                    return _full(output, supervision.limits)
            if outer in ready:
                return None
            broken = watch.look(output.spoke)
            if broken is not None:
                return broken
    finally:
        os.close(outer)


def _full(output: BuildOutput, limits: Limits) -> tuple[str, str]:
    if output.disk_full:
        return "it filled the disk", "build-disk-full"
    return f"it wrote more than {limits.log_bytes} bytes to its log", "build-log-too-long"


def _is_filtered(number: int) -> bool:
    """Whether a process has a filter of system calls."""
    with contextlib.suppress(OSError):
        return b"\nSeccomp:\t2\n" in Path(f"/proc/{number}/status").read_bytes()
    return False


def _kill(init: int) -> None:
    """Kill the first process, and so all of them; returns when the last one is dead."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(init, signal.SIGKILL)
    _wait_readable(init, None)


def _wait_readable(descriptor: int, seconds: float | None) -> bool:
    """Not `select`, which knows the first 1,024 descriptors of a process only."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


def _read_rest(descriptor: int, output: BuildOutput) -> None:
    """What was on its way. Nobody who could write is left, but for one that a hostile build gave the pipe to."""
    deadline = time.monotonic() + LAST_WORDS
    while (left := deadline - time.monotonic()) > 0 and _wait_readable(descriptor, left):
        piece = os.read(descriptor, PIECE_BYTES)
        if not piece or not output.write(piece):
            return


def _status_of(returncode: int) -> int:
    """As shells count: 128 and the number where a signal ended it."""
    return returncode if returncode >= 0 else 128 - returncode


def require_sandbox() -> None:
    """Raises BuildError where this system has no sandbox: macOS' own (`sandbox-exec`) would go in here."""
    if platform.system() != "Linux":
        raise BuildError(
            "packages cannot be built on this system yet: its sandbox is not supported",
            hint="build on Linux and bring the result here with `devenv store export` and `import`, or take a package "
            "that is not built from source",
            slug="sandbox-unsupported",
        )
