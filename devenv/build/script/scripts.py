"""Leads scripts to interpreters that are there at run time.

The kernel reads `#!`, a path, and the rest of the line as one argument. A path that is not in the output or what it may
use is looked up by its name: first in the output's own `bin`, then in each input's. `env` is not needed to find a
program whose place is known. Where it does more than that (variables, several arguments) two paths of the store would
have to stand in the line, and do not fit.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence

from devenv.build.script.output_tree import OutputTree
from devenv.build.script.scope import ALLOWED, Realm, Scope, normal
from devenv.build.script.survey import Survey
from devenv.errors import BuildError
from devenv.manifest.wording import format_shown_path

MARK = b"#!"
MAX_LINE_BYTES = 255
"""Without its end: Linux reads 256 bytes (`BINPRM_BUF_SIZE`)."""
MAX_READ_BYTES = 512
"""Of a line before it is changed: the interpreter's name may become shorter."""

LINE = re.compile(rb"#![ \t]*(/[^ \t\n\0]*)[ \t]*([^\n\0]*?)[ \t]*(?=[\n\0]|\Z)")
"""An interpreter's path and the argument. Other lines with that mark (`#![feature(…)]`) no kernel takes for any."""
ENV = re.compile(rb"(?:(-S[ \t]*|--split-string=)?((?:(?:-[^ \t]*|[A-Za-z_]\w*=[^ \t]*)[ \t]+)*))([^ \t]+)[ \t]*(.*)")
"""What `env` is told: to split, options and variables, a program, and its arguments."""
SEVERAL = re.compile(rb"[ \t\\\"'$]")
"""What `-S` splits arguments at, or expands in them."""

EQUIVALENTS = {b"sh": (b"sh", b"dash", b"bash")}
"""Name of an interpreter → the programs that can be it."""

USUAL_PACKAGES = {
    b"awk": "gawk",
    b"bash": "bash",
    b"node": "nodejs",
    b"perl": "perl",
    b"python3": "python",
    b"ruby": "ruby",
    b"sh": "bash",
}
"""Name of an interpreter → the package of `builtin:base` that one takes for it."""


class ScriptFixer:
    """Leads the scripts of one output."""

    def __init__(self, tree: OutputTree, survey: Survey, scope: Scope) -> None:
        self._tree = tree
        self._survey = survey
        self._scope = scope
        self._inputs = [os.fsencode(path) for path in scope.request.inputs]
        self._found: dict[bytes, bytes | None] = {}

    def fix_line(self, path: bytes, head: bytes) -> tuple[int, bytes]:
        """For the program at `path`, which begins with `head`: how many bytes are replaced, and by what.

        Raises BuildError where its interpreter is not to be had (`interpreter-undeclared`) or too long to be named
        (`interpreter-too-long`).
        """
        match = LINE.match(head[:MAX_READ_BYTES])
        if match is None:
            return 0, b""
        if match.end() == MAX_READ_BYTES:
            raise self._too_long(path)
        line = b"#!" + self._command(path, match[1], match[2])
        if len(line) > MAX_LINE_BYTES:
            raise self._too_long(path)
        return match.end(), line

    def _too_long(self, path: bytes) -> BuildError:
        return BuildError(
            f"{self._scope.shown(path)} begins with a line that does not fit into the {MAX_LINE_BYTES} bytes "
            "which the kernel reads, with the path of its interpreter in the store",
            hint="let the install phase write a script of `sh` that starts it",
            slug="interpreter-too-long",
        )

    def _command(self, path: bytes, interpreter: bytes, argument: bytes) -> bytes:
        realm = self._scope.realm_of(normal(interpreter))
        if realm in ALLOWED:
            return _join(interpreter, argument)
        name = interpreter.rpartition(b"/")[2]
        if name == b"env":
            return self._env_command(path, interpreter, argument)
        return _join(self._require(path, name, interpreter), argument)

    def _env_command(self, path: bytes, env: bytes, text: bytes) -> bytes:
        match = ENV.fullmatch(text)
        if match is None:
            return _join(self._require(path, b"env", env), text)
        split, settings, named, arguments = match.groups()
        if settings or (split and SEVERAL.search(arguments)):
            raise self._too_long(path)
        if b"/" in named and self._scope.realm_of(normal(named)) in ALLOWED:
            return _join(named, arguments)
        return _join(self._require(path, named.rpartition(b"/")[2], named), arguments)

    def _require(self, path: bytes, name: bytes, interpreter: bytes) -> bytes:
        """The path of the program. Raises BuildError (`interpreter-undeclared`)."""
        found = self._find(name, path)
        if found is not None:
            return found
        shown = format_shown_path(name)
        usual = USUAL_PACKAGES.get(name)
        wanted = f"the package that has `{shown}`" if usual is None else f"`{usual}`, which has `{shown}`,"
        raise BuildError(
            f"{self._scope.shown(path)} is a script for `{format_shown_path(interpreter)}`, "
            f"and no input has `bin/{shown}`",
            hint=f"add {wanted} to `inputs`; if it is no program, let the install phase take its executable bit away",
            slug="interpreter-undeclared",
        )

    def _find(self, name: bytes, script: bytes) -> bytes | None:
        names = EQUIVALENTS.get(name, (name,))
        own = next((each for each in names if b"bin/" + each != script and self._has_own(b"bin/" + each)), None)
        if own is not None:
            return self._scope.own_path(b"bin/" + own)
        if name not in self._found:
            self._found[name] = self._find_in_inputs(names)
        return self._found[name]

    def _find_in_inputs(self, names: Sequence[bytes]) -> bytes | None:
        paths = (directory + b"/bin/" + name for directory in self._inputs for name in names)
        return next((path for path in paths if is_program(path)), None)

    def _has_own(self, path: bytes) -> bool:
        """Whether the output has a program there."""
        goal = self._survey.follow(b"", path)
        if not goal.inside:
            return self._scope.realm_of(goal.path) in {Realm.INPUT, Realm.RUNTIME} and is_program(goal.path)
        descriptor = self._tree.open_file(goal.path)
        if descriptor is None:
            return False
        try:
            return bool(os.fstat(descriptor).st_mode & stat.S_IXUSR)
        finally:
            os.close(descriptor)


def is_program(path: bytes) -> bool:
    """Whether an object of the store has a program there."""
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _join(program: bytes, argument: bytes) -> bytes:
    return program + b" " + argument if argument else program
