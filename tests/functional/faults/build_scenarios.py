"""A script that is built in a sandbox, where this machine can make one."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from devenv.build.realize import BuildOptions, realize
from devenv.build.source import add_source, source_derivation
from devenv.derivation.model import Derivation
from devenv.events import ignore
from devenv.settings import default_settings
from devenv.store.layout import layout_of
from devenv.store.store import Store
from tests.fsck import read_rows
from tests.functional.faults.scenario import Scenario, find_object
from tests.sandboxes import Unavailable, host_bubblewrap, host_sysroot
from tests.scripts import derive_script, no_artifacts
from tests.trees import iter_tree_nodes

BUILD = "build"
SCRIPT = """
mkdir -p "$out/bin" "$lib"
echo "a library" > "$lib/file"
echo "uses $lib/file" > "$out/bin/program"
ln -s "$lib/file" "$out/link"
echo half > /build/half
echo said
"""


def derive(sysroot: object) -> Derivation:
    """What is built: two outputs, of which one refers to the other."""
    return derive_script(sysroot, SCRIPT, "built", outputs=("out", "lib"))  # type: ignore[arg-type]


def prepare_build(home: Path) -> None:
    """A sysroot with no more than the script needs."""
    with Store(default_settings(home)) as store:
        add_source(store, "sysroot", lambda: iter_tree_nodes(host_sysroot(("bash", "ln", "mkdir"))))


def run_build(home: Path) -> None:
    """Build it."""
    with Store(default_settings(home)) as store:
        target = derive(source_derivation(find_object(store, "sysroot")))
        options = BuildOptions(jobs=1, find_bubblewrap=host_bubblewrap)
        realize(store, [target], no_artifacts, ignore, options)


def require_built(home: Path) -> None:
    """Both outputs are known, and one refers to the other by its name."""
    layout = layout_of(default_settings(home).base)
    rows = read_rows(layout.database)
    sysroot = next(path for path in rows.objects if path.name == "sysroot")
    key = derive(source_derivation(sysroot)).key
    out, lib = (rows.realisations[key, output] for output in ("out", "lib"))
    assert rows.references[out] == {lib}
    assert os.readlink(layout.root / str(out) / "link").endswith(f"{lib}/file")


@functools.cache
def can_build() -> bool:
    """Whether this machine can make a sandbox. Asked by those who start scenarios: it takes processes of its own."""
    try:
        host_bubblewrap()
        host_sysroot(("bash",))
    except Unavailable:
        return False
    return True


BUILD_SCENARIOS: dict[str, Scenario] = {BUILD: Scenario(prepare_build, run_build, require_built, in_memory=False)}
