"""`[environments.NAME]`: named environments, each of which extends the default or another one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.environments import extend_manifest
from devenv.manifest.grammar import ENVIRONMENT_NAME, GrammarError
from devenv.manifest.locators import is_tree_locator
from devenv.manifest.model import DEFAULT_ENVIRONMENT, Manifest, NamedEnvironment, TakenPackages
from devenv.manifest.positions import Path
from devenv.manifest.tables.checks import check_checks
from devenv.manifest.tables.environment import DOTENV, check_dotenv, check_env
from devenv.manifest.tables.packages import check_packages, require_some_system
from devenv.manifest.tables.project import check_systems
from devenv.manifest.tables.python import VENV_VARIABLES, check_python
from devenv.manifest.tables.shell import check_shell, refuse_clashes
from devenv.manifest.wording import find_closest, format_names, format_shown
from devenv.system import System

TABLE = "environments"
ENVIRONMENT_KEYS = ("checks", DOTENV, "env", "extends", "from", "packages", "python", "shell", "systems", "without")
SHARED_KEYS = ("build", "formatters", "inputs", "keep", "project")
"""What is the same in all environments."""

COUNT_LIMIT = 100
"""Environments of one manifest."""


def check_environments(checker: Checker, value: object, manifest: Manifest) -> dict[str, NamedEnvironment]:
    """The environments by name; `manifest` is all that stands outside of the table."""
    table = checker.table(value, (TABLE,))
    if len(table) > COUNT_LIMIT:
        checker.fault((TABLE,), f"there are more than {COUNT_LIMIT} environments", "delete some")
        return {}
    environments = {}
    for name, given in sorted(table.items()):
        checker.apply((TABLE, name), partial(_require_name, name), on_key=True)
        environments[name] = _check_environment(checker, given, name, manifest)
    extended = {DEFAULT_ENVIRONMENT: manifest}
    for name in _order(checker, environments):
        own = environments[name]
        _require_fitting(checker, own, extended[own.extends])
        extended[name] = extend_manifest(extended[own.extends], own)
        refuse_clashes(checker, extended[name].shell, (TABLE, name, "shell"))
    return environments


def _require_name(name: str) -> str:
    if name == DEFAULT_ENVIRONMENT:
        raise GrammarError(f"`{name}` is what stands outside of `[{TABLE}]`", "write it there, or choose another name")
    return ENVIRONMENT_NAME.require(name)


def _check_environment(checker: Checker, value: object, name: str, manifest: Manifest) -> NamedEnvironment:
    path: Path = (TABLE, name)
    given = checker.table(value, path)
    for key in SHARED_KEYS:
        if key in given:
            checker.fault((*path, key), f"`{key}` is the same in all environments", "write it at the top", on_key=True)
    record = checker.record(
        {key: each for key, each in given.items() if key not in SHARED_KEYS}, path, ENVIRONMENT_KEYS
    )
    env = check_env(checker, record.get("env"), (*path, "env"))
    variables = {*env.variables, *env.unset, *env.lists}
    python = None
    if "python" in record or manifest.python.venv is not None:
        # Without a word of its own it has one too, and the same variables are refused.
        checked = check_python(checker, record.get("python", {"venv": True}), variables, path)
        python = checked if "python" in record else None
    without = tuple(sorted(checker.members(record.get("without", []), (*path, "without"), str)))
    return NamedEnvironment(
        name,
        extends=_check_extends(checker, record, path),
        systems=check_systems(checker, record["systems"], (*path, "systems")) if "systems" in record else None,
        packages=check_packages(checker, record.get("packages"), manifest.inputs, (*path, "packages")),
        without=without,
        source=_check_source(checker, record, path, manifest, without),
        env=env.variables,
        unset=tuple(env.unset),
        lists=env.lists,
        dotenv=check_dotenv(checker, record.get(DOTENV, []), (*path, DOTENV)),
        shell=check_shell(checker, record.get("shell"), (*path, "shell")),
        checks=check_checks(checker, record.get("checks"), (*path, "checks")),
        python=python,
    )


def _check_source(
    checker: Checker, record: Mapping[str, object], path: Path, manifest: Manifest, without: tuple[str, ...]
) -> TakenPackages | None:
    """`from = "INPUT"` or `"INPUT/ENVIRONMENT"`: whose packages the environment has besides."""
    text = checker.string(record["from"], (*path, "from")) if "from" in record else None
    if text is None:
        return None
    name, slash, environment = text.partition("/")
    if not is_tree_locator(manifest.inputs.get(name, "path:")) or name not in manifest.inputs:
        trees = [each for each, locator in manifest.inputs.items() if is_tree_locator(locator)]
        checker.fault(
            (*path, "from"),
            f"`{format_shown(name)}` is no input that is another project",
            f"there are {format_names(trees)}" if trees else "give one a name under `[inputs]`: docs/inputs.md",
        )
        return None
    if slash:
        checker.apply((*path, "from"), partial(ENVIRONMENT_NAME.require, environment))
    return TakenPackages(name, environment or DEFAULT_ENVIRONMENT, without)


def _check_extends(checker: Checker, record: Mapping[str, object], path: Path) -> str:
    if "extends" not in record:
        return DEFAULT_ENVIRONMENT
    text = checker.string(record["extends"], (*path, "extends"))
    return DEFAULT_ENVIRONMENT if text is None else text


def _order(checker: Checker, environments: Mapping[str, NamedEnvironment]) -> list[str]:
    """The names, each behind what it extends; those that extend nothing which is there are noted, and left out."""
    ordered: list[str] = []
    for name, own in environments.items():
        if own.extends != DEFAULT_ENVIRONMENT and own.extends not in environments:
            meant = find_closest(own.extends, environments)
            known = format_names([DEFAULT_ENVIRONMENT, *(each for each in environments if each != name)])
            checker.fault(
                (TABLE, name, "extends"),
                f"there is no environment `{format_shown(own.extends)}`",
                f"did you mean `{meant}`?" if meant and meant != name else f"there are {known}",
            )
    pending = list(environments)
    while ready := [name for name in pending if environments[name].extends in {DEFAULT_ENVIRONMENT, *ordered}]:
        ordered += ready
        pending = [name for name in pending if name not in ready]
    for name in pending:
        if environments[name].extends in environments:
            checker.fault(
                (TABLE, name, "extends"),
                f"`{name}` extends `{environments[name].extends}`, which in the end extends no other",
                "have one of them extend the default: delete its `extends`",
            )
    return ordered


def _require_fitting(checker: Checker, own: NamedEnvironment, base: Manifest) -> None:
    """Note what of an environment does not go together with what it extends."""
    path: Path = (TABLE, own.name)
    for name in own.without:
        if name in own.packages:
            checker.fault((*path, "without"), f"`{name}` is among the environment's `packages` too", "delete one")
        elif name not in base.packages and own.source is None:
            meant = find_closest(name, base.packages)
            checker.fault(
                (*path, "without"),
                f"`{format_shown(name)}` is no package of `{own.extends}`, which this extends",
                f"did you mean `{meant}`?" if meant else "delete it",
            )
    for name in own.packages:
        if name in base.builds:
            place = (*path, "packages", name)
            checker.fault(place, f"`{name}` is a build of this manifest", "choose another name", on_key=True)
    _require_variables(checker, own, base, path)
    _require_systems(checker, own.systems, base.systems, (*path, "systems"))
    require_some_system(checker, own.packages, own.systems or base.systems, (*path, "packages"))


def _require_variables(checker: Checker, own: NamedEnvironment, base: Manifest, path: Path) -> None:
    if own.python is not None and own.python.venv is not None:
        for name in VENV_VARIABLES:
            if name in {*base.env, *base.unset, *base.lists}:
                checker.fault(
                    (*path, "python", "venv"),
                    f"`{own.extends}` sets `{name}`, which a virtual environment does itself",
                    "take it out of `[env]`",
                )
    for name in own.lists:
        if name in base.env:
            checker.fault(
                (*path, "env", name),
                f"`{name}` has a value in `{own.extends}`, which nothing can be added to",
                "give it a value here too, or add directories there",
                on_key=True,
            )


def _require_systems(
    checker: Checker, own: tuple[System, ...] | None, base: Collection[System] | None, path: Path
) -> None:
    further = [] if own is None or base is None else [each for each in own if each not in base]
    if further:
        checker.fault(
            path,
            f"`{further[0]}` is no system of what this extends",
            f"there are {format_names(map(str, base or ()))}; or add it to `project.systems`",
        )
