"""Builds what a script makes: prepares its directory, runs it in the sandbox, makes objects of its outputs.

The directory is private, lies beside the store's unfinished trees and is removed like those:

    <root>/.tmp-<random>-0/build     the build directory, `/build` inside
                          /tmp       `/tmp` inside
                          /store     what the store's root is inside: outputs, and places for the inputs
                          /script    what runs
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from devenv.build.script.arguments import ScriptArguments
from devenv.build.script.environment import (
    BUILD_DIRECTORY,
    SOURCES_DIRECTORY,
    TEMPORARY_DIRECTORY,
    BuildPaths,
    build_environment,
    require_variables,
)
from devenv.build.script.fixup import iter_output
from devenv.build.script.outputs import order_outputs, renamed
from devenv.build.script.scope import FixupRequest
from devenv.derivation.model import Derivation, Input
from devenv.errors import BuildError
from devenv.fault_points import fault_point
from devenv.fsutil import delete_tree, temporary_name
from devenv.nar.nodes import Node
from devenv.sandbox.model import Ended, Limits, Mount, SandboxRequest, kernel_secrets
from devenv.sandbox.supervise import WAIT, Supervision, require_sandbox, run_sandboxed
from devenv.store.adding import Output
from devenv.store.store import Store
from devenv.store_path import StorePath

SHELL = "/usr/bin/bash"
SCRIPT_PLACE = "/script"
SIGNAL_STATUS = 128

Debug = Callable[[SandboxRequest, Path, BuildError], None]
"""Is shown a failed build before its directory goes: what ran, by which bubblewrap, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class ScriptBuild:
    """A script to be run. `inputs` are realized, `sources` are verified files in the derivation's order.

    `salt` gives the outputs other scratch names, so that a second build can be compared with the first.
    """

    store: Store
    derivation: Derivation
    inputs: Mapping[Input, StorePath]
    sources: tuple[Path, ...]
    bubblewrap: Path
    limits: Limits
    slot: Callable[[], contextlib.AbstractContextManager[None]]
    """Entered for as long as the script runs."""
    cores: int
    check: Callable[[], None]
    say: Callable[[str], None]
    warn: Callable[[str], None]
    debug: Debug | None = None
    salt: str = ""
    keys: tuple[str, ...] = ()
    """The derivations' keys that the outputs are to be known by."""

    @property
    def arguments(self) -> ScriptArguments:
        """What the derivation says. Raises BuildError (`arguments-invalid`)."""
        name = self.derivation.name
        try:
            arguments = msgspec.convert(dict(self.derivation.arguments), ScriptArguments)
        except msgspec.ValidationError as error:
            raise BuildError(
                f"`{name}` gives its builder wrong arguments: {error}", slug="arguments-invalid"
            ) from error
        arguments.require_fit(name, len(self.derivation.inputs), len(self.sources))
        require_variables(name, self.derivation.environment)
        return arguments

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where the inputs lie, in their order."""
        return tuple(self.store.path(self.inputs[each]) for each in self.derivation.inputs)

    @property
    def scratch(self) -> dict[str, str]:
        """Output → the digest by which it is known while it is made."""
        salted = self.derivation.salted(self.salt) if self.salt else self.derivation
        return {output: salted.scratch_digest(output) for output in self.derivation.outputs}

    def scratch_name(self, output: str) -> str:
        """What an output is called while it is made."""
        return f"{self.scratch[output]}-{self.derivation.object_name(output)}"


def build_script(build: ScriptBuild) -> dict[str, StorePath]:
    """Run the script; returns the object of each output. Raises BuildError, StoreError, and what `check` raises."""
    require_sandbox()
    arguments = build.arguments
    with _build_directory(build.store) as place:
        request = _prepare(build, arguments, place)
        log = build.store.layout.log_path(build.derivation.key)
        supervision = Supervision(build.bubblewrap, build.limits, log, build.check, build.say)
        fault_point("script.run")
        with build.slot():
            ended = run_sandboxed(request, supervision)
        try:
            _require_success(build.derivation, ended, log)
            return _add_outputs(build, arguments, place)
        except BuildError as error:
            if build.debug is not None:
                build.debug(request, build.bubblewrap, error)
            raise


@contextlib.contextmanager
def _build_directory(store: Store) -> Iterator[Path]:
    name = temporary_name()
    # Whoever finds it without a living owner removes it (`iter_abandoned`; FAULTS A-01).
    with store.lock(name):
        place = store.root / f"{name}-0"
        try:
            fault_point("script.directory")
            place.mkdir(mode=0o700)
            yield place
        finally:
            # Nobody else can reach into it while it goes (FAULTS J-07).
            delete_tree(place)


def _prepare(build: ScriptBuild, arguments: ScriptArguments, place: Path) -> SandboxRequest:
    """Lay out the directory; returns what is to be run."""
    for name in ("build", "tmp", "store"):
        (place / name).mkdir(mode=0o700)
    (place / "script").write_text(WAIT + arguments.script, encoding="utf-8")
    paths = build.paths
    sysroot = paths[arguments.named("sysroot")[0]]
    root = build.store.root
    mounts = [
        Mount(place / "build", BUILD_DIRECTORY, writable=True),
        Mount(place / "tmp", TEMPORARY_DIRECTORY, writable=True),
        Mount(place / "store", str(root), writable=True),
        Mount(place / "script", SCRIPT_PLACE),
        *(
            Mount(file, f"{SOURCES_DIRECTORY}/{name}")
            for name, file in zip(arguments.sources, build.sources, strict=True)
        ),
        *_mount_objects(build, arguments, place / "store"),
    ]
    outputs = {output: root / build.scratch_name(output) for output in build.derivation.outputs}
    environment = build_environment(arguments, BuildPaths(paths, outputs), build.derivation.environment, build.cores)
    return SandboxRequest(
        command=(SHELL, "-e", SCRIPT_PLACE),
        sysroot=sysroot,
        root=dict(_iter_root(sysroot)),
        mounts=tuple(mounts),
        environment=environment,
        directory=BUILD_DIRECTORY,
        hidden=kernel_secrets(),
    )


def _iter_root(sysroot: Path) -> Iterator[tuple[str, str | None]]:
    for entry in os.scandir(sysroot):
        yield entry.name, os.readlink(entry.path) if entry.is_symlink() else None


def _mount_objects(build: ScriptBuild, arguments: ScriptArguments, within: Path) -> Iterator[Mount]:
    """Each object that the build may see, at its own path. One that is a link itself is made anew as one."""
    for path in sorted(seen_objects(build, arguments)):
        place = build.store.path(path)
        if place.is_symlink():
            (within / str(path)).symlink_to(os.readlink(place))
        else:
            yield Mount(place, str(place))


def seen_objects(build: ScriptBuild, arguments: ScriptArguments) -> set[StorePath]:
    """All inputs but the sysroot, with everything that they refer to."""
    sysroot = arguments.named("sysroot")[0]
    seen: set[StorePath] = set()
    for number, each in enumerate(build.derivation.inputs):
        if number != sysroot:
            seen.update(build.store.database.closure(build.inputs[each]))
    return seen


def _require_success(derivation: Derivation, ended: Ended, log: Path) -> None:
    """Raises BuildError with the last lines where the script failed or was stopped."""
    if ended.stopped is None and ended.status == 0:
        return
    raise BuildError(
        f"`{derivation.name}` could not be built: {ended.stopped or _describe(ended.status)}",
        hint=f"{_advice(ended)}`devenv log {derivation.name}` shows the whole log, `devenv build --debug` opens a "
        "shell in the failed build",
        details=(f"the log ends with (all of it: `{log}`):", *(f"  {line}" for line in ended.last_lines)),
        slug=ended.stopped_as or "build-failed",
    )


def _advice(ended: Ended) -> str:
    """What helps, where that can be told, before what helps to find out."""
    from devenv.build.script.advice import advise

    found = advise(ended.last_lines) if ended.stopped is None else None
    return "" if found is None else f"{found}; "


def _describe(status: int) -> str:
    import signal

    if status > SIGNAL_STATUS:
        with contextlib.suppress(ValueError):
            return f"it was killed by {signal.Signals(status - SIGNAL_STATUS).name}"
    return f"its script ended with status {status}"


def _add_outputs(build: ScriptBuild, arguments: ScriptArguments, place: Path) -> dict[str, StorePath]:
    """Make objects of what the script left; every process of it is dead."""
    derivation, store = build.derivation, build.store

    def nodes_of(output: str) -> Iterator[Node]:
        return iter_output(_fixup_request(build, arguments, place, output))

    candidates = seen_objects(build, arguments)
    objects: dict[str, StorePath] = {}
    for output in order_outputs(derivation.name, build.scratch, nodes_of):
        fault_point("script.output")
        names = {build.scratch[other]: path.digest for other, path in objects.items()}
        nodes = renamed(nodes_of(output), names)
        objects[output] = store.add(
            Output(
                nodes,
                derivation.object_name(output),
                build.scratch[output],
                frozenset({*candidates, *objects.values()}),
                realises=tuple((key, output) for key in build.keys),
            )
        )
    return objects


def _fixup_request(build: ScriptBuild, arguments: ScriptArguments, place: Path, output: str) -> FixupRequest:
    paths = build.paths
    runtimes = arguments.named("runtime")
    return FixupRequest(
        name=build.derivation.object_name(output),
        tree=place / "store" / build.scratch_name(output),
        out=build.store.root / build.scratch_name(output),
        inputs=tuple(paths[number] for number in arguments.named("input")),
        tools=tuple(paths[number] for number in arguments.named("tool")),
        runtime=paths[runtimes[0]] if runtimes else None,
        store_root=build.store.root,
        build_directory=BUILD_DIRECTORY.encode(),
        report_leftover=build.warn,
        siblings=tuple(
            build.store.root / build.scratch_name(other) for other in build.derivation.outputs if other != output
        ),
    )
