"""Kinds of arguments that several verbs take."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Any

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


class NamedPath(click.Path):
    """A path. An empty one is refused: it would mean the working directory, and comes of a variable that is not set."""

    def __init__(self, *, file_okay: bool = True) -> None:
        super().__init__(path_type=Path, file_okay=file_okay)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click does."""
        if not os.fspath(value):
            self.fail("it is empty; the working directory is '.'", param, ctx)
        return super().convert(value, param, ctx)


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

        from devenv.errors import DevenvError
        from devenv.settings import read_settings
        from devenv.workflow.names import iter_base_names, iter_debian_names

        names = [*iter_base_names(incomplete)]
        if self._with_debian:
            # As above.
            with contextlib.suppress(DevenvError):
                names += iter_debian_names(read_settings(), incomplete)
        return [CompletionItem(name) for name in names]


class ManifestPackage(click.ParamType[str]):
    """A package that the manifest has; completed from that."""

    name = "NAME"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Names alone."""
        del ctx, param
        from click.shell_completion import CompletionItem

        from devenv.cli.command import here
        from devenv.errors import DevenvError
        from devenv.workflow.names import iter_manifest_names

        try:
            return [CompletionItem(name) for name in iter_manifest_names(here(), incomplete)]
        except DevenvError:
            # As above.
            return []


DURATION, SIZE, OBJECT = Duration(), Size(), ObjectName()
PATH, DIRECTORY = NamedPath(), NamedPath(file_okay=False)
PACKAGE, BASE_PACKAGE = PackageName(with_debian=True), PackageName(with_debian=False)
MANIFEST_PACKAGE = ManifestPackage()
