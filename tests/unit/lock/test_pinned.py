"""What a lock pins for systems, and since when."""

from __future__ import annotations

from devenv.lock.model import (
    RUNTIME_NAME,
    Lock,
    LockedArtifact,
    LockedBuild,
    LockedInput,
    LockedPackage,
    PinnedArtifact,
)
from devenv.system import ALL_SYSTEMS, System

KEY = "blake3:" + "0" * 64
EARLIER, DATE = "2026-10-03T09:15:00Z", "2026-11-18T22:17:41Z"
WHEEL, DEB, RUNTIME = (
    LockedArtifact(locator, digit * 64, 1)
    for locator, digit in (("pypi:packages/tool", "1"), ("debian:pool/tool", "2"), ("debian:pool/libc", "3"))
)


def package(name: str, builds: dict[System, LockedBuild]) -> LockedPackage:
    """A package with these builds."""
    return LockedPackage(name, "base", "1", "1.0", builds)


def made_lock() -> Lock:
    """A wheel for one system, a Debian package for another, and the runtime for both."""
    inputs = {
        "base": LockedInput("base", "builtin:base", KEY),
        "debian": LockedInput("debian", "debian:trixie", KEY, {"trixie": DATE}),
    }
    runtime = LockedBuild((RUNTIME,), KEY, index="debian", date=EARLIER)
    return Lock(
        KEY,
        inputs,
        {
            "wheel": package("wheel", {System.X86_64_LINUX: LockedBuild((WHEEL,), KEY)}),
            "deb": package("deb", {System.AARCH64_LINUX: LockedBuild((DEB,), KEY, index="debian", date=DATE)}),
        },
        package(RUNTIME_NAME, {System.X86_64_LINUX: runtime, System.AARCH64_LINUX: runtime}),
    )


def test_release_tells_since_when_a_file_is_pinned() -> None:
    """A file has its package and the release that named it, though its input moved on; of others nothing is known."""
    assert list(made_lock().iter_pinned({System.X86_64_LINUX})) == [
        PinnedArtifact(RUNTIME, EARLIER),
        PinnedArtifact(WHEEL, None, "wheel"),
    ]
    assert PinnedArtifact(DEB, DATE, "deb") in list(made_lock().iter_pinned({System.AARCH64_LINUX}))


def test_pinned_for_all_systems_is_all() -> None:
    """What is mirrored for all systems is every artifact of the lock, the runtime's too."""
    pinned = list(made_lock().iter_pinned(ALL_SYSTEMS))
    assert [each.artifact for each in pinned] == list(made_lock().iter_artifacts())
    assert list(made_lock().iter_pinned(())) == []
