"""A project on a disk that comes and goes, in a mount namespace of its own.

    unshare -m python -m tests.functional.generations.mounting HOME

prints what is known of the project: on the disk, after the disk was unmounted, on the mounted disk again, and after it
was deleted there. With `as it was` in the end if its generations stayed all the time.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from devenv.fsutil import delete_tree
from devenv.generations.projects import iter_projects
from devenv.settings import default_settings
from tests.generations import make_generation, make_project


def main() -> None:
    """Do all of it."""
    home = Path(sys.argv[1])
    settings, disk, hidden = default_settings(home), home / "disk", home / "hidden"
    for directory in (disk, hidden):
        directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "devenv", str(disk)], check=True)
    make_generation(settings, make_project(disk / "work" / "api"))
    listed = list(iter_projects(settings))
    answers = [listed]
    subprocess.run(["mount", "--bind", str(disk), str(hidden)], check=True)
    subprocess.run(["umount", str(disk)], check=True)
    answers.append(list(iter_projects(settings)))
    subprocess.run(["mount", "--bind", str(hidden), str(disk)], check=True)
    answers.append(list(iter_projects(settings)))
    delete_tree(disk / "work")
    answers.append(list(iter_projects(settings)))
    for (project,) in answers:
        sys.stdout.write(f"{project.presence.value}\n")
    if all(project.generations == listed[0].generations for (project,) in answers):
        sys.stdout.write("as it was\n")


if __name__ == "__main__":
    main()
