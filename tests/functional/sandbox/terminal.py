"""Builds the script in the variable SCRIPT in a store that is there, as a process at a terminal; says where it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from devenv.build.realize import BuildOptions, realize
from devenv.build.source import source_derivation
from devenv.events import ignore
from devenv.settings import default_settings
from devenv.store.store import Store
from tests.sandboxes import derive_script, no_artifacts

if __name__ == "__main__":
    home, bubblewrap = map(Path, sys.argv[1:])
    with Store(default_settings(home)) as store:
        sysroot = next(path for path in store.database.read_graph() if path.name == "sysroot")
        derivation = derive_script(source_derivation(sysroot), os.environ["SCRIPT"])
        options = BuildOptions(find_bubblewrap=lambda: bubblewrap)
        print(store.path(realize(store, [derivation], no_artifacts, ignore, options)[derivation]))  # noqa: T201
