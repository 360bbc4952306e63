"""The state directories whose generations use a store, known to the store: what keeps its objects alive lies in them.

    <base>/states/<id>    link to the state directory; the id is 32 hexadecimal digits of the SHA-256 of its path

One store may serve several: settings that were changed, a home directory that was moved, tests of somebody's own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devenv.fsutil import UNFINISHED, make_private_directory, remove_unfinished, replace_link


@dataclass(frozen=True, slots=True)
class KnownState:
    """A state directory that was registered.

    `found` is false where its projects cannot be looked into: deleted, or on a disk that is not mounted. There were
    some when it was registered, and what they keep is unknown then.
    """

    path: Path
    found: bool


def register_state(base: Path, state: Path) -> None:
    """Tell the store below `base` that generations in `state` use it. Costs one look where it knows."""
    link = base / "states" / hashlib.sha256(os.fsencode(state)).hexdigest()[:32]
    with contextlib.suppress(OSError):
        if os.readlink(link) == str(state):
            return
    remove_unfinished(make_private_directory(link.parent))
    replace_link(link, str(state))


def iter_states(base: Path) -> Iterator[KnownState]:
    """All state directories that were registered, in the order of their ids. What is no link is passed over.

    Raises OSError where the list itself cannot be read: nothing is known then.
    """
    directory = base / "states"
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return
    for name in names:
        if not UNFINISHED.fullmatch(name):
            with contextlib.suppress(OSError):
                state = Path(os.readlink(directory / name))
                yield KnownState(state, os.access(state / "projects", os.R_OK | os.X_OK))
