"""The package sets that a manifest's inputs are: devenv's own, suites of Debian, trees from elsewhere.

While a lock is made, devenv's own sets are those of this devenv. When one is realized they are those that the lock was
made with: a set is an object of the store from the first time that it is used, known by its revision, which is over the
content of its files. So a lock goes on meaning what it meant when devenv is updated, as long as the object is in the
store (generations keep it) or a substituter has it. Where it is nowhere, this devenv's set is tried: if it makes other
derivations than the lock says, that is an error which names the set that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.debian.suites import parse_suite
from devenv.derivation.model import MAIN_OUTPUT
from devenv.environment.project_sets import ProjectContent, ProjectSet
from devenv.environment.tree_sets import OpenTree, TreeSet
from devenv.errors import ResolutionError
from devenv.lock.model import Lock, LockedInput
from devenv.manifest.locators import is_tree_locator
from devenv.manifest.model import DEFAULT_INPUT, PYPI_LOCATOR, SOURCE_LOCATOR, WHOLE_PROJECT, Manifest, TreeOptions
from devenv.packages.package_set import BASE_LABEL, PackageSet
from devenv.store_path import StorePath
from devenv.workflow.trees import Trees

if TYPE_CHECKING:
    from devenv.environment.derive import Packages, PackageSets
    from devenv.workflow.tools import Tools

SET_NAMES = {BASE_LABEL: "base-set", SOURCE_LOCATOR: "source-set"}
NO_OPTIONS = TreeOptions()


def open_sets(
    tools: Tools, manifest: Manifest, project: Path, pins: Mapping[str, LockedInput], *, realizing: bool
) -> PackageSets:
    """The sets by the names of the inputs. `pins` of a lock count: for all where it is realized, else for trees."""
    builtin = {
        name: open_builtin(tools, locator, pins[name].revision if realizing and name in pins else None)
        for name, locator in manifest.inputs.items()
        if locator in SET_NAMES
    }
    sets: dict[str, Packages] = dict(builtin)
    for name, locator in manifest.inputs.items():
        suite = parse_suite(locator)
        if suite is not None:
            from devenv.packages.debian_set import DebianSet

            sets[name] = DebianSet(suite, tools.usual_suite)
        elif locator == PYPI_LOCATOR:
            from devenv.packages.pypi_set import PypiSet

            sets[name] = PypiSet()
        elif is_tree_locator(locator):
            options = manifest.trees.get(name, NO_OPTIONS)
            opening = partial(Trees(tools, project).open, name, locator, options, pins.get(name))
            followed = builtin.get(options.follows.get(DEFAULT_INPUT, ""))
            base = followed or next((each for each in builtin.values() if each.label == BASE_LABEL), tools.base_set)
            sets[name] = TreeSet(
                name, locator, opening, base, partial(_open_project, tools, name, locator, options.follows, sets)
            )
    return sets


def _open_project(
    tools: Tools, name: str, locator: str, follows: Mapping[str, str], outer: PackageSets, tree: OpenTree
) -> ProjectSet:
    """The project in a tree. Raises ManifestError, LockError, ResolutionError (`input-outside`)."""
    from devenv.build.source import add_source
    from devenv.environment.project import read_project_tree
    from devenv.store.tree import iter_tree

    project = read_project_tree(tree.path)
    manifest, lock = project.manifest, project.lock
    inner = {each: where for each, where in manifest.inputs.items() if each not in follows}
    for each, where in inner.items():
        _require_inside(locator, each, where)
    pins = {} if lock is None else lock.inputs
    sets = dict(open_sets(tools, replace(manifest, inputs=inner), tree.path, pins, realizing=True))
    sets |= {each: outer[followed] for each, followed in follows.items()}
    if lock is not None:
        # A lock calls suites that its manifest does not name by names of their own.
        unnamed = {each: pin.locator for each, pin in pins.items() if each not in sets}
        sets |= open_sets(tools, replace(manifest, inputs=unnamed), tree.path, pins, realizing=True)

    def add(path: str) -> StorePath:
        # Called as the project itself calls it, so that what it built is known here.
        called = path.rpartition("/")[2] if path != WHOLE_PROJECT else "source"
        return add_source(tools.store, called, lambda: iter_tree(tree.path / path))

    content = ProjectContent(manifest, lock)
    return ProjectSet(locator, f"{name}:", content, sets, follows, tools.source_set.plan_project, add)


def _require_inside(label: str, name: str, locator: str) -> None:
    """What a project calls a directory or repository of its machine is another on this one, or somebody's secret."""
    if locator.startswith(("path:/", "path:..", "git+file:")):
        raise ResolutionError(
            f"the input `{name}` of the project `{label}` is outside of it, on the machine where it lies",
            hint="give it an address there, or have it follow an input of this manifest with `follows`",
            slug="input-outside",
        )


def open_builtin(tools: Tools, locator: str, revision: str | None) -> PackageSet:
    """One of devenv's own sets, of this `revision` where that is to be had; None: this devenv's."""
    own = tools.source_set if locator == SOURCE_LOCATOR else tools.base_set
    if revision is None or revision == own.revision:
        return own
    path = _find_builtin(tools, revision)
    if path is None:
        return own
    from devenv.packages.package_set import read_set

    found = read_set(tools.store.path(path), own.label, own.prefix)
    # The revision is over the content: whatever said that this is the set, it shows.
    return found if found.revision == revision else own


def _find_builtin(tools: Tools, revision: str) -> StorePath | None:
    store = tools.store
    known = store.find_realisation(revision, MAIN_OUTPUT)
    if known is not None:
        return known
    from devenv.build.substitution import take_known

    for each in tools.build_options.substituters:
        if take_known(store, revision, each, tools.report):
            return store.find_realisation(revision, MAIN_OUTPUT)
    return _find_unnamed(tools, revision)


def _find_unnamed(tools: Tools, revision: str) -> StorePath | None:
    """The set among objects that came without what they are known as, in an archive say: its content tells."""
    from devenv.packages.package_set import read_set

    store = tools.store
    for path in sorted(path for path in store.database.read_graph() if path.name in SET_NAMES.values()):
        if store.is_present(path) and read_set(store.path(path), "").revision == revision:
            store.keep([path])
            store.register_realisation(revision, MAIN_OUTPUT, path)
            return path
    return None


def keep_inputs(tools: Tools, lock: Lock) -> tuple[StorePath, ...]:
    """The objects that a lock's inputs are, made of this devenv's sets where those are what it pins.

    They are all that is needed beside the lock to evaluate it again, offline and with another devenv.
    """
    kept = []
    for pin in lock.inputs.values():
        if pin.tree is not None:
            kept.append(pin.tree)
        elif pin.locator in SET_NAMES:
            path = _keep_builtin(tools, pin)
            kept += [] if path is None else [path]
    return tuple(sorted(set(kept)))


def _keep_builtin(tools: Tools, pin: LockedInput) -> StorePath | None:
    known = tools.store.find_realisation(pin.revision, MAIN_OUTPUT)
    own = tools.source_set if pin.locator == SOURCE_LOCATOR else tools.base_set
    if known is not None or own.revision != pin.revision:
        return known
    from devenv.build.assemble import NewFile, iter_nodes
    from devenv.build.source import NO_SCRATCH
    from devenv.store.adding import Output

    contents = {tuple(path.encode().split(b"/")): text.encode() for path, text in own.files.items()}
    files = {path: NewFile(False, len(each), partial(lambda text: [text], each)) for path, each in contents.items()}
    realises = ((pin.revision, MAIN_OUTPUT),)
    return tools.store.add(Output(iter_nodes(files), SET_NAMES[pin.locator], NO_SCRATCH, realises=realises))
