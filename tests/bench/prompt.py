"""What the hook costs an interactive bash, against direnv's: at prompts where nothing changes, and going out and in.

Inside one bash process, so that the start of a shell does not count; the processes that a prompt starts are counted
from outside, with strace.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Pairs, measure_pairs
from tests.bench.report import Row, compare
from tests.bench.workbench import Workbench, require_peer

SCRIPT = Path(__file__).with_name("prompt.bash")
STARTED = re.compile(r"^\d+ +(?:clone|clone3|fork|vfork)\((?!.*CLONE_THREAD)", re.MULTILINE)
"""A line of strace by which a process starts another one."""
TRACED_PROMPTS = 50


@dataclass(frozen=True, slots=True)
class Hooked:
    """A hook, the directory in which it sets something, and how often it can be called in about a tenth of a second."""

    bench: Workbench
    hook: Path
    inside: Path
    prompts: int
    switches: int

    def command(self, prompts: int, switches: int) -> list[str]:
        places = [str(SCRIPT), str(self.hook), str(self.inside), str(self.bench.outside)]
        return [require_peer("bash"), "--noprofile", "--norc", "-i", *places, str(prompts), str(switches)]

    def measure(self) -> tuple[float, float, float]:
        """Seconds of a prompt inside, of one outside, of leaving and entering."""
        output = self.bench.user.run(self.command(self.prompts, self.switches))
        inside, outside, switching = (int(line) / 1e6 for line in output.split())
        return inside / self.prompts, outside / self.prompts, switching / self.switches

    def count_processes(self) -> float:
        """Processes that a prompt starts."""
        none, some = (self._count_started(prompts) for prompts in (0, TRACED_PROMPTS))
        return (some - none) / (2 * TRACED_PROMPTS)

    def _count_started(self, prompts: int) -> int:
        with tempfile.NamedTemporaryFile("r") as trace:
            tracer = [require_peer("strace"), "-f", "-qq", "-e", "trace=process", "-o", trace.name]
            self.bench.user.run([*tracer, *self.command(prompts, 1)])
            return len(STARTED.findall(trace.read()))


def measure_prompt(bench: Workbench) -> Iterator[Row]:
    """Rows of the prompt, and of leaving and entering."""
    ours = Hooked(bench, _write_hook(bench, [*bench.user.command, "hook", "bash"]), bench.project, 5000, 1000)
    direnv = require_peer("direnv")
    theirs = Hooked(bench, _write_hook(bench, [direnv, "hook", "bash"]), bench.direnv_project(), 40, 5)
    measured = measure_pairs(ours.measure, theirs.measure, bench.pairs)
    for number, what in enumerate(("prompt inside a project", "prompt outside", "leave and enter")):
        pairs = Pairs(tuple((our[number], their[number]) for our, their in measured))
        yield compare(what, pairs, "direnv", "1/100")
    counts = ours.count_processes(), theirs.count_processes()
    yield Row("processes that a prompt starts", "", counts[0], "0", "direnv", counts[1])


def _write_hook(bench: Workbench, command: list[str]) -> Path:
    path = bench.user.home / f"{Path(command[0]).name}-hook.bash"
    path.write_text(bench.user.run(command))
    return path
