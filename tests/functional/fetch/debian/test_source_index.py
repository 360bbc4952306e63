"""Source packages of a suite, from signed releases."""

from __future__ import annotations

from devenv.fetch.debian.client import DebianClient
from devenv.fetch.debian.index import DebianIndex
from devenv.system import System
from tests.functional.debian_archive import NOW, MadeArchive, Pocket, make_source_stanza, make_stanza
from tests.functional.loopback import Registry


def publish(archive: MadeArchive, security: MadeArchive) -> None:
    stanzas = [make_stanza("tool", "1.0")]
    sources = [make_source_stanza("tool", "1.0-1"), make_source_stanza("other", "2.0-1")]
    archive.publish(Pocket("bookworm", stanzas, sources=sources))
    archive.publish(Pocket("bookworm-updates", sources=[make_source_stanza("other", "2.1-1")]))
    security.publish(Pocket("bookworm-security", sources=[make_source_stanza("tool", "1.0.1-1")]))


def open_index(debian: DebianClient) -> DebianIndex:
    return DebianIndex(debian, clock=NOW.timestamp)


def test_newest_source_of_all_pockets(debian: DebianClient, archive: MadeArchive, security: MadeArchive) -> None:
    """A source package is found in the newest version that any pocket has, with the archive that its files lie in."""
    publish(archive, security)
    with open_index(debian) as index:
        tool, other = index.sources("bookworm").find("tool"), index.sources("bookworm").find("other")
        assert tool is not None
        assert other is not None
        assert [file.locator for file in tool.files] == ["debian:security/pool/main/t/tool/tool_1.0.1.orig.tar.gz"]
        assert (other.version, other.files[0].archive) == ("2.1-1", "main")
        assert index.sources("bookworm").find("absent") is None


def test_sources_are_fetched_only_when_asked(
    debian: DebianClient, archive: MadeArchive, security: MadeArchive, registry: Registry
) -> None:
    """Who asks for packages only reads no index of sources, and the other way round; what was read is kept."""
    publish(archive, security)
    with open_index(debian) as index:
        index.suite("bookworm", System.X86_64_LINUX)
        assert not any("/source/" in seen.path for seen in registry.seen)
        before = len(registry.seen)
        index.sources("bookworm")
        assert all("/source/" in seen.path for seen in registry.seen[before:])
        count = len(registry.seen)
    with open_index(debian) as index:
        assert index.sources("bookworm").find("tool") is not None
    assert len(registry.seen) == count


def test_new_release_renews_the_sources(debian: DebianClient, archive: MadeArchive, security: MadeArchive) -> None:
    """What a later release says of sources replaces what is kept."""
    publish(archive, security)
    with open_index(debian) as index:
        index.sources("bookworm")
    archive.publish(Pocket("bookworm-updates", sources=[make_source_stanza("other", "3.0-1")]))
    with DebianIndex(debian, refresh=True, clock=NOW.timestamp) as index:
        found = index.sources("bookworm").find("other")
    assert found is not None
    assert found.version == "3.0-1"
