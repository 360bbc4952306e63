"""The lines in startup files: put in once, found again, and taken out without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from devenv.activation.startup_files import (
    MARK,
    find_evaluation,
    format_reading,
    has_reading,
    put_reading,
    startup_path,
    take_reading,
)
from devenv.errors import UsageError

HOME = Path("/home/me")
LINES = format_reading("bash", HOME / ".local/state/devenv/hooks/hook.bash", HOME)
OTHER = format_reading("bash", Path("/state of mine/hook.bash"), HOME)

CONTENTS = st.one_of(
    st.none(),
    st.binary(max_size=60),
    st.lists(
        st.sampled_from([b"PS1=x", b"# >>> devenv hook", b"\r", b"", b"\n", b"\xff", b" # <<< devenv hook <<<"])
    ).map(b"\n".join),
)
"""What startup files hold: anything, and what looks like our marks without being them."""


@given(CONTENTS)
@example(None)
@example(b"")
@example(b"\n")
@example(b"PS1=x")
@example(b"PS1=x\n\n")
def test_there_and_back(content: bytes | None) -> None:
    """Issue 6: taking the lines out restores the very bytes, be they text or not, and that there was no file."""
    assume(not MARK.search(content or b""))
    changed = put_reading(content, LINES, "x")
    assert changed.startswith(content or b"")
    assert LINES in changed
    assert has_reading(changed)
    assert take_reading(changed, "x") == content


@given(CONTENTS)
def test_once(content: bytes | None) -> None:
    """Putting them in again changes nothing, and other lines take the place of those that were there."""
    assume(not MARK.search(content or b""))
    changed = put_reading(content, LINES, "x")
    assert put_reading(changed, LINES, "x") == changed
    moved = put_reading(changed, OTHER, "x")
    assert (LINES in moved, OTHER in moved) == (False, True)
    assert take_reading(moved, "x") == content


@given(CONTENTS, st.binary(max_size=20), st.binary(max_size=20))
def test_what_the_user_changes_meanwhile_stays(content: bytes | None, before: bytes, after: bytes) -> None:
    """What was written around the lines in the meantime is kept as it is."""
    assume(not MARK.search(content or b""))
    assume(not MARK.search(before + b"\n" + after))
    changed = before + b"\n" + put_reading(content, LINES, "x") + after + b"\n"
    taken = take_reading(changed, "x")
    assert taken is not None
    assert taken.startswith(before + b"\n" + (content or b""))
    assert taken.endswith(after + b"\n")
    assert not has_reading(taken)


def test_appending_behind_a_line_without_an_end() -> None:
    """Whoever appends a line to a file whose own last line had no end gets a line, there and afterwards."""
    changed = put_reading(b"one", LINES, "x") + b"two\n"
    assert take_reading(changed, "x") == b"one\ntwo\n"


@pytest.mark.parametrize(
    "content",
    [
        b"# >>> devenv hook >>>\n",
        b"# <<< devenv hook <<<\n",
        b"# <<< devenv hook <<<\n# >>> devenv hook >>>\n",
        put_reading(b"", LINES, "x") * 2,
        put_reading(b"", b"# >>> devenv hook >>>\n", "x"),
        b"# >>> devenv hook, of another kind >>>\n# <<< devenv hook <<<\n",
    ],
)
def test_marks_that_do_not_fit(content: bytes) -> None:
    """A file in which nobody knows which lines are ours is not touched."""
    with pytest.raises(UsageError) as raised:
        put_reading(content, LINES, "x")
    assert raised.value.slug == "startup-file-unclear"
    with pytest.raises(UsageError):
        take_reading(content, "x")


def test_places() -> None:
    """Shells are told where they look themselves: ZDOTDIR and XDG_CONFIG_HOME count, unless they say nothing."""
    assert startup_path("bash", HOME, {"ZDOTDIR": "/z"}) == HOME / ".bashrc"
    assert startup_path("zsh", HOME, {}) == HOME / ".zshrc"
    assert startup_path("zsh", HOME, {"ZDOTDIR": "/z"}) == Path("/z/.zshrc")
    assert startup_path("zsh", HOME, {"ZDOTDIR": ""}) == HOME / ".zshrc"
    assert startup_path("fish", HOME, {}) == HOME / ".config/fish/conf.d/devenv.fish"
    assert startup_path("fish", HOME, {"XDG_CONFIG_HOME": "/c"}) == Path("/c/fish/conf.d/devenv.fish")


def test_home_is_whose_it_is() -> None:
    """Root who reads another's startup file reads no hook of theirs; elsewhere than at home the path stands whole."""
    assert b"/home/me" not in LINES
    assert b"'/state of mine/hook.bash'" in OTHER


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'PS1=x\neval "$(devenv hook bash)"\n', 2),
        (b"\n\n  source <(/opt/devenv  hook zsh)", 3),
        (b"devenv hook fish | source\n", 1),
        (b'# eval "$(devenv hook bash)"\n', None),
        (b"devenv hooks bash\n", None),
        (put_reading(b"", LINES, "x"), None),
        (None, None),
    ],
)
def test_line_that_starts_the_program(content: bytes | None, line: int | None) -> None:
    """A line from before, which costs a start of Python, is noticed."""
    assert find_evaluation(content) == line
