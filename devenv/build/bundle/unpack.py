"""Unpacks the `.deb`s of a bundle, as many at once as there are processors, into files that have no name."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from devenv.build.deb_archive import UnpackedDeb, unpack_deb
from devenv.fsutil import TEMPORARY_PREFIX


@dataclass(frozen=True, slots=True)
class Deb:
    """An unpacked `.deb`: what a recipe calls it, what it holds, and the open file with the contents."""

    name: str
    spool: int
    unpacked: UnpackedDeb


@contextlib.contextmanager
def unpacked_debs(
    sources: Sequence[tuple[str, Path]], directory: Path, keep: Callable[[bytes], bool]
) -> Iterator[list[Deb]]:
    """The archives `sources` (name, file), unpacked in `directory` for as long as this lasts.

    Regular files whose path `keep` does not want are skipped. Raises BuildError (`archive-invalid`).
    """
    with contextlib.ExitStack() as spools:

        def unpack(source: tuple[str, Path], spool: int) -> Deb:
            name, path = source
            return Deb(name, spool, unpack_deb(path, name, spool, keep))

        # Should a process die between making a file and unlinking it, the next one takes it for an abandoned tree.
        descriptors = [
            spools.enter_context(tempfile.TemporaryFile(dir=directory, prefix=TEMPORARY_PREFIX)).fileno()
            for _ in sources
        ]
        with ThreadPoolExecutor(os.cpu_count() or 1, "unpack") as pool:
            # The largest first, so that at the end no thread is left alone with it.
            order = sorted(range(len(sources)), key=lambda index: -sources[index][1].stat().st_size)
            futures = {index: pool.submit(unpack, sources[index], descriptors[index]) for index in order}
            try:
                debs = [futures[index].result() for index in range(len(sources))]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        yield debs
