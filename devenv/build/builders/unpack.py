"""`unpack/1`: one archive → a tree.

Arguments: `format` (`wheel` or `zip`), `strip` (a directory; what is not below it is left out), `place` (source path,
a file or a directory → destination; what is not placed is left out), `links` (destination → target) and `executable`
(destinations). In a wheel the members are first named as an installer names them (the binary distribution format of the
Python packaging standards): `<distribution>.data/scripts/x` becomes `bin/x`, `<distribution>.data/data/x` becomes `x`.
The licence files that a wheel's metadata carries are always kept, as `share/licenses/<distribution>/…`: what is passed
on must carry them, and their place in the metadata changed too often for recipes to name it. Where the derivation has
an input, that is the runtime that its programs are led to (`devenv.build.runtime`).
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from devenv.build.assemble import Entry, NewFile, NewLink, iter_nodes, parse_destination
from devenv.build.builders.request import BuilderRequest
from devenv.build.runtime import Runtime
from devenv.build.zip_archive import ZipArchive
from devenv.build.zip_directory import Member
from devenv.errors import BuildError
from devenv.nar.nodes import Node, NodePath

INSTALLED_PREFIXES = {"scripts": "bin/", "data": ""}
WHEEL_DATA = re.compile(r"[^/]+\.data/(scripts|data)/(.+)")
WHEEL_LICENSE = re.compile(
    r"([^/-]+)-[^/]+\.dist-info/(?:(?:licenses|license_files)/(.+)|((?:LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*))"
)


class UnpackArguments(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """See the module."""

    format: Literal["wheel", "zip"]
    place: dict[str, str]
    strip: str = ""
    links: dict[str, str] = {}
    executable: list[str] = []


def build_unpack(request: BuilderRequest) -> Iterator[Node]:
    """The nodes of the tree. Raises BuildError where the archive is not accepted or lacks what is placed."""
    arguments = request.arguments_as(UnpackArguments)
    source = request.require_source()
    with ZipArchive(source, request.name) as archive:
        entries: dict[NodePath, Entry] = {}
        placed = _iter_entries(archive, arguments, request.name)
        for path, entry in itertools.chain(placed, _iter_links(arguments), _iter_licenses(archive, arguments)):
            if path in entries:
                place = b"/".join(path).decode(errors="replace")
                raise BuildError(f"`{request.name}` places two things at `{place}`", slug="tree-conflict")
            entries[path] = entry
        nodes = iter_nodes(entries)
        yield from Runtime(request.inputs[0]).link(nodes, request.name) if request.inputs else nodes


def _iter_links(arguments: UnpackArguments) -> Iterator[tuple[NodePath, Entry]]:
    for destination, target in arguments.links.items():
        yield parse_destination(destination), NewLink(target.encode())


def _iter_licenses(archive: ZipArchive, arguments: UnpackArguments) -> Iterator[tuple[NodePath, Entry]]:
    """Each licence file once: some wheels carry one at its old place in the metadata and at its new one."""
    found: dict[str, Member] = {}
    for member in archive.members if arguments.format == "wheel" else ():
        match = WHEEL_LICENSE.fullmatch(member.name)
        if match is not None:
            found.setdefault(f"share/licenses/{match[1]}/{match[2] or match[3]}", member)
    for destination, member in found.items():
        yield parse_destination(destination), NewFile(False, member.size, functools.partial(archive.read, member))


def _iter_entries(archive: ZipArchive, arguments: UnpackArguments, name: str) -> Iterator[tuple[NodePath, Entry]]:
    files = {parse_destination(source): parse_destination(target) for source, target in arguments.place.items()}
    executable = {parse_destination(destination) for destination in arguments.executable}
    strip = parse_destination(arguments.strip) if arguments.strip else ()
    missing = set(files)
    for member, installed, script in _iter_installed(archive, arguments.format):
        path = parse_destination(installed)
        if path[: len(strip)] != strip:
            continue
        path = path[len(strip) :]
        source = next((path[:length] for length in range(len(path), 0, -1) if path[:length] in files), None)
        if source is None:
            continue
        missing.discard(source)
        destination = files[source] + path[len(source) :]
        runs = script or member.is_executable or destination in executable
        yield destination, NewFile(runs, member.size, functools.partial(archive.read, member))
    if missing:
        absent = b"/".join(min(missing)).decode(errors="replace")
        raise BuildError(f"`{name}` places `{absent}`, which its archive does not hold", slug="member-missing")


def _iter_installed(archive: ZipArchive, kind: str) -> Iterator[tuple[Member, str, bool]]:
    """Each member with the name that it is installed under, and whether it is a script of a wheel."""
    for member in archive.members:
        match = WHEEL_DATA.fullmatch(member.name) if kind == "wheel" else None
        if match is None:
            yield member, member.name, False
        else:
            yield member, INSTALLED_PREFIXES[match[1]] + match[2], match[1] == "scripts"
