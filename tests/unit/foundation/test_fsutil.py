"""The primitives everything durable rests on."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devenv import fsutil
from devenv.fsutil import (
    delete_tree,
    find_unfinished,
    locked,
    make_private_directory,
    make_public_directory,
    read_regular,
    remove_unfinished,
    rename_new,
    replace_link,
    temporary_name,
    write_atomic,
)


def test_write_atomic_replaces(tmp_path: Path) -> None:
    """A file is replaced whole, with mode and times, and nothing is left beside it (A-09)."""
    path = tmp_path / "file"
    path.write_text("old")
    write_atomic(path, b"new", 0o640, times=(5_000_000_001, 7_000_000_003))
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_mtime_ns == 7_000_000_003
    assert os.listdir(tmp_path) == ["file"]


def test_write_atomic_ignores_the_umask(tmp_path: Path) -> None:
    """The mode is the one asked for, whatever the umask (B-09)."""
    before = os.umask(0o077)
    try:
        write_atomic(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


def test_write_atomic_replaces_links(tmp_path: Path) -> None:
    """A link at the file's place is replaced; what it points to stays as it was."""
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "file").symlink_to("victim")
    write_atomic(tmp_path / "file", b"new")
    assert (tmp_path / "victim").read_text() == "mine"
    assert not (tmp_path / "file").is_symlink()


@pytest.mark.parametrize("failing", ["fsync", "replace", "fchmod"])
def test_write_atomic_fails_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    """When a step fails (a full disk, say) the old file is there and nothing else (B-01)."""
    path = tmp_path / "file"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("write", [lambda path: write_atomic(path, b"new"), lambda path: replace_link(path, "new")])
def test_tidied_writer_writes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    """Whoever tidies while another process writes takes nothing from it: it is written all the same (A-09)."""
    replace, calls = os.replace, 0

    def tidied(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls <= 2:
            remove_unfinished(tmp_path)
        replace(source, target)

    monkeypatch.setattr(os, "replace", tidied)
    write(tmp_path / "file")
    assert calls == 3
    assert os.listdir(tmp_path) == ["file"]


def test_writing_into_a_directory_that_has_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory deleted in the middle of a write is an error, not an endless attempt."""
    directory = tmp_path / "directory"
    directory.mkdir()
    replace = os.replace

    def deleted(source: Path, target: Path) -> None:
        delete_tree(directory)
        replace(source, target)

    monkeypatch.setattr(os, "replace", deleted)
    with pytest.raises(FileNotFoundError):
        write_atomic(directory / "file", b"new")


def test_remove_unfinished_takes_only_its_own(tmp_path: Path) -> None:
    """Files and links by the names of unfinished ones go; directories, other names and what links lead to stay."""
    names = [temporary_name() for _ in range(3)]
    (tmp_path / names[0]).touch()
    (tmp_path / names[1]).symlink_to("kept")
    (tmp_path / names[2]).mkdir()
    for name in ("kept", ".tmp-mine", ".tmp-0123456789abcdef0", "x.tmp-0123456789abcdef"):
        (tmp_path / name).touch()
    assert find_unfinished(tmp_path) == sorted(tmp_path / name for name in names[:2])
    remove_unfinished(tmp_path)
    assert set(os.listdir(tmp_path)) == {
        "kept",
        ".tmp-mine",
        ".tmp-0123456789abcdef0",
        "x.tmp-0123456789abcdef",
        names[2],
    }
    assert find_unfinished(tmp_path / "missing") == []


def test_replace_link(tmp_path: Path) -> None:
    """A link is switched in one step, from nothing, from a link, and from a file."""
    link = tmp_path / "link"
    for target in ("1", "2"):
        replace_link(link, target)
        assert os.readlink(link) == target
    link.unlink()
    link.touch()
    replace_link(link, "3")
    assert os.readlink(link) == "3"
    assert os.listdir(tmp_path) == ["link"]


def test_replace_link_keeps_directories(tmp_path: Path) -> None:
    """A directory is never replaced by a link, and the attempt leaves nothing behind."""
    (tmp_path / "link").mkdir()
    with pytest.raises(OSError, match="irectory"):
        replace_link(tmp_path / "link", "1")
    assert os.listdir(tmp_path) == ["link"]


@pytest.fixture(params=["native", "fallback"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the system's call that does not replace, and without it."""
    if request.param == "fallback":
        monkeypatch.setattr(fsutil, "_native_rename", lambda *_: None)
    return str(request.param)


@pytest.mark.parametrize("existing", ["full", "empty", "file", "link", "dangling"])
def test_rename_new_never_replaces(tmp_path: Path, way: str, existing: str) -> None:
    """What exists at the target stays, even an empty directory, which `rename` would replace silently (finding 10)."""
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "new").mkdir(parents=True)
    match existing:
        case "full":
            (target / "old").mkdir(parents=True)
        case "empty":
            target.mkdir()
        case "file":
            target.touch()
        case _:
            target.symlink_to(tmp_path if existing == "link" else "nowhere")
    before = target.lstat().st_ino
    with pytest.raises(FileExistsError):
        rename_new(source, target)
    assert target.lstat().st_ino == before
    assert (source / "new").is_dir()


def test_rename_new(tmp_path: Path, way: str) -> None:
    """Where nothing is, the name changes; read-only directories included."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir(mode=0o555)
    rename_new(source, target)
    assert target.is_dir()
    assert not source.exists()
    with pytest.raises(FileNotFoundError):
        rename_new(source, target.with_name("other"))


def build_hostile(top: Path) -> None:
    """A tree with everything that makes deletion hard, short of depth."""
    (top / "locked" / "below").mkdir(parents=True)
    (top / "locked" / "below" / "file").touch(0o000)
    (top / "readonly").mkdir()
    (top / "readonly" / "file").touch(0o444)
    os.mkfifo(top / "fifo")
    os.mkdir(os.fsencode(top) + b"/\xff\n")
    (top / "readonly").chmod(0o555)
    (top / "locked" / "below").chmod(0o000)
    (top / "locked").chmod(0o000)
    top.chmod(0o555)


def test_delete_tree_of_any_mode(tmp_path: Path) -> None:
    """Read-only directories, and those that nobody may enter, are deleted like others (I-05, J-07)."""
    top = tmp_path / "top"
    top.mkdir()
    build_hostile(top)
    delete_tree(top)
    assert os.listdir(tmp_path) == []


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    """As many open files as macOS allows by default."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_delete_tree_of_any_depth(tmp_path: Path, few_descriptors: None) -> None:
    """Trees deeper than a path can be long, and than files can be open, are deleted (B-10)."""
    depth = 3000
    here = os.open(".", os.O_RDONLY)
    top = tmp_path / "top"
    top.mkdir()
    try:
        os.chdir(top)
        for _ in range(depth):
            os.mkdir("directory")
            os.chdir("directory")
        os.mkdir("last")
    finally:
        os.fchdir(here)
        os.close(here)
    assert depth * len("directory/") > os.pathconf(tmp_path, "PC_PATH_MAX")
    delete_tree(top)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("shape", ["file", "link", "dangling", "nothing", "no-parent"])
def test_delete_tree_of_what_is_no_tree(tmp_path: Path, shape: str) -> None:
    """A file or a link goes itself; a link's target stays; where nothing is, nothing happens."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").touch()
    path = tmp_path / "path"
    match shape:
        case "file":
            path.touch()
        case "link":
            path.symlink_to(victim)
        case "dangling":
            path.symlink_to("nowhere")
        case "no-parent":
            path = path / "below"
    delete_tree(path)
    assert os.listdir(tmp_path) == ["victim"]
    assert (victim / "kept").exists()


def test_delete_tree_does_not_follow_links_inside(tmp_path: Path) -> None:
    """Links in a tree are deleted, not what they point to (D-12)."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").touch()
    (tmp_path / "top" / "d").mkdir(parents=True)
    (tmp_path / "top" / "d" / "l").symlink_to(victim)
    (tmp_path / "top" / "up").symlink_to("..")
    delete_tree(tmp_path / "top")
    assert (victim / "kept").exists()


def test_delete_tree_notices_a_swap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that is swapped for another while it is opened is not deleted in its place (J-07)."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").touch()
    (tmp_path / "top" / "d").mkdir(parents=True)
    chmod = os.chmod

    def swap(path: bytes, mode: int, *, dir_fd: int) -> None:
        chmod(path, mode, dir_fd=dir_fd)
        if path == b"d":
            os.rename(tmp_path / "top" / "d", tmp_path / "elsewhere")
            os.rename(victim, tmp_path / "top" / "d")

    monkeypatch.setattr(os, "chmod", swap)
    with pytest.raises(OSError, match="moved"):
        delete_tree(tmp_path / "top")
    assert (tmp_path / "top" / "d" / "kept").exists()


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    """None of this leaves files open, whether it succeeds or fails."""
    (tmp_path / "top" / "d").mkdir(parents=True)
    (tmp_path / "file").touch()
    before = len(os.listdir("/dev/fd"))
    delete_tree(tmp_path / "top")
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(OSError, match=r"regular|larger"):
            read_regular(path, -1 if path.is_file() else 1)
    write_atomic(tmp_path / "file", b"")
    with locked(tmp_path / "lock"):
        pass
    assert len(os.listdir("/dev/fd")) == before


def test_read_regular(tmp_path: Path) -> None:
    """A file up to the limit is read; one byte more is too much."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes") as caught:
        read_regular(path, 4)
    assert caught.value.errno == errno.EFBIG


@pytest.mark.parametrize("shape", ["fifo", "directory", "device", "link to fifo"])
def test_read_regular_of_something_else(tmp_path: Path, shape: str) -> None:
    """A FIFO does not hang us, a device is not read: each is said to be no regular file (K-05)."""
    path = tmp_path / "path"
    match shape:
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "device":
            path = Path("/dev/zero")
        case _:
            os.mkfifo(tmp_path / "fifo")
            path.symlink_to("fifo")
    with pytest.raises(OSError, match="not a regular file") as caught:
        read_regular(path, 10)
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize("shape", ["nothing", "dangling", "loop"])
def test_read_regular_of_nothing(tmp_path: Path, shape: str) -> None:
    """What is not there, and links that lead nowhere, are ordinary errors of the system (K-05)."""
    path = tmp_path / "path"
    if shape != "nothing":
        path.symlink_to("path" if shape == "loop" else "nowhere")
    with pytest.raises(OSError, match="path"):
        read_regular(path, 10)


def test_lock_excludes(tmp_path: Path) -> None:
    """A lock that is held is not had a second time, by nobody, until it is given back."""
    with locked(tmp_path / "lock") as first, locked(tmp_path / "lock", wait=False) as second:
        assert (first, second) == (True, False)
    with locked(tmp_path / "lock", wait=False) as third:
        assert third


def test_lock_is_given_back_on_failure(tmp_path: Path) -> None:
    """An error while a lock is held gives it back (C-13)."""
    with pytest.raises(KeyError), locked(tmp_path / "lock"):
        raise KeyError
    with locked(tmp_path / "lock", wait=False) as held:
        assert held


def test_shared_locks(tmp_path: Path) -> None:
    """Readers share a lock; a writer waits for all of them."""
    with locked(tmp_path / "lock", shared=True), locked(tmp_path / "lock", shared=True, wait=False) as second:
        assert second
        with locked(tmp_path / "lock", wait=False) as writer:
            assert not writer


@pytest.mark.parametrize("replaced", [False, True])
def test_deleted_lock_is_made_afresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaced: bool) -> None:
    """Who waited for a lock whose file was deleted meanwhile holds nothing: he takes the new one (C-04)."""
    path = tmp_path / "lock"
    waiting = threading.Event()
    flock = fcntl.flock

    def announce(descriptor: int, operation: int) -> None:
        if threading.current_thread() is waiter:
            waiting.set()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", announce)
    refused: list[bool] = []

    def wait() -> None:
        with locked(path), locked(path, wait=False) as other:
            refused.append(not other)

    waiter = threading.Thread(target=wait)
    with locked(path):
        waiter.start()
        assert waiting.wait(10)
        path.unlink()
        if replaced:
            path.touch()
    waiter.join(10)
    assert refused == [True]


def test_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """A lock file is never made through a link that somebody put there (B-15)."""
    (tmp_path / "lock").symlink_to("elsewhere")
    with pytest.raises(OSError, match="lock"), locked(tmp_path / "lock"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_private_directories(tmp_path: Path) -> None:
    """New directories belong to their owner alone; existing ones keep their mode."""
    (tmp_path / "old").mkdir(mode=0o755)
    path = make_private_directory(tmp_path / "old" / "a" / "b")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o700, 0o700]
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o755
    assert make_private_directory(path) == path


def test_public_directories(tmp_path: Path) -> None:
    """What is made for others can be read by them, whatever the umask says; what was there keeps its mode."""
    there = tmp_path / "there"
    there.mkdir(mode=0o700)
    before = os.umask(0o077)
    try:
        make_public_directory(there / "new" / "directory")
        make_public_directory(there)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (there, there / "new", there / "new" / "directory")]
    assert modes == [0o700, 0o755, 0o755]


def test_temporary_names_differ() -> None:
    """Two unfinished things never meet, and both are recognised as such."""
    names = {temporary_name() for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith(fsutil.TEMPORARY_PREFIX) for name in names)
