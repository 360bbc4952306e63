"""devenv needs no rights: as an ordinary user it makes nothing outside of the home directory."""

from __future__ import annotations

import contextlib
import os
import stat
from contextlib import closing
from pathlib import Path

from devenv.store.database import StoreDatabase
from devenv.store_path import require_store_path, store_root
from tests.registry.user import User

SHARED_DIRECTORIES = ("/tmp", "/var/tmp", "/dev/shm", "/run")
"""Where everybody may write."""


def test_main_job_as_an_ordinary_user(nobody: User) -> None:
    """Without root: add and run real packages; nothing appears elsewhere, and objects are read-only (O-03)."""
    before = find_shared(nobody.home)

    project = nobody.home / "api"
    nobody.call("init", str(project))
    nobody.call("add", "just", "debian:hello", directory=project)

    assert nobody.call("run", "--", "just", "--version", directory=project).startswith("just ")
    assert nobody.call("run", "--", "hello", directory=project) == "Hello, world!\n"
    assert find_shared(nobody.home) == before
    files = [path for path in store_root(nobody.settings.base).rglob("*") if not path.is_symlink()]
    assert len(files) > 3
    assert not [path for path in files if path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)]
    assert {path.stat().st_uid for path in files} == {nobody.home.stat().st_uid}


def test_two_users_get_the_same_objects(nobody: User, user: User) -> None:
    """From one lock, two users with homes of their own reproduce every object to the same digest (invariant 1)."""
    closures = []
    lock: bytes | None = None
    for each in (user, nobody):
        project = each.home / "reproduced"
        each.run(["mkdir", str(project)])
        (project / "devenv.toml").write_text('[packages]\njust = "*"\njq = "*"\n')
        if lock is None:
            each.call("lock", directory=project)
            lock = (project / "devenv.lock").read_bytes()
        (project / "devenv.lock").write_bytes(lock)
        result = each.ask("ci", directory=project)
        assert result["failure"] is None
        with closing(StoreDatabase(each.settings.base / "store.sqlite")) as database:
            closures.append([str(path) for path in database.closure(require_store_path(result["environment"]))])
        assert result["verification"]["objects"] == len(closures[-1]) > 3
    assert closures[0] == closures[1]


def find_shared(home: Path) -> set[Path]:
    """What belongs to the owner of `home` in the directories that everybody may write to.

    Nothing where the tests run as that user: then more than these commands write there.
    """
    owner = home.stat().st_uid
    if owner == os.geteuid():
        return set()
    found = set()
    for directory in filter(os.path.isdir, SHARED_DIRECTORIES):
        for entry in Path(directory).iterdir():
            with contextlib.suppress(FileNotFoundError):
                if entry.lstat().st_uid == owner:
                    found.add(entry)
    return found
