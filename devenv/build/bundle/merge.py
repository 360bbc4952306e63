"""Joins the contents of several `.deb`s in one tree (FAULTS I-13).

Where two have something at one path, the same content passes, a directory meets a directory, and a package that says
that it `Replaces` another wins; versions in that field are not looked at, because the archive of one release holds no
two packages of which only other versions would replace each other. Everything else is an error, not an order that
silently decides.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from devenv.build.bundle.paths import MERGED, clean, merged, parent, relative
from devenv.build.bundle.tree import Link, Stored, Tree, TreeFile
from devenv.build.bundle.unpack import Deb
from devenv.build.tar_header import TarKind
from devenv.errors import BuildError
from devenv.manifest.wording import format_shown_path

FIELD_END = r"(?=\n\S|\Z)"


def merge_debs(debs: Iterable[Deb]) -> Tree:
    """The tree of all their members. Raises BuildError (`tree-conflict`, `archive-invalid`)."""
    merger = _Merger({})
    for deb in debs:
        merger.add(deb)
    files = {path: entry for path, entry in merger.entries.items() if not isinstance(entry, Link)}
    links = {path: entry for path, entry in merger.entries.items() if isinstance(entry, Link)}
    tree = Tree.of(files, links)
    _require_directories(tree)
    return tree


def _require_directories(tree: Tree) -> None:
    """Raises BuildError where something lies below a file or a link."""
    for path in sorted(tree.directories):
        owner = tree.owner(path)
        if owner is not None:
            below = next(each for each in sorted(tree.iter_paths()) if each.startswith(path + b"/"))
            raise _conflict(path, owner, tree.owner(below) or "")


def _conflict(path: bytes, first: str, second: str) -> BuildError:
    names = sorted([first, second])
    return BuildError(
        f"`{names[0]}` and `{names[1]}` have different things at `{format_shown_path(path)}`",
        slug="tree-conflict",
    )


class _Merger:
    """Adds one `.deb` after the other to `entries`."""

    def __init__(self, entries: dict[bytes, TreeFile | Link]) -> None:
        self.entries = entries
        self._replaces: dict[str, frozenset[str]] = {}
        self._packages: dict[str, str] = {}

    def add(self, deb: Deb) -> None:
        """Add its members. Raises BuildError."""
        control = deb.unpacked.control
        self._packages[deb.name] = read_field(control, "Package")
        self._replaces[deb.name] = frozenset(
            re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9+.-]*)", read_field(control, "Replaces"))
        )
        for path, entry in _iter_entries(deb):
            old = self.entries.get(path)
            if old is None or self._wins(path, old, entry):
                self.entries[path] = entry

    def _wins(self, path: bytes, old: TreeFile | Link, new: TreeFile | Link) -> bool:
        """Whether the new one takes the place of the old. Raises BuildError where nothing says so."""
        if _is_same(old, new):
            return False
        forward, backward = self._is_replaced(old.owner, new.owner), self._is_replaced(new.owner, old.owner)
        if forward == backward:
            raise _conflict(path, old.owner, new.owner)
        return forward

    def _is_replaced(self, loser: str, winner: str) -> bool:
        return self._packages[loser] in self._replaces[winner]


def read_field(control: Mapping[str, bytes], name: str) -> str:
    """A field of the control file, its lines joined; empty if it is not there."""
    text = control.get("control", b"").decode(errors="replace")
    match = re.search(rf"^{name}:(.*?){FIELD_END}", text, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    return "" if match is None else " ".join(match[1].split())


def _is_same(old: TreeFile | Link, new: TreeFile | Link) -> bool:
    if isinstance(old, Stored) and isinstance(new, Stored):
        return (old.executable, old.size) == (new.executable, new.size) and all(
            mine == theirs for mine, theirs in zip(old.iter_pieces(), new.iter_pieces(), strict=True)
        )
    return isinstance(old, Link) and isinstance(new, Link) and old.target == new.target


def _iter_entries(deb: Deb) -> Iterator[tuple[bytes, TreeFile | Link]]:
    members = {member.path: member for member in deb.unpacked.members}
    for member in deb.unpacked.members:
        path = member.path
        if member.kind is TarKind.DIRECTORY or path in MERGED:
            continue
        if member.kind is TarKind.SYMLINK:
            yield merged(path), Link(deb.name, _new_target(path, member.target or b""))
            continue
        content = member if member.link is None else members.get(member.link)
        if content is None:
            raise BuildError(
                f"the archive `{deb.name}` is not accepted: `{format_shown_path(path)}` is another name for what is "
                "left out of it",
                slug="archive-invalid",
            )
        yield merged(path), Stored(deb.name, content.executable, deb.spool, content.offset, content.size)


def _new_target(path: bytes, target: bytes) -> bytes:
    """Where a link, which stood at `path` in the archive, leads from its place in the tree."""
    if not target.startswith(b"/"):
        if path.partition(b"/")[0] not in MERGED:
            return target
        target = posixpath.join(parent(path), target)
    return relative(clean(target), parent(merged(path)))
