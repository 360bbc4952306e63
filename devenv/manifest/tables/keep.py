"""`keep`, which is no table: what bundles of Debian packages keep."""

from __future__ import annotations

from collections.abc import Iterable

from devenv.manifest.checker import Checker
from devenv.manifest.document import Document
from devenv.manifest.grammar import GrammarError
from devenv.manifest.model import KEPT
from devenv.manifest.wording import find_closest, format_names, format_shown

KEEP = "keep"


def check_keep(checker: Checker, value: object) -> tuple[str, ...]:
    """What is kept, sorted."""
    return tuple(sorted(checker.members(value, (KEEP,), _require_kept)))


def refuse_late_keys(checker: Checker, document: Document, tables: Iterable[str], keys: Iterable[str]) -> None:
    """Note arrays of the top that stand below a table's header, where TOML takes them for keys of that table."""
    for key in keys:
        for name in tables:
            table = document.data.get(name)
            if isinstance(table, dict) and isinstance(table.get(key), list):
                checker.fault(
                    (name, key), f"`{key}` is no key of `{name}`", f"put `{key}` above the first table", on_key=True
                )


def _require_kept(text: str) -> str:
    if text in KEPT:
        return text
    meant = find_closest(text, KEPT)
    raise GrammarError(
        f"`{format_shown(text)}` is nothing that can be kept",
        f"did you mean `{meant}`?" if meant else f"there are {format_names(KEPT)}",
    )
