"""What people call objects: a path into the store, the name of an object, or the beginning of its digest."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from devenv.digest import STORE_DIGEST_LENGTH
from devenv.errors import UsageError
from devenv.store.layout import iter_objects, layout_of
from devenv.store.store import Store
from devenv.store_path import StorePath, parse_store_path

SHOWN = 5
SHORTEST_DIGEST = 4
"""Digits of a digest from which on its beginning counts: shorter ones are words."""


def require_object(store: Store, text: str) -> StorePath:
    """The registered object that `text` names.

    It may be a path to or below the object, also through links outside of the store (`result/bin/x`);
    `<digest>-<name>`; the digest or its beginning; or the name, with its version or without.
    Raises UsageError (`object-unknown`, `object-ambiguous`).
    """
    exact = _from_path(store.root, text)
    if exact is not None:
        found = [exact] if store.database.is_valid(exact) else []
    else:
        known = store.database.read_graph().keys()
        found = [path for path in known if path.name == text] or [path for path in known if _is_called(path, text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"`{text}` names {len(found)} objects",
            details=tuple(str(path) for path in found[:SHOWN]),
            hint="give more of the digest",
            slug="object-ambiguous",
        )
    raise UsageError(
        f"there is no object `{text}` in the store", hint="`devenv store roots` names some", slug="object-unknown"
    )


def list_names(base: Path) -> list[str]:
    """What lies in the store below `base`, by names without digests; empty where there is no store."""
    with contextlib.suppress(OSError):
        return sorted({path.name for path in iter_objects(layout_of(base).root)})
    return []


def _from_path(root: Path, text: str) -> StorePath | None:
    """The object that `text` leads to as a name in the store or as a path; None where it is neither."""
    for path in (root / text, Path(os.path.abspath(text)), Path(os.path.realpath(text))):
        with contextlib.suppress(ValueError, IndexError):
            return parse_store_path(path.relative_to(root).parts[0])
    return None


def _is_called(path: StorePath, text: str) -> bool:
    """Whether `text` is the name without the version, or the beginning of the digest."""
    name, _, version = path.name.rpartition("-")
    if name == text and version[:1].isdigit():
        return True
    return SHORTEST_DIGEST <= len(text) <= STORE_DIGEST_LENGTH and path.digest.startswith(text)
