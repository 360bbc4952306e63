"""What a named environment is, and what a system has of a manifest: plain manifests again, with less or more in them.

All that locks, realizes and builds works on a plain `Manifest` and knows nothing of environments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from devenv.errors import UsageError
from devenv.manifest.model import (
    DEFAULT_ENVIRONMENT,
    POSIX_SHELLS,
    ListAdditions,
    Manifest,
    NamedEnvironment,
    PackageRequest,
    ProjectBuild,
    PythonSettings,
    ShellCode,
    ShellSettings,
)
from devenv.manifest.wording import find_closest, format_names, format_shown
from devenv.system import System


def select_environment(manifest: Manifest, name: str) -> Manifest:
    """The manifest of the environment `name` alone. Raises UsageError (`environment-unknown`)."""
    if name == DEFAULT_ENVIRONMENT:
        return replace(manifest, environments={})
    own = manifest.environments.get(name)
    if own is None:
        meant = find_closest(name, manifest.environments)
        known = format_names([DEFAULT_ENVIRONMENT, *manifest.environments])
        raise UsageError(
            f"the manifest has no environment `{format_shown(name)}`",
            hint=f"did you mean `{meant}`?" if meant else f"there are {known}; add one as `[environments.NAME]`",
            slug="environment-unknown",
        )
    return extend_manifest(select_environment(manifest, own.extends), own)


def order_environments(manifest: Manifest) -> list[str]:
    """The names of the environments, each behind what it extends."""
    from graphlib import TopologicalSorter

    graph = {name: [manifest.environments[name].extends] for name in sorted(manifest.environments)}
    return [name for name in TopologicalSorter(graph).static_order() if name != DEFAULT_ENVIRONMENT]


def extend_manifest(base: Manifest, own: NamedEnvironment) -> Manifest:
    """`base`, which has no environments, as `own` changes it: what both name, `own` says."""
    systems = own.systems or base.systems
    kept = {name: request for name, request in base.packages.items() if name not in own.without}
    wanted = {name: each for name, each in {**kept, **own.packages}.items() if _is_for_any(each, systems)}
    given = {*own.env, *own.unset, *own.lists}
    variables = {name: value for name, value in base.env.items() if name not in given}
    return replace(
        base,
        systems=systems,
        packages=dict(sorted(wanted.items())),
        env=dict(sorted({**variables, **own.env}.items())),
        unset=tuple(sorted({*(name for name in base.unset if name not in given), *own.unset})),
        lists=_extend_lists(base.lists, own),
        dotenv=tuple(dict.fromkeys([*base.dotenv, *own.dotenv])),
        shell=extend_shell(base.shell, own.shell),
        builds=_usable_builds(base.builds, wanted),
        checks=dict(sorted({**base.checks, **own.checks}.items())),
        taken=base.taken if own.source is None else (own.source, *base.taken),
        python=_own_python(base.python, own.name) if own.python is None else own.python,
    )


def restrict_packages(manifest: Manifest, system: System) -> Manifest:
    """The manifest without the packages, and the builds that need them, which are not for this system."""
    packages = {name: each for name, each in manifest.packages.items() if _is_for_any(each, (system,))}
    if len(packages) == len(manifest.packages):
        return manifest
    return replace(manifest, packages=packages, builds=_usable_builds(manifest.builds, packages))


def _is_for_any(request: PackageRequest, systems: tuple[System, ...] | None) -> bool:
    return request.systems is None or systems is None or any(system in systems for system in request.systems)


def _usable_builds(
    builds: Mapping[str, ProjectBuild], packages: Mapping[str, PackageRequest]
) -> Mapping[str, ProjectBuild]:
    """The builds all of whose inputs and tools are there, packages or such builds."""
    while True:
        usable = {
            name: build
            for name, build in builds.items()
            if all(need in packages or need in builds for need in (*build.inputs, *build.tools))
        }
        if len(usable) == len(builds):
            return builds
        builds = usable


def _extend_lists(base: Mapping[str, ListAdditions], own: NamedEnvironment) -> dict[str, ListAdditions]:
    """The additions of both; those of the environment are the outermost. Whoever sets a variable wants none."""
    lists = {name: each for name, each in base.items() if name not in own.env and name not in own.unset}
    for name, each in own.lists.items():
        before = lists.get(name, ListAdditions())
        lists[name] = ListAdditions(
            tuple(dict.fromkeys([*each.prepend, *before.prepend])), tuple(dict.fromkeys([*before.append, *each.append]))
        )
    return dict(sorted(lists.items()))


def extend_shell(base: ShellSettings, own: ShellSettings) -> ShellSettings:
    """Code of `own` in place of that of `base`, also of what `base` has for single shells where `own` is for all."""
    own_code: dict[str, ShellCode] = {}
    for shell in sorted({*base.own, *own.own}):
        there = base.own.get(shell, ShellCode())
        # What is for all has code for these; for others it has only command lines.
        there = _without(there, own if shell in POSIX_SHELLS else ShellCode(aliases=own.aliases))
        own_code[shell] = _extend_code(there, own.own.get(shell, ShellCode()))
    common = _extend_code(base, own)
    filled = {shell: code for shell, code in own_code.items() if code != ShellCode()}
    return ShellSettings(common.hook, common.aliases, common.leave, common.functions, filled)


def _without(code: ShellCode, other: ShellCode) -> ShellCode:
    """`code` without what `other` has as well."""
    return ShellCode(
        None if other.hook is not None else code.hook,
        {name: each for name, each in code.aliases.items() if name not in other.aliases},
        None if other.leave is not None else code.leave,
        {name: each for name, each in code.functions.items() if name not in other.functions},
    )


def _extend_code(base: ShellCode, own: ShellCode) -> ShellCode:
    # What becomes an alias is no function any more, and the other way round.
    aliases = {name: each for name, each in base.aliases.items() if name not in own.functions}
    functions = {name: each for name, each in base.functions.items() if name not in own.aliases}
    return ShellCode(
        base.hook if own.hook is None else own.hook,
        dict(sorted({**aliases, **own.aliases}.items())),
        base.leave if own.leave is None else own.leave,
        dict(sorted({**functions, **own.functions}.items())),
    )


def _own_python(base: PythonSettings, name: str) -> PythonSettings:
    """A virtual environment of its own: another Python must not get into that of the default."""
    return base if base.venv is None else PythonSettings(f"{base.venv}-{name}")
