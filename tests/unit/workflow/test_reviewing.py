"""What of a lock is at its end: by those who made it, or by Debian for what is Debian's."""

from __future__ import annotations

from datetime import date

import pytest

from devenv.lock.model import Lock, LockedArtifact, LockedBuild, LockedInput, LockedPackage
from devenv.system import System
from devenv.workflow.review_results import EndOfLife
from devenv.workflow.reviewing import find_end_of_life

KEY = "blake3:" + "0" * 64
TIME = "2026-01-01T00:00:00Z"


def make_lock(name: str, version: str, locator: str, suite: str = "bookworm") -> Lock:
    """A lock with a package of one file, beside a suite."""
    artifact = LockedArtifact(locator, "1" * 64, 1)
    package = LockedPackage(name, "base", "*", version, {System.X86_64_LINUX: LockedBuild((artifact,), KEY)})
    inputs = {
        "base": LockedInput("base", "builtin:base", KEY),
        "debian": LockedInput("debian", f"debian:{suite}", KEY, {suite: TIME}),
    }
    return Lock(KEY, inputs, {name: package})


NODE = make_lock("nodejs", "20.11.1", "pypi:packages/nodejs-20.11.1.whl")
PYTHON = make_lock("python", "3.9.2", "debian:pool/main/p/python3.9_3.9.2_amd64.deb", "bullseye")
BUILT = make_lock("python", "3.9.2", "debian:pool/main/p/python3.9_3.9.2.orig.tar.xz", "bullseye")
NODE_END, PYTHON_END = EndOfLife("nodejs", "20.11.1", "2026-04-30"), EndOfLife("python", "3.9.2", "2025-10-31")
LTS = EndOfLife("debian:bookworm", None, "2026-07-11", "2028-06-30")


@pytest.mark.parametrize(
    ("lock", "today", "expected"),
    [
        (NODE, "2025-01-01", ()),
        (NODE, "2026-01-01", (NODE_END,)),
        (NODE, "2026-03-01", (NODE_END, EndOfLife("debian:bookworm", None, "2026-07-11"))),
        (NODE, "2027-01-01", (NODE_END, LTS)),
        (PYTHON, "2026-01-01", (EndOfLife("debian:bullseye", None, "2024-08-14", "2026-08-31"),)),
        (PYTHON, "2026-12-01", (EndOfLife("debian:bullseye", None, "2026-08-31"),)),
        (BUILT, "2026-12-01", (PYTHON_END, EndOfLife("debian:bullseye", None, "2026-08-31"))),
    ],
)  # fmt: skip
def test_ends(lock: Lock, today: str, expected: tuple[EndOfLife, ...]) -> None:
    """What ended or will within half a year is told; of Debian's own packages the suite counts, not their line."""
    assert find_end_of_life(lock, date.fromisoformat(today)) == expected
