"""Completion in bash, which takes `debian:htop` and `nodejs@24` for several words (`COMP_WORDBREAKS`)."""

from __future__ import annotations

import re

from click.shell_completion import BashComplete, CompletionItem, add_completion_class

BREAKS = re.compile(r"[:@]+")
"""What bash breaks words at, of the characters that arguments of ours hold."""


@add_completion_class
class WholeWordBashComplete(BashComplete):
    """As click's, but with words as they were typed. What stands before the last break is in the line already."""

    _typed = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and that one so far."""
        args, incomplete = super().get_completion_args()
        *words, word = join_words([*args, incomplete])
        self._typed = word[: max((match.end() for match in BREAKS.finditer(word)), default=0)]
        return words, word

    def format_completion(self, item: CompletionItem) -> str:
        """What bash is to put behind the last break."""
        return f"{item.type},{item.value.removeprefix(self._typed)}"


def join_words(words: list[str]) -> list[str]:
    """The words with those joined that bash broke: `debian`, `:`, `htop` are one."""
    joined: list[str] = []
    for position, word in enumerate(words):
        follows = position > 0 and (BREAKS.fullmatch(word) or BREAKS.fullmatch(words[position - 1]))
        if follows:
            joined[-1] += word
        else:
            joined.append(word)
    return joined
