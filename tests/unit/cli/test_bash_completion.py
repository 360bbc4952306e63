"""Words as bash breaks them, and as they were typed."""

from __future__ import annotations

import pytest
from click.shell_completion import CompletionItem

from devenv.cli import devenv_command
from devenv.cli.bash_completion import WholeWordBashComplete, join_words


@pytest.mark.parametrize(("broken", "whole"), [
    ([""], [""]),
    (["add", "nod"], ["add", "nod"]),
    (["add", "debian", ":", "hto"], ["add", "debian:hto"]),
    (["add", "debian", ":"], ["add", "debian:"]),
    (["add", "debian", ":", "htop", "nodejs", "@", "24", ""], ["add", "debian:htop", "nodejs@24", ""]),
    (["add", "debian", ":", "bookworm/x", "@", "1"], ["add", "debian:bookworm/x@1"]),
])  # fmt: skip
def test_broken_words_are_joined(broken: list[str], whole: list[str]) -> None:
    """A package that is asked for with its set or its version is one word, whatever bash makes of it."""
    assert join_words(broken) == whole


@pytest.mark.parametrize(("words", "value", "put"), [
    ("devenv add debian : hto", "debian:htop", "htop"),
    ("devenv add debian :", "debian:trixie/", "trixie/"),
    ("devenv add no", "nodejs", "nodejs"),
])  # fmt: skip
def test_what_is_in_the_line_is_not_put_again(
    words: str, value: str, put: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """bash replaces what stands behind the last break only."""
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    completing = WholeWordBashComplete(devenv_command, {}, "devenv", "X")
    completing.get_completion_args()
    assert completing.format_completion(CompletionItem(value)) == f"plain,{put}"
