"""Which directories lie on disks that others change, by what the kernel says of its mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from devenv.mounts import find_mount_point, is_remote


@pytest.mark.parametrize(
    ("kinds", "remote"),
    [(["ext4"], False), (["nfs4"], True), (["ext4", "fuse.sshfs"], True), (["nfs", "tmpfs"], False), ([], False)],
)
def test_remote(tmp_path: Path, kinds: list[str], *, remote: bool) -> None:
    """B-07: where the system does not tell of changes, `devenv watch` has to look itself; the last mount counts."""
    point = str(find_mount_point(tmp_path)).replace(" ", r"\040")
    lines = [f"36 35 98:0 / {point} rw,noatime master:1 - {kind} server:/x rw" for kind in kinds]
    table = tmp_path / "mountinfo"
    table.write_text("\n".join([*lines, "40 35 98:0 / /elsewhere rw - nfs server:/y rw", "damaged", ""]))
    assert is_remote(tmp_path, table) == remote


def test_unknown(tmp_path: Path) -> None:
    """Systems without such a table tell nothing, and nothing is done about it."""
    assert not is_remote(tmp_path, tmp_path / "missing")
    assert not is_remote(tmp_path / "missing")
