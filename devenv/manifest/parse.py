"""A manifest's bytes → `Manifest`. Strict: what is not understood is an error, with its place and a suggestion.

`document` makes TOML of the bytes, `tables` says what each table may hold, `checker` collects faults, `grammar` and
`variables` hold the rules for names. The file is read by the services, so that the bytes which were hashed for trust
are those that are parsed (FAULTS L-03).
"""

from __future__ import annotations

from dataclasses import replace

from devenv.errors import ForeignFileError, ManifestError, Place
from devenv.manifest.checker import Checker
from devenv.manifest.document import Document, parse_document
from devenv.manifest.model import Manifest
from devenv.manifest.tables.builds import check_builds
from devenv.manifest.tables.checks import check_checks
from devenv.manifest.tables.environment import DOTENV, check_dotenv, check_env
from devenv.manifest.tables.environments import check_environments
from devenv.manifest.tables.formatters import check_formatters
from devenv.manifest.tables.inputs import check_inputs
from devenv.manifest.tables.keep import KEEP, check_keep, refuse_late_keys
from devenv.manifest.tables.lock import LOCK_KEYS, check_lock
from devenv.manifest.tables.packages import check_packages, require_some_system
from devenv.manifest.tables.project import PROJECT_KEYS, check_project
from devenv.manifest.tables.python import PYTHON_KEYS, check_python
from devenv.manifest.tables.shell import SHELL_KEYS, check_shell
from devenv.manifest.wording import find_closest, format_names
from devenv.project_names import MANIFEST_NAME

TABLES = (
    "build",
    "checks",
    "env",
    "environments",
    "formatters",
    "inputs",
    "lock",
    "packages",
    "project",
    "python",
    "shell",
)
TOP_ARRAYS = (DOTENV, KEEP)
TOP_KEYS = (*TABLES, *TOP_ARRAYS)

MEANT = {
    "dependencies": "packages",
    "environment": "env",
    "fmt": "formatters",
    "pkgs": "packages",
    "tools": "packages",
    "variables": "env",
    "vars": "env",
    **{key: f"project.{key}" for key in PROJECT_KEYS},
    **{key: f"lock.{key}" for key in LOCK_KEYS},
    **{key: f"python.{key}" for key in PYTHON_KEYS},
    **{key: f"shell.{key}" for key in SHELL_KEYS},
}
"""What people call our tables who know other tools, and keys that stand outside of their table → where they belong."""

OWN_TABLES = frozenset({"inputs", "packages", "project", "shell"})
"""Tables that mark a file as ours. Other tools' files of our name have an `[env]` or a `[build]` too."""

OWN_LIKENESS = 0.7
"""How near a key must come to one of `OWN_TABLES` to count as a slip of the pen (`[package]`, `[shel]`)."""


def parse_manifest(content: bytes, file: str = MANIFEST_NAME) -> Manifest:
    """The manifest in `content`; `file` is its name for messages.

    Raises ManifestError for the first fault in file order, ForeignFileError where another tool's file has our name.
    """
    document = parse_document(content, file)
    if not document.data:
        raise ManifestError(
            "the manifest is empty",
            hint='begin with `[packages]` and a line like `nodejs = "24"`',
            place=Place(file, 1, 1),
        )
    return check_document(document)


def check_document(document: Document) -> Manifest:
    """What `document`, which may be empty, says. Raises as `parse_manifest` does."""
    _require_own(document)
    checker = Checker(document)
    refuse_late_keys(checker, document, TABLES, TOP_ARRAYS)
    top = checker.record(document.data, (), TOP_KEYS, MEANT)
    name, systems = check_project(checker, top.get("project"))
    inputs, trees = check_inputs(checker, top.get("inputs"))
    packages = check_packages(checker, top.get("packages"), inputs)
    require_some_system(checker, packages, systems, ("packages",))
    env = check_env(checker, top.get("env"))
    manifest = Manifest(
        name=name,
        systems=systems,
        inputs=inputs,
        packages=packages,
        env=env.variables,
        unset=tuple(env.unset),
        lists=env.lists,
        dotenv=check_dotenv(checker, top.get(DOTENV, [])),
        shell=check_shell(checker, top.get("shell")),
        keep=check_keep(checker, top.get(KEEP, [])),
        builds=check_builds(checker, top.get("build"), packages),
        checks=check_checks(checker, top.get("checks")),
        formatters=check_formatters(checker, top.get("formatters")),
        trees=trees,
        python=check_python(checker, top.get("python"), {*env.variables, *env.unset, *env.lists}),
        lock=check_lock(checker, top.get("lock")),
    )
    environments = check_environments(checker, top.get("environments"), manifest)
    checker.raise_first()
    return replace(manifest, environments=environments)


def _require_own(document: Document) -> None:
    """Raise ForeignFileError where nothing in `document` is ours or was meant to be."""
    unknown = [key for key in document.data if key not in TOP_KEYS]
    if not unknown or any(_is_own(key) for key in document.data):
        return
    raise ForeignFileError(
        f"this `{MANIFEST_NAME}` seems to belong to another tool: it has none of the tables {format_names(OWN_TABLES)}",
        hint="keep it in another directory; or, if it is yours, begin it with `[packages]`",
        place=document.place(document.key_offset((unknown[0],))),
    )


def _is_own(key: str) -> bool:
    # `name` and `env` are words of every tool.
    if key in OWN_TABLES or (key in MEANT and key != "name"):
        return True
    return find_closest(key, OWN_TABLES, OWN_LIKENESS) is not None
