"""A tree that looks like an unpacked distribution of Python or Node, the same wherever and whenever it is made.

Most files are small and text-like, a few are large and hold what cannot be compressed; some are there twice.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from devenv.nar.nodes import Directory, File, Node

SEED = 20_261_121
FILES = 11_500
DIRECTORIES = 800
TREE_BYTES = 240_000_000
LARGE_SIZES = (70_000_000, 25_000_000, 12_000_000, *(5_000_000,) * 4, *(1_500_000,) * 8)
"""Programs and libraries; what remains of `TREE_BYTES` is shared among the small files."""
LINKS = 60
EXECUTABLE_EACH, EQUAL_EACH = 60, 40
"""Each how-manieth small file is executable, and equal to the one before it."""
MEAN_LOGARITHM, SPREAD = 8.0, 1.4
"""Of the sizes of small files: most have a few kilobytes, some a hundred."""

MEMORY_LARGE = (900_000_000, 700_000_000)
MEMORY_FILES, MEMORY_SMALL = 100_000, 4_000
MEMORY_BYTES = sum(MEMORY_LARGE) + MEMORY_FILES * MEMORY_SMALL
PIECE_BYTES = 1 << 20


def write_tree(place: Path) -> None:
    """Make the tree at `place`."""
    source = random.Random(SEED)
    directories = _write_directories(place, source)
    text = _make_text(source)
    content = b""
    for number, size in enumerate(_small_sizes(source)):
        if number % EQUAL_EACH:
            start = source.randrange(len(text) - size)
            content = b"# %d\n" % number + text[start : start + max(size - 10, 0)]
        file = source.choice(directories) / f"module_{number}.py"
        file.write_bytes(content)
        if number % EXECUTABLE_EACH == 0:
            file.chmod(0o755)
    for number, size in enumerate(LARGE_SIZES):
        (source.choice(directories) / f"lib{number}.so").write_bytes(source.randbytes(size))
    for number in range(LINKS):
        (source.choice(directories) / f"link_{number}").symlink_to(f"../target_{number}")


def _write_directories(place: Path, source: random.Random) -> Sequence[Path]:
    place.mkdir()
    directories = [place]
    while len(directories) < DIRECTORIES:
        # A parent among the recent ones makes some branches deep.
        parent = directories[-1 - min(len(directories) - 1, int(source.expovariate(0.02)))]
        if len(parent.relative_to(place).parts) < 12:
            directories.append(parent / f"package_{len(directories)}")
            directories[-1].mkdir()
    return directories


def _small_sizes(source: random.Random) -> Iterator[int]:
    count = FILES - len(LARGE_SIZES)
    weights = [source.lognormvariate(MEAN_LOGARITHM, SPREAD) for _ in range(count)]
    scale = (TREE_BYTES - sum(LARGE_SIZES)) / sum(weights)
    return (int(weight * scale) for weight in weights)


def _make_text(source: random.Random) -> bytes:
    """Megabytes of words and lines: longer than the largest small file."""
    words = [bytes(source.choices(b"abcdefghijklmnopqrstuvwxyz_", k=source.randint(2, 12))) for _ in range(3000)]
    return b" ".join(source.choice((word, word, word + b"\n   ")) for word in source.choices(words, k=1_500_000))


def write_small_files(place: Path, count: int) -> None:
    """Make the directory `place` with `count` different files of some hundred bytes."""
    place.mkdir()
    for number in range(count):
        (place / f"object-{number}").write_bytes(b"%d: what a small object holds\n" % number * 8)


def iter_memory_nodes() -> Iterator[Node]:
    """A tree of `MEMORY_BYTES`, made while it is read: two large files, and many small ones."""
    source = random.Random(SEED)
    yield Directory(())
    for number, size in enumerate(MEMORY_LARGE):
        yield File((b"large-%d" % number,), False, size, _iter_pieces(source, size))
    for number in range(MEMORY_FILES):
        if number % 1000 == 0:
            directory = b"many-%03d" % (number // 1000)
            yield Directory((directory,))
        yield File((directory, b"small-%06d" % number), False, MEMORY_SMALL, [source.randbytes(MEMORY_SMALL)])


def _iter_pieces(source: random.Random, size: int) -> Iterator[bytes]:
    """`size` bytes, no piece like another, and quickly made."""
    block = source.randbytes(PIECE_BYTES - 8)
    for start in range(0, size, PIECE_BYTES):
        piece = start.to_bytes(8, "big") + block
        yield piece[: size - start]
