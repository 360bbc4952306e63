"""The vectors of `lockfile/`, which any implementation of the format must get right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from devenv.derivation.model import Derivation, Input
from devenv.errors import EvaluationError, ForeignFileError, LockError
from devenv.lock.format import format_lock
from devenv.lock.parse import SIZE_LIMIT, parse_lock
from devenv.lock.satisfies import manifest_fingerprint
from devenv.lock.sections import LINE_LIMIT
from devenv.manifest.model import Manifest, NamedEnvironment, TakenPackages, TreeOptions
from devenv.resources import resource_path
from devenv.system import System

LOCKFILE = resource_path("lockfile")
VECTORS = LOCKFILE / "vectors"
INDEX = json.loads((VECTORS / "index.json").read_text("utf-8"))
NONCANONICAL = [path for path in sorted((VECTORS / "noncanonical").iterdir()) if ".canonical" not in path.suffixes]
EXAMPLE = (VECTORS / "valid" / "example.toml").read_bytes()


def name_of(value: Any) -> str:
    return value.stem if isinstance(value, Path) else Path(value["file"]).stem


def refusal(content: bytes) -> EvaluationError:
    with pytest.raises((LockError, ForeignFileError)) as caught:
        parse_lock(content, "devenv.lock")
    return caught.value


@pytest.mark.parametrize("path", sorted((VECTORS / "valid").iterdir()), ids=name_of)
def test_canonical_lock_comes_out_as_it_went_in(path: Path) -> None:
    """Reading a canonical lock and writing it gives the same bytes: no run of devenv makes a change for nothing."""
    content = path.read_bytes()
    assert format_lock(parse_lock(content, path.name)) == content


@pytest.mark.parametrize("path", NONCANONICAL, ids=name_of)
def test_other_spellings_mean_the_same(path: Path) -> None:
    """A lock that an editor or a merge tool rearranged is read, and written in the canonical form again."""
    content = path.read_bytes()
    canonical = path.with_suffix(".canonical.toml").read_bytes()
    assert content != canonical
    assert parse_lock(content, path.name) == parse_lock(canonical, path.name)
    assert format_lock(parse_lock(content, path.name)) == canonical


@pytest.mark.parametrize("vector", INDEX, ids=name_of)
def test_refused_lock(vector: dict[str, Any]) -> None:
    """Each defect is refused with its slug, in words, at its line, and with the next step (FAULTS K-01, K-02, K-06)."""
    error = refusal((VECTORS / vector["file"]).read_bytes())
    assert (error.slug, vector["message"] in error.message) == (vector["slug"], True), error.message
    assert error.place is not None
    assert (error.place.file, error.place.line) == ("devenv.lock", vector["line"])
    assert error.hint is not None
    assert error.message.isprintable()
    assert len(error.message) < 400
    assert "secret" not in error.message


def test_index_is_complete() -> None:
    """Every refused vector is listed once, so that none goes untested in another implementation either."""
    files = [vector["file"] for vector in INDEX]
    there = [path.relative_to(VECTORS) for name in ("invalid", "forward") for path in (VECTORS / name).iterdir()]
    assert sorted(files) == sorted(path.as_posix() for path in there)


def test_specification_shows_a_valid_lock() -> None:
    """The examples that people copy from the specification are among the vectors."""
    examples = re.findall(r"```toml\n(.*?)```", (LOCKFILE / "SPEC.md").read_text("utf-8"), re.DOTALL)
    vectors = {path.read_bytes() for path in (VECTORS / "valid").iterdir()}
    assert [example.encode() in vectors for example in examples] == [True] * 5
    assert examples[0].encode() == EXAMPLE


HOSTILE = {
    "headers in headers": (EXAMPLE + b"[" * 100_000, 28),
    "arrays in arrays": (EXAMPLE + b"x = " + b"[" * 100_000, 28),
    "tables in tables": (EXAMPLE + b"x = " + b"{a=" * 100_000, 28),
    "parts of a key": (EXAMPLE + b"a." * 100_000 + b"a = 1", 28),
    "parts of a header": (EXAMPLE + b"[" + b"a." * 100_000 + b"a]", 28),
    "digits": (EXAMPLE + b"x = " + b"9" * 1_000_000, 28),
    "escapes": (EXAMPLE + b'x = "' + b"\\u" * 500_000, 28),
    "text without end": (EXAMPLE + b'x = "' + b"a" * 1_000_000, 28),
    "keys": (EXAMPLE + b"".join(b"k%d = 1\n" % number for number in range(100_000)), 56),
    "lines": (EXAMPLE + b"\n" * LINE_LIMIT, LINE_LIMIT),
    "bytes": (EXAMPLE + b"#" * SIZE_LIMIT, 1),
    "blanks": (b" " * 1_000_000 + b"version", 1),
    "blank lines": (b"\n" * 300_000 + b"version", 1),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_size(kind: str) -> None:
    """Nesting, keys, numbers, lines and bytes without bound end in an error at once, not in a crash (FAULTS K-01)."""
    content, line = HOSTILE[kind]
    error = refusal(content)
    assert (error.slug, error.place and error.place.line) == ("lock-invalid", line)
    assert len(error.message) < 400


def test_syntax_errors_name_the_column() -> None:
    """What cannot be read is shown to the character (FAULTS K-01)."""
    error = refusal(EXAMPLE.replace(b"size = 2428420", b"  size = 0x10"))
    assert str(error.place) == "devenv.lock:27:10"


@pytest.mark.parametrize(
    "vector", json.loads((VECTORS / "derivations.json").read_text("utf-8")), ids=lambda v: v["why"]
)
def test_derivation_keys(vector: dict[str, Any]) -> None:
    """A derivation's key is the BLAKE3 of the canonical form that the specification describes."""
    document = vector["derivation"]
    made = {
        other["key"]: other["derivation"] for other in json.loads((VECTORS / "derivations.json").read_text("utf-8"))
    }
    inputs = tuple(Input(derive(made[each["derivation"]]), each["output"]) for each in document["inputs"])
    assert derive(document, inputs).key == vector["key"]
    assert json.loads(vector["canonical"]) == document


def derive(document: dict[str, Any], inputs: tuple[Input, ...] = ()) -> Derivation:
    names = ("name", "system", "builder", "arguments", "environment", "output_hash")
    fields = {name: document[name] for name in names}
    return Derivation(**fields, inputs=inputs, sources=tuple(document["sources"]), outputs=tuple(document["outputs"]))


@pytest.mark.parametrize("vector", json.loads((VECTORS / "fingerprints.json").read_text("utf-8")))
def test_fingerprints(vector: dict[str, Any]) -> None:
    """The fingerprint covers inputs, systems and what is kept, in whatever order the manifest has them."""
    systems = None if vector["systems"] is None else tuple(System(name) for name in reversed(vector["systems"]))
    inputs = dict(reversed(vector["inputs"].items()))
    keep = tuple(reversed(vector.get("keep", [])))
    given = vector.get("trees", {}).items()
    trees = {name: TreeOptions(each["follows"], each["sha256"]) for name, each in given}
    environments = {
        name: NamedEnvironment(name, source=TakenPackages(source, environment, tuple(without)))
        for name, (source, environment, without) in vector.get("environments", {}).items()
    }
    manifest = Manifest(systems=systems, inputs=inputs, keep=keep, trees=trees, environments=environments)
    if "select" in vector:
        manifest = manifest.select(vector["select"])
    assert manifest_fingerprint(manifest) == vector["fingerprint"]
