"""What a build is, and its key (DESIGN section 4).

The canonical form is JSON in UTF-8 with sorted keys and no white space; the key is BLAKE3 over it. An input stands in
it as the key of the derivation that makes it, so that a key covers everything below it. In the resolved form an input
stands as the store path that it turned out to be: two derivations whose inputs came out alike have the same resolved
key, and what is above a rebuilt but unchanged input is not built again (early cutoff).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from devenv.digest import STORE_DIGEST_BYTES, canonical_json_key, nix32_encode
from devenv.store_path import StorePath

FORMAT_VERSION = 1
MAIN_OUTPUT = "out"


@dataclass(frozen=True, slots=True)
class Input:
    """One output of another derivation."""

    derivation: Derivation
    output: str = MAIN_OUTPUT


@dataclass(frozen=True, slots=True, eq=False)
class Derivation:
    """A build: `builder` (with its version, `unpack/1`) makes `outputs` of `sources`, `inputs` and `arguments`.

    `name` names the objects. `arguments` is plain JSON data without floating-point numbers; `environment` is for
    builders that run programs; `sources` are SHA-256 digests (64 hexadecimal digits) of artifacts; `output_hash` fixes
    the output of a fetch. `key` is `blake3:<64 hexadecimal digits>`; it is computed at once and stands for the whole:
    inputs have theirs already, and graphs with many ways to one input stay cheap to compare (FAULTS N-08).
    """

    name: str
    system: str
    builder: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[Input, ...] = field(default=(), repr=False)
    sources: tuple[str, ...] = ()
    outputs: tuple[str, ...] = (MAIN_OUTPUT,)
    output_hash: str | None = None
    key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", canonical_json_key(self.document))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Derivation) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def resolved_key(self, paths: Mapping[Input, StorePath]) -> str:
        """The key with each input replaced by the object it was realised as."""
        return canonical_json_key(self._document([{"path": str(paths[each])} for each in self.inputs]))

    def scratch_digest(self, output: str = MAIN_OUTPUT) -> str:
        """The 32-character digest under which an output refers to itself while it is built."""
        key = self.key if output == MAIN_OUTPUT else canonical_json_key({"derivation": self.key, "output": output})
        return nix32_encode(bytes.fromhex(key.removeprefix("blake3:"))[:STORE_DIGEST_BYTES])

    def object_name(self, output: str = MAIN_OUTPUT) -> str:
        """What the object of an output is called."""
        return self.name if output == MAIN_OUTPUT else f"{self.name}-{output}"

    def salted(self, salt: str) -> Derivation:
        """The same build under another key: its outputs have other scratch digests."""
        return replace(self, environment={**self.environment, "salt": salt})

    @property
    def document(self) -> dict[str, Any]:
        """The canonical form, as plain data: what the key is computed of."""
        return self._document([{"derivation": each.derivation.key, "output": each.output} for each in self.inputs])

    def _document(self, inputs: list[dict[str, str]]) -> dict[str, Any]:
        return {
            "format": FORMAT_VERSION,
            "name": self.name,
            "system": self.system,
            "builder": self.builder,
            "arguments": self.arguments,
            "environment": self.environment,
            "inputs": inputs,
            "sources": self.sources,
            "outputs": self.outputs,
            "output_hash": self.output_hash,
        }
