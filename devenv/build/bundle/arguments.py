"""What a recipe says about a bundle."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Variable = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""A name that a shell takes for one of a variable."""


class Wrapper(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How a program is called: variables that are set, set unless they are, put in front and behind (with a colon).

    `arguments` stand before the caller's own.
    """

    set: dict[Variable, str] = {}
    default: dict[Variable, str] = {}
    prefix: dict[Variable, str] = {}
    suffix: dict[Variable, str] = {}
    arguments: list[str] = []


class NewText(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A file of the recipe's own."""

    text: str
    executable: bool = False


class BundleArguments(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`debs` names the sources, in their order; things of those in `own` are shown.

    `{root}` and `{out}` in texts of wrappers and files stand for the tree and for the object.

    - `plain`: whether no recipe speaks for the packages. Then what own ones consist of is shown as well (`owners`), and
      only programs, with all that they load, must find their libraries: a plugin may want what Debian only suggests.
    - `programs`: directories and files of the tree whose programs are shown too; `hide`: patterns of other names.
    - `wrap`: path in the tree → how it is called.
    - `links`: path in the object → target. A target without a slash names a neighbour of the link; any other one counts
      from the top of the object (`root/usr/bin/php8.2`).
    - `files`: path in the object → file; it replaces what the packages have there.
    - `remove`: patterns of paths in the tree to leave out; `*` passes slashes, a directory goes with what it holds.
    - `keep`: what is otherwise left out.
    - `development`: whether headers, libraries to link and `pkg-config` files are shown.
    - `optional`: patterns of ELF images in the tree that may lack libraries.
    - `strings`: path in the tree → string that is compiled in → one of the same length.
    """

    architecture: Literal["amd64", "arm64"]
    debs: list[str]
    own: list[str]
    plain: bool = False
    programs: list[str] = []
    hide: list[str] = []
    wrap: dict[str, Wrapper] = {}
    links: dict[str, str] = {}
    files: dict[str, NewText] = {}
    remove: list[str] = []
    keep: list[Literal["documentation", "locales"]] = []
    development: bool = False
    optional: list[str] = []
    strings: dict[str, dict[str, str]] = {}
