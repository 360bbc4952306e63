"""Until when versions are looked after by those who make them, as far as it is announced (`end_of_life.toml`)."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("end_of_life.toml")


@dataclass(frozen=True, slots=True)
class Ends:
    """Known ends: products → lines of versions → days, and suites of Debian → days."""

    products: Mapping[str, Mapping[str, str]]
    security: Mapping[str, str]
    """Until when Debian's security team looks after a suite..."""
    long_term: Mapping[str, str]
    """...and until when somebody does."""

    def find(self, product: str, version: str) -> str | None:
        """The last day (`YYYY-MM-DD`) of the line that `version` belongs to; None where nothing is known."""
        lines = self.products.get(product, {})
        parts = version.split(".")
        prefixes = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
        return next((lines[prefix] for prefix in prefixes if prefix in lines), None)


@functools.cache
def read_ends() -> Ends:
    """What devenv was made with."""
    data = tomllib.loads(FILE.read_text("utf-8"))
    products = {name: each["lines"] for name, each in data["products"].items()}
    return Ends(products, data["suites"]["security"], data["suites"]["long-term"])
