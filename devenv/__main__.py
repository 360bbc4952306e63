"""The entry points of the command `devenv`, which is a front in shell code, and of `python -m devenv`.

Only what the interpreter has loaded anyway is imported at the top: first the module search path is put right.
"""

from __future__ import annotations

import os
import sys

import devenv


def main() -> None:
    """Run the command line; never shows a traceback (it goes to a file that the message names)."""
    drop_foreign_modules()
    from devenv.cli.entry import run_command_line

    sys.exit(run_command_line(sys.argv[1:]))


def main_behind_front() -> None:
    """The same for the command `devenv-main`, which `shell_hooks/devenv.sh` becomes: the front's path comes first.

    That path is how the user called devenv, and stays so where it is a link: hooks are going to call it. It has a
    slash, which no verb has: who calls this by hand gives none.
    """
    if any("/" in argument for argument in sys.argv[1:2]):
        del sys.argv[0]
    main()


def drop_foreign_modules() -> None:
    """Take out of the module search path what `PYTHONPATH` and the working directory (with `-m`) put there.

    A `json.py` in a project must not run because somebody asked for that project's status (FAULTS O-07). The directory
    that devenv itself came from stays, and so do Python's own. What runs before this, such as a package that shadows
    `devenv` itself, is beyond us: against that there is `python -I -m devenv`.
    """
    foreign = {_absolute(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    if sys.argv[0] == __file__ and not sys.flags.safe_path:
        foreign.add(_absolute(sys.path[0]))
    own = os.path.dirname(os.path.dirname(os.path.abspath(devenv.__file__)))
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    libraries = tuple(os.path.join(prefix, name, "") for prefix in prefixes for name in ("lib", sys.platlibdir))
    sys.path[:] = [
        entry
        for entry in sys.path
        if (path := _absolute(entry)) not in foreign or path == own or path.startswith(libraries)
    ]


def _absolute(entry: str) -> str:
    """An entry of the search path as an absolute path; where the working directory is gone, as it stands."""
    try:
        return os.path.abspath(entry)
    except OSError:
        return entry


if __name__ == "__main__":
    main()
