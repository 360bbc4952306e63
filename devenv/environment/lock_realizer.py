"""Realizes derivations of a lock on this machine, with the files that it pins and the outputs that it knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from devenv.build.again import Rebuilt, build_again
from devenv.build.build_one import Artifacts
from devenv.build.realize import BuildOptions, Realization, realize, try_realize
from devenv.derivation.model import MAIN_OUTPUT, Derivation
from devenv.environment.lock_derivations import LockDerivations
from devenv.events import Report
from devenv.lock.model import PinnedArtifact
from devenv.lock.satisfies import SANDBOX_NAME
from devenv.store.store import Store
from devenv.store_path import StorePath


class FetchLocked(Protocol):
    """Brings locked artifacts here, verified. Raises FetchError."""

    def __call__(self, pinned: Sequence[PinnedArtifact], /) -> Artifacts:
        """The files by SHA-256."""
        ...


@dataclass(frozen=True, slots=True)
class LockRealizer:
    """Realizes what derives from a lock; no index is asked."""

    derivations: LockDerivations
    store: Store
    fetch: FetchLocked
    report: Report
    options: BuildOptions

    def realize(self, targets: Sequence[Derivation]) -> dict[Derivation, StorePath]:
        """As `devenv.build.realize.realize` does."""
        self._adopt_outputs()
        return realize(self.store, targets, self._fetch, self.report, self._options)

    def try_realize(self, targets: Sequence[Derivation]) -> Realization:
        """As `devenv.build.realize.try_realize` does."""
        self._adopt_outputs()
        return try_realize(self.store, targets, self._fetch, self.report, self._options)

    def build_again(self, targets: Sequence[Derivation]) -> tuple[Rebuilt, ...]:
        """As `devenv.build.again.build_again` does."""
        return build_again(self.store, targets, self._fetch, self.report, self._options)

    def _adopt_outputs(self) -> None:
        lock, system = self.derivations.lock, self.derivations.system
        for build in lock.iter_builds(system):
            if build.output is not None:
                _adopt_output(self.store, build.derivation, build.output)

    def _fetch(self, digests: Sequence[str]) -> Artifacts:
        pinned = self.derivations.lock.iter_pinned({self.derivations.system})
        by_digest = {each.artifact.sha256: each for each in pinned}
        return self.fetch([by_digest[digest] for digest in digests])

    @property
    def _options(self) -> BuildOptions:
        return replace(self.options, find_bubblewrap=self._find_bubblewrap)

    def _find_bubblewrap(self) -> Path:
        """The host's, else the one that the lock pins."""
        found = self.options.find_bubblewrap()
        if found is not None:
            return found
        derivation = self.derivations.dependency(SANDBOX_NAME, self.derivations.runtime())
        return self.store.path(self.realize([derivation])[derivation]) / "bin" / "bwrap"


def _adopt_output(store: Store, key: str, output: StorePath) -> None:
    """Take what the lock says for known, where that object is here already: it came in an archive, say.

    An object proves its content but not what made it; that the lock says, and whoever allowed the lock vouches for it.
    """
    if store.find_realisation(key, MAIN_OUTPUT) is not None:
        return
    store.keep([output])
    if store.is_complete(output):
        store.register_realisation(key, MAIN_OUTPUT, output)
