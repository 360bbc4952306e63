"""How a NAR is spelt: the strings of its grammar, as the writer puts them and the reader expects them.

    nar     = "nix-archive-1" object
    object  = "(" "type" ( "regular" ["executable" ""] "contents" data | "symlink" "target" target
                         | "directory" { "entry" "(" "name" name "node" object ")" } ) ")"

Every string is its length (64 bits, little-endian), its bytes, and zeros up to the next multiple of eight.
"""

from __future__ import annotations

LENGTH_BYTES = 8
PADDINGS = tuple(bytes(count) for count in range(8))
"""`PADDINGS[-size & 7]` is what follows `size` bytes."""


def spell(value: bytes) -> bytes:
    """One string of the grammar."""
    size = len(value)
    return size.to_bytes(LENGTH_BYTES, "little") + value + PADDINGS[-size & 7]


def _spell_all(*values: bytes) -> bytes:
    return b"".join(map(spell, values))


MAGIC = _spell_all(b"nix-archive-1")
OPEN_DIRECTORY = _spell_all(b"(", b"type", b"directory")
OPEN_FILE = _spell_all(b"(", b"type", b"regular", b"contents")
OPEN_EXECUTABLE = _spell_all(b"(", b"type", b"regular", b"executable", b"", b"contents")
OPEN_SYMLINK = _spell_all(b"(", b"type", b"symlink", b"target")
ENTRY = _spell_all(b"entry")
OPEN_ENTRY = _spell_all(b"entry", b"(", b"name")
NODE = _spell_all(b"node")
CLOSE = _spell_all(b")")
CLOSE_ENTRY = CLOSE + CLOSE
"""What ends a node in a directory: its own bracket, and that of the entry that it stands in."""
