"""The virtual environment of a project with `[python] venv`, made with the environment's Python.

A virtual environment points to the Python that made it. That one lies in the store, where the next update makes
another object and a collection deletes this one. So it is made through a link that is ours to move:

    .venv/bin/python3.13  →  <project>/.devenv/python/bin/python3.13
    .venv/pyvenv.cfg         home = <project>/.devenv/python/bin
    .devenv/python        →  <store>/…-python-3.13.5/root/usr

(Not through `.devenv/env/bin`: what stands there is a script that starts Python elsewhere, and Python finds its library
from where it is started.) Only another minor version needs another one, since packages are installed for one.

Whether a directory is ours is not for the directory to say, which may have come with a checkout: a secret in it must be
that of the record in the state directory. Anything else that is there stays untouched, and is an error.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from devenv import fsutil
from devenv.activation.state import generations_path
from devenv.errors import ActivationError, Place
from devenv.events import Notice, Step
from devenv.project_names import DIRECTORY_MARKER
from devenv.workflow.installed import format_requirements
from devenv.workflow.project_links import PYTHON_LINK, link_path, publish_link
from devenv.workflow.tools import Tools

RECORD_NAME = "virtual-environment.json"
RECORD_FORMAT = 1
RECORD_LIMIT = 1 << 16
MARKER_NAME = DIRECTORY_MARKER
"""The file in a virtual environment that holds the secret."""
ASIDE_NAME = ".previous"
"""The directory in it that holds what was there before, while another one is being made."""
CONFIGURATION_NAME = "pyvenv.cfg"
REQUIREMENTS_NAME = "previous-packages.txt"
TIME_LIMIT = 600
"""Seconds: one is made in two, unless something hangs."""
DETAIL_LINES = 10

PROBE = "import sys; print(*sys.version_info[:2], sep='.'); print(sys.base_prefix); print(sys.executable)"


class _Record(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What was made for a project."""

    format: int
    path: str
    """Relative to the project."""
    secret: str
    python: str
    """Its minor version, such as `3.13`."""
    environment: str
    """The store path of the environment that it was last used with."""
    finished: bool


@dataclass(frozen=True, slots=True)
class _Interpreter:
    version: str
    prefix: Path
    program: Path
    """Relative to `prefix`."""


@dataclass(frozen=True, slots=True)
class VirtualEnvironment:
    """Where it lies and what it is made with: all that there is to say before looking."""

    project: Path
    name: str
    """Its path, relative to the project."""
    environment: Path
    """The environment's object."""
    record_path: Path
    link: str = PYTHON_LINK
    """The name of the link that it leads to Python by."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.project / self.name


def provide_virtual_environment(
    tools: Tools, project: Path, name: str, environment: Path, selected: str | None = None
) -> None:
    """Make the project's virtual environment at `name`, or have it go on with this environment. The project is allowed.

    `selected` is the named environment whose it is; None: the default. Each has one of its own.

    Raises ActivationError: `venv-occupied` where something else is there, `python-missing`, `venv-failed`,
    `project-directory-unfit`.
    """
    state = fsutil.make_private_directory(generations_path(tools.settings, project).parent)
    wanted = VirtualEnvironment(project, name, environment, state / RECORD_NAME)
    if selected is not None:
        record_path = state / f"virtual-environment.{selected}.json"
        wanted = VirtualEnvironment(project, name, environment, record_path, f"{PYTHON_LINK}.{selected}")
    with fsutil.locked(state / "virtual-environment.lock"):
        record = _find_record(wanted)
        if record is not None and record.environment == str(environment) and _is_whole(wanted, record):
            return
        interpreter = _find_interpreter(tools, environment)
        if record is None or record.python != interpreter.version or not _is_made(wanted, record):
            _make(tools, wanted, record, interpreter)
        else:
            publish_link(project, wanted.link, interpreter.prefix)
            _settle(wanted, interpreter)
            _write_record(wanted, record.secret, interpreter, finished=True)


def _find_record(wanted: VirtualEnvironment) -> _Record | None:
    """What the state directory knows of the one at this path; None where it was never made or has gone."""
    try:
        record = msgspec.json.decode(fsutil.read_regular(wanted.record_path, RECORD_LIMIT), type=_Record)
        marker = fsutil.read_regular(wanted.path / MARKER_NAME, RECORD_LIMIT)
    except (OSError, ValueError):
        return None
    is_ours = record.path == wanted.name and secrets.compare_digest(marker.decode("latin-1").strip(), record.secret)
    return record if is_ours and record.format == RECORD_FORMAT else None


def _is_made(wanted: VirtualEnvironment, record: _Record) -> bool:
    """Whether it was made to its end, and nobody took it apart since."""
    return record.finished and (wanted.path / CONFIGURATION_NAME).is_file() and (wanted.path / "bin").is_dir()


def _is_whole(wanted: VirtualEnvironment, record: _Record) -> bool:
    """Whether it leads to Python by our link; another tool may have made it lead elsewhere."""
    through = str(link_path(wanted.project, wanted.link))
    try:
        program = os.readlink(wanted.path / "bin" / f"python{record.python}")
    except OSError:
        return False
    return _is_made(wanted, record) and program.startswith(f"{through}/") and os.path.islink(through)


def _write_record(wanted: VirtualEnvironment, secret: str, interpreter: _Interpreter, *, finished: bool) -> None:
    record = _Record(RECORD_FORMAT, wanted.name, secret, interpreter.version, str(wanted.environment), finished)
    fsutil.write_atomic(wanted.record_path, msgspec.json.encode(record), 0o600)


def _find_interpreter(tools: Tools, environment: Path) -> _Interpreter:
    """The environment's Python, by its own word."""
    for name in ("python3", "python"):
        program = environment / "bin" / name
        if program.exists():
            version, prefix, executable = [*_run(tools, [str(program), "-I", "-S", "-c", PROBE]).splitlines(), "", ""][
                :3
            ]
            if prefix and Path(executable).is_relative_to(prefix):
                return _Interpreter(version, Path(prefix), Path(executable).relative_to(prefix))
    raise ActivationError(
        "the environment has no Python, and `devenv.toml` asks for a virtual environment",
        hint="run `devenv add python`, or take `venv` out of `[python]`",
        slug="python-missing",
    )


def _make(tools: Tools, wanted: VirtualEnvironment, record: _Record | None, interpreter: _Interpreter) -> None:
    """Make it in an empty directory, or in one of ours: what is in that comes back where making another one fails."""
    secret = secrets.token_hex(16) if record is None else record.secret
    _require_free(wanted, record)
    tools.report(Step(f"making the virtual environment {wanted.name}"))
    wanted.path.mkdir(parents=True, exist_ok=True)
    # From here on an interrupted attempt is known as ours.
    _write_record(wanted, secret, interpreter, finished=False)
    fsutil.write_atomic(wanted.path / MARKER_NAME, f"{secret}\n".encode(), 0o600)
    with _set_aside(wanted, record):
        before = format_requirements(wanted.path / ASIDE_NAME)
        publish_link(wanted.project, wanted.link, interpreter.prefix)
        _run(tools, [str(_stable_program(wanted, interpreter)), "-I", "-m", "venv", str(wanted.path)])
        _settle(wanted, interpreter)
        if before:
            fsutil.write_atomic(wanted.path / REQUIREMENTS_NAME, before.encode("utf-8", "surrogateescape"))
        _write_record(wanted, secret, interpreter, finished=True)
    if record is not None:
        _tell(tools, wanted, interpreter, lost=bool(before))


@contextlib.contextmanager
def _set_aside(wanted: VirtualEnvironment, record: _Record | None) -> Iterator[None]:
    """Move what is in it into a directory of it, which goes in the end; if that fails, things are as they were.

    In it, not beside it: it may be the place of a mount, whose name cannot be changed. Of an attempt that was killed
    the directory is still there, and what is beside it is half of another one.
    """
    aside = wanted.path / ASIDE_NAME
    stable = link_path(wanted.project, wanted.link)
    prefix = os.readlink(stable) if os.path.islink(stable) else None
    if aside.is_dir():
        _clear(wanted.path)
    else:
        aside.mkdir()
        _move(wanted.path, aside)
    try:
        yield
    except BaseException:
        if record is not None and record.finished and prefix is not None:
            _clear(wanted.path)
            _move(aside, wanted.path)
            aside.rmdir()
            publish_link(wanted.project, wanted.link, Path(prefix))
            fsutil.write_atomic(wanted.record_path, msgspec.json.encode(record), 0o600)
        raise
    fsutil.delete_tree(aside)


def _clear(directory: Path) -> None:
    for name in os.listdir(directory):
        if name not in {MARKER_NAME, ASIDE_NAME}:
            fsutil.delete_tree(directory / name)


def _move(source: Path, target: Path) -> None:
    for name in os.listdir(source):
        if name not in {MARKER_NAME, ASIDE_NAME}:
            os.rename(source / name, target / name)


def _require_free(wanted: VirtualEnvironment, record: _Record | None) -> None:
    """Raise ActivationError (`venv-occupied`) where a directory lies that is not ours, or anything else."""
    place = wanted.project
    for part in Path(wanted.name).parts:
        place /= part
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISDIR(place.lstat().st_mode):
                raise _occupied(place, "is no directory")
    if record is None and place.is_dir() and os.listdir(place):
        raise _occupied(place, "is there already, and was not made by devenv for this project")


def _occupied(place: Path, what: str) -> ActivationError:
    return ActivationError(
        f"no virtual environment can be made: `{place}` {what}",
        hint="move it away, or name another path in `[python]`; then run `devenv allow`",
        place=Place(str(place)),
        slug="venv-occupied",
    )


def _stable_program(wanted: VirtualEnvironment, interpreter: _Interpreter) -> Path:
    """Python by our link."""
    return link_path(wanted.project, wanted.link) / interpreter.program


def _settle(wanted: VirtualEnvironment, interpreter: _Interpreter) -> None:
    """See that it leads nowhere but through our link, and have git ignore it."""
    program = _stable_program(wanted, interpreter)
    path = wanted.path / CONFIGURATION_NAME
    lines = fsutil.read_regular(path, RECORD_LIMIT).decode("utf-8", "surrogateescape").splitlines()
    settings = dict(line.split(" = ", 1) for line in lines if " = " in line)
    settings = {**settings, "home": str(program.parent), "executable": str(program)}
    text = "".join(f"{key} = {value}\n" for key, value in settings.items())
    fsutil.write_atomic(path, text.encode("utf-8", "surrogateescape"))
    names = {f"python{interpreter.version}": str(program)}
    for name in ("python", "python3"):
        names[name] = f"python{interpreter.version}"
    for name, target in names.items():
        fsutil.replace_link(wanted.path / "bin" / name, target)
    fsutil.write_atomic(wanted.path / ".gitignore", b"*\n")


def _tell(tools: Tools, wanted: VirtualEnvironment, interpreter: _Interpreter, *, lost: bool) -> None:
    again = f"{wanted.name}/bin/pip install -r {wanted.name}/{REQUIREMENTS_NAME}"
    what = f"; `{again}` installs what was in it before" if lost else ""
    tools.report(Notice(f"`{wanted.name}` was made anew for Python {interpreter.version}{what}"))


def _run(tools: Tools, command: list[str]) -> str:
    """What a program of the environment prints. Raises ActivationError (`venv-failed`)."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tools.settings.home), "LC_ALL": "C.UTF-8"}
    if "TMPDIR" in tools.environ:
        environ["TMPDIR"] = tools.environ["TMPDIR"]
    try:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environ,
            timeout=TIME_LIMIT,
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(command[0], str(error)) from error
    if done.returncode != 0:
        raise _failed(command[0], (done.stderr + done.stdout).decode(errors="replace"))
    return done.stdout.decode("utf-8", "surrogateescape")


def _failed(program: str, output: str) -> ActivationError:
    return ActivationError(
        "the virtual environment could not be made",
        hint="run `devenv allow` to try again",
        place=Place(program),
        details=tuple(line[:200] for line in output.splitlines()[-DETAIL_LINES:]),
        slug="venv-failed",
    )
