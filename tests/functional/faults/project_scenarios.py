"""Work on a user's own things: manifest and lock, generations, links into the store, the cache."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from devenv.activation.model import Activation
from devenv.activation.state import activate_project, active_path, write_generation_scripts
from devenv.environment.project import read_project
from devenv.errors import StoreError
from devenv.events import ignore
from devenv.fetch.artifact_limit import clean_artifacts, complete_path, relative_path
from devenv.fsutil import make_private_directory
from devenv.generations.generations import NewGeneration, find_current_generation, project_locked, record_generation
from devenv.generations.projects import iter_projects
from devenv.generations.removal import remove_generation
from devenv.lock.format import format_lock
from devenv.lock.model import Lock, LockedArtifact, LockedBuild, LockedInput, LockedPackage
from devenv.settings import Settings, default_settings
from devenv.store.root_links import add_root_link
from devenv.store.store import Store
from devenv.store_path import parse_store_path
from devenv.system import System
from devenv.workflow.allowed import record_allowed
from devenv.workflow.artifacts import mirror_artifacts
from devenv.workflow.edit import lock_project, remove_packages
from devenv.workflow.tools import Tools
from devenv.workflow.trust import allow_project
from tests.functional.faults.scenario import (
    KEY,
    Scenario,
    add,
    find_object,
    project_path,
)

# --- projects ---

MANIFEST = b'[project]\nname = "p"\n\n[packages]\nripgrep = "14"\n'
EMPTY_MANIFEST = b'[project]\nname = "p"\n'


def prepare_project(manifest: bytes) -> Callable[[Path], None]:
    """A project that was allowed, with a lock that does not answer its manifest any more."""

    def prepare(home: Path) -> None:
        path = make_private_directory(project_path(home))
        (path / "devenv.toml").write_bytes(manifest)
        record_allowed(default_settings(home), read_project(path))
        with Store(default_settings(home)):
            pass

    return prepare


def run_lock(home: Path) -> None:
    """Lock it anew."""
    with Tools(default_settings(home), {}, ignore) as tools:
        lock_project(tools, project_path(home))


def require_locked(home: Path) -> None:
    """The lock can be read, and nothing lies beside it but the directory of links."""
    assert read_project(project_path(home)).lock is not None
    assert set(os.listdir(project_path(home))) - {".devenv"} == {"devenv.lock", "devenv.toml"}


def require_readable_lock(home: Path) -> None:
    """Whatever lies there is no lock, or a whole one; the manifest is the old or the new one."""
    project = read_project(project_path(home))
    assert project.lock_bytes is None or project.lock is not None
    assert project.manifest_bytes == MANIFEST or project.manifest.packages == {}


def run_edit(home: Path) -> None:
    """Take the package out: lock, realize, write, switch; then allow what came out."""
    path = project_path(home)
    with Tools(default_settings(home), {}, ignore) as tools:
        if b"ripgrep" in (path / "devenv.toml").read_bytes():
            remove_packages(tools, path, ["ripgrep"])
        # What was disturbed half-way is not what was allowed any more.
        allow_project(tools, path)


def require_edited(home: Path) -> None:
    """Manifest and lock agree, and the environment can be entered; the link in the project leads to it."""
    require_locked(home)
    assert entered(home) == ("environment", "environment")
    links = project_path(home) / ".devenv"
    assert sorted(os.listdir(links)) == [".gitignore", "env"]
    assert (links / ".gitignore").read_bytes() == b"*\n"
    assert (links / "env").resolve().name.endswith("-environment")
    assert b"ripgrep" not in (project_path(home) / "devenv.toml").read_bytes()


# --- generations, roots ---


def switch(home: Path, name: str) -> None:
    """Make a generation of the object `name` the one that shells enter."""
    settings = default_settings(home)
    with Store(settings) as store, project_locked(settings, project_path(home)):
        project = read_project(project_path(home))

        def fill(directory: Path, known_as: Path) -> None:
            write_generation_scripts(directory, Activation(project.path, known_as, variables={"NAME": name}))

        generation = record_generation(settings, store, NewGeneration(project, find_object(store, name), fill))
        activate_project(settings, project.path, generation.path)


def prepare_switch(home: Path) -> None:
    """A project in its first generation."""
    path = make_private_directory(project_path(home))
    (path / "devenv.toml").write_bytes(EMPTY_MANIFEST)
    with Store(default_settings(home)) as store:
        for name in ("first", "second"):
            add(store, name)
    switch(home, "first")


def run_switch(home: Path) -> None:
    """Switch to a second one."""
    switch(home, "second")


def entered(home: Path) -> tuple[str, str]:
    """What commands and what shells enter, by the names of their objects."""
    settings = default_settings(home)
    generation = find_current_generation(settings, project_path(home))
    assert generation is not None
    active = Path(os.readlink(active_path(settings, project_path(home)) / "@devenv"))
    assert (active / "activate.bash").stat().st_size
    return generation.environment.name, parse_store_path(Path(os.readlink(active / "environment")).name).name


def require_switched(home: Path) -> None:
    """Commands and shells enter the second."""
    assert entered(home) == ("second", "second")


def require_enterable(home: Path) -> None:
    """Commands and shells enter the first or the second, which is whole."""
    assert set(entered(home)) <= {"first", "second"}


def prepare_remove(home: Path) -> None:
    """A project that has been deleted since, with two generations."""
    prepare_switch(home)
    switch(home, "second")
    (project_path(home) / "devenv.toml").unlink()
    project_path(home).rmdir()


def run_remove(home: Path) -> None:
    """Delete all generations of all projects."""
    settings = default_settings(home)
    for project in list(iter_projects(settings)):
        for generation in project.generations:
            assert remove_generation(settings, project, generation)


def require_removed(home: Path) -> None:
    """None is left, and no shell is led to one."""
    settings: Settings = default_settings(home)
    assert not any(project.generations for project in iter_projects(settings))
    assert not (active_path(settings, project_path(home)) / "@devenv").exists()


def prepare_root(home: Path) -> None:
    """A link to one of two objects."""
    make_private_directory(project_path(home))
    with Store(default_settings(home)) as store:
        for name in ("old", "new"):
            add_root_link(store, project_path(home) / "result", add(store, name))
        add_root_link(store, project_path(home) / "result", find_object(store, "old"))


def run_root(home: Path) -> None:
    """Make it lead to the other."""
    with Store(default_settings(home)) as store:
        add_root_link(store, project_path(home) / "result", find_object(store, "new"))


def linked(home: Path) -> str:
    """The name of the object that the link leads to, which must be there."""
    target = Path(os.readlink(project_path(home) / "result"))
    assert target.is_dir()
    return parse_store_path(target.name).name


def require_rooted(home: Path) -> None:
    """It leads there."""
    assert linked(home) == "new"


def require_link(home: Path) -> None:
    """It leads to the old or the new one."""
    assert linked(home) in {"old", "new"}


# --- the cache ---


EVICT_LIMIT = 150


def prepare_evict(home: Path) -> None:
    """A cache of three files."""
    for number in range(3):
        content = bytes([number]) * 100
        digest = hashlib.sha256(content).hexdigest()
        shard = make_private_directory(complete_path(default_settings(home).artifacts) / digest[:2])
        (shard / digest).write_bytes(content)


def run_evict(home: Path) -> None:
    """Shrink it to one."""
    if clean_artifacts(default_settings(home).artifacts, EVICT_LIMIT).kept.size > EVICT_LIMIT:
        raise StoreError("some could not be removed")


def require_evicted(home: Path) -> None:
    """At most one is left."""
    left = [path for path in complete_path(default_settings(home).artifacts).glob("*/*") if path.is_file()]
    assert len(left) <= 1


# --- mirrors ---


MIRRORED = b"a file that the lock pins"
MIRRORED_SHA256 = hashlib.sha256(MIRRORED).hexdigest()


def mirror_path(home: Path) -> Path:
    """The directory that is filled."""
    return project_path(home) / "mirror"


def prepare_mirror(home: Path) -> None:
    """A project whose lock pins a file that lies in the cache."""
    path = make_private_directory(project_path(home))
    (path / "devenv.toml").write_bytes(EMPTY_MANIFEST)
    build = LockedBuild((LockedArtifact("pypi:packages/file", MIRRORED_SHA256, len(MIRRORED)),), KEY)
    package = LockedPackage("tool", "base", "1", "1.0", {System.X86_64_LINUX: build})
    lock = Lock(KEY, {"base": LockedInput("base", "builtin:base", KEY)}, {"tool": package})
    (path / "devenv.lock").write_bytes(format_lock(lock))
    cached = default_settings(home).artifacts / relative_path(MIRRORED_SHA256)
    make_private_directory(cached.parent)
    cached.write_bytes(MIRRORED)
    with Store(default_settings(home)):
        pass


def run_mirror(home: Path) -> None:
    """Copy it."""
    with Tools(default_settings(home), {}, ignore) as tools:
        mirror_artifacts(tools, project_path(home), mirror_path(home), ())


def require_mirrored(home: Path) -> None:
    """It is there, for everybody to read, and nothing else is."""
    place = mirror_path(home) / relative_path(MIRRORED_SHA256)
    assert place.read_bytes() == MIRRORED
    assert place.stat().st_mode & 0o777 == 0o644
    assert [path for path in mirror_path(home).rglob("*") if path.is_file()] == [place]


def require_whole_files(home: Path) -> None:
    """What has its name is whole."""
    assert all(path.read_bytes() == MIRRORED for path in mirror_path(home).glob("sha256/*/*"))


PROJECT_SCENARIOS: dict[str, Scenario] = {
    "lock": Scenario(prepare_project(EMPTY_MANIFEST), run_lock, require_locked, require_readable_lock),
    "edit": Scenario(prepare_project(MANIFEST), run_edit, require_edited, require_readable_lock),
    "switch": Scenario(prepare_switch, run_switch, require_switched, require_enterable),
    "remove": Scenario(prepare_remove, run_remove, require_removed),
    "root": Scenario(prepare_root, run_root, require_rooted, require_link),
    "evict": Scenario(prepare_evict, run_evict, require_evicted),
    "mirror": Scenario(prepare_mirror, run_mirror, require_mirrored, require_whole_files),
}
"""By name."""
