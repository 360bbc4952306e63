from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from devenv.fetch.debian.access import DebianAccess, DebianArchive
from devenv.fetch.debian.locators import candidate_addresses, parse_locator
from devenv.lock.model import LockedArtifact
from devenv.lock.parse import parse_lock
from tests.unit.debian.indexes import record

VECTORS = Path(__file__).parents[4] / "lockfile" / "vectors"

MAIN = DebianArchive("main", ("https://one.example/debian/", "https://two.example/d/"), "a test")
SECURITY = DebianArchive("security", ("https://one.example/security/",), "a test")
ACCESS = DebianAccess(MAIN, SECURITY, snapshot="https://past.example/archive/{archive}/{timestamp}/")
LOCATOR = "debian:pool/main/t/tool/tool_1.0~rc1+b1_amd64.deb"
PATH = LOCATOR.removeprefix("debian:")


def test_mirrors_then_the_past() -> None:
    """A file is looked for at the mirrors in their order, then in the archive of past states by the lock's date."""
    assert candidate_addresses(LOCATOR, ACCESS, "2026-11-18T22:17:41Z") == (
        f"https://one.example/debian/{PATH}",
        f"https://two.example/d/{PATH}",
        f"https://past.example/archive/debian/20261118T221741Z/{PATH}",
    )


def test_security_archive() -> None:
    """A file of the security archive is looked for there only; nowhere, where its address is not known."""
    locator = "debian:security/pool/updates/main/t/tool/tool_1_amd64.deb"
    addresses = candidate_addresses(locator, ACCESS, "2026-11-18T22:17:41Z")
    assert addresses == (
        "https://one.example/security/pool/updates/main/t/tool/tool_1_amd64.deb",
        "https://past.example/archive/debian-security/20261118T221741Z/pool/updates/main/t/tool/tool_1_amd64.deb",
    )
    assert candidate_addresses(locator, DebianAccess(MAIN)) == ()


def test_upstream_archives_lie_in_both() -> None:
    """What upstream published and the archive for security lacks is looked for in the main one, where it lies too."""
    locator = "debian:security/pool/updates/main/t/tool/tool_1.orig.tar.gz"
    assert candidate_addresses(locator, ACCESS) == (
        "https://one.example/security/pool/updates/main/t/tool/tool_1.orig.tar.gz",
        "https://one.example/debian/pool/main/t/tool/tool_1.orig.tar.gz",
        "https://two.example/d/pool/main/t/tool/tool_1.orig.tar.gz",
    )


def test_the_past_needs_a_date() -> None:
    """Without a date, or with something else in its place, the archive of past states is not asked."""
    for date in (None, "", "2026-11-18", "../../x"):
        assert len(candidate_addresses(LOCATOR, ACCESS, date)) == 2


@pytest.mark.parametrize("vector", sorted(VECTORS.glob("valid/*.toml")), ids=lambda path: path.stem)
def test_what_locks_hold(vector: Path) -> None:
    """Each locator of a valid lock names a file that can be fetched."""
    lock = parse_lock(vector.read_bytes(), vector.name)
    for artifact in lock.iter_artifacts():
        if artifact.locator.startswith("debian:"):
            assert all(artifact.locator.endswith(each[-20:]) for each in candidate_addresses(artifact.locator, ACCESS))


@pytest.mark.parametrize("filename", ["tool_1%3a2-1_all.deb", "tool_1:2-1_all.deb", "tool_%zz%00%2f.deb"])
def test_what_indexes_hold(filename: str) -> None:
    """Each file name that an index may give makes a locator that a lock may hold, and an address of that file."""
    made = record("tool", Filename=f"pool/main/t/tool/{filename}")
    LockedArtifact(made.locator, made.sha256, made.size)
    for address in candidate_addresses(made.locator, ACCESS):
        assert unquote(address.rpartition("/")[2]) == filename


@pytest.mark.parametrize(
    "locator",
    [
        "pypi:pool/x",
        "debian:dists/sid/InRelease",
        "debian:pool",
        "debian:pool/../x.deb",
        "debian:pool/./x.deb",
        "debian:pool//x.deb",
        "debian:pool/..",
        "debian:/pool/x.deb",
        "debian:other/pool/x.deb",
        "debian:pool/x.deb?x",
        "debian:pool/x.deb#x",
        "debian:pool/x%2f.deb",
        "debian:pool/x.deb\n",
        "debian:pool/" + "x" * 1100,
    ],
)
def test_no_locators(locator: str) -> None:
    """What climbs, leaves the pool, or is no plain path is no locator (K-03)."""
    with pytest.raises(ValueError, match="is no locator"):
        parse_locator(locator)
