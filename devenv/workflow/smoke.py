"""Tries recipes: each package alone in an environment, its smoke commands run with nothing else at hand.

A command sees no variable of the caller's and no program but those of the environment. The loader of the programs tells
what it loads (`LD_DEBUG` of ld.so(8)): a library that does not come from the store fails the test, since it would not
be there, or be another one, on the next machine.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devenv.activation.environ import apply_activation, drop_markers
from devenv.activation.model import Activation
from devenv.environment.answers import LockRequest
from devenv.environment.locking import lock_manifest
from devenv.environment.project import Project
from devenv.environment.realize import RealizeRequest, realize_environment
from devenv.errors import DevenvError, ResolutionError, UsageError
from devenv.events import Step
from devenv.manifest.model import ANY_VERSION, DEFAULT_INPUT, SOURCE_INPUT, SOURCE_LOCATOR, Manifest, PackageRequest
from devenv.store_path import StorePath
from devenv.workflow.enter import make_activation
from devenv.workflow.results import SmokeResult, SmokeTest
from devenv.workflow.tools import Tools
from devenv.workflow.wanted import WantedPackage

COMMAND_LIMIT = 120
"""Seconds of one smoke command."""
SHOWN_LINES = 3
SHOWN_OBJECTS = 3
LOADER_EVENT = re.compile(r"(calling init|transferring control): (.+)")
"""What ld.so says of each object that it has loaded, and then of the program that begins."""
EVERYWHERE = frozenset({"/usr/bin/env", "/bin/sh", "sh"})
"""What every system has: scripts of wheels have `env` look for interpreters, system(3) calls `/bin/sh` as `sh`."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """Where one package is tried: its environment's object, and a directory that is thrown away."""

    environ: Mapping[str, str]
    store: Path
    home: Path


def smoke_test(tools: Tools, wanted: Sequence[WantedPackage]) -> SmokeResult:
    """Realize each of `wanted` (without any: all packages of `builtin:base`) for this machine and try it.

    Raises UsageError (`package-invalid`) where one is of a set without recipes.
    """
    for each in wanted:
        if each.input not in {None, SOURCE_LOCATOR}:
            raise UsageError(
                f"`set test` tries packages that have a recipe, and `{each.name}` is asked of another set",
                hint="packages of other sets have no commands to try; add them to a project with `devenv add`",
                slug="package-invalid",
            )
    chosen = tuple(wanted) or tuple(WantedPackage(name, None) for name in tools.base_set.names())
    return SmokeResult(tuple(_test_package(tools, each) for each in chosen))


def _test_package(tools: Tools, wanted: WantedPackage) -> SmokeTest:
    started = time.monotonic()
    packages = tools.base_set if wanted.input is None else tools.source_set
    name = packages.prefix + wanted.name
    tools.report(Step(f"testing {name}"))
    version = None
    failures: tuple[str, ...]
    try:
        package = packages.package(wanted.name)
        version, environment = _realize(tools, wanted)
        failures = tuple(_iter_failures(tools, environment, package.smoke))
    except ResolutionError as error:
        # A package that this system cannot have is no failure of its recipe.
        if error.slug != "system-missing":
            failures = (error.message, *error.details)
        else:
            return SmokeTest(name, None, time.monotonic() - started, (), lacking=error.message)
    except DevenvError as error:
        failures = (error.message, *error.details)
    return SmokeTest(name, version, time.monotonic() - started, failures)


def _realize(tools: Tools, wanted: WantedPackage) -> tuple[str, StorePath]:
    """The version that answers, and the environment with that one package."""
    request = PackageRequest(
        wanted.name, wanted.version or ANY_VERSION, DEFAULT_INPUT if wanted.input is None else SOURCE_INPUT
    )
    manifest = Manifest(systems=(tools.system,), packages={request.name: request})
    sets = tools.package_sets(manifest)
    lock = lock_manifest(LockRequest(manifest, None, sets), tools.index)
    with tools.fetching() as fetch:
        realized = realize_environment(
            RealizeRequest(
                manifest,
                lock,
                sets,
                tools.system,
                options=tools.build_options,
                host_libraries=tools.settings.host_libraries,
            ),
            tools.store,
            fetch,
            tools.report,
        )
    return lock.packages[request.name].version, realized.path


def _iter_failures(tools: Tools, environment: StorePath, commands: Sequence[str]) -> Iterator[str]:
    """What went wrong, a line each."""
    with tempfile.TemporaryDirectory(prefix="devenv-test-") as directory:
        home = Path(directory)
        activation = make_activation(tools, Project(home, b"[packages]\n", None), environment, home)
        trial = _Trial(_make_environ(activation, home), tools.store.root, home)
        for command in commands:
            yield from _try(command, trial)


def _make_environ(activation: Activation, home: Path) -> dict[str, str]:
    entered = drop_markers(apply_activation(activation, {}))
    plain = {"HOME": str(home), "TMPDIR": str(home), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    # The loader of each process writes to a file of its own.
    return {**plain, **entered, "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(home / "loader")}


def _try(command: str, trial: _Trial) -> Iterator[str]:
    arguments = shlex.split(command)
    program = _find_program(arguments[0], trial)
    if program is None:
        yield f"`{command}`: there is no program `{arguments[0]}`"
        return
    try:
        completed = subprocess.run(
            arguments,
            executable=program,
            check=False,
            cwd=trial.home,
            env=dict(trial.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_LIMIT,
        )
    except subprocess.TimeoutExpired:
        yield f"`{command}` takes longer than {COMMAND_LIMIT} seconds"
        return
    except OSError as error:
        yield f"`{command}` cannot be started: {error.strerror}"
        return
    if completed.returncode != 0:
        yield f"`{command}` exits with {completed.returncode}"
        yield from completed.stdout.decode(errors="replace").splitlines()[-SHOWN_LINES:]
    foreign = sorted(path for path in take_loaded(trial.home) if not path.startswith(f"{trial.store}/"))
    if foreign:
        yield f"`{command}` loads from the host: {', '.join(foreign[:SHOWN_OBJECTS])}"


def _find_program(name: str, trial: _Trial) -> str | None:
    """As a shell finds it: a name with a slash is a path, one that an earlier command made."""
    directories = [str(trial.home)] if "/" in name else trial.environ["PATH"].split(":")
    programs = (os.path.join(directory, name) for directory in directories)
    return next((program for program in programs if os.access(program, os.X_OK)), None)


def take_loaded(directory: Path) -> set[str]:
    """The objects that loaders told of in the files `loader.<process>` in `directory`, which are removed."""
    loaded: set[str] = set()
    for file in directory.glob("loader.*"):
        loaded |= _find_loaded(file.read_text(errors="replace"))
        file.unlink()
    return loaded


def _find_loaded(text: str) -> set[str]:
    """The objects of the programs that one process was, one after the other, without those of `EVERYWHERE`."""
    loaded: set[str] = set()
    pending: set[str] = set()
    for event, path in LOADER_EVENT.findall(text):
        if event == "calling init":
            pending.add(path)
            continue
        if path not in EVERYWHERE:
            loaded |= pending
        pending = set()
    # What a program loads while it runs.
    return loaded | pending
