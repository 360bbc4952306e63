"""Writes a lock: canonical, one fact a line, so that a change to one package changes that package's lines only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from devenv.lock.model import RUNTIME_NAME, Lock, LockedArtifact, LockedEnvironment, LockedInput, LockedPackage

HEADER = "# Written by `devenv lock` from devenv.toml. Commit it; do not edit it by hand."
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def format_lock(lock: Lock) -> bytes:
    """The canonical text (UTF-8) of a lock: the same lock always gives the same bytes."""
    lines = [HEADER, f"version = {lock.version}", f"fingerprint = {_string(lock.fingerprint)}"]
    for name in sorted(lock.inputs):
        lines += _iter_input(lock.inputs[name])
    lines += _iter_packages("", lock)
    for name in sorted(lock.environments):
        lines += _iter_packages(f"environments.{_key(name)}.", lock.environments[name])
    return ("\n".join(lines) + "\n").encode()


def _iter_packages(head: str, part: Lock | LockedEnvironment) -> Iterator[str]:
    if part.runtime is not None:
        yield from _iter_package(f"{head}{RUNTIME_NAME}", part.runtime)
    for name in sorted(part.dependencies):
        yield from _iter_package(f"{head}dependencies.{_key(name)}", part.dependencies[name])
    for name in sorted(part.packages):
        yield from _iter_package(f"{head}packages.{_key(name)}", part.packages[name])


def _iter_input(locked: LockedInput) -> Iterator[str]:
    yield ""
    yield f"[inputs.{_key(locked.name)}]"
    if locked.date is not None:
        yield f"date = {_string(locked.date)}"
    yield f"locator = {_string(locked.locator)}"
    yield f"revision = {_string(locked.revision)}"
    if locked.tree is not None:
        yield f"tree = {_string(str(locked.tree))}"
    if locked.follows:
        yield ""
        yield f"[inputs.{_key(locked.name)}.follows]"
        for inner in sorted(locked.follows):
            yield f"{_key(inner)} = {_string(locked.follows[inner])}"
    if locked.releases:
        yield ""
        yield f"[inputs.{_key(locked.name)}.releases]"
        for release in sorted(locked.releases):
            yield f"{release} = {_string(locked.releases[release])}"


def _iter_package(table: str, package: LockedPackage) -> Iterator[str]:
    yield ""
    yield f"[{table}]"
    yield f"input = {_string(package.input)}"
    if package.only is not None:
        yield f"only = {_string(' '.join(map(str, package.only)))}"
    if package.overrides is not None:
        yield f"overrides = {_string(package.overrides)}"
    yield f"request = {_string(package.request)}"
    yield f"version = {_string(package.version)}"
    if package.lacking:
        yield ""
        yield f"[{table}.lacking]"
        for system in sorted(package.lacking):
            yield f"{system} = {_string(package.lacking[system])}"
    for system in sorted(package.systems):
        build = package.systems[system]
        yield ""
        yield f"[{table}.systems.{system}]"
        if build.date is not None:
            yield f"date = {_string(build.date)}"
        yield f"derivation = {_string(build.derivation)}"
        if build.index is not None:
            yield f"index = {_string(build.index)}"
        if build.output is not None:
            yield f"output = {_string(str(build.output))}"
        for artifact in build.artifacts:
            yield ""
            yield f"[[{table}.systems.{system}.artifacts]]"
            yield from _iter_artifact(artifact)


def _iter_artifact(artifact: LockedArtifact) -> Iterator[str]:
    yield f"locator = {_string(artifact.locator)}"
    if artifact.requires is not None:
        yield f"requires = {_string(str(artifact.requires))}"
    yield f"sha256 = {_string(artifact.sha256)}"
    yield f"size = {artifact.size}"


def _key(text: str) -> str:
    return text if BARE_KEY.fullmatch(text) else _string(text)


def _string(text: str) -> str:
    # The model lets no control characters in: these two are all that TOML wants escaped.
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
