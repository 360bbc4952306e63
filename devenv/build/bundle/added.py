"""Files and links that a recipe adds, inside the tree and beside it."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from devenv.build.assemble import Entry, MadeFile, NewLink, parse_destination
from devenv.build.bundle.arguments import BundleArguments
from devenv.build.bundle.paths import parent, relative
from devenv.build.bundle.place import Place, find_in_tree
from devenv.build.bundle.tree import Made, Tree
from devenv.errors import BuildError

RECIPE = ""
"""The owner of what comes from no package."""


def iter_added(tree: Tree, arguments: BundleArguments, place: Place) -> Iterator[tuple[bytes, Entry]]:
    """Put what belongs there into the tree; yield the rest, by path in the object.

    Raises BuildError where a path is none, or a link leads to nothing in the tree.
    """
    yield from _iter_files(tree, arguments, place)
    links = {path: _goal(path, target) for path, target in map(_parse_link, arguments.links.items())}
    for path, goal in links.items():
        inside, goal_inside = find_in_tree(path), find_in_tree(goal)
        if inside is None or goal_inside is None:
            yield path, link_from_top(path, goal)
        else:
            tree.put_link(inside, goal_inside, RECIPE)
    for path, goal in links.items():
        _require_goal(tree, path, goal)


def _iter_files(tree: Tree, arguments: BundleArguments, place: Place) -> Iterator[tuple[bytes, Entry]]:
    for destination, file in arguments.files.items():
        path = b"/".join(parse_destination(destination))
        content = place.expand(file.text)
        inside = find_in_tree(path)
        if inside is None:
            yield path, MadeFile(file.executable, functools.partial(bytes, content))
        else:
            tree.put(inside, Made(RECIPE, file.executable, content))


def _parse_link(link: tuple[str, str]) -> tuple[bytes, bytes]:
    path, target = link
    return b"/".join(parse_destination(path)), b"/".join(parse_destination(target))


def _goal(path: bytes, target: bytes) -> bytes:
    """A target without a slash is a neighbour, any other one counts from the top of the object."""
    return target if b"/" in target or not parent(path) else parent(path) + b"/" + target


def _require_goal(tree: Tree, path: bytes, goal: bytes) -> None:
    inside = find_in_tree(goal)
    if inside is not None and tree.resolve(inside) is None:
        raise BuildError(
            f"the link `{path.decode(errors='replace')}` would lead to `{goal.decode(errors='replace')}`, "
            "which the bundle lacks",
            slug="member-missing",
        )


def link_from_top(path: bytes, goal: bytes) -> NewLink:
    """The link at `path` to `goal`, both paths in the object."""
    return NewLink(relative(goal, parent(path)))
