"""Rows of the result, as a table in Markdown for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from tests.bench.measure import Pairs

HEADER = ("", "devenv", "peer", "ratio", "aim")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing. `ratio` is ours by theirs; what has no peer has neither that nor `theirs`.

    Half of the pairs' ratios lie within `spread`.
    """

    what: str
    unit: str
    ours: float
    aim: str
    peer: str | None = None
    theirs: float | None = None
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    runs: int = 1


def compare(what: str, pairs: Pairs, peer: str, aim: str) -> Row:
    """A row in milliseconds from pairs in seconds."""
    return Row(
        what,
        "ms",
        pairs.ours * 1000,
        aim,
        peer=peer,
        theirs=pairs.theirs * 1000,
        ratio=pairs.ratio,
        spread=pairs.spread,
        runs=len(pairs.values),
    )


def format_markdown(rows: Sequence[Row], conditions: Mapping[str, str]) -> str:
    """The conditions on a line, and a table."""
    lines = [HEADER, ("---",) * len(HEADER), *(_cells(row) for row in rows)]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    return f"{', '.join(_iter_conditions(conditions))}\n\n{table}"


def format_json(rows: Sequence[Row], conditions: Mapping[str, str]) -> str:
    """Everything, with numbers as they are."""
    return json.dumps({"conditions": conditions, "rows": [asdict(row) for row in rows]}, indent=2) + "\n"


def _iter_conditions(conditions: Mapping[str, str]) -> Iterator[str]:
    for name, value in conditions.items():
        yield value if name in ("date", "machine") else f"{name} {value}"


def _cells(row: Row) -> tuple[str, ...]:
    ours = f"{_number(row.ours)} {row.unit}".rstrip()
    theirs = "" if row.theirs is None else f"{row.peer}: {_number(row.theirs)} {row.unit}".rstrip()
    return (row.what, ours, theirs, _relation(row.ratio, row.spread), row.aim)


def _relation(ratio: float | None, spread: tuple[float, float] | None) -> str:
    if ratio is None:
        return ""
    if ratio < 0.2:
        return f"1/{1 / ratio:.0f}"
    between = "" if spread is None else f" ({spread[0]:.2f} to {spread[1]:.2f})"
    return f"{ratio:.2f}{between}"


def _number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0 or value >= 100:
        return f"{value:.0f}"
    digits = next(digits for digits in range(1, 9) if value >= 10 ** (2 - digits))
    return f"{value:.{digits}f}"
