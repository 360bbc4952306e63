"""The part of the state directory that hooks look into, and the switch of a project from one generation to the next.

    <state>/active/<absolute project path>/@devenv    link to the generation in use; one rename switches it
                                           @denied    the user wants to hear nothing of this project
                                           @asked     made by hooks: when one of them last asked the program
                                           @answer    what to tell the user of it, in one line
    <state>/projects/<id>/generations/<number>/       one generation
        activate.<shell>     what the hook of that shell reads
        activate.sh          what `devenv run` and its like read where they start no Python (`shell_hooks/devenv.sh`)
        shell.<shell>        what `devenv shell` has that shell read (see `devenv.activation.shell`)
        activation.json      the same for `devenv run` and for editors
        <index>.stamp        times of the project's files (see `devenv.activation.watched`)
        settings.stamp       the time of the user's settings
        <number>             link to the generation itself: below `@devenv`, its name exists in this generation only,
                             so that one `stat` of a stamp tells a shell both the time and that nothing was switched
    <state>/shells/<process>                          made by hooks: the generation that this shell entered last

It lies outside the project, so that nothing in a checkout can claim to be allowed. Directories are 0700.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from devenv import fsutil
from devenv.activation.environ import GENERATION_MARKER, PROJECT_MARKER, drop_markers, revert_activation
from devenv.activation.model import Activation
from devenv.activation.saved import ACTIVATION_NAME, format_activation, read_activation
from devenv.activation.scripts.posix import SCRIPT_NAME, SETTINGS_STAMP, format_posix_script
from devenv.activation.shells import SHELLS
from devenv.activation.watched import stamp_name, write_stamp
from devenv.errors import ActivationError
from devenv.settings import Settings

LINK_NAME = "@devenv"
DENIED_NAME = "@denied"
ASKED_NAME = "@asked"
ANSWER_NAME = "@answer"

PATH_LIMIT = 4095
"""Bytes of a path that the system takes (`PATH_MAX` of Linux without the NUL)."""

GENERATION_PATTERN = re.compile(r"[0-9a-f]{32}/generations/[0-9]{1,18}")
"""Where below `<state>/projects` a generation lies; the hooks check the same."""


def project_id(project: Path) -> str:
    """The name of a project in the state directory: 32 hexadecimal digits of the SHA-256 of its path."""
    return hashlib.sha256(os.fsencode(project)).hexdigest()[:32]


def generations_path(settings: Settings, project: Path) -> Path:
    """The directory that holds the project's generations, each named by its number."""
    return settings.state / "projects" / project_id(project) / "generations"


def active_path(settings: Settings, project: Path) -> Path:
    """The directory in which hooks look for the state of `project` (absolute, without symbolic links).

    Raises ActivationError where hooks cannot: the path gets too long with the state directory in front
    (`path-too-long`), or has a part with the name of our link (`path-reserved`).
    """
    path = settings.state / "active" / project.relative_to("/")
    if LINK_NAME in project.parts:
        raise ActivationError(
            f"shells cannot follow a project below a directory named `{LINK_NAME}`",
            hint="move the project, or use `devenv run`",
            slug="path-reserved",
        )
    longest = path / LINK_NAME / max((support.script_name for support in SHELLS.values()), key=len)
    if len(os.fsencode(longest)) > PATH_LIMIT:
        raise ActivationError(
            f"the project's path is too long for shells to follow: {len(os.fsencode(project))} bytes",
            hint="move the project nearer to the root, or use `devenv run`",
            slug="path-too-long",
        )
    return path


def shells_path(settings: Settings) -> Path:
    """The directory in which each shell names the generation that it is in (see `devenv.generations.pins`)."""
    return settings.state / "shells"


def write_generation_scripts(generation: Path, activation: Activation) -> None:
    """Put into `generation` what each shell, `devenv run` and editors read.

    `generation` may still have another name than `activation.generation`, where it is going to lie.
    """
    for support in SHELLS.values():
        fsutil.write_atomic(generation / support.script_name, support.format_script(activation), 0o600)
    fsutil.write_atomic(generation / SCRIPT_NAME, format_posix_script(activation), 0o600)
    fsutil.write_atomic(generation / ACTIVATION_NAME, format_activation(activation), 0o600)
    fsutil.replace_link(generation / activation.generation.name, ".")


def silence_project(settings: Settings, project: Path) -> None:
    """Make the hooks say nothing of `project` as long as it is not activated."""
    active = _make_active_directory(settings, project)
    fsutil.write_atomic(active / DENIED_NAME, b"", 0o600)


def unsilence_project(settings: Settings, project: Path) -> None:
    """Let the hooks speak of `project` again."""
    (active_path(settings, project) / DENIED_NAME).unlink(missing_ok=True)


def activate_project(settings: Settings, project: Path, generation: Path) -> None:
    """Make `generation` the one that shells in `project` use from their next prompt on.

    The generation is complete: scripts and stamps are written before. The project is allowed. What is activated here is
    what these settings say: that of another state directory, or of other settings, no longer counts without Python.
    """
    write_stamp(generation / SETTINGS_STAMP, settings.changed)
    # Hooks can make a file without starting a process, a directory they cannot.
    fsutil.make_private_directory(shells_path(settings))
    active = _make_active_directory(settings, project)
    fsutil.replace_link(active / LINK_NAME, str(generation))
    for name in (DENIED_NAME, ASKED_NAME, ANSWER_NAME):
        (active / name).unlink(missing_ok=True)


def is_activated(settings: Settings, activation: Activation) -> bool:
    """Whether shells use this generation now, and nothing makes them ask: files and stamps have the same times."""
    generation = activation.generation
    files = [(activation.project / name, stamp_name(index)) for index, name in enumerate(activation.watched)]
    try:
        followed = os.readlink(active_path(settings, activation.project) / LINK_NAME) == str(generation)
    except (OSError, ActivationError):
        return False
    times = [(_find_time(file), _find_time(generation / stamp)) for file, stamp in files]
    times.append((settings.changed, _find_time(generation / SETTINGS_STAMP)))
    return followed and all(changed == stamped for changed, stamped in times)


def _find_time(path: Path) -> int | None:
    """When the file was last modified, in nanoseconds; None where there is none to be seen."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _make_active_directory(settings: Settings, project: Path) -> Path:
    """The directory of `active_path`, made where missing, without what killed processes left there."""
    active = fsutil.make_private_directory(active_path(settings, project))
    fsutil.remove_unfinished(active)
    return active


def deactivate_project(settings: Settings, project: Path, *, answered: bool = False) -> None:
    """Take the project's environment away from shells, from their next prompt on. Nothing there is no error.

    `answered`: they have been told why (`devenv.activation.answers`), before it is gone.
    """
    active = active_path(settings, project)
    for name in (LINK_NAME, ASKED_NAME, *([] if answered else [ANSWER_NAME])):
        (active / name).unlink(missing_ok=True)


def find_active_generation(settings: Settings, project: Path) -> Path | None:
    """The generation that shells enter; None where they enter none."""
    try:
        return Path(os.readlink(active_path(settings, project) / LINK_NAME))
    except (OSError, ActivationError):
        return None


def find_inherited(settings: Settings, environ: Mapping[str, str]) -> Activation | None:
    """The activation that `environ` came out of, where it says so truly.

    The markers are claims of whoever started us (FAULTS L-09): they count only if they name a generation of this state
    directory, and what it sets is read from there.
    """
    generation = find_claimed_generation(settings, environ.get(GENERATION_MARKER, ""))
    if generation is None:
        return None
    try:
        activation = read_activation(generation)
    except ActivationError:
        return None
    claimed = (environ.get(PROJECT_MARKER), str(generation))
    return activation if (str(activation.project), str(activation.generation)) == claimed else None


def find_claimed_generation(settings: Settings, claim: str) -> Path | None:
    """The directory of the generation that `claim` names, if it is one of this state directory; it need not exist."""
    root = str(settings.state / "projects") + "/"
    if not claim.startswith(root) or GENERATION_PATTERN.fullmatch(claim.removeprefix(root)) is None:
        return None
    return Path(claim)


def leave_inherited(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without the environment of whatever project it came out of."""
    activation = find_inherited(settings, environ)
    return drop_markers(environ) if activation is None else revert_activation(activation, environ)
