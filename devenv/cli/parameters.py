"""Kinds of arguments that several verbs take."""

from __future__ import annotations

import re

import click

DURATION_PATTERN = re.compile(r"([0-9]{1,6})([smhdw])")
SECONDS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60, "w": 7 * 24 * 60 * 60}


class Duration(click.ParamType[float]):
    """`30d` → seconds."""

    name = "DURATION"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """A number with `s`, `m`, `h`, `d` or `w` behind it."""
        match = DURATION_PATTERN.fullmatch(str(value))
        if match is None:
            self.fail(f"'{value}' is no duration such as 30d, 12h or 2w", param, ctx)
        return float(int(match[1]) * SECONDS[match[2]])


class Size(click.ParamType[int]):
    """`10G` → bytes."""

    name = "SIZE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """As `devenv.sizes` reads sizes."""
        from devenv.sizes import parse_size

        try:
            return parse_size(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class ObjectName(click.ParamType[str]):
    """What people call an object of the store (`devenv.store.names`); completed from those that are there."""

    name = "PATH"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Names without digests; with a slash it is a path, which the shell completes itself."""
        del ctx, param
        from click.shell_completion import CompletionItem

        from devenv.errors import DevenvError
        from devenv.settings import read_settings
        from devenv.store.names import list_names

        if "/" in incomplete:
            return [CompletionItem(incomplete, type="file")]
        try:
            names = list_names(read_settings().base)
        except DevenvError:
            # Whoever completes gets no words about settings; the verb itself has them.
            return []
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


class PackageName(click.ParamType[str]):
    """A package as it is asked for; completed from `builtin:base`, and `with_debian` from the suites kept here."""

    name = "NAME"

    def __init__(self, *, with_debian: bool) -> None:
        self._with_debian = with_debian

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Names without versions."""
        del ctx, param
        from click.shell_completion import CompletionItem

        from devenv.debian.suites import DEBIAN
        from devenv.errors import DevenvError
        from devenv.settings import read_settings
        from devenv.workflow.names import iter_base_names, iter_debian_names

        if not incomplete.startswith(DEBIAN):
            return [CompletionItem(name) for name in iter_base_names(incomplete)]
        try:
            names = [*iter_debian_names(read_settings(), incomplete)] if self._with_debian else []
        except DevenvError:
            # As above.
            return []
        return [CompletionItem(name) for name in names]


DURATION, SIZE, OBJECT = Duration(), Size(), ObjectName()
PACKAGE, BASE_PACKAGE = PackageName(with_debian=True), PackageName(with_debian=False)
