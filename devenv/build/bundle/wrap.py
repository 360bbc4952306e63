"""Wrappers: scripts in the places of programs, which set variables and add arguments.

    usr/bin/git                        the script; what links to it, shebangs and callers inside the tree get it too
    usr/bin/.git-wrapped               the program, beside it, so that it finds what it looks for from its own place
    usr/bin/.git-called/git-shell      a link to the program for each name that the tree knows it by

Programs that do different things under different names are started by those links: a POSIX shell cannot give a program
another name than that of its file.
"""

from __future__ import annotations

from collections.abc import Iterator

from devenv.build.bundle.arguments import Wrapper
from devenv.build.bundle.paths import clean, name_of, parent
from devenv.build.bundle.place import Place
from devenv.build.bundle.tree import Made, Tree
from devenv.errors import BuildError

SHELLS = (b"usr/bin/dash", b"usr/bin/sh", b"usr/bin/bash")
"""The interpreter of a wrapper is the first of these that the tree has."""


def wrap_program(tree: Tree, path: bytes, wrapper: Wrapper, place: Place) -> None:
    """Put a wrapper in the place of the program at `path`. Raises BuildError (`member-missing`)."""
    path = clean(path)
    if not tree.is_program(path):
        raise BuildError(f"`{path.decode()}` is to be wrapped and is no program of the tree", slug="member-missing")
    shell = next((each for each in SHELLS if tree.is_program(each)), None)
    if shell is None:
        raise BuildError(f"`{path.decode()}` is to be wrapped, and the tree has no shell", slug="member-missing")
    owner = tree.owner(path) or ""
    names = {name_of(path), *(name_of(link) for link in tree.links if tree.resolve(link) == path)}
    program = tree.move(path, b".%b-wrapped" % name_of(path))
    called = b"%b/.%b-called/" % (parent(path), name_of(path))
    for name in names:
        tree.put_link(called + name, program, owner)
    tree.put(path, Made(owner, True, format_wrapper(wrapper, place, shell, called + name_of(path))))


def format_wrapper(wrapper: Wrapper, place: Place, shell: bytes, program: bytes) -> bytes:
    """The script by which `shell` starts `program`, or what lies beside it under the name that was called."""
    arguments = [quote(place.expand(each)) for each in wrapper.arguments]
    lines = [
        b"#!" + place.of(shell),
        *_iter_settings(wrapper, place),
        b"devenv_program=" + quote(place.of(parent(program))) + b"/${0##*/}",
        b'[ -x "$devenv_program" ] || devenv_program=' + quote(place.of(program)),
        b" ".join([b'exec "$devenv_program"', *arguments, b'"$@"']),
    ]
    return b"\n".join([*lines, b""])


def _iter_settings(wrapper: Wrapper, place: Place) -> Iterator[bytes]:
    for name, text in sorted(wrapper.set.items()):
        yield b"export %b=%b" % (name.encode(), quote(place.expand(text)))
    for name, text in sorted(wrapper.default.items()):
        yield b'[ -n "${%b+set}" ] || export %b=%b' % (name.encode(), name.encode(), quote(place.expand(text)))
    for name, text in sorted(wrapper.prefix.items()):
        value = (name.encode(), quote(place.expand(text)), name.encode(), name.encode())
        yield b'export %b=%b"${%b:+:$%b}"' % value
    for name, text in sorted(wrapper.suffix.items()):
        yield b'export %b="${%b:+$%b:}"%b' % (*[name.encode()] * 3, quote(place.expand(text)))


def quote(word: bytes) -> bytes:
    """The word as a shell reads it back, whatever is in it."""
    return b"'" + word.replace(b"'", b"'\\''") + b"'"
