"""What a derivation says about a script: `script/1`.

`inputs` names the derivation's inputs and `roles` says what each is for, both in their order:

- `sysroot`: its tree is the sandbox's `/`; exactly one;
- `runtime`: the loader and the libraries of C and C++ that what is built runs on; at most one;
- `tool`: seen while building only; `input`: what is built may refer to it;
- `source`, `patch`: files of a project, as objects.

`sources` names the artifacts, which are seen as `/sources/<name>`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from devenv.errors import BuildError
from devenv.store_path import NAME_PATTERN

SCRIPT_BUILDER = "script/1"

Role = Literal["sysroot", "runtime", "tool", "input", "source", "patch"]
FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9+_~=-][A-Za-z0-9+._~=:@-]{0,199}\Z")]
InputName = Annotated[str, msgspec.Meta(pattern=rf"^{NAME_PATTERN.pattern}\Z")]


class ScriptArguments(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """See the module."""

    script: str
    inputs: list[InputName]
    roles: list[Role]
    sources: list[FileName] = []

    def named(self, role: Role) -> list[int]:
        """The numbers of the inputs with that role."""
        return [number for number, each in enumerate(self.roles) if each == role]

    def require_fit(self, name: str, inputs: int, sources: int) -> None:
        """Raises BuildError where they do not speak of as many inputs and sources as there are."""
        fits = len(self.inputs) == len(self.roles) == inputs and len(self.sources) == sources
        if not fits or len(set(self.sources)) != sources:
            raise BuildError(f"`{name}` must name each of its inputs and sources", slug="arguments-invalid")
        if len(self.named("sysroot")) != 1 or len(self.named("runtime")) > 1:
            raise BuildError(f"`{name}` must have one sysroot, and at most one runtime", slug="arguments-invalid")
        named = [each for each, role in zip(self.inputs, self.roles, strict=True) if role in NAMED_ROLES]
        if len(set(map(variable_of, named))) != len(named):
            raise BuildError(
                f"two inputs of `{name}` would have one variable: {', '.join(named)}",
                hint="in `input_NAME`, all that is no letter or digit is `_`: leave one of them out",
                slug="arguments-invalid",
            )


NAMED_ROLES = frozenset({"runtime", "tool", "input"})
"""What scripts know by a variable of its own."""


def variable_of(name: str) -> str:
    """The variable that has the path of the input `name`: `input_pkg_config` for `pkg-config`."""
    return "input_" + re.sub(r"[^A-Za-z0-9_]", "_", name)
