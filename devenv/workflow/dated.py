"""Locks as the manifest's `[lock]` and `--before` want it: with answers that were there at a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from devenv.environment.answers import LockingIndex, LockRequest
from devenv.environment.locking import lock_manifest
from devenv.errors import ResolutionError
from devenv.lock.model import Lock
from devenv.workflow.tools import Tools

if TYPE_CHECKING:
    from devenv.environment.cutoff import DatedIndex
    from devenv.manifest.model import Manifest


def lock_at(request: LockRequest, tools: Tools) -> Lock:
    """The lock that answers the request. Raises as `lock_manifest` and `DatedIndex` do."""
    dated = date_index(tools, request.manifest)
    try:
        return lock_manifest(request, dated[-1] if dated else tools.index)
    except ResolutionError as error:
        for index in dated:
            error = index.explain(error)
        raise error from error.__cause__


def date_index(tools: Tools, manifest: Manifest) -> list[DatedIndex]:
    """What asks the indexes, as they were: the last one counts, and asks those before it; none where now counts."""
    if manifest.lock.minimum_release_age is None and tools.before is None:
        return []
    from devenv.environment.cutoff import DatedIndex, find_cutoffs

    age = manifest.lock.minimum_release_age
    if age not in tools.dated:
        index: LockingIndex = tools.index
        dated = tools.dated[age] = []
        for cutoff in find_cutoffs(manifest, tools.before, time.time()):
            index = DatedIndex(index, cutoff, tools.report)
            dated.append(index)
    return tools.dated[age]
