"""Builds of scripts in tests: a sysroot made of this machine's own programs, and a user who builds with it.

Nothing is downloaded: bash, coreutils and perl are copied with the libraries that the loader names. Scripts are run by
the real bubblewrap; where there is none, or where the machine lets nobody make a sandbox, tests that need one skip.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from devenv.build.realize import BuildOptions, realize
from devenv.build.source import add_source, source_derivation
from devenv.derivation.model import MAIN_OUTPUT, Derivation
from devenv.errors import BuildError
from devenv.events import Event
from devenv.sandbox.find import find_bubblewrap
from devenv.sandbox.model import Limits
from devenv.settings import Settings, default_settings
from devenv.store.store import Store
from tests.scripts import derive_script, no_artifacts
from tests.trees import Link, Script, Tree, iter_tree_nodes

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# fmt: off
PROGRAMS = (
    "bash", "cat", "chmod", "cp", "cut", "date", "dd", "env", "find", "grep", "gzip", "head", "id", "kill", "ln",
    "ls", "mkdir", "mkfifo", "mktemp", "mv", "nproc", "perl", "readlink", "rm", "rmdir", "sed", "seq", "setsid",
    "sleep", "sort", "stat", "tail", "timeout", "touch", "tr", "true", "uname", "wc", "yes", "mount", "umount",
    "unshare", "hostname",
)
# fmt: on
OPTIONAL = {"mount", "umount", "unshare", "hostname", "setsid", "find", "grep", "sed", "gzip"}
ROOT_LINKS: dict[bytes, Tree] = {name: Link(b"usr/" + name) for name in (b"bin", b"sbin", b"lib", b"lib64")}
PASSWD = b"root:x:0:0::/root:/bin/false\nbuilder:x:1000:100::/homeless:/bin/bash\n"

PRELUDE = """
mkdir "$out"
: > "$out/did"
# Runs a command, and notes the word before it where that succeeded.
try() { local name=$1; shift; if "$@" >>/build/said 2>>/build/errors; then echo "$name" >> "$out/did"; fi; }
"""
"""What attacks begin with."""


class Unavailable(Exception):  # noqa: N818 - a reason to skip
    """This machine lacks what sandboxed builds in tests need."""


@functools.cache
def host_sysroot(programs: tuple[str, ...] = PROGRAMS) -> Tree:
    """A tree that is a sandbox's `/`. Raises Unavailable."""
    places: dict[str, bytes] = {}
    for name in programs:
        program = shutil.which(name, path=SEARCH_PATH)
        if program is None:
            if name in OPTIONAL:
                continue
            raise Unavailable(f"there is no `{name}`")
        places[f"usr/bin/{name}"] = Path(program).read_bytes()
        for library in _iter_libraries(program):
            places[_place_in_usr(library)] = Path(library).read_bytes()
    for directory in (*(_perl_directories() if "perl" in programs else ()), Path("/usr/lib/locale/C.utf8")):
        for file in directory.rglob("*"):
            if file.is_file():
                places[_place_in_usr(str(file))] = file.read_bytes()
                if file.suffix == ".so":
                    places.update((_place_in_usr(each), Path(each).read_bytes()) for each in _iter_libraries(str(file)))
    tree: dict[bytes, Tree] = {**ROOT_LINKS, b"etc": {b"passwd": PASSWD}}
    for place, content in places.items():
        _insert(tree, place.encode().split(b"/"), Script(content))
    _insert(tree, [b"usr", b"bin", b"sh"], Link(b"bash"))
    _insert(tree, [b"usr", b"sbin"], Link(b"bin"))
    return tree


def _iter_libraries(file: str) -> Iterator[str]:
    """What the loader would load, itself included."""
    said = subprocess.run(["ldd", file], capture_output=True, text=True, check=False).stdout
    for line in said.splitlines():
        if match := re.search(r"(/\S+) \(0x", line):
            yield match[1]


def _perl_directories() -> list[Path]:
    """Of perl's modules those that are part of every Debian, or all of them."""
    said = subprocess.run(["perl", "-e", 'print "@INC"'], capture_output=True, text=True, check=False, env={}).stdout
    directories = [Path(each) for each in said.split() if os.path.isdir(each)]
    return [each for each in directories if each.name == "perl-base"] or directories


def _place_in_usr(path: str) -> str:
    within = os.path.normpath(path).lstrip("/")
    return within if within.startswith("usr/") else f"usr/{within}"


def _insert(tree: dict[bytes, Tree], names: list[bytes], leaf: Tree) -> None:
    for name in names[:-1]:
        tree = tree.setdefault(name, {})  # type: ignore[assignment]
    tree[names[-1]] = leaf


@functools.cache
def host_bubblewrap() -> Path:
    """A `bwrap` that makes sandboxes here. Raises Unavailable."""
    program = find_bubblewrap(SEARCH_PATH)
    if program is None:
        raise Unavailable("there is no `bwrap` of version 0.8 or newer: `.ci/setup` installs it")
    command = [str(program), "--unshare-all", "--unshare-user", "--disable-userns", "--ro-bind", "/", "/", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"no sandbox can be made here: {done.stderr.strip()}")
    return program


@dataclass
class Workshop:
    """A user with a store that has a sysroot in it."""

    home: Path
    store: Store
    bubblewrap: Path
    sysroot: Derivation
    limits: Limits = field(default_factory=lambda: Limits(seconds=60))
    jobs: int = 0
    events: list[Event] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Those of the store."""
        return default_settings(self.home)

    @property
    def options(self) -> BuildOptions:
        """How it builds."""
        return BuildOptions(jobs=self.jobs, limits=self.limits, find_bubblewrap=lambda: self.bubblewrap)

    def derive(self, script: str, name: str = "thing", *inputs: Derivation, **changes: object) -> Derivation:
        """A derivation of a script; `inputs` have the role `input`."""
        return derive_script(self.sysroot, script, name, *inputs, **changes)

    def build(self, target: Derivation | str) -> Path:
        """The object that a script makes."""
        derivation = self.derive(target) if isinstance(target, str) else target
        return self.store.path(
            realize(self.store, [derivation], no_artifacts, self.events.append, self.options)[derivation]
        )

    def fail(self, target: Derivation | str) -> BuildError:
        """How a script fails, which must leave no object behind."""
        derivation = self.derive(target) if isinstance(target, str) else target
        before = sorted(os.listdir(self.store.root))
        with pytest.raises(BuildError) as caught:
            self.build(derivation)
        assert self.store.find_realisation(derivation.key, "out") is None
        assert sorted(os.listdir(self.store.root)) == before
        return caught.value

    def attack(self, script: str, *inputs: Derivation) -> list[str]:
        """What a script could do, of all that it tries."""
        return (self.build(self.derive(PRELUDE + script, "attack", *inputs)) / "did").read_text().split()

    def object_of(self, derivation: Derivation) -> Path:
        """Where the main output of what was realized lies."""
        path = self.store.find_realisation(derivation.key, MAIN_OUTPUT)
        assert path is not None
        return self.store.path(path)

    def log(self, derivation: Derivation) -> bytes:
        """What a build said."""
        return self.store.layout.log_path(derivation.key).read_bytes()

    def limited(self, **limits: object) -> Workshop:
        """The same with other limits."""
        return replace(self, limits=replace(self.limits, **limits))  # type: ignore[arg-type]

    def add(self, tree: Tree, name: str) -> Derivation:
        """An object of the store, as an input."""
        return source_derivation(add_source(self.store, name, lambda: iter_tree_nodes(tree)))


def open_workshop(home: Path) -> Workshop:
    """A workshop in a home directory; whoever opens it closes its store. Raises Unavailable."""
    bubblewrap, tree = host_bubblewrap(), host_sysroot()
    store = Store(default_settings(home))
    path = add_source(store, "sysroot", lambda: iter_tree_nodes(tree))
    return Workshop(home, store, bubblewrap, source_derivation(path))
