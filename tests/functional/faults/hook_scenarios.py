"""What shells rely on: a startup file that is edited, and an environment that is made in the background."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from devenv.activation.hook_files import hook_path
from devenv.activation.startup_files import has_reading, take_reading
from devenv.activation.state import active_path, generations_path
from devenv.environment.project import read_project
from devenv.errors import ActivationError
from devenv.events import ignore
from devenv.fsutil import make_private_directory
from devenv.generations.generations import find_current_generation
from devenv.settings import default_settings
from devenv.workflow.allowed import record_allowed
from devenv.workflow.edit import lock_project
from devenv.workflow.hook_setup import install_hooks
from devenv.workflow.refresh import FAILED_NAME, refresh_changed, reload_project
from devenv.workflow.tools import Tools
from devenv.workflow.trust import allow_project
from tests.functional.faults.scenario import Scenario, project_path

RC = b"PS1=x"
PROGRAM = Path("/opt/devenv")


def prepare_install(home: Path) -> None:
    """A startup file of the user's own, which lies in a project with such files."""
    (make_private_directory(project_path(home)) / "bashrc").write_bytes(RC)
    (home / ".bashrc").symlink_to(project_path(home) / "bashrc")
    make_private_directory(default_settings(home).state)


def run_install(home: Path) -> None:
    """Have it read the hook."""
    with Tools(default_settings(home), {}, ignore) as tools:
        install_hooks(tools, ["bash"], PROGRAM, dry_run=False)


def require_startup_file(home: Path) -> None:
    """It is as before, or reads a hook that is there; taking that out restores it."""
    content = (project_path(home) / "bashrc").read_bytes()
    assert take_reading(content, "x") == RC
    if has_reading(content):
        assert hook_path(default_settings(home), "bash").stat().st_size


def require_installed(home: Path) -> None:
    """It reads the hook, and nothing lies beside it."""
    assert has_reading((project_path(home) / "bashrc").read_bytes())
    require_startup_file(home)
    assert os.listdir(project_path(home)) == ["bashrc"]


def prepare_refresh(home: Path) -> None:
    """A project that shells enter; another content of it was allowed, and nothing is realized of that."""
    path = make_private_directory(project_path(home))
    with Tools(default_settings(home), {}, ignore) as tools:
        for text in ('[project]\nname = "p"\n', '[project]\nname = "p"\n\n[env]\nNAME = "second"\n'):
            before = active_name(home)
            (path / "devenv.toml").write_text(text)
            lock_project(tools, path)
            if before is None:
                allow_project(tools, path)
        record_allowed(tools.settings, read_project(path))


def run_refresh(home: Path) -> None:
    """Follow it in the background, which fails where shells are told that it did; after that as a user would then."""
    path = project_path(home)
    failed = (generations_path(default_settings(home), path).parent / FAILED_NAME).exists()
    with Tools(default_settings(home), {}, ignore) as tools:
        told = refresh_changed(tools, path, lambda _: contextlib.nullcontext())
        if told is not None and not failed:
            raise ActivationError(told)
        if told is not None or active_name(home) is None:
            reload_project(tools, path)


def active_name(home: Path) -> str | None:
    """The number of the generation that shells enter."""
    try:
        return Path(os.readlink(active_path(default_settings(home), project_path(home)) / "@devenv")).name
    except FileNotFoundError:
        return None


def require_active(home: Path) -> None:
    """Shells have the old or the new environment, and it is whole; none only where trust cannot be read."""
    if active_name(home) is None:
        return
    assert active_name(home) in {"1", "2"}
    active = active_path(default_settings(home), project_path(home)) / "@devenv"
    assert (b"second" in (active / "activate.bash").read_bytes()) == (active_name(home) == "2")


def require_refreshed(home: Path) -> None:
    """Shells and commands have the new one, and nothing more is told."""
    assert active_name(home) == "2"
    require_active(home)
    generation = find_current_generation(default_settings(home), project_path(home))
    assert generation is not None
    assert generation.path.name == "2"
    assert not (active_path(default_settings(home), project_path(home)) / "@answer").exists()


HOOK_SCENARIOS: dict[str, Scenario] = {
    "install": Scenario(prepare_install, run_install, require_installed, require_startup_file),
    "refresh": Scenario(prepare_refresh, run_refresh, require_refreshed, require_active),
}
"""By name."""
