"""What an environment does to a shell: from its object's own description and the files of the project.

The description holds what the manifest says, but for what only the project knows: where it lies, and what stands in its
files with variables (`dotenv`). Their values are read from the bytes that trust is about, and get into no object.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from devenv.activation.model import Activation, Entries, Interactive
from devenv.environment.completions import find_completions
from devenv.environment.description import Description, read_description
from devenv.environment.project import Project, acting_names
from devenv.manifest.dotenv import parse_dotenv
from devenv.manifest.model import Manifest
from devenv.manifest.tables.python import VENV_VARIABLES
from devenv.project_names import WATCHED_NAMES

DATA_NAMES = frozenset(
    {
        "applications",
        "bash-completion",
        "dbus-1",
        "fish",
        "fonts",
        "gir-1.0",
        "glib-2.0",
        "icons",
        "metainfo",
        "mime",
        "sounds",
        "themes",
        "vulkan",
    }
)
"""What programs look for along `XDG_DATA_DIRS`; what else lies in `share` is found by those that own it."""


def make_project_activation(project: Project, environment: Path, generation: Path) -> Activation:
    """The activation of the environment at this store path, in a generation that will be known as `generation`.

    Raises ManifestError (`dotenv-invalid`), ActivationError (`activation-invalid`), StoreError
    (`description-invalid`), UsageError (`project-unreadable`).
    """
    description = read_description(environment)
    variables = _collect_variables(project, description, environment)
    lists = _collect_lists(project, description, environment)
    return Activation(
        project=project.path,
        generation=generation,
        name=_shown_name(project),
        variables=variables,
        # Whoever sets a variable as a whole wants nothing added to it.
        lists={name: entries for name, entries in lists.items() if name not in variables},
        watched=(*WATCHED_NAMES, *acting_names(project.manifest)),
        interactive=_collect_interactive(description, environment),
    )


def _shown_name(project: Project) -> str:
    name = project.manifest.name or project.path.name
    return name if project.selected is None else f"{name} ({project.selected})"


def _collect_variables(project: Project, description: Description, environment: Path) -> dict[str, str | None]:
    """Values, and None for what is to be unset; the later of these sources count."""
    variables: dict[str, str | None] = {
        name: str(environment / location) for name, location in description.locations.items()
    }
    variables |= description.variables
    variables |= dict.fromkeys(description.unset)
    variables |= read_dotenv(project)
    venv = project.manifest.python.venv
    if venv is not None:
        variables |= {"PYTHONHOME": None, "VIRTUAL_ENV": str(project.path / venv)}
    return variables


def read_dotenv(project: Project) -> dict[str, str]:
    """The variables in the project's files of them. Raises as `make_project_activation` does."""
    manifest = project.manifest
    if not manifest.dotenv:
        return {}
    refused = _refused_names(manifest)
    variables: dict[str, str] = {}
    for name in manifest.dotenv:
        file = project.further_file(name)
        if file.content is not None:
            variables |= parse_dotenv(file.content, str(project.path / name), refused)
    return variables


def _refused_names(manifest: Manifest) -> Mapping[str, str]:
    """What these files may not set beside this manifest: names → why."""
    lists = dict.fromkeys(manifest.lists, "`[env]` adds directories to it: write these there")
    venv = {} if manifest.python.venv is None else dict.fromkeys(VENV_VARIABLES, "`python.venv` sees to it")
    return {**lists, **venv}


def _collect_lists(project: Project, description: Description, environment: Path) -> dict[str, Entries]:
    """Entries of list variables: the manifest's are the outermost."""
    venv = project.manifest.python.venv
    packages = {name: [str(environment / each) for each in paths] for name, paths in description.search_paths.items()}
    packages["PATH"] = [
        *([] if venv is None else [str(project.path / venv / "bin")]),
        *packages.get("PATH", []),
        str(environment / "bin"),
    ]
    for name, directory in _iter_shared(environment):
        packages.setdefault(name, []).append(str(directory))
    lists = {name: Entries(tuple(dict.fromkeys(entries))) for name, entries in packages.items()}
    for name, additions in description.lists.items():
        there = lists.get(name, Entries())
        before, after = (
            # `/` keeps what is absolute.
            [str(project.path / each) for each in entries]
            for entries in (additions.prepend, additions.append)
        )
        lists[name] = Entries(tuple(dict.fromkeys([*before, *there.before])), (*there.after, *after))
    return lists


def _iter_shared(environment: Path) -> list[tuple[str, Path]]:
    """Variables by which programs find what packages share, where there is something to find."""
    shared = environment / "share"
    found = []
    if (shared / "man").is_dir():
        found.append(("MANPATH", shared / "man"))
    if any((shared / name).is_dir() for name in DATA_NAMES):
        found.append(("XDG_DATA_DIRS", shared))
    return found


def _collect_interactive(description: Description, environment: Path) -> dict[str, Interactive]:
    shell = description.shell
    interactive = {}
    for name, completions in find_completions(environment).items():
        code = shell.code_for(name)
        interactive[name] = Interactive(
            aliases=code.aliases,
            functions=code.functions,
            enter=code.hook,
            leave=code.leave,
            completion_directories=completions.directories,
            completions=completions.completions,
        )
    return interactive
