"""What this machine's apt is set up for: sources, options, logins, from the places that apt reads.

Nothing here fails: a file that cannot be read or understood is left out and told of, because devenv is not the tool
that it was written for. The root directory is a parameter, for tests and for other systems' trees.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devenv.fetch.debian.apt_options import AptLogin, parse_logins, parse_options
from devenv.fetch.debian.apt_sources import AptEntry, parse_one_line_sources, parse_stanza_sources
from devenv.fsutil import read_regular

FILE_LIMIT = 1 << 20
"""Bytes of a configuration file; far above what a person writes."""

FILE_COUNT = 500
"""Files that are read of one directory."""

PART_NAME = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
"""What apt heeds among the files of a directory; the rest are copies that editors and packages leave."""


@dataclass(frozen=True, slots=True)
class AptConfiguration:
    """All that devenv takes from apt."""

    entries: tuple[AptEntry, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By their whole names in lower case."""
    logins: tuple[AptLogin, ...] = field(default=(), repr=False)
    complaints: tuple[str, ...] = ()
    """What was left out, a sentence each."""


def read_apt_configuration(root: Path) -> AptConfiguration:
    """What the apt of the system in `root` is set up for."""
    directory = root / "etc" / "apt"
    complaints: list[str] = []
    entries: list[AptEntry] = []
    for path in [directory / "sources.list", *_list_parts(directory / "sources.list.d", (".list", ".sources"))]:
        parse = parse_stanza_sources if path.name.endswith(".sources") else parse_one_line_sources
        for item in parse(_read(path, complaints), str(path)):
            (complaints if isinstance(item, str) else entries).append(item)  # type: ignore[arg-type]
    logins = [
        login
        for path in [directory / "auth.conf", *_list_parts(directory / "auth.conf.d", ("", ".conf"))]
        for login in parse_logins(_read(path, complaints))
    ]
    return AptConfiguration(tuple(entries), _read_options(directory, complaints), tuple(logins), tuple(complaints))


def _read_options(directory: Path, complaints: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for path in [*_list_parts(directory / "apt.conf.d", ("", ".conf")), directory / "apt.conf"]:
        try:
            options |= parse_options(_read(path, complaints))
        except ValueError as error:
            complaints.append(f"`{path}` is left out: {error}")
    return options


def _list_parts(directory: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """The files of a directory that apt would read, in its order."""
    names: list[str] = []
    with contextlib.suppress(OSError):
        names = sorted(os.listdir(directory))
    parts = (name for name in names if PART_NAME.fullmatch(name) and os.path.splitext(name)[1] in suffixes)
    yield from (directory / name for name, _ in zip(parts, range(FILE_COUNT), strict=False))


def _read(path: Path, complaints: list[str]) -> str:
    """The text of a file; nothing where it is missing, or cannot be read."""
    try:
        return read_regular(path, FILE_LIMIT).decode()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        complaints.append(f"`{path}` is left out: {reason}")
        return ""
