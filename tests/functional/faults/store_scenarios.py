"""Work on the store itself: objects added, collected, carried about; its database migrated and made again."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from devenv.build.realize import realize
from devenv.derivation.model import Derivation, Input
from devenv.errors import StoreError
from devenv.events import ignore
from devenv.fsutil import make_private_directory
from devenv.generations.removal import remove_leftovers
from devenv.settings import default_settings
from devenv.store.archive import export_closures, import_archive
from devenv.store.collection import CollectionRequest, Roots, collect
from devenv.store.layout import layout_of
from devenv.store.links import READ_BYTES
from devenv.store.rebuilding import rebuild_database
from devenv.store.root_links import remove_ended_links
from devenv.store.store import Store
from tests.fsck import read_rows
from tests.functional.faults.scenario import (
    KEY,
    SCRATCH,
    Scenario,
    add,
    find_object,
    nothing,
    objects,
    output,
    project_path,
    require_objects,
)
from tests.functional.wheels import make_wheel
from tests.trees import SMALL, Link, Script, Tree, write_files

VERSION_1 = Path(__file__).parents[2] / "data" / "store" / "version-1.sql"

# --- realize, add ---

WHEEL = make_wheel(
    "tool", "1", files={"tool/lib/a.so": (b"library" * 99, True), "tool/empty": (b"", False)}, scripts={"tool": b"#!x"}
)
TOOL = Derivation(
    "tool-1",
    "x86_64-linux",
    "unpack/1",
    arguments={"format": "wheel", "place": {"bin": "bin", "tool": "lib/tool"}, "links": {"bin/alias": "tool"}},
    sources=("a" * 64,),
)
ENVIRONMENT = Derivation("environment", "x86_64-linux", "compose/1", inputs=(Input(TOOL),))


def prepare_realize(home: Path) -> None:
    """A downloaded file."""
    (home / WHEEL.filename).write_bytes(WHEEL.content)


def run_realize(home: Path) -> None:
    """Unpack it, and compose an environment."""
    with Store(default_settings(home)) as store:
        realize(store, [ENVIRONMENT], lambda digests: dict.fromkeys(digests, home / WHEEL.filename), ignore)


def require_realized(home: Path) -> None:
    """Both derivations are known."""
    found = read_rows(layout_of(default_settings(home).base).database).realisations
    assert {(each.key, "out") for each in (TOOL, ENVIRONMENT)} <= found.keys()


OWN_PATH: Tree = {b"l": Link(SCRATCH.encode() + b"/x"), b"x": b"at " + SCRATCH.encode(), b"y": Script(b"other")}


def run_register(home: Path) -> None:
    """Add an object that names itself."""
    with Store(default_settings(home)) as store:
        path = store.add(output(OWN_PATH, "own"))
        store.register_realisation(KEY, "out", path)


def require_registered(home: Path) -> None:
    """It is there under its name."""
    root = layout_of(default_settings(home).base).root
    path = objects(home)["own"]
    assert os.readlink(root / str(path) / "l") == f"{path.digest}/x"


LARGE = b"large" * (READ_BYTES // 4)


def run_batch(home: Path) -> None:
    """Add several objects in one transaction: some share files, small and large ones, and some are single files."""
    with Store(default_settings(home)) as store:
        trees: list[Tree] = [SMALL, {b"large": LARGE, b"again": LARGE, b"small": b"hello\n"}, b"hello\n", Link(b"x")]
        list(store.add_all(output(tree, f"object{number}") for number, tree in enumerate(trees)))


# --- collect ---


def prepare_collect(home: Path) -> None:
    """A store with living and dead objects, and with all that killed processes leave."""
    with Store(default_settings(home)) as store:
        living = add(store, "living", add(store, "below"))
        dead = add(store, "dead", add(store, "dead-below"), living)
        store.register_realisation(KEY, "out", dead)
        for name in (".trash-old", ".tmp-0123456789abcdef-0", f"{SCRATCH}-unregistered"):
            write_files({b"d": {b"x": b"left"}}, store.root / name)
        (store.layout.locks / ".tmp-0123456789abcdef").touch()
        (store.layout.temporary_roots / ".tmp-0123456789abcdef").write_text(f"{dead}\n")


def run_collect(home: Path) -> None:
    """Collect all but the living one."""
    with Store(default_settings(home)) as store:
        roots = Roots(frozenset(path for path in store.database.read_graph() if path.name == "living"))
        if failures := collect(store, CollectionRequest(lambda: roots), ignore).failures:
            raise StoreError(failures[0])


def collect_nothing(home: Path) -> None:
    """Tidy up as a collection does, with everything that is registered alive."""
    remove_leftovers(default_settings(home))
    with Store(default_settings(home)) as store:
        remove_ended_links(store.layout)
        roots = Roots(frozenset(store.database.read_graph()))
        assert not collect(store, CollectionRequest(lambda: roots), ignore).failures


def require_collected(home: Path) -> None:
    """Only the living are there, and the disk has its space."""
    require_objects("below", "living")(home)
    layout = layout_of(default_settings(home).base)
    assert len(os.listdir(layout.root)) == 2
    assert all(entry.stat().st_nlink > 1 for entry in os.scandir(layout.links)), "a link is left that nothing shares"


# --- migrate, rebuild ---


def prepare_migrate(home: Path) -> None:
    """A store as the devenv of version 1 left it."""
    with Store(default_settings(home)) as store:
        below = add(store, "below")
        store.register_realisation(KEY, "out", add(store, "above", below))
        place = store.layout.database
    restore_version_1(place)


def restore_version_1(place: Path) -> None:
    """Put a database of version 1 at `place`."""
    place.unlink()
    connection = sqlite3.connect(place)
    connection.executescript(VERSION_1.read_text())
    connection.close()


def run_migrate(home: Path) -> None:
    """Open it."""
    with Store(default_settings(home)):
        pass


def require_migrated(home: Path) -> None:
    """Nothing was lost: objects, references, realisations."""
    rows = read_rows(layout_of(default_settings(home).base).database)
    assert rows.version == 2
    by_name = {path.name: path for path in rows.objects}
    assert rows.references[by_name["above"]] == {by_name["below"]}
    assert rows.realisations == {(KEY, "out"): by_name["above"]}


def require_old_or_new(home: Path) -> None:
    """The database is of one version, with everything in it."""
    rows = read_rows(layout_of(default_settings(home).base).database)
    assert len(rows.objects) == 2
    assert len(rows.realisations) == 1


def prepare_rebuild(home: Path) -> None:
    """A store whose database has lost an object; its realisations are worth keeping."""
    with Store(default_settings(home)) as store:
        above = add(store, "above", add(store, "below"))
        store.register_realisation(KEY, "out", above)
        store.database.delete([add(store, "lost")])


def run_rebuild(home: Path) -> None:
    """Make it again."""
    if findings := rebuild_database(default_settings(home), ignore).findings:
        raise StoreError(findings[0].text)


# --- archives ---


def prepare_import(home: Path) -> None:
    """An archive of two objects, and a store that has one of them."""
    source = make_private_directory(home / "source")
    with Store(default_settings(source)) as store, (home / "archive").open("wb") as file:
        export_closures(store, [add(store, "above", add(store, "below"))], file, ignore)
    with Store(default_settings(home)) as store:
        add(store, "below")


def run_import(home: Path) -> None:
    """Take in the archive."""
    with Store(default_settings(home)) as store, (home / "archive").open("rb") as file:
        import_archive(store, file, ignore)


def prepare_export(home: Path) -> None:
    """A store, and what an archive of it looks like."""
    with Store(default_settings(home)) as store, (home / "expected").open("wb") as file:
        export_closures(store, [add(store, "above", add(store, "below"))], file, ignore)
    make_private_directory(project_path(home))


def run_export(home: Path) -> None:
    """Write the archive."""
    with Store(default_settings(home)) as store, (project_path(home) / "archive").open("wb") as file:
        export_closures(store, [find_object(store, "above")], file, ignore)


def require_exported(home: Path) -> None:
    """It is the same, byte for byte."""
    assert (project_path(home) / "archive").read_bytes() == (home / "expected").read_bytes()


STORE_SCENARIOS: dict[str, Scenario] = {
    "realize": Scenario(prepare_realize, run_realize, require_realized),
    "register": Scenario(nothing, run_register, require_registered),
    "batch": Scenario(nothing, run_batch, require_objects("object0", "object1", "object2", "object3")),
    "collect": Scenario(prepare_collect, run_collect, require_collected),
    "migrate": Scenario(prepare_migrate, run_migrate, require_migrated, require_old_or_new),
    "rebuild": Scenario(prepare_rebuild, run_rebuild, require_objects("above", "below", "lost")),
    "import": Scenario(prepare_import, run_import, require_objects("above", "below")),
    "export": Scenario(prepare_export, run_export, require_exported),
}
"""By name."""
