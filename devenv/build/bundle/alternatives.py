"""What the maintainer scripts of a bundle would have told `update-alternatives`, read from them and not run.

Debian's packages give names that several of them could have (`/usr/bin/editor`, `/usr/bin/php`) to one of them by
calls in their `postinst`. Calls with literal words are understood; names in loops and variables are left to recipes.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from devenv.build.bundle.paths import clean
from devenv.build.bundle.tree import Tree
from devenv.build.bundle.unpack import Deb

COMMAND = "update-alternatives"
NOT_LITERAL = frozenset("$`*?")
GENERIC = b"etc/alternatives/"
"""Where packages may link to instead of to the chosen one."""


class AlternativeLink(NamedTuple):
    """One link of an alternative: `link` → `path`, both in the tree, known as `name`."""

    link: bytes
    name: bytes
    path: bytes


class Alternative(NamedTuple):
    """The links that are chosen together, its main one first."""

    priority: int
    links: tuple[AlternativeLink, ...]
    owner: str


def parse_alternatives(script: str, owner: str) -> Iterator[Alternative]:
    """The literal calls of `update-alternatives --install` in a maintainer script of the package `owner`."""
    for line in script.replace("\\\n", " ").splitlines():
        if COMMAND in line and "--install" in line:
            alternative = _parse_call(line, owner)
            if alternative is not None:
                yield alternative


def _parse_call(line: str, owner: str) -> Alternative | None:
    try:
        words = shlex.split(line, comments=True)
        start = words.index("--install")
        link, name, path, priority = words[start + 1 : start + 5]
        links = [_parse_link(link, name, path)]
        for index, word in enumerate(words):
            if word == "--slave":
                link, name, path = words[index + 1 : index + 4]
                links.append(_parse_link(link, name, path))
        return Alternative(int(priority.rstrip(";")), tuple(links), owner)
    except ValueError:
        return None


def _parse_link(link: str, name: str, path: str) -> AlternativeLink:
    """Raises ValueError where one of them is not literal."""
    if NOT_LITERAL & {*link, *name, *path} or "/" in name or not (link.startswith("/") and path.startswith("/")):
        raise ValueError(f"{link!r}, {name!r} or {path!r} is not literal")
    return AlternativeLink(clean(link.encode()), name.encode(), clean(path.encode()))


def add_alternatives(tree: Tree, debs: Iterable[Deb]) -> None:
    """Make the links of the alternatives with the highest priorities whose files exist, where nothing lies already."""
    best: dict[bytes, Alternative] = {}
    for deb in debs:
        script = deb.unpacked.control.get("postinst", b"").decode(errors="replace")
        for alternative in parse_alternatives(script, deb.name):
            main = alternative.links[0]
            if tree.resolve(main.path) is not None:
                best[main.name] = max(best.get(main.name, alternative), alternative)
    for name in sorted(best):
        for each in best[name].links:
            _add_link(tree, each, best[name].owner)


def _add_link(tree: Tree, each: AlternativeLink, owner: str) -> None:
    if tree.resolve(each.path) is None:
        return
    for link in (each.link, GENERIC + each.name):
        if tree.resolve(link) is None:
            tree.put_link(link, each.path, owner)
