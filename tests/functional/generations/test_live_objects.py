"""What running processes use, seen with real processes."""

from __future__ import annotations

import _ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from devenv.store.processes import LSOF_PATHS, LiveProcess, find_live_objects, find_live_objects_by_lsof
from devenv.store_path import StorePath, store_root
from tests.homes import temporary_home

REPOSITORY = Path(__file__).parents[3]
OBJECT = StorePath("0123456789abcdfghijklmnpqrsvwxyz", "tool-1.0")
OTHER = StorePath("z" * 32, "other")
ASK = (
    "import pathlib, sys; from devenv.store.processes import find_live_objects\n"
    "print({str(path): [each.pid for each in users] for path, users in find_live_objects(pathlib.Path({!r})).items()})"
)


class Place:
    """A store root with an object in it, and processes that use it, which end with the test."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.root = root
        self.object = root / str(OBJECT)
        (self.object / "bin").mkdir(parents=True)
        self.program = Path(shutil.copy("/bin/sleep", self.object / "bin" / "tool"))
        self._stack = stack

    def start(self, command: list[str], **options: Any) -> subprocess.Popen[str]:
        """Start a process; it runs its program when this returns."""
        process = self._stack.enter_context(subprocess.Popen(command, **options, text=True))
        self._stack.callback(process.kill)
        # The system gives a process its new program first and its new name a moment later.
        name = Path(options.get("executable", command[0])).name[:15]
        while Path(f"/proc/{process.pid}/comm").read_text() != f"{name}\n":
            assert process.poll() is None
        return process


def live(process: subprocess.Popen[str]) -> LiveProcess:
    """The process as it is to be found."""
    return LiveProcess(process.pid, Path(os.readlink(f"/proc/{process.pid}/exe")).name)


@pytest.fixture
def place() -> Iterator[Place]:
    """A place in a home directory of its own."""
    with temporary_home() as home, ExitStack() as stack:
        yield Place(store_root(home / "base"), stack)


def use(place: Place, way: str) -> subprocess.Popen[str]:
    """Start a process that uses the object in one way only."""
    options: dict[str, Any] = {"cwd": "/", "env": {"A": "b"}}
    command = ["/bin/sleep", "100"]
    match way:
        case "program" | "deleted_program":
            options["executable"] = place.program
        case "directory":
            options["cwd"] = place.object / "bin"
        case "open_file":
            options["stdin"] = place.program.open()
        case "mapped_file":
            return start_mapping(place)
        case "environment":
            options["env"] = {"PATH": f"/bin:{place.object}/bin:/usr/bin"}
        case "last_variable":
            options["env"] = {"A": str(place.object)}
        case "argument":
            # What follows the path could be part of its name: which objects there are decides.
            command = ["/bin/sh", "-c", f": see {place.object}.; read line"]
            options["stdin"] = subprocess.PIPE
    process = place.start(command, **options)
    if way == "open_file":
        options["stdin"].close()
    if way == "deleted_program":
        place.program.unlink()
    return process


def start_mapping(place: Place) -> subprocess.Popen[str]:
    """Start a process that has a library of the object in its memory, and no open file of it."""
    library = shutil.copy(_ctypes.__file__, place.object / "library.so")
    code = "import ctypes, sys; mapped = ctypes.CDLL(input()); print('ready', flush=True); input()"
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = place.start([sys.executable, "-c", code], cwd="/", env={"A": "b"}, **pipes)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{library}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    assert not [each for each in Path(f"/proc/{process.pid}/fd").iterdir() if str(place.root) in os.readlink(each)]
    return process


SEEN_BY_LSOF = ["program", "deleted_program", "directory", "open_file"]
WAYS = [*SEEN_BY_LSOF, "mapped_file", "environment", "last_variable", "argument"]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_use_counts(place: Place, way: str) -> None:
    """D-05: program, directory, open and mapped file, environment and argument, each keeps the object."""
    assert find_live_objects(place.root) == {}
    process = use(place, way)
    ((found, (user,)),) = find_live_objects(place.root).items()
    assert (found, user.pid) == (OBJECT, process.pid)


@pytest.mark.parametrize("way", SEEN_BY_LSOF)
def test_lsof_sees_files(place: Place, way: str) -> None:
    """D-05: where there is no `/proc`, `lsof` finds what is open, whatever the locale."""
    if not any(os.access(path, os.X_OK) for path in LSOF_PATHS):
        pytest.skip("lsof is not installed")
    process = use(place, way)
    ((found, (user,)),) = find_live_objects_by_lsof(place.root).items()
    assert (found, user.pid) == (OBJECT, process.pid)


def test_roots_that_are_not_ascii() -> None:
    """B-11: a home directory in any language is found by both ways, which spell it differently."""
    with temporary_home() as home, ExitStack() as stack:
        place = Place(store_root(home / "bäse"), stack)
        process = use(place, "open_file")
        assert find_live_objects(place.root) == {OBJECT: (live(process),)}
        if any(os.access(path, os.X_OK) for path in LSOF_PATHS):
            assert find_live_objects_by_lsof(place.root) == {OBJECT: (live(process),)}


def test_root_behind_a_link(place: Place) -> None:
    """D-05: the kernel names files by their real paths, environments by what the settings say: both count."""
    link = place.root.parents[1].with_name("link")
    link.symlink_to(place.root.parents[1])
    root = link / place.root.relative_to(place.root.parents[1])
    opened = use(place, "open_file")
    named = place.start(["/bin/sleep", "100"], env={"TOOL": f"{root}/{OTHER}"}, cwd="/")
    assert find_live_objects(root) == {OBJECT: (live(opened),), OTHER: (live(named),)}


def test_several_users_of_several_objects(place: Place) -> None:
    """D-05: the answer is in order, with each process once."""
    environ = {"PATH": f"{place.object}/bin:{place.root / str(OTHER)}/bin:{place.object}/lib"}
    users = [place.start(["/bin/sleep", "100"], env=environ, cwd=place.object) for _ in range(3)]
    found = find_live_objects(place.root)
    assert list(found) == [OBJECT, OTHER]
    assert list(found.values()) == [tuple(sorted(map(live, users)))] * 2


def test_own_process_and_those_above(place: Place) -> None:
    """D-15: a collection that runs out of an environment keeps it: its own modules, and what started it."""
    code = f"import sys; sys.path.append({str(place.object)!r})\n" + ASK.replace("{!r}", repr(str(place.root)))
    script = place.root.parent / "ask.py"
    script.write_text(code)
    run = subprocess.run(
        ["/bin/sh", "-c", f'echo $$; "{sys.executable}" "{script}"; exit'],
        env={"OUTER": str(place.root / str(OTHER))},
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        text=True,
    )
    shell, answer = run.stdout.splitlines()
    assert f"'{OTHER}': [{shell}, " in answer, "what started it"
    assert f"'{OBJECT}': [" in answer, "itself"


def test_what_looks_like_an_object_and_is_none(place: Place) -> None:
    """D-05: the root alone, unfinished trees and names that no object can have are nothing to keep."""
    names = [".tmp-0123456789abcdef", ".trash-x", str(OBJECT)[:-10], "E" * 32 + "-x", "", f"{'0' * 32}-.hidden"]
    for name in names:
        place.start(["/bin/sleep", "100"], env={"TOOL": f"{place.root}/{name}"}, cwd="/")
    place.start(["/bin/sleep", "100"], env={"TOOL": f"/elsewhere/{OTHER}"}, cwd=place.root)
    assert [str(path) for path in find_live_objects(place.root)] == []


def test_processes_that_come_and_go(place: Place) -> None:
    """D-05: processes that end while they are looked at are no error, and hide none of the others."""
    process = use(place, "environment")
    place.start(["/bin/sh", "-c", "while :; do /bin/true; done"], cwd="/")
    for _ in range(20):
        assert find_live_objects(place.root) == {OBJECT: (live(process),)}


def test_processes_of_others(place: Place) -> None:
    """D-05: what belongs to another user cannot be seen, and is passed over without an error."""
    if os.geteuid() != 0:
        pytest.skip("needs to be root to become somebody else")
    use(place, "environment")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(writer, repr(find_live_objects(place.root)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader) as answer:
        assert answer.read() == "{}"
    os.waitpid(child, 0)
