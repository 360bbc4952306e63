"""Replaces paths that are compiled into programs, where neither a variable nor an argument could (nginx's log files).

Lengths are compiled in beside such strings, so a new one has the length of the old: `./` and slashes fill it up. And
a linker lets other strings begin within an old one, so both end with one name: `pid` may be that of `/run/nginx.pid`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from devenv.build.bundle.paths import clean, name_of
from devenv.build.bundle.tree import Made, Tree
from devenv.elf.image import IMAGE_LIMIT
from devenv.errors import BuildError


def replace_strings(tree: Tree, program: str, strings: Mapping[str, str]) -> None:
    """Put other strings into the program at that path: old → new. Raises BuildError."""
    path = tree.find_file(clean(program.encode()))
    if path is None:
        raise BuildError(f"`{program}` is to be changed, and is not in the tree", slug="member-missing")
    file = tree.files[path]
    if file.size > IMAGE_LIMIT:
        raise BuildError(f"`{program}` has more than {IMAGE_LIMIT} bytes", slug="elf-invalid")
    content = file.read()
    for old, new in strings.items():
        content = _replace(content, program, old.encode(), new.encode())
    tree.put(path, Made(file.owner, file.executable, content))


def _replace(content: bytes, program: str, old: bytes, new: bytes) -> bytes:
    """Whole strings only: `/etc/nginx` stays as it is in `/etc/nginx/modules`."""
    if len(old) != len(new) or not new.endswith(name_of(old)):
        message = f"`{new.decode()}` must be as long as `{old.decode()}` and end like it"
        raise BuildError(message, slug="arguments-invalid")
    changed, count = re.subn(rb"(?<=\0)" + re.escape(old) + rb"(?=\0)", lambda _: new, content)
    if not count:
        raise BuildError(f"`{program}` does not hold the string `{old.decode()}`", slug="member-missing")
    return changed
