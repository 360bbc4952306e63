"""The property that every stream of bytes must show in the reader, and mutations that look for one that does not."""

from __future__ import annotations

import random
from collections.abc import Sequence

from devenv.nar.nodes import File, Node
from devenv.nar.reader import PIECE_BYTES, NarError, iter_nar
from devenv.nar.writer import NarWriter

LENGTHS = (0, 1, 7, 8, 64, 255, 256, 4095, 4096, 1 << 20, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 8, (1 << 64) - 1)
WORD = 8


class Stream:
    """Bytes in memory as a stream. It notes where it was read to, and refuses requests that a stranger could size."""

    def __init__(self, content: bytes, piece_size: int = PIECE_BYTES) -> None:
        self._content = content
        self._piece_size = piece_size
        self.position = 0
        self.asked_to = 0
        """How far the reader wanted to go: behind the end where it hoped for more than there was."""

    def read(self, size: int) -> bytes:
        assert 1 <= size <= PIECE_BYTES
        self.asked_to = max(self.asked_to, self.position + size)
        piece = self._content[self.position : self.position + min(size, self._piece_size)]
        self.position += len(piece)
        return piece


def read_whole(stream: Stream) -> list[Node]:
    """All nodes, with their contents in memory. Raises NarError."""
    return [
        File(node.path, node.executable, node.size, [b"".join(node.content)]) if isinstance(node, File) else node
        for node in iter_nar(stream.read)
    ]


def respell(nodes: Sequence[Node]) -> bytes:
    """The archive of nodes that `read_whole` gave."""
    pieces: list[bytes] = []
    archive = NarWriter(pieces.append)
    for node in nodes:
        archive.add(node)
    archive.finish()
    return b"".join(pieces)


def check(content: bytes, piece_size: int = PIECE_BYTES) -> bool:
    """Whether the reader accepts what `content` begins with.

    Fails where it accepts an archive that the writer spells in another way, reads beyond its end, asks for a large
    piece at once, or raises anything but NarError.
    """
    stream = Stream(content, piece_size)
    try:
        nodes = read_whole(stream)
    except NarError:
        return False
    assert respell(nodes) == content[: stream.position]
    assert stream.asked_to == stream.position
    return True


def mutate(source: random.Random, archive: bytes, others: Sequence[bytes]) -> bytes:
    """`archive` with one to three changes, mostly such as keep the grammar's words of eight bytes whole."""
    content = bytearray(archive)
    for _ in range(source.choice((1, 1, 1, 2, 3))):
        _change(source, content, others)
    return bytes(content)


def _change(source: random.Random, content: bytearray, others: Sequence[bytes]) -> None:
    start, end = _words(source, content)
    match source.randrange(8):
        case 0:
            if content:
                content[source.randrange(len(content))] ^= 1 << source.randrange(8)
        case 1:
            if content:
                content[source.randrange(len(content))] = source.choice(b"\0\1./()a\xff")
        case 2:
            content[start : start + WORD] = source.choice(LENGTHS).to_bytes(WORD, "little")
        case 3:
            del content[start:end]
        case 4:
            content[start:start] = content[start:end]
        case 5:
            place, _ = _words(source, content)
            content[place:place] = content[start:end]
        case 6:
            other = source.choice(others)
            first, last = _words(source, other)
            content[start:end] = other[first:last]
        case _:
            del content[source.randint(0, len(content)) :]


def _words(source: random.Random, content: bytes | bytearray) -> tuple[int, int]:
    """Where a random run of words, mostly a short one, begins and ends."""
    count = len(content) // WORD
    start = source.randint(0, count)
    end = min(count, start + source.choice((1, 2, 2, 3, 4, 8, 20)))
    return start * WORD, end * WORD
