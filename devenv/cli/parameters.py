"""Kinds of arguments that several verbs take."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devenv.durations import parse_duration
from devenv.system import ALL_SYSTEMS, System

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Duration(click.ParamType[float]):
    """`30d` → seconds."""

    name = "DURATION"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """A number with `s`, `m`, `h`, `d` or `w` behind it."""
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Moment(click.ParamType[int]):
    """`2026-11-01`, `2026-11-01T08:00:00Z` or `7d` (so long ago) → seconds since the epoch."""

    name = "DATE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """As `devenv.dates` reads times."""
        from devenv.dates import parse_time

        moment = parse_time(str(value))
        if moment is None:
            import time

            with contextlib.suppress(ValueError):
                moment = int(time.time() - parse_duration(str(value)))
        if moment is None:
            self.fail(f"{str(value)[:40]!r} is no date such as 2026-11-01, and no duration such as 7d", param, ctx)
        return moment


class NamedPath(click.Path):
    """A path. An empty one is refused: it would mean the working directory, and comes of a variable that is not set."""

    def __init__(self, *, file_okay: bool = True) -> None:
        super().__init__(path_type=Path, file_okay=file_okay)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click does."""
        if not os.fspath(value):
            self.fail("it is empty; the working directory is '.'", param, ctx)
        return super().convert(value, param, ctx)


class KnownProjectPath(NamedPath):
    """A project of which something was said; completed from the records, also where it is gone."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Absolute paths where one was begun; else what the shell finds itself."""
        if not incomplete.startswith("/"):
            return super().shell_complete(ctx, param, incomplete)
        from click.shell_completion import CompletionItem

        from devenv.activation.trust import iter_records
        from devenv.errors import DevenvError
        from devenv.settings import read_settings

        found: list[CompletionItem] = []
        with contextlib.suppress(DevenvError):
            paths = (str(record.project) for record in iter_records(read_settings()))
            found = [CompletionItem(path) for path in paths if path.startswith(incomplete) and path.isprintable()]
        return found or super().shell_complete(ctx, param, incomplete)


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


class CompletedName(click.ParamType[str]):
    """A name of something that is looked up when a shell completes it."""

    def iter_candidates(self, incomplete: str) -> Iterator[CompletionItem | str]:
        """What `incomplete` may become. Raises DevenvError, which ends the list."""
        raise NotImplementedError

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The candidates, as far as they can be found."""
        del ctx, param
        from click.shell_completion import CompletionItem

        from devenv.errors import DevenvError

        found: list[CompletionItem] = []
        # Whoever completes gets no words about settings or manifests; the verb itself has them.
        with contextlib.suppress(DevenvError):
            for each in self.iter_candidates(incomplete):
                found.append(CompletionItem(each) if isinstance(each, str) else each)  # noqa: PERF401 - what was found stays
        return found


class ObjectName(CompletedName):
    """What people call an object of the store (`devenv.store.names`); completed from those that are there."""

    name = "PATH"

    def iter_candidates(self, incomplete: str) -> Iterator[CompletionItem | str]:
        """Names without digests; with a slash it is a path, which the shell completes itself."""
        from click.shell_completion import CompletionItem

        from devenv.settings import read_settings
        from devenv.store.names import list_names

        if "/" in incomplete:
            yield CompletionItem(incomplete, type="file")
        else:
            yield from (name for name in list_names(read_settings().base) if name.startswith(incomplete))


class PackageName(CompletedName):
    """A package as it is asked for; completed from devenv's own sets, and `with_debian` from the suites kept here."""

    name = "NAME"

    def __init__(self, *, with_debian: bool) -> None:
        self._with_debian = with_debian

    def iter_candidates(self, incomplete: str) -> Iterator[CompletionItem | str]:
        """Names without versions."""
        from devenv.settings import read_settings
        from devenv.workflow.names import iter_base_names, iter_debian_names, iter_source_names

        yield from iter_base_names(incomplete)
        yield from iter_source_names(incomplete)
        if self._with_debian:
            yield from iter_debian_names(read_settings(), incomplete)


class ManifestName(CompletedName):
    """The name of something in the manifest; completed from its `tables`: `packages`, `builds`, `checks`."""

    name = "NAME"

    def __init__(self, *tables: str) -> None:
        self._tables = tables

    def iter_candidates(self, incomplete: str) -> Iterator[CompletionItem | str]:
        """Names alone."""
        from devenv.cli.command import here
        from devenv.settings import read_settings
        from devenv.workflow.names import iter_manifest_names

        yield from iter_manifest_names(read_settings(), here(), incomplete, self._tables)


class ExplainedName(ObjectName):
    """An object of the store, or a package of the project here."""

    name = "NAME"

    def iter_candidates(self, incomplete: str) -> Iterator[CompletionItem | str]:
        """Packages of the manifest, then objects."""
        from devenv.errors import DevenvError

        found: set[str] = set()
        with contextlib.suppress(DevenvError):
            for each in MANIFEST_PACKAGE.iter_candidates(incomplete):
                found.add(str(each))
                yield each
        yield from (each for each in super().iter_candidates(incomplete) if each not in found)


class EnvironmentName(CompletedName):
    """An environment of the project; completed from its manifest, where that is allowed."""

    name = "NAME"

    def iter_candidates(self, incomplete: str) -> Iterator[CompletionItem | str]:
        """The default first."""
        from devenv.cli.command import here
        from devenv.manifest.model import DEFAULT_ENVIRONMENT
        from devenv.settings import read_settings
        from devenv.workflow.names import iter_manifest_names

        if DEFAULT_ENVIRONMENT.startswith(incomplete):
            yield DEFAULT_ENVIRONMENT
        yield from iter_manifest_names(read_settings(), here(), incomplete, ("environments",))


class SystemName(click.ParamType[System]):
    """One of the systems that a lock is for."""

    name = "SYSTEM"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> System:
        """`x86_64-linux` → the system."""
        try:
            return System(str(value))
        except ValueError:
            self.fail(f"'{value}' is none of {', '.join(map(str, ALL_SYSTEMS))}", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """All of them."""
        del ctx, param
        from click.shell_completion import CompletionItem

        return [CompletionItem(str(each)) for each in ALL_SYSTEMS if str(each).startswith(incomplete)]


DURATION, SIZE, OBJECT, MOMENT = Duration(), Size(), ObjectName(), Moment()
PATH, DIRECTORY, KNOWN_PROJECT = NamedPath(), NamedPath(file_okay=False), KnownProjectPath()
PACKAGE, BASE_PACKAGE = PackageName(with_debian=True), PackageName(with_debian=False)
MOVABLE = ManifestName("packages", "inputs")
MANIFEST_PACKAGE, CHECK = ManifestName("packages"), ManifestName("checks")
BUILD, LOGGED = ManifestName("builds", "packages"), ManifestName("builds", "packages", "checks")
WHY = ExplainedName()

environment_option = click.option(
    "-e",
    "--environment",
    type=EnvironmentName(),
    default="default",
    help="Which environment of the project (default: the one outside of `[environments]`).",
)

system_option = click.option("--system", type=SystemName(), metavar="SYSTEM", help="Another system than this one.")
before_option = click.option(
    "--before", type=MOMENT, help="Take only what was released before a day, such as 2026-11-01, or 7d ago."
)
