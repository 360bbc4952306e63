"""Archives of closures by name: valid ones, and one for each defect, with the slug of what an import says to it.

    python -m tests.unit.store.archives

writes them to `tests/data/archive`: `valid-<name>.zst` and `invalid-<name>.zst`. They are spelt here from the grammar
(`devenv.store.archive`) and from the definition of content addresses, not by what reads or writes them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import zstandard

from devenv.store.address import AddressHasher
from devenv.store_path import CANONICAL_ROOT, StorePath
from tests.objects import SCRATCH
from tests.trees import SMALL, Link, Script, Tree, nar_of, strings

CORPUS = Path(__file__).parents[2] / "data" / "archive"

MAGIC = strings(b"devenv-archive-1")
END = strings(b"end")
OWN = SCRATCH.encode()


@dataclass(frozen=True, slots=True)
class Packed:
    """An object as it travels: its path, what it refers to, and its NAR under the canonical root."""

    path: StorePath
    references: tuple[StorePath, ...]
    nar: bytes


def pack(name: str, tree: Tree, *references: Packed) -> Packed:
    """The object that `tree` is, in which it calls itself by the scratch digest."""
    nar = nar_of(tree)
    hasher = AddressHasher(CANONICAL_ROOT, SCRATCH)
    hasher.update(nar)
    digest = hasher.finish()
    return Packed(
        StorePath(digest, name), tuple(sorted(each.path for each in references)), nar.replace(OWN, digest.encode())
    )


def naming(*objects: Packed) -> bytes:
    """A text with the canonical paths of `objects`."""
    return b"\n".join(CANONICAL_ROOT + b"/" + str(each.path).encode() for each in objects)


def spell(packed: Packed, *, nar: bytes | None = None, references: tuple[StorePath, ...] | None = None) -> bytes:
    """An object of a stream; with another NAR or other references, one that lies."""
    named = packed.references if references is None else references
    return (
        strings(b"object", str(packed.path).encode())
        + b"".join(strings(b"reference", str(each).encode()) for each in named)
        + strings(b"nar")
        + (packed.nar if nar is None else nar)
    )


def ordered(*objects: Packed) -> list[Packed]:
    """A closure in the order in which it is exported: behind what it refers to, paths and references sorted."""
    by_path = {each.path: each for each in objects}
    found: dict[StorePath, Packed] = {}

    def visit(packed: Packed) -> None:
        for reference in packed.references:
            visit(by_path[reference])
        found.setdefault(packed.path, packed)

    for path in sorted(by_path):
        visit(by_path[path])
    return list(found.values())


def stream(*objects: bytes) -> bytes:
    return MAGIC + b"".join(objects) + END


BELOW = pack("below", SMALL)
OTHER = pack("other", b"other\n")
SELF = pack("self", {b"l": Link(CANONICAL_ROOT + b"/" + OWN + b"-self"), b"x": Script(b"#!" + OWN + b" " + OWN)})
ABOVE = pack("above", {b"uses": naming(BELOW, OTHER)}, BELOW, OTHER)
TOP = pack("top", {b"d": {b"l": Link(naming(ABOVE) + b"/uses"), b"own": OWN}, b"t": naming(BELOW)}, ABOVE, BELOW)
DIGEST_IN_NAME = pack("below", {b"n-" + BELOW.path.digest.encode(): b""}, BELOW)
OBJECTS = (spell(BELOW), spell(OTHER), spell(SELF), spell(ABOVE))

VALID: Mapping[str, bytes] = {
    "nothing": stream(),
    "one": stream(spell(BELOW)),
    "self-reference": stream(spell(SELF)),
    "closure": stream(*map(spell, ordered(BELOW, OTHER, SELF, ABOVE, TOP))),
    "reference-in-name": stream(spell(BELOW), spell(DIGEST_IN_NAME)),
    # The name is no part of the digest: whoever asks for an object asks for digest and name.
    "renamed": stream(spell(Packed(StorePath(BELOW.path.digest, "renamed"), (), BELOW.nar))),
}

STRAY = StorePath("z" * 7 + "0" * 25, "stray")
TERABYTE = (1 << 40).to_bytes(8, "little")
HUGE = ((1 << 64) - 8).to_bytes(8, "little")


def _object(*text: bytes) -> bytes:
    return stream(strings(b"object", *text))


MALFORMED: Mapping[str, bytes] = {
    "nothing-at-all": b"",
    "magic-alone": MAGIC,
    "magic-wrong": strings(b"devenv-archive-2") + OBJECTS[0] + END,
    "magic-of-nar": BELOW.nar,
    "end-missing": MAGIC + OBJECTS[0],
    "bytes-behind-the-end": stream(OBJECTS[0]) + b"\0",
    "archive-behind-the-end": stream(OBJECTS[0]) * 2,
    "token-unknown": stream(OBJECTS[0], strings(b"subject")),
    "token-upper-case": stream(OBJECTS[0].replace(b"object", b"OBJECT")),
    "token-padding": stream(OBJECTS[0].replace(b"object\0\0", b"object\0\1")),
    "length-wrapping": MAGIC + HUGE,
    "length-257": MAGIC + strings(b"o" * 257),
    "path-traversal": _object(b"../../../../etc/passwd"),
    "path-absolute": _object(b"/etc/passwd"),
    "path-empty": _object(b""),
    "path-nul": _object(str(BELOW.path).encode() + b"\0"),
    "path-slash": _object(str(BELOW.path).encode() + b"/x"),
    "path-dot-name": _object(BELOW.path.digest.encode() + b"-.x"),
    "path-line-end": _object(str(BELOW.path).encode() + b"\n"),
    "path-not-nix32": _object(b"e" * 32 + b"-x"),
    "references-unsorted": stream(*OBJECTS[:2], spell(ABOVE, references=ABOVE.references[::-1])),
    "reference-twice": stream(*OBJECTS[:2], spell(ABOVE, references=(ABOVE.references[0], *ABOVE.references))),
    "reference-to-itself": stream(spell(SELF, references=(SELF.path,))),
    "reference-behind-nar": stream(OBJECTS[0], spell(OTHER) + strings(b"reference", str(BELOW.path).encode())),
    "object-twice": stream(OBJECTS[0], OBJECTS[0]),
    "nar-missing": stream(strings(b"object", str(BELOW.path).encode())),
    "nar-cut-off": stream(spell(BELOW, nar=BELOW.nar[:-16])),
    "nar-terabyte": stream(spell(OTHER, nar=OTHER.nar.replace(b"\6" + bytes(7) + b"other\n", TERABYTE + b"other\n"))),
    "nar-name-traversal": stream(spell(BELOW, nar=nar_of({b"..": b"x"}))),
    "nar-unsorted": stream(spell(BELOW, nar=BELOW.nar.replace(strings(b"name", b"a"), strings(b"name", b"z")))),
    "nar-padding": stream(spell(BELOW, nar=BELOW.nar.replace(b"hello\n\0\0", b"hello\n\0\1"))),
}

OTHERWISE_WRONG: Mapping[str, tuple[str, bytes]] = {
    "content-changed": ("object-mismatch", stream(spell(BELOW, nar=BELOW.nar.replace(b"hello", b"hellO")))),
    "executable-bit-added": ("object-mismatch", stream(spell(OTHER, nar=nar_of(Script(b"other\n"))))),
    "other-content": ("object-mismatch", stream(spell(BELOW, nar=OTHER.nar))),
    "self-reference-zeroed": (
        "object-mismatch",
        stream(spell(SELF, nar=SELF.nar.replace(b"#!" + SELF.path.digest.encode(), b"#!" + bytes(32)))),
    ),
    "self-reference-to-another": (
        "object-mismatch",
        stream(spell(SELF, nar=SELF.nar.replace(SELF.path.digest.encode(), OTHER.path.digest.encode(), 1))),
    ),
    "own-digest-in-a-name": (
        "self-reference-in-name",
        stream(spell(BELOW, nar=nar_of({str(BELOW.path).encode(): b""}))),
    ),
    "reference-stripped": ("references-mismatch", stream(*OBJECTS[:2], spell(ABOVE, references=(BELOW.path,)))),
    "references-all-stripped": ("references-mismatch", stream(spell(ABOVE, references=()))),
    "reference-added": ("references-mismatch", stream(OBJECTS[0], spell(OTHER, references=(BELOW.path,)))),
    "reference-not-there": ("reference-invalid", stream(spell(BELOW, references=(STRAY,)))),
    "order-reversed": ("reference-invalid", stream(OBJECTS[3], *OBJECTS[:2])),
    "closure-incomplete": ("reference-invalid", stream(OBJECTS[0], OBJECTS[3])),
}


def compress(content: bytes, *, window_log: int = 0) -> bytes:
    """One frame that does not say how long its content is, as a writer of streams makes it."""
    parameters = zstandard.ZstdCompressionParameters.from_level(6, window_log=window_log)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(content) + compressor.flush()


def _packings() -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Archives whose compression is what is special about them: valid and invalid ones."""
    closure = VALID["closure"]
    frame = compress(closure)
    valid = {"two-frames": compress(closure[:333]) + compress(closure[333:])}
    invalid = {
        "not-compressed": closure,
        "other-compression": b"\x1f\x8b\x08\0" + frame,
        "no-bytes": b"",
        "frame-cut-off": frame[:-1],
        "frame-header-alone": frame[:6],
        "bytes-behind-the-frame": frame + b"garbage",
        "window-of-128-megabytes": compress(closure, window_log=27),
    }
    return valid, invalid


def spell_corpus() -> dict[str, bytes]:
    """All archives by the names of their files."""
    valid, invalid = _packings()
    wrong = {name: content for name, (_, content) in OTHERWISE_WRONG.items()}
    return {
        **{f"valid-{name}": compress(content) for name, content in VALID.items()},
        **{f"valid-{name}": content for name, content in valid.items()},
        **{f"invalid-{name}": compress(content) for name, content in {**MALFORMED, **wrong}.items()},
        **{f"invalid-{name}": content for name, content in invalid.items()},
    }


def expected_slug(name: str) -> str:
    """What an import says to `invalid-…`."""
    found = OTHERWISE_WRONG.get(name.removeprefix("invalid-"))
    return found[0] if found else "archive-malformed"


def main() -> None:
    """Write the corpus."""
    CORPUS.mkdir(parents=True, exist_ok=True)
    for old in CORPUS.iterdir():
        old.unlink()
    for name, content in spell_corpus().items():
        (CORPUS / f"{name}.zst").write_bytes(content)
    sys.stdout.write(f"{len(spell_corpus())} archives in {CORPUS}\n")


if __name__ == "__main__":
    main()
