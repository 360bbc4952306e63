"""Mutates the corpus of archives at random, for a time, and checks what the reader does with each mutant.

    python -m tests.functional.nar.fuzz [SECONDS] [SEED]

Ten seconds by default, and a seed from the clock, which is printed: the same seed gives the same mutants. Mutants that
are canonical again join the corpus for the time of the run. The first that the reader treats wrongly (accepts though
the writer spells it otherwise, reads beyond its end, asks for more than a piece, raises anything but NarError) is
written to `tests/data/nar/failing.nar`, and the run ends with status 1. A mutant that breaks the property belongs into
the corpus by name (`tests.unit.nar.corpus`) together with the fix. Memory is limited to 1 GiB.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import traceback

from devenv.nar.reader import PIECE_BYTES
from tests.unit.nar.corpus import CORPUS
from tests.unit.nar.mutations import check, mutate

MEMORY_BYTES = 1 << 30
PIECE_SIZES = (1, 8, 100, PIECE_BYTES, PIECE_BYTES, PIECE_BYTES)
LARGEST = 1 << 14
MOST = 500
"""Of archives to mutate, so that old ones are come back to."""
FAILING = CORPUS.parent / "failing.nar"


def fuzz(seconds: float, seed: int) -> bool:
    """Whether everything went well for so long."""
    source = random.Random(seed)
    archives = [path.read_bytes() for path in sorted(CORPUS.iterdir())]
    rounds = accepted = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        mutant = mutate(source, source.choice(archives), archives)
        try:
            canonical = check(mutant, source.choice(PIECE_SIZES))
        except Exception:  # noqa: BLE001 - whatever it is, it is what the run looks for
            FAILING.write_bytes(mutant)
            sys.stdout.write(f"{traceback.format_exc()}seed {seed}, round {rounds}: see {FAILING}\n")
            return False
        rounds += 1
        accepted += canonical
        if canonical and len(archives) < MOST and len(mutant) < LARGEST:
            archives.append(mutant)
    sys.stdout.write(f"seed {seed}: {rounds} mutants, {accepted} of them canonical, none treated wrongly\n")
    return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.functional.nar.fuzz", description="Fuzz the NAR reader.")
    parser.add_argument("seconds", nargs="?", type=float, default=10)
    parser.add_argument("seed", nargs="?", type=int, default=time.time_ns())
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    return 0 if fuzz(arguments.seconds, arguments.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
