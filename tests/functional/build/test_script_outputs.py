"""What compilers of this machine make becomes an object of a store that runs on its declared inputs only."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from devenv.build.bundle.libraries import LOADERS, MACHINES
from devenv.build.script.fixup import iter_output
from devenv.build.script.scope import FixupRequest
from devenv.errors import BuildError
from devenv.settings import default_settings
from devenv.store.adding import Output
from devenv.store.store import Store
from devenv.store.tree import iter_tree
from devenv.store_path import StorePath
from tests.functional.elf.linked import attempt, compile_c, run
from tests.functional.store.stores import fork, wait_for
from tests.homes import temporary_home
from tests.objects import SCRATCH
from tests.trees import Tree, write_files

LOADER = next((Path("/") / each.decode() for each in LOADERS.values() if (Path("/") / each.decode()).exists()), None)
needs_compiler = pytest.mark.skipif(not shutil.which("gcc") or LOADER is None, reason="needs gcc and glibc")

INNER = "int inner(void) { return 7; }"
OUTER = "int inner(void); int outer(void) { return inner() * 6; }"
OWN = '#include <stdio.h>\nint outer(void); void own(void) { printf("%d\\n", outer()); }'
PROGRAM = "#include <math.h>\nvoid own(void); int main(int count, char **words) { own(); return (int) sin(count - 1); }"


@dataclass
class Builds:
    """A store and a place to build in."""

    store: Store
    work: Path

    def add(self, name: str, place: Path) -> StorePath:
        """Make what lies there an object."""
        return self.store.add(Output(iter_tree(place), name, SCRATCH))

    def fix(self, place: Path, runtime: StorePath, inputs: tuple[StorePath, ...], tools: tuple[StorePath, ...]) -> Path:
        """Make the output that lies there an object; returns its place."""
        request = FixupRequest(
            name="mine",
            tree=place,
            out=self.store.root / f"{SCRATCH}-mine-1",
            inputs=tuple(self.store.path(each) for each in inputs),
            tools=tuple(self.store.path(each) for each in tools),
            runtime=self.store.path(runtime),
            store_root=self.store.root,
            report_leftover=lambda place: pytest.fail(f"{place} mentions where it was built"),
        )
        candidates = frozenset({runtime, *inputs, *tools})
        return self.store.path(self.store.add(Output(iter_output(request), "mine-1", SCRATCH, candidates)))


@contextmanager
def new_builds(name: str) -> Iterator[Builds]:
    """In a home called so."""
    with temporary_home() as home:
        place = home / name
        place.mkdir()
        with Store(default_settings(place)) as store:
            yield Builds(store, home)


@pytest.fixture
def builds() -> Iterator[Builds]:
    """In any home."""
    with new_builds("home") as builds:
        yield builds


def make_runtime(builds: Builds) -> StorePath:
    """The loader and the C library of this machine, laid out as a bundle's."""
    assert LOADER is not None
    triplet = f"{next(MACHINES[each] for each, path in LOADERS.items() if path.decode() in str(LOADER))}-linux-gnu"
    place = builds.work / "runtime" / "root/usr/lib" / triplet
    place.mkdir(parents=True)
    for name in (LOADER.name, "libc.so.6", "libm.so.6"):
        found = run(["gcc", f"-print-file-name={name}"]).strip()
        shutil.copy(Path(found).resolve() if os.path.isabs(found) else LOADER.resolve(), place / name)
    return builds.add("runtime-1", builds.work / "runtime")


@needs_compiler
def test_program_runs_on_its_inputs() -> None:
    """A program with libraries of its own and of an input runs without the host's, and is the same in every home.

    Nothing is left of what the linker was told but is not needed, which would be kept for its sake (J-18).
    """
    names = set()
    for home in ("h", "another"):
        with new_builds(home) as builds:
            names.add(build_and_run(builds))
    assert len(names) == 1


def build_and_run(builds: Builds) -> str:
    """Build a program, make it an object, look at it; returns the object's name."""
    runtime = make_runtime(builds)
    lib = builds.work / "input/lib"
    (lib / "private").mkdir(parents=True)
    inner = compile_c(INNER, lib / "private/libinner.so.1", "-shared", "-fPIC", "-Wl,-soname,libinner.so.1")
    compile_c(OUTER, lib / "libouter.so.1", "-shared", "-fPIC", "-Wl,-soname,libouter.so.1", str(inner))
    package, tool = builds.add("input-1", builds.work / "input"), builds.add("tool-1", inner)
    found = builds.store.path(package) / "lib"
    out = builds.work / "out"
    for directory in ("bin", "lib/own"):
        (out / directory).mkdir(parents=True)
    dead = f"-Wl,-rpath,{builds.store.path(tool)}:/build/.libs:{found}"
    link = ["-g", "-Wl,--build-id=sha1", dead, f"-Wl,-rpath-link,{found}/private", "-ffile-prefix-map=/tmp=/x"]
    own = out / "lib/own/libown.so.1"
    compile_c(OWN, own, "-shared", "-fPIC", "-Wl,-soname,libown.so.1", *link, str(found / "libouter.so.1"))
    compile_c(PROGRAM, out / "bin/program", *link, str(own), "-lm")
    fixed = builds.fix(out, runtime, (package,), (tool,))
    assert run([str(fixed / "bin/program")]) == "42\n"
    mapped = run([str(fixed / "bin/program")], variables={"LD_TRACE_LOADED_OBJECTS": "1"})
    places = [line.split("=>")[-1].split()[0] for line in mapped.splitlines() if "vdso" not in line]
    assert len(places) == 6
    assert all(place.startswith(f"{builds.store.root}/") for place in places)
    references = builds.store.database.references(StorePath(*fixed.name.split("-", 1)))
    assert set(references) == {runtime, package}
    run(["readelf", "-aW", str(fixed / "bin/program")])
    return fixed.name


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody who may not read everything")
def test_modes_of_an_ordinary_user() -> None:
    """Who is not root reads directories and files of mode 0000 of its own builds, and executable bits stay (J-06)."""
    tree: Tree = {b"a": {b"b": {b"f": b"content"}}, b"x": b"program"}
    with temporary_home() as home:
        with Store(default_settings(home)) as store:
            directory = home / "runtime/root/usr/lib/x86_64-linux-gnu"
            directory.mkdir(parents=True)
            (directory / "ld-linux-x86-64.so.2").touch()
            runtime = store.add(Output(iter_tree(home / "runtime"), "runtime-1", SCRATCH))
        write_files(tree, home / "out")
        subprocess.run(["chown", "-R", "65534", home], check=True)
        for name, mode in (("a/b/f", 0), ("a/b", 0), ("a", 0o111), ("x", 0o100), (".", 0)):
            (home / "out" / name).chmod(mode)

        def build() -> None:
            os.setuid(65534)
            with Store(default_settings(home)) as store:
                fixed = Builds(store, home).fix(home / "out", runtime, (), ())
                assert (fixed / "a/b/f").read_bytes() == b"content"
                assert not os.access(fixed / "a/b/f", os.X_OK)
                assert os.access(fixed / "x", os.X_OK)

        assert wait_for(fork(build)) == 0


@needs_compiler
def test_library_that_nobody_declared(builds: Builds) -> None:
    """A program linked with what is no input fails while it is built, and not when somebody calls it (J-13)."""
    runtime = make_runtime(builds)
    library = compile_c(INNER, builds.work / "libinner.so.1", "-shared", "-fPIC", "-Wl,-soname,libinner.so.1")
    source = "int inner(void); int main(void) { return inner(); }"
    out = compile_c(source, builds.work / "out", str(library), f"-Wl,-rpath,{builds.work}")
    assert attempt([str(out)]).returncode == 7
    with pytest.raises(BuildError, match="needs the library `libinner"):
        builds.fix(out, runtime, (), ())
