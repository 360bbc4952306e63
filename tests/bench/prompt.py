"""What the hooks cost interactive shells, against direnv's and mise's: at prompts, going out and in, and at the start.

Prompts are evaluated inside one process of the shell (`prompt.<shell>`), so that its start does not count; the
processes that a prompt starts are counted from outside, with strace.
"""

from __future__ import annotations

import functools
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.activation.state import active_path
from devenv.fsutil import make_private_directory
from tests.bench.measure import Pairs, measure_pairs, measure_process
from tests.bench.report import Row, compare
from tests.bench.workbench import Workbench, require_peer

STARTED = re.compile(r"^\d+ +(?:clone|clone3|fork|vfork)\((?!.*CLONE_THREAD)", re.MULTILINE)
"""A line of strace by which a process starts another one."""
LOOKED = re.compile(r"^\d+ +\w+\(", re.MULTILINE)
TRACED_PROMPTS = 50
SLOW_LOOK = 10_000
"""Microseconds, as on a home directory behind a slow network."""
SLOW_PROMPTS = 5
DEPTH = 40
KNOWN_PROJECTS = 200
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
    outside: Path
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
        return self._count_at_prompts("process", STARTED)

    def count_looks(self) -> float:
        """How often a prompt asks the system about a file."""
        return self._count_at_prompts("%file", LOOKED)

    def measure_slow(self) -> float:
        """Seconds of a prompt where each look at a file takes `SLOW_LOOK` longer."""
        delay = ["-e", f"inject=%file:delay_enter={SLOW_LOOK}"]
        none, some = (self._traced(prompts, 1, "%file", *delay)[0] for prompts in (0, SLOW_PROMPTS))
        return (some - none) / (2 * SLOW_PROMPTS)

    def measure_start(self) -> float:
        """Seconds by which a new shell starts later, for its hook."""
        with_hook, without = (self._start(line) for line in (self._rc_line, ""))
        return with_hook - without

    def _command(self, prompts: int, switches: int) -> list[str]:
        script = Path(__file__).with_name(f"prompt.{self.shell}")
        places = [str(script), str(self.hook), str(self.inside), str(self.outside)]
        return [require_peer(self.shell), *SHELLS[self.shell], *places, str(prompts), str(switches)]

    def _count_at_prompts(self, calls: str, pattern: re.Pattern[str]) -> float:
        counts = [len(pattern.findall(self._traced(prompts, 1, calls)[1])) for prompts in (0, TRACED_PROMPTS)]
        return (counts[1] - counts[0]) / (2 * TRACED_PROMPTS)

    def _traced(self, prompts: int, switches: int, calls: str, *options: str) -> tuple[float, str]:
        """How many seconds the shell took under strace, and what strace saw of these calls."""
        with tempfile.NamedTemporaryFile("r") as trace:
            tracer = [require_peer("strace"), "-f", "-qq", "-e", f"trace={calls}", *options, "-o", trace.name]
            started = time.perf_counter()
            self.bench.user.run([*tracer, *self._command(prompts, switches)])
            return time.perf_counter() - started, trace.read()

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
            return min(measure_process(command, self.outside, environ).seconds for _ in range(STARTS))


def measure_prompt(bench: Workbench) -> Iterator[Row]:
    """Rows of the prompt, of leaving and entering, and of new shells, for each shell and each peer."""
    places = {"devenv": bench.project, "direnv": bench.direnv_project(), "mise": bench.mise_project()}
    for shell in SHELLS:
        ours, *peers = _make_hooked(bench, shell, places, bench.outside)
        for theirs in peers:
            yield from _compare(ours, theirs)


def measure_depth(bench: Workbench) -> Iterator[Row]:
    """Rows of prompts 40 levels deep, with 200 projects known, where each look at a file takes 10 ms."""
    known = bench.user.home / "known"
    for number in range(KNOWN_PROJECTS):
        make_private_directory(active_path(bench.user.settings, known / f"project{number}"))
    places = {"devenv": bench.project, "direnv": bench.direnv_project(), "mise": bench.mise_project()}
    deep = {tool: _deepen(place) for tool, place in places.items()}
    for shell in SHELLS:
        ours, *peers = _make_hooked(bench, shell, deep, _deepen(known))
        looks, slow = ours.count_looks(), ours.measure_slow()
        for theirs in peers:
            what = f"{shell}: looks at files of a prompt, {DEPTH} levels deep"
            yield Row(what, "", looks, "", theirs.tool, theirs.count_looks())
        yield Row(f"{shell}: such a prompt on a slow disk (10 ms a look)", "ms", slow * 1000, "")


def _make_hooked(bench: Workbench, shell: str, places: Mapping[str, Path], outside: Path) -> list[Hooked]:
    """devenv's hook, and the peers'."""
    commands = {
        "devenv": (*bench.user.command, "hook", shell),
        "direnv": (require_peer("direnv"), "hook", shell),
        "mise": (require_peer("mise"), "activate", shell),
    }
    counts = {"devenv": (5000, 500)}
    return [
        Hooked(bench, shell, tool, command, places[tool], outside, *counts.get(tool, (40, 5)))
        for tool, command in commands.items()
    ]


def _deepen(place: Path) -> Path:
    """A directory below `place`, 40 levels below the root."""
    deep = place.joinpath(*("d" for _ in range(DEPTH - len(place.parts) + 1)))
    deep.mkdir(parents=True, exist_ok=True)
    return deep


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
