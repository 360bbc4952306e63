"""A process of its own that deletes generations, and is killed at one of the points of `devenv.fault_points`.

    python -m tests.functional.generations.remover HOME [NUMBER]

deletes every generation of the projects in HOME that no shell is in, the current ones last; at point NUMBER (from 1) it
dies as by `kill -9`. Without a number it ends well and prints how many points it passed.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from devenv.fault_points import set_fault_handler
from devenv.generations.projects import iter_projects
from devenv.generations.removal import remove_generation, remove_leftovers
from devenv.generations.retention import iter_least_recently_used
from devenv.settings import default_settings


def main() -> None:
    """Do it."""
    settings = default_settings(Path(sys.argv[1]))
    deadly = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    passed = 0

    def die_at(_: str) -> None:
        nonlocal passed
        passed += 1
        if passed == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    set_fault_handler(die_at)
    for removal in iter_least_recently_used(list(iter_projects(settings))):
        remove_generation(settings, removal.project, removal.generation)
    remove_leftovers(settings)
    sys.stdout.write(f"{passed}\n")


if __name__ == "__main__":
    main()
