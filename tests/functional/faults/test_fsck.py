"""The checker that all fault tests rely on finds what it is there to find."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from devenv.settings import Settings, default_settings
from devenv.store.database import StoreDatabase
from devenv.store.layout import Layout
from devenv.store.root_links import add_root_link
from devenv.store.store import Store
from devenv.store_path import StorePath
from tests.fsck import check_store, unchanged
from tests.functional.faults.scenario import KEY, add
from tests.homes import temporary_home


@dataclass(frozen=True, slots=True)
class Sound:
    """A store in which nothing is wrong, closed."""

    settings: Settings
    layout: Layout
    above: StorePath
    below: StorePath

    @property
    def file(self) -> Path:
        """A file of the upper object."""
        return self.layout.root / str(self.above) / "own"

    def execute(self, statement: str) -> None:
        """Change the database behind devenv's back."""
        with closing(sqlite3.connect(self.layout.database, isolation_level=None)) as connection:
            connection.execute(statement)


@pytest.fixture
def sound() -> Iterator[Sound]:
    """Such a store, with two objects, a realisation and a link."""
    with temporary_home(in_memory=True) as home:
        with Store(default_settings(home)) as store:
            below = add(store, "below")
            above = add(store, "above", below)
            store.register_realisation(KEY, "out", above)
            add_root_link(store, home / "result", above)
            sound = Sound(default_settings(home), store.layout, above, below)
        yield sound


def rewrite(sound: Sound) -> None:
    """Change a file's content and nothing else."""
    (sound.layout.root / str(sound.above)).chmod(0o755)
    sound.file.unlink()
    sound.file.write_bytes(b"other")
    sound.file.chmod(0o444)
    os.utime(sound.file, (1, 1))
    (sound.layout.root / str(sound.above)).chmod(0o555)
    os.utime(sound.file.parent, (1, 1))


def spoil_link(sound: Sound) -> None:
    """Put a link there whose name does not fit its content."""
    link = sound.layout.links / ("0" * 40)
    link.write_bytes(b"x")
    link.chmod(0o444)
    os.utime(link, (1, 1))


def forget_object(sound: Sound) -> None:
    """Take the row of an object away that a link leads to."""
    with closing(StoreDatabase(sound.layout.database)) as database:
        database.delete([sound.above])


def remove_tree(sound: Sound) -> None:
    """Delete an object's files."""
    shutil.rmtree(sound.layout.root / str(sound.above))


Break = Callable[[Sound], object]

BREAKS: dict[str, tuple[str, Break]] = {
    "missing": ("I1", remove_tree),
    "content": ("I2", rewrite),
    "size": ("I2", lambda sound: sound.execute("UPDATE objects SET size = size + 1")),
    "link": ("I2", spoil_link),
    "reference": ("I3", lambda sound: sound.execute("INSERT INTO object_references VALUES (1, 2)")),
    "writable": ("I5", lambda sound: sound.file.chmod(0o644)),
    "set-user": ("I5", lambda sound: sound.file.chmod(0o4555)),
    "time": ("I5", lambda sound: os.utime(sound.file, (5, 5))),
    "root": ("I6", forget_object),
    "row": ("I11", lambda sound: sound.execute("INSERT INTO realisations VALUES ('x', 'out', 99)")),
    "schema": ("I11", lambda sound: sound.execute("DROP TABLE realisations")),
    "tree": ("I8", lambda sound: (sound.layout.root / ".tmp-0123456789abcdef-0").mkdir()),
    "trash": ("I8", lambda sound: (sound.layout.root / ".trash-x").mkdir()),
    "lock": ("I8", lambda sound: (sound.layout.locks / "thing").touch()),
    "record": ("I8", lambda sound: (sound.layout.roots / ".tmp-0123456789abcdef").mkdir()),
}
"""What is done to a sound store, and the invariant that it breaks."""


def test_sound_store(sound: Sound) -> None:
    """A store that nothing happened to has nothing wrong with it."""
    check_store(sound.settings, finished=True)


@pytest.mark.parametrize("name", BREAKS)
def test_broken_invariant(sound: Sound, name: str) -> None:
    """Whatever breaks an invariant is found, and the invariant is named."""
    invariant, spoil = BREAKS[name]
    spoil(sound)
    with pytest.raises(AssertionError) as caught:
        check_store(sound.settings, finished=True)
    assert str(caught.value).startswith(f"{invariant}: ")


@pytest.mark.parametrize("name", ["tree", "trash", "lock", "record"])
def test_unfinished_is_no_damage(sound: Sound, name: str) -> None:
    """What killed processes leave is allowed until a collection has passed."""
    BREAKS[name][1](sound)
    check_store(sound.settings, finished=False)


def test_touched_outside(tmp_path: Path) -> None:
    """A file outside of devenv's directories that is changed, added or gone is found (I10); one inside is not."""
    (tmp_path / "own").mkdir()
    (tmp_path / "file").write_text("x")
    with unchanged(tmp_path, [tmp_path / "own"]):
        (tmp_path / "own" / "new").touch()
    for change in (lambda: (tmp_path / "file").write_text("y"), (tmp_path / "new").touch, (tmp_path / "file").unlink):
        with pytest.raises(AssertionError, match="I10"), unchanged(tmp_path, [tmp_path / "own"]):
            change()
