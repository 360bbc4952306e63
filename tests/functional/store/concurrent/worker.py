"""A process of its own that works with a store, for tests of several at once.

    python -m tests.functional.store.concurrent.worker HOME TASK [MARKS]

It says `ready`, waits for a line, then does its task and prints what came out. Builders leave a file in the directory
MARKS for each time one ran. The tasks:

    open        make the store                       add       add the object `small`
    realize     build `built`                        hold      begin to build it, say `building`, never end it
    overlap     build something of its own on top of two that everybody needs
    fail        begin to build it, say `building`, fail at the next line
    many        begin to build twenty, say `waiting`; each build waits for a line
    mismatch    add what `built` consists of as something else
    storm       add thirty objects, one after the other
    write       hold the database's write lock, say `holding`, give it back at the next line
    use         hold the database as somebody who has it open, likewise
    spawn       hold the lock `thing`, start another process, say its number, wait for ever
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.build.realize import realize
from devenv.derivation.model import Derivation, Input
from devenv.errors import BuildError, StoreError
from devenv.events import ignore
from devenv.fsutil import locked
from devenv.nar.nodes import Directory, File, Node
from devenv.settings import default_settings
from devenv.store.adding import Output
from devenv.store.layout import layout_of
from devenv.store.store import Store
from devenv.store_path import StorePath
from devenv.workers import Crew, Outcome
from tests.trees import SMALL, iter_tree_nodes

SYSTEM = "x86_64-linux"
BUILT = Derivation("built", SYSTEM, "test/1")
LEFT, RIGHT = (Derivation(name, SYSTEM, "test/1", inputs=(Input(BUILT),)) for name in ("left", "right"))
MANY = [Derivation(f"many{number}", SYSTEM, "test/1") for number in range(20)]
SCRATCH = "0123456789abcdfghijklmnpqrsvwxyz"
take = Crew.take


def say(line: object) -> None:
    """Print at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def wait_for_line() -> None:
    """Until the test says to go on."""
    os.read(0, 1)


def make_builder(task: str, marks: Path) -> Callable[[BuilderRequest], Iterator[Node]]:
    """The builder of all derivations here."""

    def build(request: BuilderRequest) -> Iterator[Node]:
        (marks / f"{request.name}.{os.getpid()}").touch()
        yield Directory(())
        if task in {"hold", "fail"}:
            say("building")
        match task:
            case "hold":
                signal.pause()
            case "fail":
                wait_for_line()
                raise BuildError("it fails")
            case "many":
                wait_for_line()
        yield make_file(request.name)

    return build


def built_nodes() -> Iterator[Node]:
    """What `built` comes out as."""
    yield Directory(())
    yield make_file("built")


def make_file(name: str) -> File:
    """All that the object of the derivation `name` holds."""
    return File((b"file",), executable=False, size=len(name), content=[name.encode()])


def take_aloud(crew: Crew[Any, Any]) -> Outcome[Any, Any]:
    """Wait for builds, and say so: an interrupt that comes then cannot hit the start of a thread."""
    say("waiting")
    return take(crew)


def realize_all(store: Store, task: str) -> StorePath:
    """Build what the task is about; returns the object of the last of it."""
    own = Derivation(f"own-{os.getpid()}", SYSTEM, "test/1", inputs=(Input(LEFT), Input(RIGHT)))
    targets = {"overlap": [own], "many": MANY}.get(task, [BUILT])
    with patch.object(Crew, "take", take_aloud if task == "many" else take):
        return realize(store, targets, lambda _: {}, ignore)[targets[-1]]


def use_database(home: Path, task: str) -> None:
    """Stand in the way of others, as somebody who writes or as somebody who has it open."""
    database = layout_of(default_settings(home).base).database
    with (
        closing(sqlite3.connect(database, isolation_level=None)) as connection,
        locked(database.with_name(f"{database.name}.lock"), shared=True),
    ):
        if task == "write":
            connection.execute("BEGIN IMMEDIATE")
        say("holding")
        wait_for_line()


def work(store: Store, task: str) -> object:
    """What the task gives."""
    match task:
        case "open":
            return store.root
        case "add":
            return store.add(Output(iter_tree_nodes(SMALL), "small", SCRATCH))
        case "storm":
            trees = [f"{os.getpid()} {number}".encode() for number in range(30)]
            return len([store.add(Output(iter_tree_nodes(tree), "drop", SCRATCH)) for tree in trees])
        case "mismatch":
            return store.add(Output(built_nodes(), "built", SCRATCH, expected=StorePath(SCRATCH, "built")))
        case "spawn":
            with store.lock("thing"):
                child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
                say(child.pid)
                signal.pause()
        case _:
            return realize_all(store, task)
    return None


def main() -> None:
    """Do one thing."""
    home, task = Path(sys.argv[1]), sys.argv[2]
    marks = Path(sys.argv[3]) if len(sys.argv) > 3 else home
    say("ready")
    wait_for_line()
    if task in {"write", "use"}:
        use_database(home, task)
        return
    try:
        with patch.dict(BUILDERS, {"test/1": make_builder(task, marks)}), Store(default_settings(home)) as store:
            say(work(store, task))
    except (BuildError, StoreError) as error:
        sys.stderr.write(f"{error.message}\n")
        say(error.slug)


if __name__ == "__main__":
    main()
