"""What a name means in an environment, and where that comes from: a package, a file that is pinned, a program."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from devenv.workflow.closure.results import ClosureResult, Member, Named, Origin, Part, PinnedFile
from devenv.workflow.tools import Tools

PROGRAM_PLACES = ("bin", "sbin")
MOST_ORIGINS = 20
"""Of files with one name that are told of: a name may be that of many versions."""


def find_origins(tools: Tools, closure: ClosureResult, name: str) -> tuple[Origin, ...]:
    """What is called `name`: members, else files, else programs; nothing where nothing is.

    A member may be called as it was added (`debian:htop`); a file by its whole name, its locator, its SHA-256, or the
    name of the Debian package or distribution in it (`libc6`).
    """
    plain = name.rpartition(":")[2].rpartition("/")[2]
    for found in (_find_members(closure, plain), _find_files(closure, name), _find_programs(tools, closure, name)):
        origins = tuple(found)
        if origins:
            return origins[:MOST_ORIGINS]
    return ()


def _find_members(closure: ClosureResult, name: str) -> Iterator[Origin]:
    for member in closure.members.values():
        if member.part is not Part.OBJECT and member.name == name:
            yield _describe(closure, name, member.part.value, [member])


def _find_files(closure: ClosureResult, name: str) -> Iterator[Origin]:
    users: dict[str, list[Member]] = {}
    files: dict[str, PinnedFile] = {}
    for member in closure.members.values():
        for file in member.files:
            if name in _names_of(file):
                files.setdefault(file.sha256, file)
                users.setdefault(file.sha256, []).append(member)
    for sha256, file in files.items():
        yield replace(_describe(closure, name, "file", users[sha256]), file=file)


def _names_of(file: PinnedFile) -> tuple[str, ...]:
    separator = "_" if file.name.endswith(".deb") else "-"
    return (file.name, file.locator, file.sha256, file.name.partition(separator)[0])


def _find_programs(tools: Tools, closure: ClosureResult, name: str) -> Iterator[Origin]:
    if "/" in name or name in {"", ".", ".."}:
        return
    for member in closure.members.values():
        if member.output is None or not member.present:
            continue
        for place in PROGRAM_PLACES:
            if os.path.lexists(tools.store.path(member.output) / place / name):
                yield replace(_describe(closure, name, "program", [member]), program=f"{place}/{name}")


def _describe(closure: ClosureResult, name: str, kind: str, users: Sequence[Member]) -> Origin:
    """`users` are the members that it is, or is part of."""
    only = users[0] if len(users) == 1 else None
    needs = () if only is None else (*only.needs, *(key for key in only.made_with if key not in only.needs))
    return Origin(
        name=name,
        kind=kind,
        project=closure.project,
        environment=closure.environment,
        system=closure.system,
        member=only,
        users=tuple(chain for user in users for chain in _find_chains(closure, user.key)),
        needs=tuple(_name(closure.members[key]) for key in needs),
    )


def _name(member: Member) -> Named:
    size = member.installed or member.download
    return Named(member.name, member.version, size.own)


def _find_chains(closure: ClosureResult, key: str) -> Iterator[tuple[Named, ...]]:
    """The shortest way to a member from each package that was asked for and needs it."""
    towards = _ways_towards(closure.members, key)
    for asked in closure.asked:
        if asked in towards:
            chain = [asked]
            while chain[-1] != key:
                chain.append(towards[chain[-1]])
            yield tuple(_name(closure.members[each]) for each in chain)


def _ways_towards(members: Mapping[str, Member], key: str) -> dict[str, str]:
    """The next step towards `key` from everything that needs it: breadth first, so that ways are the shortest."""
    steps = {key: key}
    pending = [key]
    for each in pending:  # Grows while it is walked.
        for user in members[each].needed_by:
            if user in members and user not in steps:
                steps[user] = each
                pending.append(user)
    return steps
