"""Derivations of build scripts, for tests and for the processes that tests start: nothing is imported that is slow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from devenv.derivation.model import Derivation, Input

SYSTEM = "x86_64-linux"


def derive_script(
    sysroot: Derivation, script: str, name: str = "thing", *inputs: Derivation, **changes: object
) -> Derivation:
    """A derivation of `script/1` upon a sysroot."""
    derivation = Derivation(
        name,
        SYSTEM,
        "script/1",
        arguments={
            "script": script,
            "inputs": ["sysroot", *(f"i{number}" for number in range(len(inputs)))],
            "roles": ["sysroot", *("input" for _ in inputs)],
        },
        inputs=tuple(map(Input, (sysroot, *inputs))),
    )
    return replace(derivation, **changes) if changes else derivation  # type: ignore[arg-type]


def no_artifacts(digests: object) -> dict[str, Path]:
    """Nothing is fetched."""
    assert not digests
    return {}
