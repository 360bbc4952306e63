"""Closures as one file, to be carried to other machines and other roots: written and read as a stream.

    stream  = Zstandard( "devenv-archive-1" object… "end" )
    object  = "object" <digest>-<name> { "reference" <digest>-<name> } "nar" <NAR under the canonical root>

Strings are spelt as in a NAR: length in eight bytes, content, padding with zeros. Objects come once, and behind what
they refer to, their references in order without the object itself. Nothing in the stream is believed: each object must
have the content that its name says and refer to exactly what it is said to. Realisations do not travel: unlike objects
they prove nothing by themselves (FAULTS finding 5); the lock says which paths a project wants.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from devenv.errors import StoreError
from devenv.events import Detail, Report, work
from devenv.nar.nodes import File
from devenv.nar.reader import NarError, Read, iter_nar, require_end
from devenv.nar.tokens import spell
from devenv.nar.writer import NarWriter
from devenv.store.adding import Output
from devenv.store.address import AddressHasher
from devenv.store.graph import total_size
from devenv.store.read_ahead import ReadAhead
from devenv.store.relocation import rewrite_root
from devenv.store.store import Store
from devenv.store.tree import iter_tree
from devenv.store_path import CANONICAL_ROOT, StorePath, parse_store_path

if TYPE_CHECKING:
    from devenv.store.database import Graph

MAGIC = b"devenv-archive-1"
COMPRESSION_LEVEL = 6
MAX_WINDOW_BYTES = 8 << 20
"""What unpacking may take of memory: all that levels below 20 need."""
MAX_STRING_BYTES = 256
MAX_REFERENCES = 1 << 16
BUFFER_BYTES = 1 << 20


def export_closures(store: Store, targets: Iterable[StorePath], output: BinaryIO, report: Report) -> list[StorePath]:
    """Write `targets` and all they refer to into `output`. Returns what was written, in its order.

    Raises StoreError (`object-missing`, `object-mismatch`): what is damaged does not travel.
    """
    import zstandard

    store.keep(targets := list(targets))
    graph = store.database.read_graph()
    order = _order_closures(graph, targets)
    with zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).stream_writer(output, closefd=False) as stream:
        stream.write(spell(MAGIC))
        with work(report, "exporting", total_size(graph, order)) as advanced:
            for path in order:
                report(Detail(f"exporting {path}"))
                _write_object(store, path, graph[path].references, stream.write)
                advanced(graph[path].size)
        stream.write(spell(b"end"))
    return order


def _order_closures(graph: Graph, targets: Iterable[StorePath]) -> list[StorePath]:
    """Everything reachable, behind what it refers to; always in the same order."""
    order: dict[StorePath, None] = {}
    pending = [(path, False) for path in sorted(targets, reverse=True)]
    while pending:
        path, ready = pending.pop()
        if path not in graph:
            raise StoreError(
                f"`{path}` is not in the store", hint="`devenv store roots` lists what is", slug="object-missing"
            )
        if ready:
            order[path] = None
        elif path not in order:
            pending.append((path, True))
            pending += ((reference, False) for reference in sorted(graph[path].references, reverse=True))
    return list(order)


def _write_object(
    store: Store, path: StorePath, references: Iterable[StorePath], write: Callable[[bytes], object]
) -> None:
    write(spell(b"object") + spell(str(path).encode()))
    for reference in sorted(references):
        write(spell(b"reference") + spell(str(reference).encode()))
    write(spell(b"nar"))
    hasher = AddressHasher(CANONICAL_ROOT, path.digest)

    def emit(piece: bytes) -> None:
        hasher.update(piece)
        write(piece)

    archive = NarWriter(emit)
    try:
        for node in rewrite_root(iter_tree(store.path(path)), os.fsencode(store.root), CANONICAL_ROOT):
            archive.add(node)
        archive.finish()
        digest = hasher.finish()
    except FileNotFoundError as error:
        raise _unfit(path, "is registered, and not there") from error
    finally:
        hasher.abandon()
    if digest != path.digest:
        raise _unfit(path, "has another content than its name says")


def _unfit(path: StorePath, problem: str) -> StoreError:
    return StoreError(f"`{path}` {problem}", hint="`devenv store repair` makes it again", slug="object-mismatch")


def import_archive(store: Store, source: BinaryIO, report: Report) -> list[StorePath]:
    """Add what an archive holds, verified while it is read. Returns all its objects, those included that were here.

    Raises StoreError: `archive-malformed` where it is no archive or cut off, `object-mismatch`, `references-mismatch`
    and `reference-invalid` where it is not what it claims. What was complete before stays.
    """
    import zstandard

    reader = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).stream_reader(
        source, read_across_frames=True, closefd=False
    )
    try:
        with io.BufferedReader(ReadAhead(reader.read), BUFFER_BYTES) as unpacked:
            return _Importer(store, unpacked.read, report).run()
    except zstandard.ZstdError as error:
        raise _malformed(f"it cannot be unpacked: {error}") from error
    except NarError as error:
        raise _malformed(str(error)) from error


class _Importer:
    """One import: objects are read as they are asked for, and added in batches."""

    def __init__(self, store: Store, read: Read, report: Report) -> None:
        self._store = store
        self._source = read
        self._taken = 0
        self._report = report
        self._paths: dict[StorePath, None] = {}

    def run(self) -> list[StorePath]:
        """Read to the end."""
        self._expect(MAGIC)
        with work(self._report, "importing", None) as advanced:
            list(self._store.add_all(self._iter_outputs(advanced)))
        return list(self._paths)

    def _iter_outputs(self, advanced: Callable[[int], None]) -> Iterator[Output]:
        while (token := self._string()) != b"end":
            if token != b"object":
                raise _malformed(f"expected an object, found {token!r}")
            before = self._taken
            output = self._read_output(self._path())
            if output is not None:
                yield output
            advanced(self._taken - before)
        require_end(self._read)

    def _read_output(self, path: StorePath) -> Output | None:
        """What the next object is to become; None where it is here, and what is there was passed over."""
        if path in self._paths:
            raise _malformed(f"`{path}` stands in it twice")
        references = self._read_references(path)
        self._require_present(path, references)
        self._report(Detail(f"importing {path}"))
        self._paths[path] = None
        self._store.keep([path])
        nodes = iter_nar(self._read)
        if self._store.is_valid(path):
            for node in nodes:
                if isinstance(node, File):
                    for _ in node.content:
                        pass
            return None
        local = rewrite_root(nodes, CANONICAL_ROOT, os.fsencode(self._store.root))
        return Output(local, path.name, path.digest, references, expected=path)

    def _read_references(self, path: StorePath) -> frozenset[StorePath]:
        references: list[StorePath] = []
        while (token := self._string()) == b"reference":
            reference = self._path()
            if len(references) == MAX_REFERENCES or (references and reference <= references[-1]):
                raise _malformed(f"the references of `{path}` are too many or not in order")
            references.append(reference)
        if token != b"nar" or path in references:
            raise _malformed(f"the references of `{path}` are not followed by its content")
        return frozenset(references)

    def _require_present(self, path: StorePath, references: frozenset[StorePath]) -> None:
        self._store.keep(references)
        for reference in sorted(references - self._paths.keys()):
            if not self._store.is_valid(reference):
                raise StoreError(
                    f"`{path}` refers to `{reference}`, which is neither in the store nor before it in the archive",
                    hint="make the archive anew with `devenv store export`",
                    slug="reference-invalid",
                )

    def _read(self, size: int) -> bytes:
        piece = self._source(size)
        self._taken += len(piece)
        return piece

    def _path(self) -> StorePath:
        text = self._string().decode("latin-1")
        try:
            return parse_store_path(text)
        except ValueError as error:
            raise _malformed(str(error)) from error

    def _expect(self, wanted: bytes) -> None:
        if (found := self._string()) != wanted:
            raise _malformed(f"expected {wanted!r}, found {found!r}")

    def _string(self) -> bytes:
        size = int.from_bytes(self._take(8), "little")
        if size > MAX_STRING_BYTES:
            raise _malformed(f"a name of {size} bytes")
        padded = self._take(size + (-size & 7))
        if any(padded[size:]):
            raise _malformed("padding that is not zero")
        return padded[:size]

    def _take(self, size: int) -> bytes:
        pieces = b""
        while len(pieces) < size:
            piece = self._read(size - len(pieces))
            if not piece:
                raise _malformed("it ends early")
            pieces += piece
        return pieces


def _malformed(problem: str) -> StoreError:
    return StoreError(
        f"this is no whole archive of a store: {problem}",
        hint="make it anew with `devenv store export`",
        slug="archive-malformed",
    )
