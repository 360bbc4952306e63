"""The files of a commit out of git's own objects, checked name by name (FAULTS H-06, H-09).

A tree object comes from a stranger and may hold what no work tree could: names twice, names that lead into `.git` on
some file system, links with files below them. What is accepted is what a NAR can hold and any system can check out.
Submodules are refused: their files are in another repository, which nothing of this one pins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from devenv.errors import FetchError
from devenv.fetch.trees.git_program import FETCH_LIMIT, Git
from devenv.manifest.locators import TreeLocator
from devenv.manifest.wording import format_shown_path
from devenv.nar.nodes import MAX_DEPTH, MAX_TARGET_BYTES, Directory, File, Node, NodePath, Symlink, is_name, is_target

ENTRY_LIMIT = 500_000
LISTING_LIMIT = 128 << 20
"""Bytes of all names together: a tree whose directories repeat each other is small and lists for ever."""
BYTES_LIMIT = 16 << 30
PIECE_BYTES = 1 << 20
AHEAD = 64
"""Objects asked for before the first is read: few enough for their ids to fit into a pipe."""

ENTRY = re.compile(rb"([0-7]{6}) (blob|tree|commit) ([0-9a-f]{40}|[0-9a-f]{64}) +(-|[0-9]{1,15})\t(.+)", re.DOTALL)
HEADER = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) blob ([0-9]{1,15})\n")

IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
GIT_NAME = re.compile(rb"(?:\.git|git~[0-9]+)(?:[ .]*|:.*)", re.IGNORECASE | re.DOTALL)


class Entry(NamedTuple):
    """A file or link: whether it is which, its object, its size in bytes."""

    path: NodePath
    kind: str
    id: bytes
    size: int


def iter_commit(git: Git, place: Path, revision: str, locator: TreeLocator) -> Iterator[Node]:
    """The nodes of `revision`, in the mirror at `place`; of the locator's directory where it names one.

    Raises FetchError (`input-tree-invalid`, `input-directory-missing`, `git-fetch-failed`).
    """
    top = _find_top(git, place, revision, locator)
    entries = _list_entries(git, place, top, locator)
    yield Directory(())
    blobs = [entry for entry in entries if entry.kind != "tree"]
    with git.open(place, "cat-file", "--batch", limit=FETCH_LIMIT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests = iter(blobs)
        pending = 0
        for entry in entries:
            if entry.kind == "tree":
                yield Directory(entry.path)
                continue
            if pending == 0:
                pending = _ask_next(requests, process.stdin)
            pending -= 1
            reader = _Blob(process.stdout, entry, locator)
            if entry.kind == "link":
                target = b"".join(reader.pieces())
                if not is_target(target):
                    raise _invalid(locator, entry.path, "is a link that leads nowhere")
                yield Symlink(entry.path, target)
            else:
                yield File(entry.path, entry.kind == "program", entry.size, reader.pieces())
            reader.finish()
        process.stdin.close()
        process.stdout.read(1)


def _ask_next(entries: Iterator[Entry], stdin: IO[bytes]) -> int:
    """Ask for the next objects; how many."""
    wanted = [entry.id for _, entry in zip(range(AHEAD), entries, strict=False)]
    stdin.write(b"".join(each + b"\n" for each in wanted))
    stdin.flush()
    return len(wanted)


class _Blob:
    """One object, as it comes out of `git cat-file --batch`."""

    def __init__(self, stdout: IO[bytes], entry: Entry, locator: TreeLocator) -> None:
        self._stdout = stdout
        self._entry = entry
        header = HEADER.fullmatch(stdout.readline(200))
        if header is None or header[1] != entry.id or int(header[2]) != entry.size:
            raise _invalid(locator, entry.path, "is not in the repository as its tree says")
        self._left = entry.size

    def pieces(self) -> Iterator[bytes]:
        while self._left:
            piece = self._stdout.read(min(self._left, PIECE_BYTES))
            if not piece:
                raise FetchError("git ended while it gave a file", slug="git-fetch-failed")
            self._left -= len(piece)
            yield piece

    def finish(self) -> None:
        for _ in self.pieces():
            pass
        self._stdout.read(1)


def _find_top(git: Git, place: Path, revision: str, locator: TreeLocator) -> str:
    """The id of the tree that is meant."""
    name = f"{revision}^{{tree}}" if locator.directory is None else f"{revision}:{locator.directory}"
    try:
        text = git.run(place, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
        found = text.decode(errors="replace").strip()
        kind = git.run(place, "cat-file", "-t", found) if re.fullmatch(r"[0-9a-f]{40,64}", found) else b""
    except FetchError as error:
        if locator.directory is None:
            raise
        raise _directory_missing(locator, revision) from error
    if kind.strip() != b"tree":
        raise _directory_missing(locator, revision)
    return found


def _list_entries(git: Git, place: Path, top: str, locator: TreeLocator) -> list[Entry]:
    """All that is in the tree, in the order of an archive; a directory before what it holds."""
    entries: dict[NodePath, Entry] = {}
    total = 0
    with git.open(place, "ls-tree", "-r", "-t", "-z", "-l", "--full-tree", top, limit=FETCH_LIMIT) as process:
        assert process.stdout is not None
        for record in _iter_records(process.stdout, locator):
            entry = _parse_entry(record, locator)
            if entry.path in entries:
                raise _invalid(locator, entry.path, "is in it twice")
            parent = entry.path[:-1]
            if parent and entries.get(parent, entry).kind != "tree":
                raise _invalid(locator, entry.path, "lies below what is no directory")
            entries[entry.path] = entry
            total += entry.size
            if len(entries) > ENTRY_LIMIT or total > BYTES_LIMIT:
                raise _too_large(locator)
    return [entries[path] for path in sorted(entries)]


def _iter_records(stdout: IO[bytes], locator: TreeLocator) -> Iterator[bytes]:
    rest, read = b"", 0
    while piece := stdout.read(PIECE_BYTES):
        read += len(piece)
        if read > LISTING_LIMIT:
            raise _too_large(locator)
        *records, rest = (rest + piece).split(b"\0")
        yield from records
    if rest:
        raise FetchError("git ended while it listed a tree", slug="git-fetch-failed")


def _parse_entry(record: bytes, locator: TreeLocator) -> Entry:
    match = ENTRY.fullmatch(record)
    if match is None:
        raise _invalid(locator, (record[-100:],), "is an entry that git does not have")
    mode, kind, identifier, size, text = match.groups()
    path = tuple(text.split(b"/"))
    _require_names(path, locator)
    if kind == b"commit":
        raise FetchError(
            f"`{format_shown_path(text)}` in `{locator.address}` is a submodule, whose files nothing here pins",
            hint="name its repository as an input of its own, or another `dir=`",
            slug="input-submodule",
        )
    if kind == b"tree":
        return Entry(path, "tree", identifier, 0)
    if size == b"-":
        raise _invalid(locator, path, "has no size")
    shape = {b"100": "file", b"120": "link"}.get(mode[:3])
    if shape is None:
        raise _invalid(locator, path, "is neither a file nor a link")
    if shape == "file" and int(mode[3:], 8) & 0o100:
        shape = "program"
    if shape == "link" and int(size) > MAX_TARGET_BYTES:
        raise _invalid(locator, path, "is a link that leads nowhere")
    return Entry(path, shape, identifier, int(size))


def _require_names(path: NodePath, locator: TreeLocator) -> None:
    if len(path) >= MAX_DEPTH or not all(map(is_name, path)):
        raise _invalid(locator, path, "has a name that no tree can have")
    if any(map(is_git_name, path)):
        raise _invalid(locator, path, "would be git's own on some file system")


def is_git_name(name: bytes) -> bool:
    """Whether some file system takes `name` for `.git`: without case, with short names, with what HFS+ ignores."""
    plain = IGNORED_BY_HFS.sub("", name.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    return GIT_NAME.fullmatch(plain) is not None


def _invalid(locator: TreeLocator, path: Iterable[bytes], reason: str) -> FetchError:
    return FetchError(
        f"`{format_shown_path(b'/'.join(path))}` in `{locator.address}` {reason}",
        hint="do not use this repository before somebody has looked at it",
        slug="input-tree-invalid",
    )


def _too_large(locator: TreeLocator) -> FetchError:
    return FetchError(
        f"`{locator.address}` has far more files or bytes than an input has",
        hint="name a part of it with `dir=`",
        slug="input-tree-invalid",
    )


def _directory_missing(locator: TreeLocator, revision: str) -> FetchError:
    return FetchError(
        f"`{locator.address}` has no directory `{locator.directory or '.'}` at revision `{revision}`",
        hint="look at `dir=` in the locator",
        slug="input-directory-missing",
    )
