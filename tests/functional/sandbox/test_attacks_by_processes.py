"""Build scripts that do not end when they should, or take more than they should (J-04, J-05, J-09)."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from devenv.sandbox import watch
from tests.sandboxes import Workshop

MARK = "devenv-test-left-behind"


def living(mark: str) -> list[int]:
    """The processes of this machine that have a word among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


DAEMON = f"""
mkdir $out
echo before > $out/file
(
    setsid perl -e '$0 = "{MARK}"; $SIG{{$_}} = "IGNORE" for qw(TERM HUP INT QUIT PIPE); open(my $it, ">>", "$ENV{{out}}/file");
      $it->autoflush(1); open(my $mark, ">", "$ENV{{out}}/ready"); close $mark; while (1) {{ print $it "after\\n"; }}' {MARK} </dev/null &
) &
until [[ -e $out/ready ]]; do :; done
"""


def test_daemon_is_gone(workshop: Workshop) -> None:
    """What a script leaves running, deaf to signals and in a session of its own, is dead before outputs are read; a
    descriptor that it kept open is of no use (J-04, J-05)."""
    path = workshop.build(DAEMON) / "file"
    content = path.read_bytes()
    assert living(MARK) == []
    assert path.read_bytes() == content
    assert content.startswith(b"before\nafter\n")
    assert path.stat().st_nlink <= 2


def test_daemon_of_a_failed_build(workshop: Workshop) -> None:
    """Nor does it outlive a build that fails (J-04)."""
    assert workshop.fail(DAEMON + "exit 3").slug == "build-failed"
    assert living(MARK) == []


def test_daemon_that_keeps_the_output_open(workshop: Workshop) -> None:
    """A background process that holds standard output does not keep the build from ending (J-04)."""
    began = time.monotonic()
    workshop.build("sleep 1000 & echo made > $out")
    assert time.monotonic() - began < 5


def test_descriptor_and_mapping_of_the_output(workshop: Workshop) -> None:
    """Outputs are written anew: they share no inode with what the script wrote (J-05)."""
    derivation = workshop.derive("echo content > $out; ln $out $out.link; stat -c %i $out")
    path = workshop.build(derivation)
    assert workshop.log(derivation).decode().strip() not in {"", str(path.stat().st_ino)}
    assert not path.with_name(f"{path.name}.link").exists()


@pytest.mark.parametrize("script", ["sleep 1000", "exec >&- 2>&-; sleep 1000", "while :; do :; done"])
def test_endless(workshop: Workshop, script: str) -> None:
    """A script that never ends is stopped in time, also where it closes its output or keeps a processor busy (J-09)."""
    began = time.monotonic()
    error = workshop.limited(seconds=1.0).fail(script)
    assert error.slug == "build-timeout"
    assert "1 s" in error.message
    assert time.monotonic() - began < 4


def test_closed_output_is_no_end(workshop: Workshop) -> None:
    """A script that closes its output may go on, and its result counts (J-09)."""
    path = workshop.build("exec >&- 2>&-; sleep 0.4; echo made > $out")
    assert path.read_text() == "made\n"


def test_silence(workshop: Workshop) -> None:
    """A script that says nothing for long is stopped; one that speaks from time to time is not (J-09)."""
    quiet = workshop.limited(silence=0.8)
    assert quiet.fail("echo begun; sleep 1000").slug == "build-silent"
    assert quiet.build("for i in 1 2 3 4; do echo $i; sleep 0.4; done; echo made > $out").read_text() == "made\n"


def test_log_flood(workshop: Workshop) -> None:
    """A log has an end, at exactly as many bytes as it may have (J-09)."""
    derivation = workshop.derive("yes flood")
    assert workshop.limited(log_bytes=1 << 20).fail(derivation).slug == "build-log-too-long"
    assert len(workshop.log(derivation)) == 1 << 20


def test_long_log_at_the_end(workshop: Workshop) -> None:
    """All that was said is in the log though the script ended at once and the pipe is full (J-09)."""
    derivation = workshop.derive("head -c 300000 /dev/zero; echo; echo last; echo made > $out")
    workshop.build(derivation)
    assert workshop.log(derivation).endswith(b"\0\nlast\n")
    assert len(workshop.log(derivation)) == 300006


def test_fork_bomb(workshop: Workshop) -> None:
    """A script that starts ever more processes is stopped, and all of them end with it (J-09)."""
    error = workshop.limited(processes=60).fail(
        f'bomb() {{ bomb {MARK} | bomb {MARK} & }}; bash -c "$(declare -f bomb); bomb; sleep 3" {MARK}; exit 1'
    )
    assert error.slug in {"build-too-many-processes", "build-failed"}
    assert os.getuid() != 0 or error.slug == "build-too-many-processes"
    assert living(MARK) == []


def test_memory_hog(workshop: Workshop) -> None:
    """A script whose processes together take more memory than they may is stopped (J-09)."""
    hog = "for i in 1 2 3; do perl -e '$x = \"x\" x (50 << 20); sleep 30' & done; wait"
    assert workshop.limited(memory=120 << 20).fail(hog).slug == "build-out-of-memory"


def test_hog_of_nameless_files(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory in files without a name belongs to no process; a build that takes what others need is stopped (J-09)."""
    # Four gigabytes at most, so that other processes which end meanwhile do not make room for all of it.
    monkeypatch.setattr(watch, "FREE_BYTES", watch._available_memory() - (200 << 20))
    hog = r"""
perl -e 'my $name = "x"; my $it = syscall(__MACHINE__, $name, 0); open(my $file, ">&=", $it) or die $!;
  for (1 .. 400) { print $file "x" x (10 << 20); select(undef, undef, undef, 0.02) } sleep 30'
"""
    number = {"x86_64": 319, "aarch64": 279}[os.uname().machine]
    with monkeypatch.context() as context:
        context.setattr(
            os, "statvfs", lambda _: os.statvfs_result((4096, 4096, 1 << 40, 1 << 40, 1 << 40, 0, 0, 0, 0, 255))
        )
        assert workshop.fail(hog.replace("__MACHINE__", str(number))).slug == "build-out-of-memory"


def test_shared_memory_has_an_end(workshop: Workshop) -> None:
    """`/dev/shm` is memory too: it holds no more than it was given (J-09)."""
    path = workshop.build("head -c 1G /dev/zero > /dev/shm/x || echo refused > $out; stat -c %s /dev/shm/x >> $out")
    refused, size = path.read_text().split()
    assert refused == "refused"
    assert int(size) <= 256 << 20


def test_large_file(workshop: Workshop) -> None:
    """One file cannot take the whole disk (J-09)."""
    error = workshop.limited(file_bytes=1 << 20).fail("head -c 2M /dev/zero > /build/large")
    assert error.slug == "build-failed"
    assert "SIGXFSZ" in error.message or "status" in error.message


def test_limits_that_the_kernel_keeps(workshop: Workshop) -> None:
    """No memory images are left, and the number of open files is the same on every machine (J-09, J-18)."""
    path = workshop.limited(processes=321, file_bytes=1 << 30).build(
        "(ulimit -c; ulimit -Hc; ulimit -n; ulimit -u; ulimit -f) > $out"
    )
    core, hard_core, files, processes, size = path.read_text().split()
    assert (core, hard_core, files, processes) == ("0", "0", "1024", "321")
    assert int(size) * 1024 == 1 << 30


def test_memory_goes_to_others_first(workshop: Workshop) -> None:
    """Where the machine's memory ends, the kernel ends a build before anything else, whatever it does (J-09)."""
    script = "echo 0 2>/dev/null > /proc/self/oom_score_adj || true; cat /proc/self/oom_score_adj > $out"
    assert workshop.build(script).read_text() == "1000\n"
    assert Path("/proc/self/oom_score_adj").read_text() != "1000\n"
