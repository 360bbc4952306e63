"""`[build.NAME]`: the project's own packages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial

from devenv.manifest.checker import Checker
from devenv.manifest.grammar import BUILD_NAME, BUILD_VERSION, GrammarError, require_code
from devenv.manifest.model import DEFAULT_KIND, KINDS, PHASES, WHOLE_PROJECT, ProjectBuild
from devenv.manifest.positions import Path
from devenv.manifest.tables.building import check_build_env, check_flags, check_path
from devenv.manifest.wording import find_closest, format_names, format_shown

TABLE = "build"
BUILD_KEYS = ("env", "flags", "inputs", "kind", "phases", "source", "tools", "version")

RESERVED_NAMES = frozenset({"bubblewrap", "runtime", "sysroot"})
"""What devenv itself puts beside the packages of a build."""

SHOWN_CIRCLE = 8
"""Names of a circle in a message."""


def check_builds(checker: Checker, value: object, packages: Collection[str]) -> dict[str, ProjectBuild]:
    """The builds by name; `packages` are the names of the manifest's packages."""
    table = checker.table(value, (TABLE,))
    known = {*packages, *table}
    builds = {}
    for name, given in sorted(table.items()):
        checker.apply((TABLE, name), partial(_require_free_name, name, packages), on_key=True)
        builds[name] = _check_build(checker, given, name, known)
    _refuse_circle(checker, builds)
    return builds


def _require_free_name(name: str, packages: Collection[str]) -> str:
    BUILD_NAME.require(name)
    if name in packages:
        raise GrammarError(
            f"`{name}` is a package of this manifest already",
            "choose another name for the build, or take the package out of `[packages]`",
        )
    if name in RESERVED_NAMES:
        raise GrammarError(f"`{name}` cannot be a build: devenv builds with its own", "choose another name")
    return name


def _check_build(checker: Checker, value: object, name: str, known: Collection[str]) -> ProjectBuild:
    path: Path = (TABLE, name)
    record = checker.record(value, path, BUILD_KEYS)
    inputs = _check_names(checker, record, (*path, "inputs"), known)
    tools = _check_names(checker, record, (*path, "tools"), known)
    for index, tool in enumerate(tools):
        if tool in inputs:
            checker.fault((*path, "tools", index), f"`{tool}` is in `inputs` too", "delete one of the two")
    return ProjectBuild(
        name,
        kind=_check_kind(checker, record, path),
        source=_check_source(checker, record, path),
        version=_check_version(checker, record, path),
        inputs=inputs,
        tools=tools,
        flags=check_flags(checker, record, path),
        env=check_build_env(checker, record, path),
        phases=_check_phases(checker, record.get("phases"), (*path, "phases")),
    )


def _check_kind(checker: Checker, record: Mapping[str, object], path: Path) -> str:
    place = (*path, "kind")
    kind = checker.string(record.get("kind", DEFAULT_KIND), place)
    if kind is not None and kind not in KINDS:
        meant = find_closest(kind, KINDS)
        checker.fault(
            place,
            f"`{format_shown(kind)}` is no kind of build",
            f"did you mean `{meant}`?" if meant else f"there are {format_names(KINDS)}",
        )
    if kind == DEFAULT_KIND and record.get("flags"):
        checker.fault(
            (*path, "flags"),
            f"`flags` go to the configure step, and the kind `{DEFAULT_KIND}` has none of its own",
            f"write them into `phases`, or name another `kind`: {format_names(set(KINDS) - {DEFAULT_KIND})}",
            on_key=True,
        )
    return kind or DEFAULT_KIND


def _check_source(checker: Checker, record: Mapping[str, object], path: Path) -> str | None:
    given = record.get("source", WHOLE_PROJECT)
    return None if given is False else check_path(checker, given, (*path, "source"), "a path in quotes, or `false`")


def _check_version(checker: Checker, record: Mapping[str, object], path: Path) -> str | None:
    if "version" not in record:
        return None
    place = (*path, "version")
    text = checker.string(record["version"], place)
    return None if text is None else checker.apply(place, partial(BUILD_VERSION.require, text))


def _check_names(checker: Checker, record: Mapping[str, object], path: Path, known: Collection[str]) -> tuple[str, ...]:
    return checker.members(record.get(str(path[-1]), []), path, partial(_require_known, known))


def _require_known(known: Collection[str], name: str) -> str:
    if name in known:
        return name
    meant = find_closest(name, known)
    raise GrammarError(
        f"`{format_shown(name)}` is neither a package of this manifest nor a build",
        f"did you mean `{meant}`?" if meant else "name it under `[packages]`, or build it: `[build.NAME]`",
    )


def _check_phases(checker: Checker, value: object, path: Path) -> dict[str, str]:
    record = checker.record(value, path, PHASES)
    phases = {}
    for name in PHASES:
        if name not in record:
            continue
        place = (*path, name)
        text = checker.string(record[name], place)
        code = None if text is None else checker.apply(place, partial(require_code, text))
        if code is not None:
            phases[name] = code
    return phases


def _refuse_circle(checker: Checker, builds: Mapping[str, ProjectBuild]) -> None:
    """Note builds that need each other, at the place in the file where one of them says so."""
    if not builds:
        return
    import graphlib

    graph = {name: dict.fromkeys(_iter_needed(build, builds)) for name, build in builds.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        # Each in the list is needed by the one that follows it.
        circle = list(reversed(error.args[1]))
        shown = [*circle[:SHOWN_CIRCLE], *(["…"] if len(circle) > SHOWN_CIRCLE else [])]
        checker.fault(
            _find_need(builds[circle[0]], circle[1]),
            f"builds need each other: {' → '.join(f'`{name}`' for name in shown)}",
            "take one of them out of `inputs` or `tools`",
        )


def _iter_needed(build: ProjectBuild, builds: Mapping[str, ProjectBuild]) -> Iterator[str]:
    return (name for name in (*build.inputs, *build.tools) if name in builds)


def _find_need(build: ProjectBuild, name: str) -> Path:
    if name in build.inputs:
        return (TABLE, build.name, "inputs", build.inputs.index(name))
    return (TABLE, build.name, "tools", build.tools.index(name))
