"""Inputs that are trees, as objects of the store: pinned while a lock is made, found again when it is realized.

A tree that is pinned is looked for in the store, then in the stores that the settings name as substituters, then at its
locator; what comes from there must be the tree that is pinned (FAULTS H-01 to H-03). One that is not pinned yet is
fetched. Everything becomes an object through the store's own `add`, so that its name proves its content.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.build.records import record_derivation
from devenv.build.source import NO_SCRATCH, source_derivation
from devenv.derivation.model import MAIN_OUTPUT
from devenv.environment.tree_sets import OpenTree
from devenv.errors import BuildError, DevenvError, FetchError, HashMismatchError
from devenv.events import Step
from devenv.fsutil import make_private_directory
from devenv.lock.model import LockedInput
from devenv.manifest.locators import TreeLocator, parse_tree_locator
from devenv.manifest.model import TreeOptions
from devenv.store_path import StorePath

if TYPE_CHECKING:
    from devenv.fetch.trees.git import GitMirror
    from devenv.nar.nodes import Node
    from devenv.workflow.tools import Tools


@dataclass(frozen=True, slots=True)
class Fetched:
    """A tree in the store, and what it is pinned by."""

    revision: str
    tree: StorePath
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Trees:
    """The trees of one project, whose directory relative paths begin at."""

    tools: Tools
    project: Path

    def open(self, name: str, locator: str, options: TreeOptions, previous: LockedInput | None) -> OpenTree:
        """The tree of an input: the one that `previous` pins where that is of the same place, else what is there now.

        Raises FetchError, BuildError.
        """
        if previous is not None and _still_pins(previous, locator, options):
            pin = replace(previous, name=name, follows=options.follows)
            return OpenTree(pin, self.find(pin))
        self.tools.report(Step(f"fetching the input {name}"))
        fetched = self.fetch(
            parse_tree_locator(locator), None if options.sha256 is None else f"sha256:{options.sha256}"
        )
        pin = LockedInput(name, locator, fetched.revision, {}, fetched.tree, fetched.date, options.follows)
        return OpenTree(pin, self.tools.store.path(fetched.tree))

    def find(self, pin: LockedInput) -> Path:
        """Where a pinned tree lies, brought here where it is not.

        Raises FetchError (`tree-missing`, `tree-changed`).
        """
        store, tree = self.tools.store, pin.tree
        assert tree is not None
        store.keep([tree])
        if not store.is_valid(tree) and not self._substitute(tree):
            self.tools.report(Step(f"fetching the input {pin.name}"))
            self._fetch_pinned(pin, tree)
        return store.path(tree)

    def _substitute(self, tree: StorePath) -> bool:
        from devenv.build.substitution import take

        derivation = source_derivation(tree)
        substituters = self.tools.build_options.substituters
        taken = any(take(self.tools.store, derivation, each, self.tools.report) for each in substituters)
        # A substituter says what its object is called; only this one is asked for.
        return taken and self.tools.store.is_valid(tree)

    def _fetch_pinned(self, pin: LockedInput, tree: StorePath) -> None:
        locator = parse_tree_locator(pin.locator)
        try:
            fetched = self.fetch(locator, None if locator.kind == "path" else pin.revision)
        except HashMismatchError:
            raise
        except (FetchError, BuildError) as error:
            raise FetchError(
                f"the tree of the input `{pin.name}` is nowhere to be had: neither the store nor a substituter has it, "
                f"and its locator does not give it",
                details=(
                    f"tree: {tree}",
                    f"locator: {pin.locator}",
                    f"revision: {pin.revision}",
                    error.message,
                    *error.details,
                ),
                hint=error.hint,
                slug="tree-missing",
                transient=error.transient,
            ) from error
        if fetched.tree != tree:
            raise _changed(pin, fetched)

    def fetch(self, locator: TreeLocator, revision: str | None) -> Fetched:
        """The tree that a locator means, or its `revision`, as an object. Raises FetchError, BuildError."""
        if locator.kind == "git":
            return self._fetch_git(locator, revision)
        if locator.kind == "archive":
            return self._fetch_archive(locator, revision)
        return self._fetch_path(locator)

    def _fetch_git(self, locator: TreeLocator, revision: str | None) -> Fetched:
        mirror = self._open_mirror(locator)
        wanted = locator.revision if revision is None else revision.removeprefix("git:")
        if self.tools.settings.offline and locator.protocol != "file" and not (wanted and mirror.has(wanted)):
            from devenv.fetch.http_errors import offline_error

            raise offline_error(locator.address)
        found = mirror.resolve() if wanted is None else mirror.require(wanted)
        return Fetched(f"git:{found.id}", self._add(locator, mirror.nodes(found.id)), found.date)

    def _open_mirror(self, locator: TreeLocator) -> GitMirror:
        from devenv.activation.state import leave_inherited
        from devenv.fetch.trees.git import GitMirror
        from devenv.fetch.trees.git_program import open_git

        settings = self.tools.settings
        environ = leave_inherited(settings, self.tools.environ)
        return GitMirror(open_git(environ, locator.protocol, self.project), locator, settings.git_mirrors)

    def _fetch_archive(self, locator: TreeLocator, revision: str | None) -> Fetched:
        from devenv.build.trees.archive import iter_archive

        expected = None if revision is None else revision.removeprefix("sha256:")
        with self._temporary() as (archive, spool):
            with archive.open("wb") as file:
                sha256 = self.tools.archives.fetch(
                    locator.address, file, sha256=expected, stores=self.tools.stores_client
                )
            tree = self._add(locator, iter_archive(archive, locator, spool))
        return Fetched(f"sha256:{sha256}", tree)

    def _fetch_path(self, locator: TreeLocator) -> Fetched:
        from devenv.activation.state import leave_inherited
        from devenv.build.project.files import SourceRules
        from devenv.build.project.source import iter_source
        from devenv.fetch.trees.git_program import find_git

        place = Path(os.path.normpath(self.project / locator.address))
        if not place.is_dir():
            raise FetchError(
                f"`{place}`, which an input is, is no directory",
                hint="correct its `path:` locator: it is relative to the project's directory",
                slug="input-directory-missing",
            )
        environ = leave_inherited(self.tools.settings, self.tools.environ)
        rules = SourceRules(find_git(environ, self.project), self.tools.store.root)
        tree = self._add(locator, iter_source(place, locator.directory or ".", rules))
        return Fetched(f"nar:{tree.digest}", tree)

    def _add(self, locator: TreeLocator, nodes: Iterator[Node]) -> StorePath:
        from devenv.store.adding import Output

        store = self.tools.store
        tree = store.add(Output(nodes, locator.name, NO_SCRATCH))
        derivation = source_derivation(tree)
        record_derivation(store.layout, derivation)
        store.register_realisation(derivation.key, MAIN_OUTPUT, tree)
        return tree

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[tuple[Path, int]]:
        """The path of an archive to be, and the descriptor of a file without a name."""
        cache = make_private_directory(self.tools.settings.cache)
        with (
            tempfile.TemporaryDirectory(dir=cache, prefix=".tmp-") as directory,
            tempfile.TemporaryFile(dir=cache) as spool,
        ):
            yield Path(directory) / "archive", spool.fileno()


def _still_pins(previous: LockedInput, locator: str, options: TreeOptions) -> bool:
    hashed = options.sha256 is None or previous.revision == f"sha256:{options.sha256}"
    return previous.locator == locator and previous.tree is not None and hashed


def _changed(pin: LockedInput, fetched: Fetched) -> DevenvError:
    details = (
        f"expected: {pin.tree} ({pin.revision})",
        f"got: {fetched.tree} ({fetched.revision})",
        f"locator: {pin.locator}",
    )
    if pin.locator.startswith("path:"):
        return FetchError(
            f"the directory of the input `{pin.name}` changed since the lock was made, and what it was is not here",
            details=details,
            hint=f"`devenv update {pin.name}` takes over what is there now",
            slug="tree-changed",
        )
    return HashMismatchError(
        f"the tree of the input `{pin.name}` is not the one that is pinned",
        details=details,
        hint=f"do not use it before you know why; `devenv update {pin.name}` pins what is there now",
        slug="tree-changed",
    )
