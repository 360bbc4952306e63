"""A user who builds: an archive with a sysroot made of this machine's own programs, and a package from source.

The `make` of this sysroot reads Makefiles in bash, one function for each target, so that no compiler is needed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import devenv.packages
from devenv.events import ignore
from devenv.workflow.edit import lock_project
from devenv.workflow.tools import Tools
from devenv.workflow.trust import allow_project
from tests.debs import TarEntry, make_deb, symlink
from tests.functional.debian_archive import MadeArchive, Pocket, make_source_stanza
from tests.functional.host_programs import HostPrograms
from tests.functional.workflow.command import User
from tests.sandboxes import SEARCH_PATH, Unavailable, host_sysroot
from tests.trees import Link, Script, Tree

FURTHER_PROGRAMS = ("cmp", "install", "od", "patch", "tar")
"""What builds of packages need besides the programs of attacks."""

MAKE = """#!/bin/bash
# Runs functions of ./Makefile: `make -j2 NAME=value install` calls `install`, `make` calls `all`.
set -e
targets=()
for argument; do
    case $argument in
        -*) ;;
        *=*) export "$argument" ;;
        *) targets+=("$argument") ;;
    esac
done
. ./Makefile
for target in "${targets[@]:-all}"; do "$target"; done
"""

HELLO_FILES = {
    "configure": '#!/bin/sh\necho "configured: $*" > config.status\n',
    "Makefile": 'all() { { cat message; cat config.status; echo "$GREETING"; } > made; }\n'
    'install() { command install -D -m 644 made "$out/share/hello"; }\n',
    "message": "hello, world\n",
}
PATCH = "--- a/message\n+++ b/message\n@@ -1 +1 @@\n-hello, world\n+hello, {}\n"


def offer_builds(archive: MadeArchive, programs: HostPrograms) -> None:
    """Publish trixie with all that builds need, and the source of hello. Raises Unavailable."""
    names = [*_names_of("sysroot"), *_names_of("bubblewrap"), *_names_of("runtime")]
    filled = {
        "bash": _pack(host_sysroot(), _further_tree()),
        "libc6": programs.pack_libc(),
        "bubblewrap": _bubblewrap(),
    }
    stanzas = [
        archive.offer(name, filled.get(name) or make_deb([_document(name)], compression=".gz"), "14.2.0-1")
        for name in dict.fromkeys(names)
    ]
    content = _make_tar("hello-2.12", HELLO_FILES)
    path = "pool/main/h/hello/hello_2.12.orig.tar.gz"
    archive.registry.put(archive.path(path), content)
    made_up = make_source_stanza("hello", "2.12-1")
    name = path.rpartition("/")[2]
    says = f"{hashlib.sha256(name.encode()).hexdigest()} {len(name)} {name}"
    assert says in made_up
    source = made_up.replace(says, f"{hashlib.sha256(content).hexdigest()} {len(content)} {name}")
    archive.publish(Pocket("trixie", stanzas, sources=[source], architectures=("amd64", "arm64")))
    archive.publish(Pocket("trixie-updates", (), architectures=("amd64", "arm64"), sources=[source]))


def _names_of(package: str) -> list[str]:
    """The Debian packages that a recipe of `builtin:base` is made of."""
    recipe = Path(devenv.packages.__file__).parent / "base" / "packages" / f"{package}.star"
    text = recipe.read_text("utf-8")
    listed = re.search(r"debian\(\"trixie\", ([^)]*)\)", text)
    assert listed is not None
    packages = re.search(r"PACKAGES = \[([^]]*)\]", text)
    return re.findall(r"\"([a-z0-9+.-]+)\"", listed[1] + (packages[1] if packages is not None else ""))


def _document(name: str) -> TarEntry:
    return TarEntry(f"usr/share/doc/{name}/copyright".encode(), b"Nobody has the rights.\n")


def _pack(*trees: Tree) -> bytes:
    """A package of trees; what the builder makes itself is left out."""
    entries = {entry.name: entry for tree in trees for entry in _iter_entries(tree, b"")}
    return make_deb(
        [entry for entry in entries.values() if entry.name.startswith(b"usr/") and entry.name != b"usr/sbin"],
        compression="",
    )


def _iter_entries(tree: Tree, place: bytes) -> Iterator[TarEntry]:
    match tree:
        case bytes():
            yield TarEntry(place, tree)
        case Script(content):
            yield TarEntry(place, content, mode=0o755)
        case Link(target):
            yield symlink(place, target)
        case _:
            for name, below in sorted(tree.items()):
                yield from _iter_entries(below, place + b"/" + name if place else name)


def _further_tree() -> Tree:
    tree: dict[bytes, Tree] = {b"bin": {b"make": Script(MAKE.encode())}}
    for name in FURTHER_PROGRAMS:
        _insert(tree, name)
    return {b"usr": tree}


def _insert(tree: dict[bytes, Tree], name: str) -> None:
    """Put a program of this machine into `tree`, which is a `/usr`, with the libraries that it loads."""
    program = shutil.which(name, path=SEARCH_PATH)
    if program is None:
        raise Unavailable(f"there is no `{name}`")
    programs: dict[bytes, Tree] = tree.setdefault(b"bin", {})  # type: ignore[assignment]
    programs[name.encode()] = Script(Path(program).read_bytes())
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    for library in re.findall(r"=> /(?:usr/)?(\S+) \(0x", said):
        *directories, file = library.encode().split(b"/")
        place = tree
        for directory in directories:
            place = place.setdefault(directory, {})  # type: ignore[assignment]
        place[file] = Script(Path("/", library).read_bytes())


def _bubblewrap() -> bytes:
    """The package `bubblewrap`, with the libraries beside it that it needs besides the C library."""
    tree: dict[bytes, Tree] = {}
    _insert(tree, "bwrap")
    return _pack({b"usr": tree})


def _make_tar(top: str, files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in sorted(files.items()):
            member = tarfile.TarInfo(f"{top}/{name}")
            member.mode = 0o755 if text.startswith("#!") else 0o644
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)


@dataclass(frozen=True)
class Builder:
    """A user whose settings lead to the archive; makes projects that are locked and allowed."""

    user: User

    def project(self, name: str, manifest: str, files: Mapping[str, str] | None = None, *, allow: bool = True) -> User:
        """A new project; locked and allowed in this process, to be quick."""
        there = self.user.at(name)
        there.manifest.write_text(manifest)
        write(there, **(files or {}))
        with Tools(there.settings, there.environ, ignore) as tools:
            lock_project(tools, there.directory)
            if allow:
                allow_project(tools, there.directory)
        return there


def write(there: User, **files: str) -> None:
    """Write files of a project by their names."""
    for name, text in files.items():
        path = there.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def relock(there: User, manifest: str | None = None) -> None:
    """Lock and allow the project again, with another manifest."""
    if manifest is not None:
        there.manifest.write_text(manifest)
    with Tools(there.settings, there.environ, ignore) as tools:
        lock_project(tools, there.directory)
        allow_project(tools, there.directory)
