"""What the hooks cost interactive shells, against direnv's and mise's: at prompts, going out and in, and at the start.

Prompts are evaluated inside one process of the shell (`prompt.<shell>`), so that its start does not count; the
processes that a prompt starts are counted from outside, with strace.
"""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Pairs, measure_pairs, measure_process
from tests.bench.report import Row, compare
from tests.bench.workbench import Workbench, require_peer

STARTED = re.compile(r"^\d+ +(?:clone|clone3|fork|vfork)\((?!.*CLONE_THREAD)", re.MULTILINE)
"""A line of strace by which a process starts another one."""
TRACED_PROMPTS = 50
STARTS = 10
"""How many new shells one measurement starts, with the hook and without."""

SHELLS: Mapping[str, tuple[str, ...]] = {
    "bash": ("--noprofile", "--norc", "-i"),
    "zsh": ("-f", "-i"),
    "fish": ("--no-config", "-i"),
}
"""Shells → how one is started that reads a script as if it were typed, and nothing of the user's."""

AIMS = {"bash": ("0.02 ms", "0.3 ms"), "zsh": ("0.02 ms", "0.3 ms"), "fish": ("0.2 ms", "2 ms")}
"""Of a prompt, and of leaving and entering."""


@dataclass(frozen=True)
class Hooked:
    """A tool's hook in a shell, the directory in which it sets something, and how often one measurement calls it."""

    bench: Workbench
    shell: str
    tool: str
    hook_command: tuple[str, ...]
    inside: Path
    prompts: int
    switches: int

    @functools.cached_property
    def hook(self) -> Path:
        """What the shell reads at its start, in a file."""
        path = self.bench.user.home / f"{self.tool}-hook.{self.shell}"
        path.write_text(self.bench.user.run(self.hook_command))
        return path

    def measure(self) -> tuple[float, float, float]:
        """Seconds of a prompt inside, of one outside, of leaving and entering."""
        output = self.bench.user.run(self._command(self.prompts, self.switches))
        inside, outside, switching = (int(line) / 1e6 for line in output.split())
        return inside / self.prompts, outside / self.prompts, switching / self.switches

    def count_processes(self) -> float:
        """Processes that a prompt starts."""
        none, some = (self._count_started(prompts) for prompts in (0, TRACED_PROMPTS))
        return (some - none) / (2 * TRACED_PROMPTS)

    def measure_start(self) -> float:
        """Seconds by which a new shell starts later, for its hook."""
        with_hook, without = (self._start(line) for line in (self._rc_line, ""))
        return with_hook - without

    def _command(self, prompts: int, switches: int) -> list[str]:
        script = Path(__file__).with_name(f"prompt.{self.shell}")
        places = [str(script), str(self.hook), str(self.inside), str(self.bench.outside)]
        return [require_peer(self.shell), *SHELLS[self.shell], *places, str(prompts), str(switches)]

    def _count_started(self, prompts: int) -> int:
        with tempfile.NamedTemporaryFile("r") as trace:
            tracer = [require_peer("strace"), "-f", "-qq", "-e", "trace=process", "-o", trace.name]
            self.bench.user.run([*tracer, *self._command(prompts, 1)])
            return len(STARTED.findall(trace.read()))

    @property
    def _rc_line(self) -> str:
        """As the tool's own documentation has it: devenv's hook is a file, the others' are asked for."""
        if self.tool == "devenv":
            return f"source {self.hook}\n"
        command = " ".join(self.hook_command)
        return f"{command} | source\n" if self.shell == "fish" else f'eval "$({command})"\n'

    def _start(self, rc_line: str) -> float:
        with tempfile.TemporaryDirectory(dir=self.bench.user.home) as directory:
            for name in (".bashrc", ".zshrc", "fish/config.fish"):
                path = Path(directory) / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(rc_line)
            environ = self.bench.user.environ | {"ZDOTDIR": directory, "XDG_CONFIG_HOME": directory}
            options = ["--noprofile", "--rcfile", f"{directory}/.bashrc"] if self.shell == "bash" else []
            command = [require_peer(self.shell), *options, "-i", "-c", "exit"]
            return min(measure_process(command, self.bench.outside, environ).seconds for _ in range(STARTS))


def measure_prompt(bench: Workbench) -> Iterator[Row]:
    """Rows of the prompt, of leaving and entering, and of new shells, for each shell and each peer."""
    for shell in SHELLS:
        hook = (*bench.user.command, "hook", shell)
        ours = Hooked(bench, shell, "devenv", hook, bench.project, 5000, 500)
        peers = (
            Hooked(bench, shell, "direnv", (require_peer("direnv"), "hook", shell), bench.direnv_project(), 40, 5),
            Hooked(bench, shell, "mise", (require_peer("mise"), "activate", shell), bench.mise_project(), 40, 5),
        )
        for theirs in peers:
            yield from _compare(ours, theirs)


def _compare(ours: Hooked, theirs: Hooked) -> Iterator[Row]:
    prompt, switch = AIMS[ours.shell]
    pairs = ours.bench.pairs
    measured = measure_pairs(ours.measure, theirs.measure, pairs)
    rows = {"prompt inside a project": prompt, "prompt outside": prompt, "leave and enter": switch}
    for number, (what, aim) in enumerate(rows.items()):
        values = Pairs(tuple((our[number], their[number]) for our, their in measured))
        yield compare(f"{ours.shell}: {what}", values, theirs.tool, aim)
    starts = Pairs(measure_pairs(ours.measure_start, theirs.measure_start, pairs))
    yield compare(f"{ours.shell}: what a new shell takes longer", starts, theirs.tool, "1 ms")
    counts = ours.count_processes(), theirs.count_processes()
    yield Row(f"{ours.shell}: processes that a prompt starts", "", counts[0], "0", theirs.tool, counts[1])
