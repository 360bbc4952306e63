"""`python -m tests.bench`: measures what devenv promises about time and memory, and prints a table. It judges nothing.

docs/benchmarks.md says what is measured and how.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from devenv import __version__
from tests.bench.build import measure_build
from tests.bench.ci import measure_ci
from tests.bench.debian import measure_debian
from tests.bench.lock import measure_lock
from tests.bench.prompt import measure_depth, measure_prompt
from tests.bench.realize import measure_realize
from tests.bench.report import Row, format_json, format_markdown
from tests.bench.run import measure_run
from tests.bench.store import measure_store
from tests.bench.workbench import PeerMissingError, Workbench, open_workbench, require_peer

BENCHMARKS: Mapping[str, Callable[[Workbench], Iterator[Row]]] = {
    "prompt": measure_prompt,
    "depth": measure_depth,
    "realize": measure_realize,
    "lock": measure_lock,
    "run": measure_run,
    "store": measure_store,
    "debian": measure_debian,
    "build": measure_build,
    "ci": measure_ci,
}
ALL = "all"
PEERS = {
    "prompt": ("bash", "zsh", "fish", "direnv", "mise", "strace"),
    "depth": ("bash", "zsh", "fish", "direnv", "mise", "strace"),
    "run": ("direnv",),
    "store": ("nix",),
    "debian": ("dpkg-deb",),
    "build": ("nix", "bwrap"),
    "ci": ("tar", "zstd"),
}


def main() -> None:
    """Run the benchmarks that the command line names, by default all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure devenv against its peers.")
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, ALL], default=ALL, metavar="|".join(BENCHMARKS))
    parser.add_argument("--pairs", type=int, default=11, help="pairs of runs for each comparison (default: 11)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results to FILE as JSON")
    arguments = parser.parse_args()
    names = list(BENCHMARKS) if ALL in arguments.names else arguments.names
    try:
        peers = {peer: require_peer(peer) for name in names for peer in PEERS.get(name, ())}
    except PeerMissingError as error:
        parser.error(str(error))
    with open_workbench(arguments.pairs) as bench:
        rows = [row for name in names for row in BENCHMARKS[name](bench)]
    conditions = read_conditions(peers)
    sys.stdout.write(format_markdown(rows, conditions))
    if arguments.json is not None:
        arguments.json.write_text(format_json(rows, conditions))


def read_conditions(peers: Mapping[str, str]) -> dict[str, str]:
    """When and where this is measured, and with which versions."""
    versions = {name: _first_line([path, "--version"]) for name, path in peers.items()}
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "devenv": __version__,
        "Python": platform.python_version(),
        **versions,
    }


def _first_line(command: list[str]) -> str:
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0]
    return next((word for word in output.split() if word[0].isdigit()), output)


if __name__ == "__main__":
    main()
