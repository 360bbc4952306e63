"""`bundle/1`: several `.deb`s → one relocated prefix (`devenv.build.bundle` says how, its `arguments` what of it).

$out/root/…   the tree, in Debian's own layout
$out/bin/X    what is shown of it, as relative links; `share`, `include` and `lib` likewise
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

from devenv.build.assemble import Entry, MadeFile, NewFile, NewLink, iter_nodes
from devenv.build.builders.request import BuilderRequest
from devenv.build.bundle.added import iter_added, link_from_top
from devenv.build.bundle.alternatives import add_alternatives
from devenv.build.bundle.arguments import BundleArguments
from devenv.build.bundle.certificates import add_certificates
from devenv.build.bundle.debug import add_debug_links
from devenv.build.bundle.libraries import Change, plan_libraries
from devenv.build.bundle.merge import merge_debs
from devenv.build.bundle.owners import find_owners
from devenv.build.bundle.paths import MERGED, PROGRAM_DIRECTORIES, Patterns, Selection, parent
from devenv.build.bundle.place import TOP, Place, in_object
from devenv.build.bundle.show import iter_shown
from devenv.build.bundle.strings import replace_strings
from devenv.build.bundle.text import MAX_LINE_BYTES, MAX_TEXT_BYTES, SCRIPT, TextRewriter
from devenv.build.bundle.tree import Made, Tree, TreeFile
from devenv.build.bundle.unpack import unpacked_debs
from devenv.build.bundle.wrap import wrap_program
from devenv.errors import BuildError
from devenv.nar.nodes import Node, NodePath

HEAD_BYTES = 512
"""Enough to see that a file is none of text; its text is looked through for NUL again."""


def build_bundle(request: BuilderRequest) -> Iterator[Node]:
    """The nodes of the tree. Raises BuildError."""
    arguments = request.arguments_as(BundleArguments)
    if len(arguments.debs) != len(request.sources) or not set(arguments.own) <= set(arguments.debs):
        raise BuildError(
            f"`{request.name}` must name each of its {len(request.sources)} sources, and own some of them",
            slug="arguments-invalid",
        )
    place = Place(request.out)
    sources = list(zip(arguments.debs, request.sources, strict=True))
    selection = Selection(arguments.keep, arguments.remove)
    with unpacked_debs(sources, request.out.parent, selection, request.advance) as debs:
        tree = merge_debs(debs)
        add_alternatives(tree, debs)
        add_debug_links(tree, arguments.architecture)
        add_certificates(tree)
        outside = dict(iter_added(tree, arguments, place))
        tree.drop_dangling()
        for program, strings in sorted(arguments.strings.items()):
            replace_strings(tree, program, strings)
        for path, wrapper in sorted(arguments.wrap.items()):
            wrap_program(tree, path.encode(), wrapper, place)
        changes = plan_libraries(tree, arguments.architecture, place, _optional(arguments))
        owners = find_owners(tree, debs, arguments.own) if arguments.plain else frozenset(arguments.own)
        shown = {path: link_from_top(path, in_object(goal)) for path, goal in iter_shown(tree, arguments, owners)}
        entries = {tuple(path.split(b"/")): entry for path, entry in (shown | outside).items()}
        yield from iter_nodes(entries | dict(_iter_tree(tree, TextRewriter(tree, place), changes)))


def _optional(arguments: BundleArguments) -> Callable[[bytes], bool]:
    """Which images may lack libraries."""
    if arguments.plain:
        return lambda path: parent(path) not in PROGRAM_DIRECTORIES
    return Patterns(arguments.optional).match


def _iter_tree(tree: Tree, texts: TextRewriter, changes: Mapping[bytes, Change]) -> Iterator[tuple[NodePath, Entry]]:
    """The entries of the tree, each content changed when its turn comes."""
    # Deep paths have few names that are not those of others as well.
    known: dict[bytes, bytes] = {}
    for path, file in tree.files.items():
        yield _path(path, known), _new_file(path, file, texts, changes.get(path))
    for path, link in tree.links.items():
        yield _path(path, known), NewLink(link.target)
    for name, target in MERGED.items():
        if target in tree.directories:
            yield _path(name, known), NewLink(target)


def _path(path: bytes, known: dict[bytes, bytes]) -> NodePath:
    """The path's names, each of them once in memory."""
    names = path.split(b"/")
    return (TOP, *map(known.setdefault, names, names))


def _new_file(path: bytes, file: TreeFile, texts: TextRewriter, change: Change | None) -> Entry:
    if change is not None:
        return MadeFile(file.executable, lambda: change(file.read()))
    if isinstance(file, Made):
        return MadeFile(file.executable, file.read)
    if file.size > MAX_TEXT_BYTES:
        start, line = texts.rewrite_first_line(path, file.read_head(MAX_LINE_BYTES))
        size = file.size - start + len(line)
        return NewFile(file.executable, size, lambda: itertools.chain([line], file.iter_pieces(start)))
    head = file.read_head(HEAD_BYTES)
    if not head.startswith(SCRIPT) and b"\0" in head:
        return NewFile(file.executable, file.size, file.iter_pieces)
    return MadeFile(file.executable, lambda: texts.rewrite(path, file.read()))
