"""What is remembered of builds: found by names and keys, the latest first; never trusted, never kept for ever."""

from __future__ import annotations

import json
import os
import time

import pytest

from devenv.build.records import (
    KEPT_SECONDS,
    read_document,
    record_derivation,
    remove_old_records,
    require_record,
)
from devenv.derivation.model import Derivation
from devenv.errors import UsageError
from devenv.store.layout import Layout
from devenv.store.store import Store

NOW = int(time.time())


@pytest.fixture
def layout(store: Store) -> Layout:
    return store.layout


def record(layout: Layout, name: str, age: int = 0, *, logged: bool = True, note: str = "") -> Derivation:
    """A build of `name` that was run `age` seconds ago."""
    derivation = Derivation(name, "x86_64-linux", "script/1", environment={"note": note})
    record_derivation(layout, derivation)
    log = layout.log_path(derivation.key)
    if logged:
        log.write_bytes(name.encode())
    for path in (log, log.with_suffix(".json")):
        if path.exists():
            os.utime(path, (NOW - age, NOW - age))
    return derivation


@pytest.mark.parametrize("wanted", ["app", "app-1.0"])
def test_names(layout: Layout, wanted: str) -> None:
    """A build is found by its name with and without its version, and not by a name that only begins alike."""
    app = record(layout, "app-1.0", 10)
    for other in ("app-extra", "app-extra-1.0", "application", "app-1.00", "xapp-1.0"):
        record(layout, other)
    if wanted == "app":
        assert require_record(layout, wanted).name == "app-1.00"
    else:
        assert require_record(layout, wanted).key == app.key


def test_names_of_checks_and_tags(layout: Layout) -> None:
    """A check is found by its name, a build with a version such as `v2` as well."""
    check, tagged = record(layout, "check-test"), record(layout, "app-v2")
    assert require_record(layout, "test").key == check.key
    assert require_record(layout, "app").key == tagged.key


@pytest.mark.parametrize("digits", [8, 12, 64])
def test_keys(layout: Layout, digits: int) -> None:
    """A build is found by the first digits of its key, with `blake3:` before them or not."""
    app = record(layout, "app-1.0", 10)
    record(layout, "other")
    start = app.key.removeprefix("blake3:")[:digits]
    assert require_record(layout, start).key == require_record(layout, f"blake3:{start}").key == app.key


def test_name_that_looks_like_a_key(layout: Layout) -> None:
    """A package may be called `deadbeef`."""
    app = record(layout, "deadbeef-1.0")
    assert require_record(layout, "deadbeef").key == app.key


def test_latest_first(layout: Layout) -> None:
    """Of several builds of a name the latest is meant; one that was run again is the latest."""
    old, new = record(layout, "app-1", 20), record(layout, "app-2", 10)
    assert require_record(layout, "app").key == new.key
    os.utime(layout.log_path(old.key))
    assert require_record(layout, "app").key == old.key
    record_derivation(layout, new)
    os.utime(layout.log_path(new.key))
    assert require_record(layout, "app").key == new.key


def test_what_was_not_run_comes_last(layout: Layout) -> None:
    """A derivation that somebody looked at is found by its key, and by its name only where nothing else has that."""
    looked = record(layout, "app-1", logged=False)
    assert require_record(layout, "app").log is None
    built = record(layout, "app-2", 100)
    assert require_record(layout, "app").key == built.key
    assert require_record(layout, looked.key).key == looked.key


@pytest.mark.parametrize("wanted", ["other", "", "ap", ".*", "app-", "../../x", "0" * 64, "a\nb", "x" * 100_000])
def test_unknown(layout: Layout, wanted: str) -> None:
    """What was never built is an error that says what could be named."""
    record(layout, "app-1.0")
    with pytest.raises(UsageError) as caught:
        require_record(layout, wanted)
    assert caught.value.slug == "build-unknown"
    assert len(caught.value.message) < 200


def test_document_as_it_was(layout: Layout) -> None:
    """What is remembered is the canonical form."""
    app = record(layout, "app-1.0")
    document = read_document(layout, app.key)
    assert document == json.loads(json.dumps(app.document))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b"null", b"\xff", b'{"name":"app-1.0"}', b'{"name":1,"inputs":[],"arguments":{}}'],
)
def test_damaged_records(layout: Layout, content: bytes) -> None:
    """A record that a disk damaged, or somebody wrote, is none: it is not what its key says."""
    app = record(layout, "app-1.0")
    layout.log_path(app.key).with_suffix(".json").write_bytes(content)
    assert read_document(layout, app.key) is None
    with pytest.raises(UsageError):
        require_record(layout, "app")


def test_forged_record(layout: Layout) -> None:
    """A record with the document of another derivation is not shown for that of its key."""
    app, other = record(layout, "app-1.0"), record(layout, "other-1.0")
    paths = [layout.log_path(each.key).with_suffix(".json") for each in (app, other)]
    paths[0].write_bytes(paths[1].read_bytes())
    assert read_document(layout, app.key) is None


def test_record_that_is_no_file(layout: Layout) -> None:
    """What is no file in place of a record is none, and nobody waits for it."""
    app = record(layout, "app-1.0")
    path = layout.log_path(app.key).with_suffix(".json")
    path.unlink()
    os.mkfifo(path)
    assert read_document(layout, app.key) is None


def test_old_records_go(layout: Layout) -> None:
    """What was not run for long goes, with its log; what was run again stays, and both of its files."""
    record(layout, "old-1.0", KEPT_SECONDS + 60)
    again = record(layout, "again-1.0", KEPT_SECONDS + 60)
    layout.log_path(again.key).write_bytes(b"again")
    kept = record(layout, "kept-1.0", KEPT_SECONDS - 600)
    assert remove_old_records(layout) == 2
    stems = {again.key.removeprefix("blake3:"), kept.key.removeprefix("blake3:")}
    assert {path.stem for path in layout.logs.iterdir()} == stems
    assert len(list(layout.logs.iterdir())) == 4
    assert remove_old_records(layout) == 0


def test_building_again_keeps_the_record(layout: Layout) -> None:
    """What is built once more is not old, even where its record was written long ago and it has no log."""
    app = record(layout, "app-1.0", KEPT_SECONDS + 60, logged=False)
    record_derivation(layout, app)
    assert remove_old_records(layout) == 0
