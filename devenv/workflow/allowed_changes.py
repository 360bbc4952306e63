"""What a content lets act that another did not, in words: pure, from two manifests with their locks and files.

All that can act is laid out as items, each with a kind, a name and a text that says what it does; two layouts are then
compared item by item. What packages are made of is said by their version and input; that they are made of other files
than before shows in the keys of their derivations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from devenv.environment.project import dotenv_names
from devenv.lock.compare import review_locks
from devenv.lock.model import Lock, LockedPackage
from devenv.lock.review import Cause, Table
from devenv.manifest.model import DEFAULT_INPUTS, SHELL_NAMES, Manifest, PackageRequest, ShellCode
from devenv.workflow.review_words import reasons_text
from devenv.workflow.trust_results import Change

KINDS = (
    "input",
    "package",
    "dependency",
    "variable",
    "file",
    "hook",
    "leave",
    "alias",
    "function",
    "venv",
    "formatter",
    "build",
    "check",
)
"""Kinds of what can act, in the order in which they are shown."""

SAME_WORDS = {"file": ", with other content"}
OTHER_SAME_WORDS = ", made of other files"
MADE_ANEW = ", made anew"
"""Behind the text of what says the same as before and is another all the same, by kind, and for the others."""


@dataclass(frozen=True, slots=True)
class Acting:
    """A content: what its manifest, its lock and its further files say.

    `files` are the digests of the further files (None: it is missing), `variables` the names in files of them.
    """

    manifest: Manifest
    lock: Lock | None = None
    files: Mapping[str, str | None] = field(default_factory=dict)
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Item:
    text: str
    identity: object = None
    """What tells it from another with the same text."""


def find_changes(before: Acting | None, after: Acting) -> tuple[Change, ...]:
    """What differs, in the order of `KINDS` and names; where there is no `before`, all that can act."""
    old = {} if before is None else _lay_out(before)
    new = _lay_out(after)
    keys = sorted({*old, *new}, key=lambda key: (KINDS.index(key[0]), key[1]))
    reasons = {} if before is None else _find_reasons(before.lock, after.lock)
    return tuple(
        _compare(key, old.get(key), new.get(key), reasons.get(key, "")) for key in keys if old.get(key) != new.get(key)
    )


def _compare(key: tuple[str, str], old: _Item | None, new: _Item | None, reason: str) -> Change:
    texts = [None if each is None else each.text for each in (old, new)]
    if old is not None and new is not None and old.text == new.text:
        texts[1] = new.text + (reason or SAME_WORDS.get(key[0], OTHER_SAME_WORDS))
    return Change(*key, *texts)


def _find_reasons(before: Lock | None, after: Lock | None) -> dict[tuple[str, str], str]:
    """By kind and name, why packages of the same version are made anew, as far as two locks tell it for certain."""
    if before is None or after is None:
        return {}
    reasons = {}
    for each in review_locks(before, after).packages:
        causes = {reason.cause for system in each.systems for reason in system.reasons if reason.certain}
        if causes and Cause.DEVENV not in causes:
            kind = "package" if each.table is Table.PACKAGE else "dependency"
            words = OTHER_SAME_WORDS if causes == {Cause.FILES} else MADE_ANEW
            reasons[kind, each.title] = f"{words}: {'; '.join(reasons_text(each))}"
    return reasons


def _lay_out(acting: Acting) -> dict[tuple[str, str], _Item]:
    """The items of the default environment, and what others have besides or otherwise, with their names in front."""
    default = _lay_out_one(acting)
    items = dict(default)
    for environment in acting.manifest.environments:
        lock = None if acting.lock is None else acting.lock.select(environment, acting.manifest)
        own = _lay_out_one(Acting(acting.manifest.select(environment), lock))
        differing = {key: item for key, item in own.items() if default.get(key) != item}
        items |= {(kind, f"{environment}: {name}"): item for (kind, name), item in differing.items()}
    return items


def _lay_out_one(acting: Acting) -> dict[tuple[str, str], _Item]:
    items: dict[tuple[str, str], _Item] = {}
    for iter_items in (_iter_packages, _iter_variables, _iter_files, _iter_shells, _iter_commands):
        items |= {(kind, name): item for kind, name, item in iter_items(acting)}
    return items


_Items = Iterator[tuple[str, str, _Item]]


def _iter_packages(acting: Acting) -> _Items:
    manifest, lock = acting.manifest, acting.lock
    for name, locator in manifest.inputs.items():
        if DEFAULT_INPUTS.get(name) != locator:
            pin = None if lock is None else lock.inputs.get(name)
            tree = None if pin is None or pin.tree is None else str(pin.tree)
            yield "input", name, _Item(locator if pin is None or tree is None else f"{locator} at {pin.revision}", tree)
    for name, request in manifest.packages.items():
        locked = None if lock is None else lock.packages.get(name)
        yield "package", name, _Item(_package_text(manifest, request, locked), (_keys(locked), request.overrides))
    if lock is not None:
        for name, dependency in lock.dependencies.items():
            yield "dependency", name, _Item(dependency.version, _keys(dependency))
        if lock.runtime is not None:
            yield "dependency", lock.runtime.name, _Item(lock.runtime.version, _keys(lock.runtime))


def _package_text(manifest: Manifest, request: PackageRequest, locked: LockedPackage | None) -> str:
    words = [f"{request.version} (not locked)" if locked is None else locked.version]
    locator = manifest.inputs.get(request.input, request.input)
    if DEFAULT_INPUTS.get(request.input) != locator or locator != "builtin:base":
        words.append(f"from {locator}")
    overrides = request.overrides
    if overrides.source is not None:
        words.append(f"source {overrides.source}")
    words += [f"patch {each}" for each in overrides.patches]
    words += [f"flag {each}" for each in overrides.flags]
    words += [f"with {name}={value}" for name, value in overrides.env.items()]
    words += [f"{other} for {name}" for name, other in overrides.inputs.items()]
    return ", ".join(words).replace(", from", " from", 1)


def _keys(locked: LockedPackage | None) -> object:
    return None if locked is None else {system: build.derivation for system, build in locked.systems.items()}


def _iter_variables(acting: Acting) -> _Items:
    manifest = acting.manifest
    for name, value in manifest.env.items():
        yield "variable", name, _Item(f"= {value}")
    for name in manifest.unset:
        yield "variable", name, _Item("is unset")
    for name, additions in manifest.lists.items():
        sides = (("gets in front", additions.prepend), ("gets behind", additions.append))
        yield "variable", name, _Item("; ".join(f"{side} {':'.join(each)}" for side, each in sides if each))


def _iter_files(acting: Acting) -> _Items:
    for name, digest in acting.files.items():
        if name in dotenv_names(acting.manifest):
            text = f"sets {', '.join(acting.variables.get(name, ())) or 'nothing'}"
        else:
            text = "patch"
        yield "file", name, _Item("is missing" if digest is None else text, digest)


def _iter_shells(acting: Acting) -> _Items:
    shell = acting.manifest.shell
    yield from _iter_code("", shell)
    for name in SHELL_NAMES:
        if name in shell.own:
            yield from _iter_code(f"{name}: ", shell.own[name])


def _iter_code(prefix: str, code: ShellCode) -> _Items:
    where = prefix.removesuffix(": ") or "all shells"
    if code.hook is not None:
        yield "hook", where, _Item(code.hook)
    if code.leave is not None:
        yield "leave", where, _Item(code.leave)
    for name, command in code.aliases.items():
        yield "alias", prefix + name, _Item(command)
    for name, body in code.functions.items():
        yield "function", prefix + name, _Item(body)


def _iter_commands(acting: Acting) -> _Items:
    manifest = acting.manifest
    if manifest.python.venv is not None:
        yield "venv", manifest.python.venv, _Item("a virtual environment of the environment's Python")
    for name, formatter in manifest.formatters.items():
        yield "formatter", name, _Item(f"{' '.join(formatter.command)} for {', '.join(formatter.files)}")
    for name, build in manifest.builds.items():
        phases = "; ".join(f"{phase}: {code}" for phase, code in build.phases.items())
        yield "build", name, _Item(phases or f"as {build.kind} does", build)
    for name, check in manifest.checks.items():
        yield "check", name, _Item(check.command, check)
