"""What the build verbs say: one line a fact, nothing of a build acts on the terminal, progress with last lines."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from devenv.build.again import Rebuilt
from devenv.build.compare import TreeDifference
from devenv.derivation.compare import Difference
from devenv.events import WorkFinished, WorkSaid, WorkStarted
from devenv.store_path import StorePath
from devenv.ui import progress
from devenv.ui.envelope import format_result
from devenv.ui.lines import iter_lines
from devenv.ui.progress import NORMAL, QUIET, ProgressReport
from devenv.ui.terminal import Painter
from devenv.workflow.build_results import (
    BuildResult,
    Built,
    CheckOutcome,
    CheckResult,
    DerivationNode,
    DerivationResult,
    WhyRebuildResult,
)

HOSTILE = "x\nbuilt evil\r\x1b[2J\x9b31m\u202e"
ONE, TWO = StorePath("1" * 32, "app-1.0"), StorePath("2" * 32, "app-1.0")
KEY, OTHER = "blake3:" + "ab" * 32, "blake3:" + "cd" * 32
PROJECT = Path("/home/x/p")


def lines(result: object) -> list[str]:
    shown = list(iter_lines(result, Painter(io.StringIO(), {})))
    assert all("\n" not in line and line.isprintable() for line in shown), shown
    return shown


def test_builds() -> None:
    """What was built and what was there already are told apart, with the link or the object; others on one line too."""
    builds = (Built("app", ONE, KEY, True, PROJECT / "result"), Built("tool", TWO, OTHER, False))
    assert lines(BuildResult(PROJECT, builds)) == [f"built app result → {ONE}", f"kept tool {TWO}"]
    assert len(lines(BuildResult(PROJECT, (Built("app", ONE, KEY, True, PROJECT / HOSTILE),)))) == 1


def test_built_twice() -> None:
    """Two builds that came out alike are said to; where they differ, what differs is shown, up to a dozen."""
    same = Rebuilt("app-1.0", "out", ONE, ONE)
    assert lines(BuildResult(PROJECT, (), (same,))) == ["same app-1.0 came out alike, bit for bit"]
    found = TreeDifference("bin/app", "has another content", 10, 2, "Nov 28", "Nov 29", ("a date",))
    differs = Rebuilt("app-1.0", "dev", ONE, TWO, (found,) * 20)
    shown = lines(BuildResult(PROJECT, (), (differs,)))
    assert shown[:4] == [
        f"differs app-1.0 (dev): {ONE} and {TWO}",
        "  bin/app has another content: 2 bytes, the first at 10 (near it: a date)",
        "    Nov 28",
        "    Nov 29",
    ]
    assert shown[-1] == "  … and 8 more"


def test_hostile_files() -> None:
    """Names and contents of files that a build made are no lines of ours."""
    found = TreeDifference(HOSTILE, "leads elsewhere", first=HOSTILE, second=HOSTILE)
    assert len(lines(BuildResult(PROJECT, (), (Rebuilt(HOSTILE, HOSTILE, ONE, TWO, (found,)),)))) == 4


def test_checks() -> None:
    """A check passed, had passed, or failed with its reason and last lines."""
    checks = (
        CheckOutcome("a", passed=True, fresh=True),
        CheckOutcome("b", passed=True, fresh=False),
        CheckOutcome("c", passed=False, fresh=True, reason="it took longer", last_lines=("the log:", HOSTILE)),
    )
    shown = lines(CheckResult(PROJECT, checks))
    assert shown[:4] == ["passed a", "passed b (on the same content before)", "failed c: it took longer", "  the log:"]
    assert len(shown) == 5


def test_derivation() -> None:
    """The tree of inputs, each with role, first digits of the key, builder, files, and whether it is here."""
    leaf = DerivationNode("sysroot-14", OTHER, "sysroot/1", "sysroot", 2, ONE)
    again = DerivationNode("zlib-1", KEY, "script/1", "tool", 0, None, repeated=True)
    below = DerivationNode("zlib-1", KEY, "script/1", "input", 1, None, (leaf,))
    shown = lines(DerivationResult(DerivationNode("app", KEY, "script/1", None, 0, None, (below, leaf, again)), {}))
    assert shown == [
        "app abababababab (script/1)",
        "├─ input zlib-1 abababababab (script/1, 1 file)",
        "│  └─ sysroot sysroot-14 cdcdcdcdcdcd (sysroot/1, 2 files, in the store)",
        "├─ sysroot sysroot-14 cdcdcdcdcdcd (sysroot/1, 2 files, in the store)",
        "└─ tool zlib-1 abababababab (script/1) (see above)",
        "",
        "`--json` shows all that the key is made of",
    ]
    assert max(map(len, shown)) <= 80


def test_differences() -> None:
    """What differs stands with the way to it, what was and what is; what is long comes line by line."""
    found = (
        Difference((), "the variable A", None, "1"),
        Difference(("zlib", "m4"), "the script", "a\nb", ""),
        Difference((HOSTILE,), HOSTILE, HOSTILE, None),
    )
    shown = lines(WhyRebuildResult(KEY, OTHER, found))
    assert shown[:5] == ["the variable A is new", "  +  1", "zlib → m4: the script differs", "  -  a", "  -  b"]
    assert len(shown) == 5 + 1 + HOSTILE.count("\n") + 1
    assert lines(WhyRebuildResult(KEY, KEY, ())) == ["same abababababab and abababababab do not differ"]


@pytest.mark.parametrize(
    "result",
    [
        BuildResult(PROJECT, (Built("app", ONE, KEY, True, PROJECT / "result"),), (Rebuilt("app", "out", ONE, TWO),)),
        CheckResult(PROJECT, (CheckOutcome("a", passed=True, fresh=True),)),
        DerivationResult(DerivationNode("app", KEY, "script/1", None, 0, ONE), {"name": "app"}),
        WhyRebuildResult(KEY, OTHER, (Difference(("a",), "b", None, "c"),)),
    ],
)
def test_json(result: object) -> None:
    """Programs get the same facts under the names that they have."""
    parsed = json.loads(format_result("verb", result))["result"]
    assert parsed.keys() == asdict(result).keys()  # type: ignore[call-overload]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def draw(stream: io.StringIO, *lines_said: str, verbosity: int = NORMAL) -> str:
    """What is drawn of a build that says some lines."""
    with ProgressReport(stream, {"COLUMNS": "80"}, verbosity) as report:
        report(WorkStarted("building app-1.0", None))
        for line in lines_said:
            report(WorkSaid("building app-1.0", line))
            if report._bars is not None:
                report._bars.refresh()
        report(WorkFinished("building app-1.0"))
    return stream.getvalue()


def test_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that takes long has a line with its name, its last line and for how long it has been running."""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setenv("COLUMNS", "80")
    drawn = draw(Terminal(), "  checking for gcc... yes", HOSTILE, "x" * 5000)
    assert "building app-1.0: checking for gcc... yes" in drawn
    assert "0:00" in drawn
    assert "\x1b[2J" not in drawn
    assert "\x9b" not in drawn
    assert "x" * 100 not in drawn
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1


def test_quick_builds_have_no_bar() -> None:
    """What is done before anybody could read it is a line and nothing that moves."""
    assert draw(Terminal(), "a line") == "\x1b[2mbuilding app-1.0\x1b[0m\n"


@pytest.mark.parametrize(("verbosity", "shown"), [(NORMAL, "building app-1.0\n"), (QUIET, "")])
def test_no_terminal(verbosity: int, shown: str) -> None:
    """In a log of CI stands that something is built, and not what it says."""
    assert draw(io.StringIO(), "a line", verbosity=verbosity) == shown


def test_lines_of_what_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that comes late, or from work that nobody began, draws nothing."""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    stream = Terminal()
    with ProgressReport(stream, {}, NORMAL) as report:
        report(WorkSaid("building app-1.0", "late"))
    assert stream.getvalue() == ""
