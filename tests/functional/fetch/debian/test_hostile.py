from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from devenv.errors import FetchError
from devenv.fetch.debian.client import DebianClient
from devenv.fetch.debian.index import DebianIndex
from devenv.fetch.debian.kept_suites import open_kept_suites
from devenv.fsutil import delete_tree
from devenv.settings import Settings
from devenv.system import System
from tests.functional.debian_archive import NOW, MadeArchive, Pocket, make_stanza
from tests.functional.fetch.debian.conftest import open_client
from tests.functional.loopback import Fault, Kind, Registry

AMD64 = System.X86_64_LINUX
TOOL = make_stanza("tool", "2.1")


def read_suite(debian: DebianClient, **options: bool) -> None:
    """Read the suite sid, at the tests' own time."""
    with DebianIndex(debian, refresh=True, clock=NOW.timestamp, allow_older=options.get("allow_older", False)) as index:
        index.suite("sid", AMD64)


def refuse_suite(debian: DebianClient, slug: str) -> FetchError:
    """Read the suite sid, which fails with `slug` and leaves no index."""
    with pytest.raises(FetchError) as caught:
        read_suite(debian)
    assert caught.value.slug == slug
    assert caught.value.hint or caught.value.details
    assert open_kept_suites(debian.settings, AMD64) == {}
    return caught.value


def strip_signature(content: bytes) -> bytes:
    return content.split(b"\n\n", 1)[1].split(b"\n-----BEGIN PGP SIGNATURE")[0]


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "login page": lambda _: b"<html>please log in</html>",
    "signature stripped": strip_signature,
    "text before": lambda content: b"Codename: sid\n\n" + content,
    "text behind": lambda content: content + b"Codename: sid\n",
    "text in the header": lambda content: content.replace(b"\n\n", b"\nCodename: sid\n\n", 1),
    "a field changed": lambda content: content.replace(b"Origin: Debian", b"Origin: Nobody"),
    "a field added": lambda content: content.replace(b"Origin: ", b"Label: Debian\nOrigin: "),
    "cut off": lambda content: content[: len(content) // 2],
    "twice": lambda content: content + content,
    "two in one": lambda content: content.replace(
        b"-----BEGIN PGP SIGNATURE-----", b"-----BEGIN PGP SIGNED MESSAGE-----"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_release_that_is_not_signed_as_it_stands(debian: DebianClient, archive: MadeArchive, change: str) -> None:
    """A release without its signature, with anything changed or anything outside of it is refused (I-14)."""
    content = archive.publish(Pocket("sid", [TOOL]))
    archive.registry.put(archive.release_path("sid"), CHANGES[change](content))
    refuse_suite(debian, "signature-invalid")


def test_release_by_another_key(debian: DebianClient, archive: MadeArchive) -> None:
    """A release that somebody else signed is refused (I-14)."""
    MadeArchive(archive.registry, archive.base).publish(Pocket("sid", [TOOL]))
    refuse_suite(debian, "signature-invalid")


def test_release_with_weak_sums_only(debian: DebianClient, archive: MadeArchive) -> None:
    """A release whose indexes are fixed by MD5 alone is refused, though it is signed (I-14)."""
    archive.publish(Pocket("sid", [TOOL], sums="MD5Sum"))
    assert "SHA256" in refuse_suite(debian, "index-invalid").message


def test_release_of_another_suite(debian: DebianClient, archive: MadeArchive) -> None:
    """A release that is signed, but that of another suite, is refused."""
    archive.publish(Pocket("sid", [TOOL], codename="bookworm"))
    assert "`bookworm`" in refuse_suite(debian, "index-invalid").message


@pytest.mark.parametrize("path", ["../../main/binary-amd64/Packages.xz", "/etc/passwd", "main/../../x"])
def test_release_with_climbing_path(debian: DebianClient, archive: MadeArchive, path: str) -> None:
    """A release that lists a path outside of its suite is refused (I-14, K-03)."""
    archive.publish_release(Pocket("sid"), f"SHA256:\n {'0' * 64} 10 {path}\n")
    refuse_suite(debian, "index-invalid")


def test_release_out_of_date(debian: DebianClient, archive: MadeArchive) -> None:
    """A release whose time is over is refused, and so is one from the future (G-19, I-14)."""
    archive.publish(Pocket("sid", [TOOL], valid_until=NOW - timedelta(minutes=1)))
    assert "valid until" in refuse_suite(debian, "release-expired").message
    archive.publish(Pocket("sid", [TOOL], date=NOW + timedelta(hours=2)))
    assert "future" in refuse_suite(debian, "release-expired").message


@pytest.mark.parametrize(("seconds", "valid"), [("999999999999", True), ("86401", True), ("86399", False)])
def test_age_that_apt_allows(
    debian_settings: Settings, archive: MadeArchive, tmp_path: Path, seconds: str, *, valid: bool
) -> None:
    """A release is refused that is older than apt's `Max-ValidTime`, which may be longer than dates reach."""
    configuration = tmp_path / "etc" / "apt" / "apt.conf"
    configuration.parent.mkdir(parents=True)
    configuration.write_text(f'Acquire::Max-ValidTime "{seconds}";\n')
    archive.publish(Pocket("sid", [TOOL], date=NOW - timedelta(days=1)))
    with open_client(debian_settings, tmp_path) as client:
        if valid:
            read_suite(client)
        else:
            assert "Max-ValidTime" in refuse_suite(client, "release-expired").message


def test_out_of_date_where_apt_takes_it(debian_settings: Settings, archive: MadeArchive, tmp_path: Path) -> None:
    """Where apt was told not to check dates, a frozen mirror's old release is taken."""
    configuration = tmp_path / "etc" / "apt" / "apt.conf"
    configuration.parent.mkdir(parents=True)
    configuration.write_text('Acquire::Check-Valid-Until "false";\n')
    archive.publish(Pocket("sid", [TOOL], valid_until=NOW - timedelta(days=300)))
    with open_client(debian_settings, tmp_path) as client:
        read_suite(client)
        archive.publish(Pocket("sid", [TOOL], date=NOW + timedelta(hours=2)))
        with pytest.raises(FetchError, match="from the future"):
            read_suite(client)


def test_out_of_date_in_one_source_of_apt(debian_settings: Settings, archive: MadeArchive, tmp_path: Path) -> None:
    """Where apt was told so for one suite, its old release is taken, and that of another suite is not (G-19)."""
    sources = tmp_path / "etc" / "apt" / "sources.list"
    sources.parent.mkdir(parents=True)
    settings = replace(debian_settings, debian=replace(debian_settings.debian, mirrors=None))
    archive.publish(Pocket("sid", [TOOL], valid_until=NOW - timedelta(days=300)))
    sources.write_text(f"deb [check-valid-until=no] {archive.address} bookworm main\n")
    with open_client(settings, tmp_path) as client:
        assert "valid until" in refuse_suite(client, "release-expired").message
    sources.write_text(f"deb [check-valid-until=no] {archive.address} sid main\n")
    with open_client(settings, tmp_path) as client:
        read_suite(client)


def test_release_is_asked_for_as_it_is(debian: DebianClient, archive: MadeArchive) -> None:
    """Releases are small, so they are asked for uncompressed; one that is compressed otherwise is refused (G-10)."""
    body = bytes.fromhex("28b52ffd0038") + ((128 << 13) << 3 | 3).to_bytes(3, "little") + b"\0"
    path = archive.release_path("sid")
    archive.registry.fail(path, Fault(Kind.BODY, headers={"Content-Encoding": "zstd"}, body=body))
    refuse_suite(debian, "fetch-encoding")
    assert archive.registry.seen[-1].headers["accept-encoding"] == "identity"


def test_release_older_than_the_kept_one(debian: DebianClient, archive: MadeArchive) -> None:
    """A pocket never goes back behind what was seen of it already, unless that is asked for (G-19)."""
    archive.publish(Pocket("sid", [TOOL], date=NOW - timedelta(days=1)))
    read_suite(debian)
    archive.publish(Pocket("sid", [TOOL], date=NOW - timedelta(days=2)))
    with pytest.raises(FetchError, match="`sid` goes back in time") as caught:
        read_suite(debian)
    assert caught.value.slug == "release-older"
    read_suite(debian, allow_older=True)


def test_release_older_than_one_believed_with_other_keys(
    debian: DebianClient, debian_settings: Settings, archive: MadeArchive, tmp_path: Path
) -> None:
    """A new keyring, such as an upgrade brings, does not forget what was seen (G-19); asked for, one may go back."""
    archive.publish(Pocket("sid", [TOOL], date=NOW - timedelta(days=1)))
    read_suite(debian)
    keyring = tmp_path / "keyring.pgp"
    more = MadeArchive(archive.registry, "/other/").key
    keyring.write_bytes(keyring.read_bytes() + bytes(more.extract_certificate()))
    archive.publish(Pocket("sid", [TOOL], date=NOW - timedelta(days=300)))
    with open_client(debian_settings, tmp_path) as client:
        with pytest.raises(FetchError, match="`sid` goes back in time"):
            read_suite(client)
        read_suite(client, allow_older=True)
    with open_client(debian_settings, tmp_path) as client:
        read_suite(client)


def test_pocket_older_than_a_lock(debian: DebianClient, archive: MadeArchive, security: MadeArchive) -> None:
    """A mirror cannot set the main pocket back behind a lock under the cover of new security updates (G-19)."""
    lock = DebianIndex(debian, clock=NOW.timestamp).release("bookworm").dates
    delete_tree(debian.settings.debian_indexes)
    archive.publish(Pocket("bookworm", [TOOL], date=NOW - timedelta(days=300)))
    security.publish(Pocket("bookworm-security", [], date=NOW))
    with pytest.raises(FetchError, match="`bookworm` goes back in time"):
        DebianIndex(debian, refresh=True, oldest=lock, clock=NOW.timestamp).release("bookworm")


def test_pocket_that_is_not_configured_here(debian: DebianClient, archive: MadeArchive) -> None:
    """A lock that was dated by a pocket which this machine has no archive for is no reason to refuse the others."""
    archive.publish(Pocket("sid", [TOOL], date=NOW - timedelta(days=2)))
    oldest = {"sid-security": "2026-02-28T12:00:01Z", "sid": "2026-02-27T12:00:00Z"}
    assert DebianIndex(debian, oldest=oldest, clock=NOW.timestamp).release("sid").dates == {"sid": oldest["sid"]}


def test_suite_older_than_a_lock(debian: DebianClient, archive: MadeArchive) -> None:
    """A suite never goes back behind the date that a lock has, though the cache knows nothing of it (G-19)."""
    archive.publish(Pocket("sid", [TOOL], date=NOW - timedelta(days=1)))
    oldest = {"sid": "2026-02-28T12:00:01Z"}
    with pytest.raises(FetchError, match="goes back in time") as caught:
        DebianIndex(debian, oldest=oldest, clock=NOW.timestamp).release("sid")
    assert caught.value.slug == "release-older"
    date = "2026-02-28T12:00:00Z"
    assert DebianIndex(debian, oldest=oldest, allow_older=True, clock=NOW.timestamp).release("sid").date == date
    assert DebianIndex(debian, oldest={"sid": date}, clock=NOW.timestamp).release("sid").date == date


def test_pocket_that_is_not_there(debian: DebianClient, archive: MadeArchive) -> None:
    """A mirror that lacks a suite is named, with the address and who set it."""
    archive.registry.fail(archive.release_path("sid"), Fault.status_code(404))
    error = refuse_suite(debian, "release-missing")
    assert any("devenv's settings" in detail for detail in error.details)


def index_path(archive: MadeArchive) -> str:
    return archive.path("dists/sid/main/binary-amd64/Packages.xz")


def test_index_of_another_state(debian: DebianClient, archive: MadeArchive) -> None:
    """An index that is not the one of its release (a mirror that is being renewed, or a forgery) is refused."""
    archive.publish(Pocket("sid", [TOOL], by_hash=False))
    archive.registry.put(index_path(archive), lzma.compress(make_stanza("tool", "6.6").encode()))
    assert "minutes" in (refuse_suite(debian, "hash-mismatch").hint or "")


@pytest.mark.parametrize(
    ("kind", "slug"),
    [
        (Kind.TRUNCATE, "fetch-network"),
        (Kind.DROP, "fetch-network"),
        (Kind.FLIP, "hash-mismatch"),
        (Kind.WRONG_LENGTH, "hash-mismatch"),
        (Kind.ENDLESS, "hash-mismatch"),
    ],
)
def test_index_that_comes_damaged(debian: DebianClient, archive: MadeArchive, kind: Kind, slug: str) -> None:
    """An index that is cut off, changed or does not end is refused, and no more than its size is read of it."""
    archive.publish(Pocket("sid", [TOOL], by_hash=False))
    archive.registry.fail(index_path(archive), Fault(kind))
    refuse_suite(debian, slug)


@pytest.mark.parametrize(
    ("kind", "slug"),
    [
        (Kind.TRUNCATE, "fetch-network"),
        (Kind.FLIP, "signature-invalid"),
        (Kind.ENDLESS, "fetch-too-large"),
    ],
)
def test_release_that_comes_damaged(debian: DebianClient, archive: MadeArchive, kind: Kind, slug: str) -> None:
    """A release that is cut off, changed or does not end is refused."""
    archive.registry.fail(archive.release_path("sid"), Fault(kind))
    refuse_suite(debian, slug)


@pytest.mark.parametrize(
    "stanza",
    [
        make_stanza("tool", "1", Filename="../../etc/passwd"),
        make_stanza("tool", "1", Filename="pool/../../x.deb"),
        make_stanza("tool", "1", Filename="/etc/passwd"),
        make_stanza("tool", "1", SHA256="", MD5sum="0" * 32),
        make_stanza("tool", "1", SHA256="0" * 32),
        make_stanza("tool", "1", Size=""),
        make_stanza("../tool", "1"),
        "no stanza\n",
    ],
)
def test_index_with_an_invalid_package(debian: DebianClient, archive: MadeArchive, stanza: str) -> None:
    """A package whose path climbs, or that has no SHA-256 or size, spoils the index (I-14, K-03)."""
    archive.publish(Pocket("sid", [TOOL, stanza]))
    refuse_suite(debian, "index-invalid")


PLAIN = TOOL.encode()


def claim_dictionary(packed: bytes) -> bytes:
    """`packed` (xz), whose header says that unpacking it takes a dictionary of two gigabytes."""
    start, end = 12, 12 + (packed[12] + 1) * 4
    header = packed[start : end - 4].replace(b"\x21\x01" + packed[start + 4 : start + 5], b"\x21\x01\x26")
    return packed[:start] + header + zlib.crc32(header).to_bytes(4, "little") + packed[end:]


PACKED = {
    "not packed": PLAIN,
    "other packing": gzip.compress(PLAIN),
    "cut off": lzma.compress(PLAIN)[:-8],
    "goes on": lzma.compress(PLAIN) + b"more",
    "unpacks to more": lzma.compress(PLAIN * 10_000),
    "dictionary too large": claim_dictionary(lzma.compress(PLAIN)),
    "nothing": b"",
}


@pytest.mark.parametrize("packed", PACKED)
def test_index_that_unpacks_wrongly(debian: DebianClient, archive: MadeArchive, packed: str) -> None:
    """What a signed release names is still unpacked within bounds, to its exact end (I-15)."""
    archive.publish(Pocket("sid", [TOOL], index=PACKED[packed]))
    refuse_suite(debian, "index-invalid")


def test_index_that_is_said_to_be_huge(debian: DebianClient, archive: MadeArchive) -> None:
    """An index is not even asked for whose stated size is beyond all reason."""
    archive.publish_release(Pocket("sid"), f"SHA256:\n {'0' * 64} {1 << 39} main/binary-amd64/Packages.xz\n")
    assert str(1 << 39) in refuse_suite(debian, "index-invalid").message


def test_release_without_the_architecture(debian: DebianClient, archive: MadeArchive) -> None:
    """A suite without an index for the architecture is an error that says so."""
    archive.publish(Pocket("sid", [TOOL], architectures=["riscv64"]))
    assert "amd64" in refuse_suite(debian, "index-invalid").message


def test_credentials_stay_with_their_server(
    registry: Registry, debian_settings: Settings, archive: MadeArchive, tmp_path: Path
) -> None:
    """A mirror's password goes to that mirror, and into no error and no file of the cache (H-10)."""
    address = archive.address.replace("://", "://someone:s3cret@")
    settings = replace(debian_settings, debian=replace(debian_settings.debian, mirrors=(address,)))
    with open_client(settings, tmp_path) as client:
        read_suite(client)
        archive.registry.fail(archive.release_path("sid"), Fault.status_code(403))
        with pytest.raises(FetchError) as caught:
            read_suite(client)
    assert all("authorization" in seen.headers for seen in registry.seen)
    assert "s3cret" not in f"{caught.value.message} {caught.value.details}"
    kept = [path.read_bytes() for path in settings.cache.rglob("*") if path.is_file()]
    assert kept
    assert not any(b"s3cret" in content for content in kept)


def test_own_keyring_that_is_none(debian_settings: Settings, tmp_path: Path) -> None:
    """A keyring in the settings that holds no keys is named, and nothing else is believed in its place."""
    path = tmp_path / "keys"
    path.write_bytes(b"no keys")
    settings = replace(debian_settings, debian=replace(debian_settings.debian, keyring=str(path)))
    with open_client(settings, tmp_path) as client, pytest.raises(FetchError, match="cannot be read") as caught:
        DebianIndex(client).release("sid")
    assert caught.value.slug == "keyring-invalid"
