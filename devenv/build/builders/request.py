"""What a builder is given, and how it reads its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from devenv.errors import BuildError

Arguments = TypeVar("Arguments")


Advance = Callable[[int], None]


def never_stopped(count: int) -> None:
    """Takes note of nothing."""
    del count


@dataclass(frozen=True, slots=True)
class BuilderRequest:
    """The derivation's arguments, the artifacts (verified files) and inputs (paths in the store) in its order.

    `out` is the path under which the output refers to itself while it is built; nothing lies there, but the directory
    above it is the store's. `advance` is told of bytes that are worked on, from any thread, before the first node: it
    raises Cancelled where the build is not wanted any more. Who reads the nodes sees to the rest.
    """

    name: str
    arguments: Mapping[str, Any]
    sources: tuple[Path, ...]
    inputs: tuple[Path, ...]
    out: Path
    advance: Advance = never_stopped

    def arguments_as(self, kind: type[Arguments]) -> Arguments:
        """The arguments as `kind`. Raises BuildError where a recipe gave something else."""
        try:
            return msgspec.convert(dict(self.arguments), kind)
        except msgspec.ValidationError as error:
            raise BuildError(
                f"`{self.name}` gives its builder wrong arguments: {error}", slug="arguments-invalid"
            ) from error

    def require_source(self) -> Path:
        """The one artifact. Raises BuildError where there is another number of them."""
        if len(self.sources) != 1:
            raise BuildError(f"`{self.name}` must have exactly one source", slug="arguments-invalid")
        return self.sources[0]
