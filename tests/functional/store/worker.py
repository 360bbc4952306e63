"""A process of its own that works with a store, for tests of several at once.

    python -m tests.functional.store.worker HOME (open|add|realize|hold) [MARKS]

It says `ready`, waits for a line, then does it and prints what came out. `realize` builds with a builder that leaves a
file in the directory MARKS for each time it ran; `hold` begins a build, says `building`, and never ends it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.build.realize import realize
from devenv.derivation.model import Derivation
from devenv.events import ignore
from devenv.nar.nodes import Directory, File, Node
from devenv.settings import default_settings
from devenv.store.adding import Output
from devenv.store.store import Store
from tests.trees import SMALL, iter_tree_nodes

BUILT = Derivation("built", "x86_64-linux", "test/1")
SCRATCH = "0123456789abcdfghijklmnpqrsvwxyz"


def say(line: object) -> None:
    """Print at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Do one thing."""
    home, task = Path(sys.argv[1]), sys.argv[2]
    marks = Path(sys.argv[3]) if len(sys.argv) > 3 else home

    def build(request: BuilderRequest) -> Iterator[Node]:
        (marks / str(os.getpid())).touch()
        yield Directory(())
        if task == "hold":
            say("building")
            signal.pause()
        yield File((b"file",), executable=False, size=len(request.name), content=[request.name.encode()])

    say("ready")
    sys.stdin.readline()
    with patch.dict(BUILDERS, {"test/1": build}), Store(default_settings(home)) as store:
        match task:
            case "open":
                say(store.root)
            case "add":
                say(store.add(Output(iter_tree_nodes(SMALL), "small", SCRATCH)))
            case _:
                say(realize(store, [BUILT], lambda _: {}, ignore)[BUILT])


if __name__ == "__main__":
    main()
