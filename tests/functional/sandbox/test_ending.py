"""Builds that are killed, interrupted or asked to end, and what is left of them (A-01, A-02, A-11)."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import sys
import time
import uuid
from pathlib import Path

import pytest

from devenv.events import ignore
from devenv.store.collection import CollectionRequest, Roots, collect
from devenv.store.store import Store, iter_abandoned
from tests.functional.sandbox.processes import Driver, Scripts, driving, living, sandbox_of, wait_until
from tests.sandboxes import Workshop


def endless(mark: str) -> Scripts:
    """A script that does not end, nor does a daemon of it; both have the mark among their arguments."""
    script = f"""
mkdir -p $out/a/b /build/x; echo half > $out/file; chmod 0500 $out/a
(trap '' TERM INT HUP; setsid perl -e 'sleep 1000' {mark}) </dev/null >/dev/null 2>&1 &
echo begun
exec perl -e 'sleep 1000' {mark}
"""
    return [(f"endless-{mark}", script, [])]


def new_mark() -> str:
    """A word that no other process has among its arguments."""
    return f"devenv-test-{uuid.uuid4().hex}"


def begun(workshop: Workshop, driver: Driver, mark: str) -> None:
    """Wait until the script and its daemon run."""
    wait_until(lambda: len(living(mark)) >= 2)
    wait_until(lambda: workshop.log(driver.target))


def unfinished(workshop: Workshop) -> list[str]:
    """Directories of builds, finished or not, that lie in the store."""
    return [str(file) for each in workshop.store.root.glob(".tmp-*") for file in (each, *each.rglob("*"))]


def locks(workshop: Workshop) -> list[str]:
    """The lock files of the store."""
    return os.listdir(workshop.store.layout.locks)


def build_quickly(workshop: Workshop, name: str) -> Path:
    """Another build, by a process that has just begun as far as leftovers go."""
    with Store(workshop.settings) as store:
        for path in iter_abandoned(store.root, store.layout.locks):
            assert path.exists()
            break
    with Store(workshop.settings) as store:
        from dataclasses import replace

        return replace(workshop, store=store).build(workshop.derive("echo x > $out", name))


@pytest.mark.parametrize("by", ["build", "collection"])
def test_killed_tool(workshop: Workshop, tmp_path: Path, by: str) -> None:
    """`kill -9` of devenv ends all that it runs, nothing counts, and the next build or collection tidies up (A-01)."""
    mark = new_mark()
    with driving(workshop, endless(mark), tmp_path) as driver:
        begun(workshop, driver, mark)
        driver.process.kill()
        driver.process.wait()
        wait_until(lambda: not living(mark))
        assert workshop.store.find_realisation(driver.target.key, "out") is None
        assert unfinished(workshop)
        if by == "build":
            build_quickly(workshop, "after-kill")
        else:
            with Store(workshop.settings) as store:
                everything = frozenset(store.database.read_graph())
                collect(store, CollectionRequest(lambda: Roots(everything)), ignore)
        assert unfinished(workshop) == []
    # The same derivation again, which ends this time as it is stopped.
    assert workshop.limited(seconds=0.5).fail(driver.target).slug == "build-timeout"
    assert locks(workshop) == []


@pytest.mark.parametrize("delay", [0.0, 0.002, 0.005, 0.012])
def test_killed_tool_at_the_start(workshop: Workshop, tmp_path: Path, delay: float) -> None:
    """Nothing lives on either where devenv is killed while bubblewrap starts (A-01)."""
    mark = new_mark()
    with driving(workshop, endless(mark), tmp_path) as driver:
        wait_until(lambda: unfinished(workshop))
        time.sleep(delay)
        driver.process.kill()
        driver.process.wait()
        time.sleep(0.1)
        wait_until(lambda: not living(mark))
    build_quickly(workshop, f"after-start-{int(delay * 1000)}")
    assert unfinished(workshop) == []


@pytest.mark.parametrize("which", [0, 1])
def test_killed_sandbox(workshop: Workshop, tmp_path: Path, which: int) -> None:
    """`kill -9` of bubblewrap, or of the first process inside: an error that names the signal; the log stays (A-02)."""
    mark = new_mark()
    with driving(workshop, endless(mark), tmp_path) as driver:
        begun(workshop, driver, mark)
        os.kill(sandbox_of(driver)[which], signal.SIGKILL)
        result = driver.result()
    assert result["slug"] == "build-failed"
    assert "SIGKILL" in result["message"]
    assert workshop.log(driver.target).startswith(b"begun")
    assert living(mark) == []
    assert unfinished(workshop) == []
    assert workshop.store.find_realisation(driver.target.key, "out") is None


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["INT", "TERM", "HUP"],
)
def test_asked_to_end(workshop: Workshop, tmp_path: Path, number: signal.Signals, status: int) -> None:
    """Ctrl-C, SIGTERM and SIGHUP end a build in order: children gone, locks given back, nothing left behind (A-11)."""
    mark = new_mark()
    with driving(workshop, endless(mark), tmp_path) as driver:
        begun(workshop, driver, mark)
        began = time.monotonic()
        driver.process.send_signal(number)
        assert driver.end() == (status, "")
        assert time.monotonic() - began < 3
    assert living(mark) == []
    assert unfinished(workshop) == []
    assert locks(workshop) == []
    assert workshop.log(driver.target).startswith(b"begun")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_asked_twice(workshop: Workshop, tmp_path: Path, number: signal.Signals) -> None:
    """Who asks twice in a row gets an end as well, and nothing lives on (A-11)."""
    mark = new_mark()
    with driving(workshop, endless(mark), tmp_path) as driver:
        begun(workshop, driver, mark)
        driver.process.send_signal(number)
        time.sleep(0.02)
        driver.process.send_signal(number)
        _, errors = driver.process.communicate(timeout=10)
        assert driver.process.returncode in {128 + number, -number}, errors
    wait_until(lambda: not living(mark))
    build_quickly(workshop, f"after-{number.name}")
    assert unfinished(workshop) == []


def test_whole_group_is_interrupted(workshop: Workshop, tmp_path: Path) -> None:
    """Ctrl-C reaches all of a terminal's processes but the build, which devenv stops itself (A-11)."""
    mark = new_mark()
    with driving(workshop, endless(mark), tmp_path, start_new_session=True) as driver:
        begun(workshop, driver, mark)
        outer, _ = sandbox_of(driver)
        assert os.getpgid(outer) != os.getpgid(driver.process.pid)
        os.killpg(driver.process.pid, signal.SIGINT)
        assert driver.end()[0] == 130
    assert living(mark) == []


def test_closed_terminal(workshop: Workshop, tmp_path: Path) -> None:
    """A terminal that is closed ends what is built in it, though nobody can be told any more (A-11)."""
    mark = new_mark()
    outer, inner = pty.openpty()
    streams = {"stdout": inner, "stderr": inner}
    program = "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(1, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    with driving(workshop, endless(mark), tmp_path, sys.executable, "-c", program, **streams) as driver:
        os.close(inner)
        begun(workshop, driver, mark)
        os.close(outer)
        assert driver.process.wait(10) == 129
    assert living(mark) == []
    assert unfinished(workshop) == []


def test_ignored_hangup(workshop: Workshop, tmp_path: Path) -> None:
    """Who started devenv with `nohup` wants it to go on (A-11)."""
    scripts: Scripts = [("nohup", "sleep 0.6; echo made > $out", [])]
    with driving(workshop, scripts, tmp_path, "nohup") as driver:
        wait_until(lambda: unfinished(workshop))
        driver.process.send_signal(signal.SIGHUP)
        with contextlib.suppress(OSError):
            assert Path(driver.result()["path"]).read_text() == "made\n"
