"""What a run on a build machine costs: where everything is there, and where there is the archive of the closure.

The latter against tar and zstd with the same files, at the same level, which neither hash, check, share, register nor
put anything on the disk for good.
"""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

from devenv.fsutil import delete_tree
from devenv.store.archive import COMPRESSION_LEVEL
from devenv.store_path import store_root
from tests.bench.lock import FROM_DEBIAN, WHEELS
from tests.bench.measure import Pairs, measure_pairs, measure_process
from tests.bench.report import Row, compare
from tests.bench.workbench import Workbench, require_peer


def measure_ci(bench: Workbench) -> Iterator[Row]:
    """Rows of a run with nothing to do, and of one that begins with an archive."""
    user, project = bench.user, bench.user.home / "ci"
    project.mkdir()
    wanted = "".join(f'{name} = "*"\n' for name in sorted((*WHEELS, *FROM_DEBIAN)))
    (project / "devenv.toml").write_text(f"[packages]\n{wanted}")
    archive = project / ".devenv/ci/closure"
    user.call("lock", directory=project)
    user.call("ci", "--archive", str(archive), directory=project)
    command = [*user.command, "ci", "--archive", str(archive)]
    costs = [measure_process(command, project, user.environ).seconds for _ in range(bench.pairs + 1)]
    count = len((*WHEELS, *FROM_DEBIAN))
    yield Row(
        f"ci, {count} packages, all there", "ms", statistics.median(costs[1:]) * 1000, "under 300 ms", runs=bench.pairs
    )
    pack, unpacked = user.home / "closure.tar.zst", user.home / "unpacked-closure"
    _pack(store_root(user.settings.base), pack)

    def run() -> float:
        delete_tree(user.settings.base)
        delete_tree(user.settings.state)
        return measure_process(command, project, user.environ).seconds

    def unpack() -> float:
        delete_tree(unpacked)
        unpacked.mkdir()
        tar = [require_peer("tar"), "--zstd", "-xf", str(pack), "-C", str(unpacked)]
        return measure_process(tar, user.home, user.environ).seconds

    pairs = Pairs(measure_pairs(run, unpack, bench.pairs))
    yield compare(f"ci, {count} packages, from the archive on the disk", pairs, "tar --zstd -x", "at most 1.2")


def _pack(root: Path, pack: Path) -> None:
    level = f"zstd -{COMPRESSION_LEVEL} -T0"
    subprocess.run([require_peer("tar"), "-I", level, "-cf", pack, "-C", root, "."], check=True)
