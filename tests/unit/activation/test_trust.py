"""Records of trust: exactly what was allowed, at exactly that path, until somebody says otherwise."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from devenv.activation.last_allowed import LastAllowed
from devenv.activation.state import (
    activate_project,
    active_path,
    generations_path,
)
from devenv.activation.trust import (
    Content,
    Trust,
    allow,
    deny,
    find_last,
    iter_records,
    last_path,
    record_path,
    revoke,
    trust_of,
)
from devenv.activation.trust_records import CONTENT_LIMIT, RECORD_LIMIT, Allowance, Record, format_record, parse_record
from devenv.activation.watched import content_digest, project_digest, read_watched_file
from devenv.errors import TrustError
from devenv.fsutil import make_private_directory
from devenv.settings import Settings, default_settings

Files = Mapping[str, str | None]
NO_FILES: Files = {}


@pytest.fixture
def state(tmp_path: Path) -> Settings:
    """The settings of a user without any state."""
    return default_settings(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The directory of a project."""
    project = tmp_path / "api"
    project.mkdir()
    return project


def made(manifest: bytes, files: Files = NO_FILES) -> LastAllowed:
    """A content to be allowed."""
    return LastAllowed(Allowance(content_digest(manifest, None), files), manifest)


def asked(project: Path, manifest: bytes, files: Files = NO_FILES) -> Content:
    """A content that wants to act; further files are looked at only where that is right."""

    def digests(names: Iterable[str]) -> Files:
        return {name: files.get(name) for name in names}

    return Content(content_digest(manifest, None), project_digest(project, manifest, None), digests, lambda: files)


def trust(settings: Settings, project: Path, manifest: bytes, files: Files = NO_FILES) -> Trust:
    """What is said of it."""
    return trust_of(settings, project, asked(project, manifest, files))


def test_digest_tells_everything_apart() -> None:
    """L-04: missing is not empty; no byte wanders from one part to the next; the path is bound where it is said."""
    path = Path("/p")
    parts = [(None, None), (b"", None), (None, b""), (b"", b""), (b"-", None), (b"ab", b"c"), (b"a", b"bc")]
    parts.append((b"a1:b", b""))
    digests = [content_digest(*each) for each in parts] + [project_digest(path, *each) for each in parts]
    digests.append(project_digest(Path("/q"), b"a", b"bc"))
    assert len(set(digests)) == len(digests)
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in digests)


def test_last_word_counts(state: Settings, project: Path) -> None:
    """L-02, L-06: exactly what was allowed is allowed; a denial takes everything back, also what was allowed before."""
    assert trust(state, project, b"one") is Trust.UNKNOWN
    allow(state, project, made(b"one"))
    allow(state, project, made(b"two"))
    assert trust(state, project, b"one") is Trust.ALLOWED
    assert trust(state, project, b"three") is Trust.CHANGED
    assert trust(state, project.parent, b"one") is Trust.UNKNOWN
    generation = make_private_directory(generations_path(state, project) / "1")
    activate_project(state, project, generation)
    deny(state, project)
    assert trust(state, project, b"one") is Trust.DENIED
    assert not (active_path(state, project) / "@devenv").is_symlink()
    assert (active_path(state, project) / "@denied").exists()
    assert find_last(state, project) is None
    allow(state, project, made(b"one"))
    activate_project(state, project, generation)
    assert trust(state, project, b"one") is Trust.ALLOWED
    assert trust(state, project, b"two") is Trust.CHANGED
    assert not (active_path(state, project) / "@denied").exists()


def test_further_files_belong_to_the_content(state: Settings, project: Path) -> None:
    """L-02: a dotenv file or patch that changed, went away or appeared is other content; back again it is allowed."""
    allow(state, project, made(b"m", {".env": "1", "fix.patch": None}))
    assert trust(state, project, b"m", {".env": "1"}) is Trust.ALLOWED
    for files in ({}, {".env": "2"}, {".env": "1", "fix.patch": "3"}):
        assert trust(state, project, b"m", files) is Trust.CHANGED
    allow(state, project, made(b"m", {".env": "2", "fix.patch": None}))
    assert trust(state, project, b"m", {".env": "1"}) is Trust.ALLOWED
    assert trust(state, project, b"m", {".env": "2"}) is Trust.ALLOWED


def test_nothing_is_looked_at_where_the_content_is_another(state: Settings, project: Path) -> None:
    """L-01, L-07: of a content that was not allowed the further files are neither named nor read."""

    def refuse(*_: object) -> Files:
        raise AssertionError("it was looked at")

    content = Content(content_digest(b"other", None), "0" * 64, refuse, refuse)
    assert trust_of(state, project, content) is Trust.UNKNOWN
    allow(state, project, made(b"m", {".env": "1"}))
    assert trust_of(state, project, content) is Trust.CHANGED
    deny(state, project)
    assert trust_of(state, project, content) is Trust.DENIED


def test_contents_that_were_allowed_longest_ago_are_forgotten(state: Settings, project: Path) -> None:
    """As many contents of a project are allowed at a time as the limit says; allowing one again keeps it."""
    allow(state, project, made(b"first"))
    for number in range(CONTENT_LIMIT - 1):
        allow(state, project, made(b"%d" % number))
    allow(state, project, made(b"first"))
    allow(state, project, made(b"new"))
    assert trust(state, project, b"first") is Trust.ALLOWED
    assert trust(state, project, b"0") is Trust.CHANGED
    assert trust(state, project, b"1") is Trust.ALLOWED


def test_revoked_is_as_if_never_asked(state: Settings, project: Path) -> None:
    """`revoke` forgets a permission or a denial, and takes the environment and the silence away."""
    assert not revoke(state, project)
    for denies in (False, True):
        allow(state, project, made(b"m"))
        if denies:
            deny(state, project)
        assert revoke(state, project)
        assert trust(state, project, b"m") is Trust.UNKNOWN
        assert [each.name for each in (state.state / "trust").iterdir()] == ["lock"]
        assert not (active_path(state, project) / "@denied").exists()


def test_format_1_is_still_read(state: Settings, project: Path) -> None:
    """O-05: what an older devenv recorded counts, except where there are files that its digest did not cover."""
    document = {"format": 1, "path": str(project), "digest": project_digest(project, b"m", None)}
    make_private_directory(state.state / "trust")
    record_path(state, project).write_text(json.dumps(document))
    record_path(state, project).chmod(0o600)
    assert trust(state, project, b"m") is Trust.ALLOWED
    assert trust(state, project, b"m", {".env": "1"}) is Trust.CHANGED
    assert trust(state, project, b"n") is Trust.CHANGED
    record_path(state, project).write_text(json.dumps(document | {"digest": None}))
    assert trust(state, project, b"m") is Trust.DENIED


def test_trust_where_shells_cannot_follow(state: Settings) -> None:
    """M-02: a project whose path is too long for the hooks can be allowed, denied and forgotten for `devenv run`."""
    project = Path("/" + "d/" * 2040 + "d")
    allow(state, project, made(b"m"))
    assert trust(state, project, b"m") is Trust.ALLOWED
    deny(state, project)
    assert trust(state, project, b"m") is Trust.DENIED
    assert revoke(state, project)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 60_000,
        b'{"format": 1, "digest": "one"}',
        b'{"format": 3, "path": "@", "time": 1, "denied": false, "allowed": []}',
        b'{"format": 2, "path": "@", "time": 1, "denied": 0, "allowed": []}',
        b'{"format": 2, "path": "@", "time": null, "denied": false, "allowed": []}',
        b'{"format": 2, "path": "@", "time": 1, "denied": false, "allowed": [[]]}',
        b'{"format": 2, "path": "@", "time": 1, "denied": false, "allowed": [{"content": "1", "files": {"a": 1}}]}',
        b'{"format": 2, "path": "@", "time": 1, "denied": false, "allowed": [{"content": "1", "files": []}]}',
    ],
)
def test_damaged_record_allows_nothing(state: Settings, project: Path, content: bytes) -> None:
    """E-07: a record that cannot be read is as if nothing had been allowed."""
    allow(state, project, made(b"m"))
    record_path(state, project).write_bytes(content.replace(b"@", os.fsencode(project)))
    assert trust(state, project, b"m") is Trust.UNKNOWN
    assert list(iter_records(state)) == []


def test_record_within_its_limit(state: Settings, project: Path) -> None:
    """E-07: a record never gets larger than what is read again: what was allowed longest ago goes first."""
    huge = Allowance("1" * 64, {"n" * (RECORD_LIMIT // 2): None})
    record = Record(project, 1, (Allowance("0" * 64), huge, huge, huge))
    content = format_record(record)
    assert len(content) <= RECORD_LIMIT
    assert parse_record(content) == Record(project, 1, record.allowed[:2])
    too_large = format_record(Record(project, 1, (made(b"m").allowance,)))[:-1] + b" " * RECORD_LIMIT
    allow(state, project, made(b"m"))
    record_path(state, project).write_bytes(too_large)
    assert trust(state, project, b"m") is Trust.UNKNOWN


def test_record_that_others_could_have_written(state: Settings, project: Path) -> None:
    """L-08: records are 0600 in a 0700 directory; one that others can write, or a link, allows nothing."""
    allow(state, project, made(b"m"))
    record = record_path(state, project)
    assert {stat.S_IMODE(each.stat().st_mode) for each in record.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700
    for path, mode in [(record, 0o620), (record, 0o602), (record.parent, 0o770)]:
        before = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode)
        assert trust(state, project, b"m") is Trust.UNKNOWN
        path.chmod(before)
    assert trust(state, project, b"m") is Trust.ALLOWED
    elsewhere = record.rename(state.home / "record")
    record.symlink_to(elsewhere)
    assert trust(state, project, b"m") is Trust.UNKNOWN


def test_directory_of_records_that_others_can_write(state: Settings, project: Path) -> None:
    """L-08: where others could write records, none is written, and that is said."""
    (make_private_directory(state.state / "trust")).chmod(0o777)
    with pytest.raises(TrustError) as caught:
        allow(state, project, made(b"m"))
    assert caught.value.slug == "trust-unsafe"
    with pytest.raises(TrustError):
        deny(state, project)


def test_record_of_another_project(state: Settings, project: Path) -> None:
    """L-04: a record copied to another project's name allows nothing there."""
    other = project.parent / "other"
    allow(state, project, made(b"m"))
    record_path(state, other).write_bytes(record_path(state, project).read_bytes())
    record_path(state, other).chmod(0o600)
    assert trust(state, other, b"m") is Trust.UNKNOWN
    assert [each.project for each in iter_records(state)] == [project]


def test_at_the_same_time(state: Settings, project: Path) -> None:
    """L-08: whoever allows at the same time loses nothing of what the other said."""
    contents = [b"%d" % number for number in range(5)]
    threads = [threading.Thread(target=allow, args=(state, project, made(each))) for each in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(trust(state, project, each) is Trust.ALLOWED for each in contents)


def test_last_allowed_is_what_the_record_says(state: Settings, project: Path) -> None:
    """L-13: what is compared with is what was allowed last, byte for byte, or nothing."""
    content = LastAllowed(
        Allowance(content_digest(b"\xff\n", b"lock"), {".env": None}), b"\xff\n", b"lock", {"e": ("A",)}
    )
    allow(state, project, content)
    assert find_last(state, project) == content
    kept = last_path(state, project).read_bytes()
    allow(state, project, made(b"m"))
    last_path(state, project).write_bytes(kept)
    assert find_last(state, project) is None
    for damaged in (b"", b"[]", b"{}", b"null", kept.replace(b'lock"', b'lick"'), kept[:-3]):
        last_path(state, project).write_bytes(damaged)
        assert find_last(state, project) is None


def test_files_of_others_are_not_read(project: Path) -> None:
    """L-05: a file that everybody may write, or that a link brings from elsewhere, is refused with its own slug."""
    path = project / "devenv.toml"
    path.write_text("")
    path.chmod(0o646)
    cases = {"file-writable": path}
    (project.parent / "elsewhere").write_text("secret")
    (project / "devenv.lock").symlink_to(project.parent / "elsewhere")
    cases["file-outside"] = project / "devenv.lock"
    for slug, each in cases.items():
        with pytest.raises(TrustError) as caught:
            read_watched_file(project, each.name)
        assert caught.value.slug == slug
        assert caught.value.hint
    path.chmod(0o664)
    (project / "link").symlink_to("devenv.toml")
    assert read_watched_file(project, "link").content == b""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_foreign_files_are_not_read(project: Path) -> None:
    """L-05, O-03: root in a user's directory does not take that user's word for its own."""
    path = project / "devenv.toml"
    path.write_text("")
    os.chown(path, 12345, -1)
    with pytest.raises(TrustError) as caught:
        read_watched_file(project, "devenv.toml")
    assert caught.value.slug == "file-foreign"
    assert "chown" in (caught.value.hint or "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_writes_nothing_into_a_users_state(state: Settings, project: Path) -> None:
    """O-03: root with the home directory of a user neither believes nor writes that user's records."""
    allow(state, project, made(b"m"))
    directory = state.state / "trust"
    for path in (*directory.iterdir(), directory):
        os.chown(path, 12345, -1)
    assert trust(state, project, b"m") is Trust.UNKNOWN
    before = sorted(os.listdir(directory))
    with pytest.raises(TrustError):
        allow(state, project, made(b"n"))
    with pytest.raises(TrustError):
        revoke(state, project)
    assert sorted(os.listdir(directory)) == before
