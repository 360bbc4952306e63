"""Unpacks the `.deb`s of a bundle, as many at once as there are processors, into files that have no name."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from devenv.build.builders.request import Advance
from devenv.build.deb_archive import UnpackedDeb, unpack_deb
from devenv.build.tar_archive import Budget
from devenv.fsutil import TEMPORARY_PREFIX
from devenv.workers import run_parallel

MAX_MEMBERS = 600_000
"""Of all archives of a bundle. The largest in Debian is the whole of TeX Live: some 210,000, 15 MiB of paths, 7 GiB."""
MAX_PATHS_BYTES = 64 << 20
"""Of all paths, targets and control files together, which are kept in memory."""
MAX_BYTES = 32 << 30


@dataclass(frozen=True, slots=True)
class Deb:
    """An unpacked `.deb`: what a recipe calls it, what it holds, and the open file with its and others' contents."""

    name: str
    spool: int
    unpacked: UnpackedDeb


@contextlib.contextmanager
def unpacked_debs(
    sources: Sequence[tuple[str, Path]],
    directory: Path,
    keep: Callable[[bytes], bool],
    advance: Advance,
) -> Iterator[list[Deb]]:
    """The archives `sources` (name, file), unpacked in `directory` for as long as this lasts.

    Regular files whose path `keep` does not want are skipped. `advance` is told of the size of each archive that is
    done, and asked at each member whether to go on. Raises BuildError (`archive-invalid`).
    """
    budget = Budget(MAX_MEMBERS, MAX_PATHS_BYTES, MAX_BYTES)
    threads = min(os.cpu_count() or 1, len(sources))
    with contextlib.ExitStack() as files:
        # A process may have a thousand files open, and a bundle has more archives: each thread has a file.
        free = SimpleQueue[int]()
        for _ in range(threads):
            # Should a process die between making and unlinking it, the next one takes it for an abandoned tree.
            spool = files.enter_context(tempfile.TemporaryFile(dir=directory, prefix=TEMPORARY_PREFIX))
            free.put(spool.fileno())

        def is_kept(path: bytes) -> bool:
            advance(0)
            return keep(path)

        def unpack(index: int) -> Deb:
            name, path = sources[index]
            spool = free.get()
            try:
                unpacked = unpack_deb(path, name, spool, is_kept, budget)
            finally:
                free.put(spool)
            advance(sizes[index])
            return Deb(name, spool, unpacked)

        sizes = [path.stat().st_size for _, path in sources]
        # The largest first, so that at the end no thread is left alone with it.
        order = sorted(range(len(sources)), key=lambda index: -sizes[index])
        debs = dict(zip(order, run_parallel([partial(unpack, index) for index in order], threads), strict=True))
        yield [debs[index] for index in range(len(sources))]
