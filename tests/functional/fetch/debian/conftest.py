"""A Debian archive with a key of its own, and a user who trusts that key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.fetch.debian.client import DebianClient
from devenv.fetch.http import RetryPolicy
from devenv.settings import DebianSettings, Settings
from tests.functional.debian_archive import MadeArchive, Pocket, make_stanza
from tests.functional.loopback import Registry


@pytest.fixture
def archive(registry: Registry) -> MadeArchive:
    """The main archive, with the pockets of bookworm and sid."""
    made = MadeArchive(registry, "/debian/")
    made.publish(
        Pocket("bookworm", [make_stanza("tool", "1.0"), make_stanza("other", "1.0", Provides="virtual (= 3)")])
    )
    made.publish(Pocket("bookworm-updates", [make_stanza("other", "1.1", Provides="virtual (= 4), more")]))
    made.publish(Pocket("sid", [make_stanza("tool", "2.0")]))
    return made


@pytest.fixture
def security(registry: Registry, archive: MadeArchive) -> MadeArchive:
    """The security archive."""
    made = MadeArchive(registry, "/debian-security/", archive.key)
    stanzas = [make_stanza("tool", "1.0+deb12u1", pool="pool/updates/main"), make_stanza("other", "0.9")]
    made.publish(Pocket("bookworm-security", stanzas))
    return made


@pytest.fixture
def debian_settings(settings: Settings, archive: MadeArchive, security: MadeArchive, tmp_path: Path) -> Settings:
    """The settings of a user who has set these archives and their key."""
    keyring = tmp_path / "keyring.pgp"
    keyring.write_bytes(bytes(archive.key.extract_certificate()))
    debian = DebianSettings((archive.address,), (security.address,), str(keyring))
    return replace(settings, debian=debian)


@pytest.fixture
def debian(debian_settings: Settings, tmp_path: Path) -> Iterator[DebianClient]:
    """The archives as a user reaches them, retrying at once; this machine's apt is not read."""
    with open_client(debian_settings, tmp_path) as client:
        yield client


def open_client(settings: Settings, apt_root: Path) -> DebianClient:
    """The archives as the next run of the program sees them."""
    return DebianClient(settings, os.environ, apt_root=apt_root, policy=RetryPolicy(attempts=2, first_delay=0.0))
