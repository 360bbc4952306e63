"""Mutates the corpus of archives at random, for a time, and checks what an import does with each mutant.

    python -m tests.functional.store.fuzz_import [SECONDS] [SEED]

Ten seconds by default, and a seed from the clock, which is printed: the same seed gives the same mutants. A third of
them are changes of the compressed bytes, a third of the stream, which is compressed again, a third whole objects in any
order. Whatever is imported: nothing outside
of the store's directory changes, what is registered has the content that its name says and closed references, what is
refused is refused with StoreError or OSError and leaves nothing, and memory stays below 1 GiB. The first mutant that
breaks this is written to `tests/data/archive/failing.zst`, and the run ends with status 1. Such a mutant belongs into
the corpus by name (`tests.unit.store.archives`) together with the fix.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import resource
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import zstandard

from devenv.errors import StoreError
from devenv.events import ignore
from devenv.fsutil import delete_tree
from devenv.settings import Settings, default_settings
from devenv.store.archive import import_archive
from devenv.store.store import Store
from tests.fsck import check_store, unchanged
from tests.homes import temporary_home
from tests.trees import SMALL, write_files
from tests.unit.nar.mutations import mutate
from tests.unit.store.archives import ABOVE, BELOW, CORPUS, OTHER, SELF, TOP, compress, spell, stream

MEMORY_BYTES = 1 << 30
LARGEST = 1 << 20
"""Of streams to mutate: a mutant of a compressed one may unpack to anything."""
OBJECTS = (BELOW, OTHER, SELF, ABOVE, TOP)
FAILING = CORPUS / "failing.zst"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many mutants there were, and how many of them brought objects."""

    rounds: int
    accepted: int


def read_corpus() -> tuple[list[bytes], list[bytes]]:
    """The archives, and what those hold that can be unpacked."""
    packed = [path.read_bytes() for path in sorted(CORPUS.iterdir()) if path != FAILING]
    streams: list[bytes] = []
    for content in packed:
        with contextlib.suppress(zstandard.ZstdError):
            streams.append(zstandard.ZstdDecompressor(max_window_size=LARGEST).stream_reader(content).read(LARGEST))
    return packed, streams


def mutants(source: random.Random, packed: Sequence[bytes], streams: Sequence[bytes]) -> Iterator[bytes]:
    """Archives, without end."""
    while True:
        match source.randrange(3):
            case 0:
                yield mutate(source, source.choice(packed), packed)
            case 1:
                yield compress(mutate(source, source.choice(streams), streams))
            case _:
                yield compress(stream(*_some_objects(source)))


def _some_objects(source: random.Random) -> Iterator[bytes]:
    """Whole objects in any order, now and then with other references or another's content."""
    for packed in source.choices(OBJECTS, k=source.randint(1, 6)):
        references = sorted(source.sample(OBJECTS, source.randint(0, 3)), key=lambda each: each.path)
        yield spell(
            packed,
            references=tuple(each.path for each in references) if source.random() < 0.1 else None,
            nar=source.choice(OBJECTS).nar if source.random() < 0.1 else None,
        )


def check(settings: Settings, mutant: bytes) -> bool:
    """Whether the archive is accepted, all or in part. Fails where anything happens that must not."""
    with Store(settings) as store:
        before = set(os.listdir(store.root))
        try:
            paths = import_archive(store, io.BytesIO(mutant), ignore)
            assert all(map(store.is_complete, paths))
        except (StoreError, OSError):
            assert set(os.listdir(store.root)) == before
    after = set(os.listdir(store.root))
    if before != after:
        check_store(settings, finished=True)
    return before != after


def forget_everything(settings: Settings) -> None:
    """An empty store again."""
    with Store(settings) as store:
        paths = list(store.database.read_graph())
        store.database.forget(paths)
        for path in paths:
            delete_tree(store.path(path))
        for name in os.listdir(store.layout.links):
            store.links.remove(name)


def fuzz(home: Path, seed: int, *, seconds: float = float("inf"), rounds: int = sys.maxsize) -> Counts:
    """Import mutants in `home` for so long. What goes wrong is raised; the mutant is in `FAILING` then."""
    write_files({b"sentinel": SMALL}, home / "outside")
    settings = default_settings(home)
    source = random.Random(seed)
    accepted = done = 0
    end = time.monotonic() + seconds
    with Store(settings):
        pass
    with unchanged(home, without={settings.base}):
        for mutant in mutants(source, *read_corpus()):
            if done == rounds or time.monotonic() > end:
                break
            done += 1
            try:
                if check(settings, mutant):
                    accepted += 1
                    forget_everything(settings)
            except BaseException:
                FAILING.write_bytes(mutant)
                raise
    return Counts(done, accepted)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.functional.store.fuzz_import", description="Fuzz imports.")
    parser.add_argument("seconds", nargs="?", type=float, default=10)
    parser.add_argument("seed", nargs="?", type=int, default=time.time_ns())
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    with temporary_home(in_memory=True) as home:
        try:
            counts = fuzz(home, arguments.seed, seconds=arguments.seconds)
        except Exception:  # noqa: BLE001 - whatever it is, it is what the run looks for
            sys.stdout.write(f"{traceback.format_exc()}seed {arguments.seed}: see {FAILING}\n")
            return 1
    sys.stdout.write(
        f"seed {arguments.seed}: {counts.rounds} mutants, {counts.accepted} of them brought objects, all rightly\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
