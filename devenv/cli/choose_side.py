"""Asks at the terminal which side of a lock is to be taken."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from devenv.lock.merge import Contradiction, Side


def can_ask() -> bool:
    """Whether somebody sits there."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_sides() -> Callable[[Contradiction], Side]:
    """Asks about one contradiction after the other; a capital letter answers all that follow."""
    from devenv.ui.terminal import make_visible

    settled: list[Side] = []

    def choose(contradiction: Contradiction) -> Side:
        if settled:
            return settled[0]
        before = "" if contradiction.base is None else f" (before: {make_visible(contradiction.base)})"
        click.echo(f"{make_visible(contradiction.name)} is locked in two ways{before}", err=True)
        click.echo(f"  o  ours    {make_visible(contradiction.ours)}", err=True)
        click.echo(f"  t  theirs  {make_visible(contradiction.theirs)}", err=True)
        answer = click.prompt(
            "which one? (O, T: for all that follow)", type=click.Choice(["o", "t", "O", "T"]), err=True
        )
        side: Side = "ours" if answer in {"o", "O"} else "theirs"
        if answer in {"O", "T"}:
            settled.append(side)
        return side

    return choose
