"""What `devenv run` costs where everything is there, against `direnv exec` and `mise exec`.

One measurement is of several calls in a loop of `sh`, as scripts do it: to start a process from Python takes about as
long as what is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Pairs, measure_pairs, measure_process
from tests.bench.report import Row, compare
from tests.bench.workbench import Workbench, require_peer

CALLS = 20
LOOP = f'for _ in {" ".join(map(str, range(CALLS)))}; do "$@" || exit; done'
AIM = "2.5 ms"


def measure_run(bench: Workbench) -> Iterator[Row]:
    """A program that does nothing, process start included: against peers, and by another `sh` or by Python."""
    project, ours = bench.project, [*bench.user.command, "run", "--", "true"]
    envrc, mise = bench.direnv_project(), bench.mise_project()
    peers = {
        "direnv exec": ([require_peer("direnv"), "exec", str(envrc), "true"], envrc),
        "mise exec": ([require_peer("mise"), "exec", "--", "true"], mise),
        "`true` alone": (["/bin/true"], project),
    }
    for peer, (theirs, directory) in peers.items():
        aim = "" if peer.startswith("`") else AIM
        yield _compare(bench, "run `true` in the environment", (ours, project), (peer, theirs, directory), aim)
    bash = [_posix_bash(bench), bench.user.command[0], "run", "--", "true"]
    plain = ("with this machine's `sh`", ours, project)
    yield _compare(bench, "the same where `sh` is bash", (bash, project), plain, AIM)
    program = [f"{bench.user.command[0]}-main", "run", "--", "true"]
    yield _compare(bench, "the same by the program alone", (program, project), plain, "")


def _compare(
    bench: Workbench, what: str, ours: tuple[list[str], Path], theirs: tuple[str, list[str], Path], aim: str
) -> Row:
    peer, command, directory = theirs
    pairs = measure_pairs(lambda: _measure(bench, *ours), lambda: _measure(bench, command, directory), bench.pairs)
    return compare(what, Pairs(pairs), peer, aim)


def _measure(bench: Workbench, command: list[str], directory: Path) -> float:
    """Seconds of one call."""
    return measure_process(["/bin/sh", "-c", LOOP, "sh", *command], directory, bench.user.environ).seconds / CALLS


def _posix_bash(bench: Workbench) -> str:
    """bash by the name `sh`."""
    link = bench.user.home / "sh"
    if not link.exists():
        link.symlink_to(require_peer("bash"))
    return str(link)
