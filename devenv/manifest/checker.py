"""Checks a document's values against what a manifest may hold, and remembers every fault with its place.

The tables of a TOML file come in any order and in pieces. So `tables` checks all of it in the order of its own rules,
and the first fault *in file order* is what a person gets to see: they read from the top.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from functools import partial
from typing import TypeVar

from devenv.errors import ManifestError
from devenv.manifest.document import Document
from devenv.manifest.grammar import GrammarError
from devenv.manifest.positions import Path
from devenv.manifest.wording import find_closest, format_names, format_path, format_shown

Value = TypeVar("Value")
Member = TypeVar("Member", bound=Hashable)

COUNT_LIMIT = 1000
"""Members of one array: far more than a person writes, and few enough for one command line."""

TYPES: tuple[tuple[type, str], ...] = (
    # bool before int: Python counts True as a number.
    (bool, "a boolean"),
    (int, "a number"),
    (float, "a number"),
    (str, "a string"),
    (list, "an array"),
    (dict, "a table"),
)


def name_type(value: object) -> str:
    """TOML's word for the type of a value that `tomllib` made."""
    return next((word for kind, word in TYPES if isinstance(value, kind)), "a date or time")


class Checker:
    """Each method returns the value where it is right; else it notes the fault and returns something empty."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._faults: list[tuple[int, str, str | None]] = []

    def raise_first(self) -> None:
        """Raise the ManifestError whose place comes first, if there is any."""
        if self._faults:
            offset, message, hint = min(self._faults, key=lambda fault: fault[0])
            raise ManifestError(message, hint=hint, place=self._document.place(offset))

    def fault(self, path: Path, message: str, hint: str | None, *, on_key: bool = False) -> None:
        """Note what is wrong with the value at `path`, or with its key."""
        offset = self._document.key_offset(path) if on_key else self._document.value_offset(path)
        self._faults.append((offset, message, hint))

    def table(self, value: object, path: Path) -> Mapping[str, object]:
        """The table at `path`, with any keys; None counts as an empty one."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        hint = f"write it as a table: `[{format_path(path)}]`"
        self.fault(path, f"`{format_path(path)}` must be a table, not {name_type(value)}", hint)
        return {}

    def record(
        self, value: object, path: Path, known: Collection[str], elsewhere: Mapping[str, str] | None = None
    ) -> Mapping[str, object]:
        """The table at `path`, which may hold the keys `known` only.

        `elsewhere` says of further keys what they were meant to be.
        """
        table = self.table(value, path)
        for key in table:
            if key not in known:
                meant = (elsewhere or {}).get(key) or find_closest(key, known)
                there = f"`{format_path(path)}`" if path else "the manifest"
                self.fault(
                    (*path, key),
                    f"`{format_shown(key)}` is not a key of {there}",
                    f"did you mean `{meant}`?" if meant else f"there are {format_names(known)}",
                    on_key=True,
                )
        return {key: table[key] for key in known if key in table}

    def array(self, value: object, path: Path) -> list[object]:
        """The array at `path`."""
        if isinstance(value, list):
            return value
        self.fault(path, f"`{format_path(path)}` must be an array, not {name_type(value)}", 'write `["…"]`')
        return []

    def members(
        self, value: object, path: Path, rule: Callable[[str], Member], *, repeated: bool = False
    ) -> tuple[Member, ...]:
        """What `rule` makes of each string in the array at `path`, in their order; none is there twice.

        With `repeated`, the same may be there several times.
        """
        given = self.array(value, path)
        if len(given) > COUNT_LIMIT:
            self.fault(path, f"`{format_path(path)}` has more than {COUNT_LIMIT} members", "name fewer")
            return ()
        members: list[Member] = []
        seen: set[Member] = set()
        for index, each in enumerate(given):
            place = (*path, index)
            text = self.string(each, place)
            member = None if text is None else self.apply(place, partial(rule, text))
            if member is None:
                continue
            if member in seen and not repeated:
                message = f"`{format_shown(str(member))}` is given twice in `{format_path(path)}`"
                self.fault(place, message, "delete one of the two")
            seen.add(member)
            members.append(member)
        return tuple(members)

    def string(self, value: object, path: Path, expected: str = "a string") -> str | None:
        """The string at `path`, which no NUL may stand in: no system passes one to a program."""
        if not isinstance(value, str):
            self.fault(
                path, f"`{format_path(path)}` must be {expected}, not {name_type(value)}", self._quoted(value, path)
            )
            return None
        if "\0" in value:
            self.fault(
                path, f"`{format_path(path)}` holds a NUL character", "leave it out: programs cannot be given one"
            )
            return None
        return value

    def apply(self, path: Path, rule: Callable[[], Value], *, on_key: bool = False) -> Value | None:
        """What `rule` returns; a GrammarError from it is the fault of the value at `path`, or of its key."""
        try:
            return rule()
        except GrammarError as error:
            self.fault(path, error.message, error.hint, on_key=on_key)
            return None

    def _quoted(self, value: object, path: Path) -> str:
        """The hint for a value that only lacks its quotes, as it is written: 3.10 must not become 3.1."""
        if isinstance(value, list | dict):
            return f'write it as text in quotes: `{format_path(path[-1:])} = "…"`'
        return f'put it in quotes: `{format_path(path[-1:])} = "{self._document.value_text(path)}"`'
