"""Debian packages: read as data, and whatever is not exactly one is refused."""

from __future__ import annotations

import contextlib
import os
import tempfile
import tracemalloc
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devenv.build import deb_archive
from devenv.build.deb_archive import UnpackedDeb, unpack_deb
from devenv.build.tar_header import TarKind
from devenv.errors import BuildError
from tests.debs import (
    CONTROL,
    PACKERS,
    TarEntry,
    directory,
    hard_link,
    make_ar,
    make_deb,
    make_raw_deb,
    make_tar,
    symlink,
)

REAL = Path(__file__).parents[2] / "data" / "debs" / "greeting_1.0-1_all.deb"
"""Made by dpkg-deb 1.21: a set-id program with a second name, an absolute link, a long name, a maintainer script."""
LONG_NAME = "usr/share/doc/greeting/" + "n" * 150


def everything(path: bytes) -> bool:
    return True


def unpack(
    path: Path, keep: Callable[[bytes], bool] = everything
) -> tuple[UnpackedDeb, Mapping[str, tuple[TarKind, bool, bytes]]]:
    """The package, and its members by path: kind, executable, content (of links: where they lead)."""
    with tempfile.TemporaryFile() as spool:
        deb = unpack_deb(path, path.name, spool.fileno(), keep)
        spool.seek(0)
        contents = spool.read()
    found = {}
    for member in deb.members:
        content = contents[member.offset : member.offset + member.size]
        content = content or member.target or member.link or b""
        found[member.path.decode()] = (member.kind, member.executable, content)
    assert len(contents) == sum(member.size for member in deb.members)
    return deb, found


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "greeting.deb"
    path.write_bytes(content)
    return path


def refuse(tmp_path: Path, content: bytes) -> str:
    """Why the package is refused."""
    with pytest.raises(BuildError) as caught:
        unpack(write(tmp_path, content))
    assert caught.value.slug == "archive-invalid"
    assert "`greeting.deb` is not accepted" in caught.value.message
    return caught.value.message


def test_real_package() -> None:
    """What dpkg-deb made is read: everything below the root, set-id bits gone, links unchanged, nothing run (I-05)."""
    deb, found = unpack(REAL)
    assert found == {
        "bin": (TarKind.DIRECTORY, False, b""),
        "bin/hello": (TarKind.SYMLINK, False, b"/usr/bin/greet"),
        "etc": (TarKind.DIRECTORY, False, b""),
        "etc/greeting.conf": (TarKind.FILE, False, b"word=hello\n"),
        "usr": (TarKind.DIRECTORY, False, b""),
        "usr/bin": (TarKind.DIRECTORY, False, b""),
        "usr/bin/greet": (TarKind.FILE, True, b"#!/bin/sh\necho hello\n"),
        "usr/bin/greet-again": (TarKind.HARD_LINK, True, b"usr/bin/greet"),
        "usr/share": (TarKind.DIRECTORY, False, b""),
        "usr/share/doc": (TarKind.DIRECTORY, False, b""),
        "usr/share/doc/greeting": (TarKind.DIRECTORY, False, b""),
        "usr/share/doc/greeting/copyright": (TarKind.FILE, False, b"Nobody has the rights.\n"),
        LONG_NAME: (TarKind.FILE, False, b"long\n"),
    }
    assert list(deb.control) == ["conffiles", "control", "postinst"]
    assert deb.control["control"].startswith(b"Package: greeting\nVersion: 1.0-1\n")
    assert deb.control["conffiles"] == b"/etc/greeting.conf\n"
    assert deb.control["postinst"] == b"#!/bin/sh\nset -e\ntouch /tmp/never-run\n"


def test_keep() -> None:
    """What is not kept is neither told nor written; a second name is told even where the first is not kept."""
    asked: list[bytes] = []

    def keep(path: bytes) -> bool:
        asked.append(path)
        return path.startswith(b"usr") and not path.startswith(b"usr/share/doc/") and path != b"usr/bin/greet"

    _, found = unpack(REAL, keep)
    assert list(found) == ["usr", "usr/bin", "usr/bin/greet-again", "usr/share", "usr/share/doc"]
    assert found["usr/bin/greet-again"] == (TarKind.HARD_LINK, True, b"usr/bin/greet")
    _, everything_found = unpack(REAL)
    assert sorted(asked) == sorted(path.encode() for path in everything_found)


@pytest.mark.parametrize("compression", PACKERS)
def test_compressions(tmp_path: Path, compression: str) -> None:
    """Packages are read in each compression that dpkg makes, and in none."""
    content = make_deb([TarEntry(b"usr/bin/greet", b"hello", mode=0o755)], compression=compression)
    deb, found = unpack(write(tmp_path, content))
    assert found["usr/bin/greet"] == (TarKind.FILE, True, b"hello")
    assert deb.control == {"control": CONTROL}


def test_mixed_compressions(tmp_path: Path) -> None:
    """The two archives of a package may be compressed in different ways, as dpkg's options allow."""
    control = make_tar([TarEntry(b"control", CONTROL)])
    data = make_tar([TarEntry(b"x", b"y")])
    content = make_ar([VERSION, (b"control.tar.gz", PACKERS[".gz"](control)), (b"data.tar.zst", PACKERS[".zst"](data))])
    _, found = unpack(write(tmp_path, content))
    assert found == {"x": (TarKind.FILE, False, b"y")}


def test_contents_of_all_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contents lie in the spool where they are said to, many small ones and one beyond what is written at once."""
    monkeypatch.setattr(deb_archive, "SPOOL_BYTES", 10_000)
    sizes = [0, 1, 511, 512, 513, 9_999, 10_000, 10_001, 3 << 20, *range(40)]
    contents = {f"d/{index}": os.urandom(size) for index, size in enumerate(sizes)}
    content = make_deb([TarEntry(name.encode(), text) for name, text in contents.items()], compression="")
    _, found = unpack(write(tmp_path, content))
    assert {name: text for name, (kind, _, text) in found.items() if kind is TarKind.FILE} == contents


def test_memory_stays_small(tmp_path: Path) -> None:
    """Small files between large ones that are not kept do not hold these in memory (B-12)."""
    entries = [TarEntry(b"large/%d" % number, bytes(600_000)) for number in range(80)]
    entries += [TarEntry(b"small/%d" % number, b"%d" % number) for number in range(80)]
    entries.sort(key=lambda entry: int(entry.name.rpartition(b"/")[2]))
    path = write(tmp_path, make_deb(entries, compression=""))
    tracemalloc.start()
    try:
        _, found = unpack(path, lambda name: name.startswith(b"small"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found) == 81
    assert peak < 8 << 20


def test_several_threads(tmp_path: Path) -> None:
    """Packages are unpacked by threads at the same time, each into its own spool."""
    paths = []
    for number in range(8):
        paths.append(tmp_path / f"{number}.deb")
        paths[-1].write_bytes(make_deb([TarEntry(b"usr/x", bytes([number]) * 300_000)]))
    with ThreadPoolExecutor(4) as threads:
        found = [found["usr/x"][2] for _, found in threads.map(unpack, paths)]
    assert found == [bytes([number]) * 300_000 for number in range(8)]


VERSION = (b"debian-binary", b"2.0\n")
ABOUT = (b"control.tar", make_tar([directory(b"./"), TarEntry(b"./control", CONTROL)]))
DATA = (b"data.tar", make_tar([directory(b"./"), TarEntry(b"./x", b"y")]))
BAD_MEMBERS = {
    "nothing": [],
    "no version": [ABOUT, DATA],
    "version behind": [ABOUT, DATA, VERSION],
    "version twice": [VERSION, VERSION, ABOUT, DATA],
    "other version": [(b"debian-binary", b"3.0\n"), ABOUT, DATA],
    "next version": [(b"debian-binary", b"2.1\n"), ABOUT, DATA],
    "version without line feed": [(b"debian-binary", b"2.0"), ABOUT, DATA],
    "more in the version": [(b"debian-binary", b"2.0\nmore\n"), ABOUT, DATA],
    "endless version": [(b"debian-binary", b"2.0\n" * 100_000), ABOUT, DATA],
    "old name of the version": [(b"debian-binary2", b"2.0\n"), ABOUT, DATA],
    "no control": [VERSION, DATA],
    "control twice": [VERSION, ABOUT, ABOUT, DATA],
    "control behind": [VERSION, DATA, ABOUT],
    "no data": [VERSION, ABOUT],
    "data twice": [VERSION, ABOUT, DATA, DATA],
    "data in two compressions": [VERSION, ABOUT, (b"data.tar.gz", PACKERS[".gz"](DATA[1])), DATA],
    "member for others": [VERSION, (b"_gpgorigin", b"x"), ABOUT, DATA],
    "member for others behind": [VERSION, ABOUT, DATA, (b"_gpgorigin", b"x")],
    "unknown member": [VERSION, ABOUT, DATA, (b"more", b"x")],
    "unknown compression": [VERSION, ABOUT, (b"data.tar.bz2", DATA[1])],
    "lzma": [VERSION, ABOUT, (b"data.tar.lzma", DATA[1])],
    "two compressions": [VERSION, ABOUT, (b"data.tar.gz.xz", DATA[1])],
    "no archive of ours": [VERSION, ABOUT, (b"data.tar.", DATA[1])],
    "other case": [VERSION, ABOUT, (b"Data.tar", DATA[1])],
    "other compression than its name": [VERSION, ABOUT, (b"data.tar.xz", PACKERS[".gz"](DATA[1]))],
}


@pytest.mark.parametrize("defect", BAD_MEMBERS)
def test_bad_members(tmp_path: Path, defect: str) -> None:
    """A package has exactly its three members in their order; everything else is refused and named (I-12)."""
    assert unpack(write(tmp_path, make_ar([VERSION, ABOUT, DATA])))[1]
    reason = refuse(tmp_path, make_ar(BAD_MEMBERS[defect]))
    for name, _ in BAD_MEMBERS[defect]:
        if name.startswith(b"_"):
            assert name.decode() in reason


def test_old_format(tmp_path: Path) -> None:
    """A package of the format before 2.0, which was no `ar` archive, is refused (I-12)."""
    refuse(tmp_path, b"0.939000\n" + b"100\n" + PACKERS[".gz"](ABOUT[1]) + PACKERS[".gz"](DATA[1]))


BAD_CONTROLS = {
    "no control": [TarEntry(b"./postinst")],
    "nothing": [],
    "link": [symlink(b"./control", b"/etc/passwd")],
    "link to the control file": [TarEntry(b"./about", CONTROL), symlink(b"./control", b"about")],
    "hard link": [TarEntry(b"./about", CONTROL), hard_link(b"./control", b"./about")],
    "link beside it": [TarEntry(b"./control", CONTROL), symlink(b"./postinst", b"/bin/sh")],
    "directory": [TarEntry(b"./control", CONTROL), directory(b"./more")],
    "in a directory": [TarEntry(b"./more/control", CONTROL)],
    "other file in a directory": [TarEntry(b"./control", CONTROL), TarEntry(b"./more/postinst")],
    "twice": [TarEntry(b"./control", CONTROL), TarEntry(b"control", CONTROL)],
    "climbing": [TarEntry(b"./control", CONTROL), TarEntry(b"../postinst")],
    "too large": [TarEntry(b"./control", CONTROL), TarEntry(b"./postinst", bytes((1 << 20) + 1))],
}


@pytest.mark.parametrize("defect", BAD_CONTROLS)
def test_bad_control(tmp_path: Path, defect: str) -> None:
    """What is about a package is files, `control` among them, and none too large (I-12: control.tar symlinks)."""
    assert "control.tar.xz" in refuse(tmp_path, make_raw_deb(make_tar(BAD_CONTROLS[defect]), DATA[1]))


def test_control_files(tmp_path: Path) -> None:
    """Of the files about a package those are told that a builder reads; check sums may be many and are not."""
    about = {name: name.encode() for name in ("triggers", "preinst", "prerm", "postrm", "md5sums", "templates", "new")}
    content = make_deb([], about | {"md5sums": bytes(2 << 20)})
    deb, found = unpack(write(tmp_path, content))
    assert not found
    assert sorted(deb.control) == ["control", "postrm", "preinst", "prerm", "triggers"]


BAD_DATA = {
    "climbing": [TarEntry(b"../etc/cron.d/x", b"x")],
    "absolute": [TarEntry(b"/etc/cron.d/x", b"x")],
    "device": [TarEntry(b"./dev/sda", kind=b"4")],
    "through a link": [symlink(b"./lib", b"/etc"), TarEntry(b"./lib/cron.d/x", b"x")],
    "hard link to the outside": [hard_link(b"./x", b"/etc/passwd")],
}


@pytest.mark.parametrize("defect", BAD_DATA)
def test_bad_data(tmp_path: Path, defect: str) -> None:
    """What a package installs lies below the root and is plain, or all of it is refused (I-01, I-02, I-04, I-13)."""
    assert "`data.tar.xz`" in refuse(tmp_path, make_raw_deb(ABOUT[1], make_tar(BAD_DATA[defect])))


@pytest.mark.parametrize("compression", [".xz", ".zst"])
def test_bombs(tmp_path: Path, compression: str) -> None:
    """A package that unpacks to thousands of times its size is refused on the way (I-06, I-15)."""
    packed = PACKERS[compression](make_tar([TarEntry(b"zeros", bytes(17 << 20))]))
    bomb = make_ar([VERSION, ABOUT, (f"data.tar{compression}".encode(), packed)])
    assert "unpacks to more than" in refuse(tmp_path, bomb)


def test_end_hidden_in_the_compression(tmp_path: Path) -> None:
    """What follows the archive's end within the compressed data, or the compressed data, is refused (I-08, I-15)."""
    second = make_tar([TarEntry(b"./etc/shadow", b"x")])
    for kind, pack in PACKERS.items():
        name = f"data.tar{kind}".encode()
        for packed in (pack(DATA[1] + second), pack(DATA[1]) + pack(second), pack(DATA[1]) + b"x", pack(DATA[1])[:-1]):
            refuse(tmp_path, make_ar([VERSION, ABOUT, (name, packed)]))


def test_truncated_anywhere(tmp_path: Path) -> None:
    """A package that ends too early, wherever, is refused (F-01's kind)."""
    content = REAL.read_bytes()
    for length in range(0, len(content), 3):
        refuse(tmp_path, content[:length])


def test_flipped_anywhere(tmp_path: Path) -> None:
    """One flipped bit gives an error, or changes nothing: never other contents under the same names."""
    content = REAL.read_bytes()
    whole = unpack(REAL)
    silent = 0
    for position in range(0, len(content) * 8, 5):
        flipped = bytearray(content)
        flipped[position // 8] ^= 1 << position % 8
        try:
            assert unpack(write(tmp_path, bytes(flipped))) == whole
            silent += 1
        except BuildError:
            pass
    # Times, owners and modes of the three members say nothing about the package.
    assert silent < len(content) * 8 / 5 / 10


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=8), st.integers(0, 8)), max_size=4))
@example(edits=[(68, b"", 4)])
def test_mutated_packages(tmp_path: Path, edits: list[tuple[int, bytes, int]]) -> None:
    """Whatever is done to a real package: an error of ours or the package, and reading ends."""
    content = REAL.read_bytes()
    for position, inserted, removed in edits:
        start = position % (len(content) + 1)
        content = content[:start] + inserted + content[start + removed :]
    with contextlib.suppress(BuildError):
        unpack(write(tmp_path, content))


def test_missing_file(tmp_path: Path) -> None:
    """A package that is not there is the system's error, with its path."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        unpack(tmp_path / "nowhere")


def test_full_disk() -> None:
    """A disk without room is the system's error: the package is not to blame."""
    if not os.path.exists("/dev/full"):
        pytest.skip("the system has no full device")
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError, match="No space left"):
        unpack_deb(REAL, REAL.name, full.fileno(), everything)


def test_nothing_stays_open(tmp_path: Path) -> None:
    """Refused and accepted packages are closed."""
    before = len(os.listdir("/dev/fd"))
    unpack(REAL)
    refuse(tmp_path, b"no package")
    refuse(tmp_path, REAL.read_bytes()[:-10])
    assert len(os.listdir("/dev/fd")) == before
