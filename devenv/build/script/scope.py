"""What is asked of the fix-up, and what a path that stands in an output belongs to."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from devenv.digest import STORE_DIGEST_LENGTH
from devenv.errors import BuildError
from devenv.manifest.wording import format_shown_path


@dataclass(frozen=True, slots=True)
class FixupRequest:
    """An output: where it lies, what it is called, and what it may point to.

    `inputs`, `tools`, `siblings` and `runtime` are objects directly below `store_root`. What is a tool and something
    else as well counts as the other.
    """

    name: str
    """For messages."""
    tree: Path
    """Where it lies: a directory, a file or a link, in a directory that only we can reach."""
    out: Path
    """What it is called in its own files: `<store root>/<scratch digest>-<name>`."""
    inputs: tuple[Path, ...]
    """What it may use at run time; the first that has something wins."""
    tools: tuple[Path, ...]
    """What only its build may use: nothing in it may point there."""
    runtime: Path | None
    """The object of `bundle/1` with the loader and the libraries of C and C++; None: it holds no programs."""
    store_root: Path
    report_leftover: Callable[[str], None]
    """Told of a file, by its path for people, that mentions the build directory; of the first few."""
    build_directory: bytes = b"/build"
    siblings: tuple[Path, ...] = ()
    """The `out` of the other outputs of the same build: links, scripts and search paths may lead there."""


class Realm(Enum):
    """What a path belongs to."""

    OWN = auto()
    INPUT = auto()
    SIBLING = auto()
    RUNTIME = auto()
    TOOL = auto()
    OUTSIDE = auto()


class Scope:
    """Says to whom paths belong, and how errors name those in the output."""

    def __init__(self, request: FixupRequest) -> None:
        self.request = request
        self.root = os.fsencode(request.store_root)
        self.out = os.fsencode(request.out)
        realms = (
            (Realm.TOOL, request.tools),
            (Realm.RUNTIME, () if request.runtime is None else (request.runtime,)),
            (Realm.SIBLING, request.siblings),
            (Realm.INPUT, request.inputs),
            (Realm.OWN, (request.out,)),
        )
        self._realms = {os.fsencode(each.name): realm for realm, paths in realms for each in paths}

    def realm_of(self, path: bytes) -> Realm:
        """To whom an absolute path in its one spelling (`normal`) belongs."""
        if not path.startswith(self.root + b"/"):
            return Realm.OUTSIDE
        return self._realms.get(path[len(self.root) + 1 :].partition(b"/")[0], Realm.OUTSIDE)

    def own_part(self, path: bytes) -> bytes | None:
        """The path in the output of an absolute one in its one spelling; None if it lies elsewhere."""
        return path[len(self.out) + 1 :] if path == self.out or path.startswith(self.out + b"/") else None

    def own_path(self, path: bytes) -> bytes:
        """The inverse: the absolute path of one in the output."""
        return self.out + b"/" + path if path else self.out

    def object_of(self, path: bytes) -> bytes:
        """The path of the object that a path below the store root lies in."""
        end = path.find(b"/", len(self.root) + 1)
        return path if end < 0 else path[:end]

    def package_of(self, path: bytes) -> str:
        """The name of that object without its digest, for a message."""
        return format_shown_path(self.object_of(path)[len(self.root) + 1 + STORE_DIGEST_LENGTH + 1 :])

    def tool_names(self) -> list[bytes]:
        """The names in the store of what may not be mentioned."""
        return [name for name, realm in self._realms.items() if realm is Realm.TOOL]

    def shown(self, path: bytes) -> str:
        """A path in the output for a message."""
        name = self.request.name
        return f"`{format_shown_path(path)}` of `{name}`" if path else f"the output of `{name}`"

    def link_error(self, path: bytes, target: bytes) -> BuildError:
        """A link leads to nothing that the output may use."""
        return BuildError(
            f"{self.shown(path)} is a link to `{format_shown_path(target)}`, "
            "which is neither in the output nor in its inputs",
            hint="let the install phase delete it, or make it a link to something in `$out` or in one of `inputs`",
            slug="output-link-outside",
        )

    def tool_error(self, path: bytes, mentioned: bytes) -> BuildError:
        """Something in the output needs what only its build may use; `mentioned` is a path in that object."""
        return BuildError(
            f"{self.shown(path)} mentions the tool `{self.package_of(mentioned)}`, "
            "which is there only while it is built",
            hint="take it from `tools` to `inputs` if it is needed at run time, else keep its path out of the file",
            slug="tool-referenced",
        )


ALLOWED = frozenset({Realm.OWN, Realm.INPUT, Realm.SIBLING, Realm.RUNTIME})
"""What an output may point to."""


def normal(path: bytes) -> bytes:
    """An absolute path in its one spelling."""
    return b"/" + posixpath.normpath(path).lstrip(b"/")


def parent(path: bytes) -> bytes:
    """The directory that holds it; empty for what stands at the top."""
    return path.rpartition(b"/")[0]


def join(directory: bytes, name: bytes) -> bytes:
    """The path of `name` in the directory, which may be the top."""
    return directory + b"/" + name if directory else name
