"""Environments with Debian's packages, and with wheels that run on Debian's libraries, by whole commands.

The packages hold a program of this machine, its loader and its C library: what is built here runs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devenv.elf.image import parse_elf
from devenv.store_path import store_root
from tests.debs import FILE, TarEntry, directory, make_ar, make_deb, make_raw_deb, make_tar, symlink
from tests.fsck import check_store
from tests.functional.catalogue import PLATFORMS, Catalogue
from tests.functional.debian_archive import MadeArchive, Pocket
from tests.functional.host_programs import HostPrograms, find_host_programs
from tests.functional.loopback import Fault, Kind
from tests.functional.wheels import make_wheel
from tests.functional.workflow.command import User
from tests.functional.workflow.conftest import MakeUser

pytestmark = pytest.mark.skipif(find_host_programs() is None, reason="needs an `echo` that runs on glibc alone")

BOTH = ("amd64", "arm64")
SPRING = datetime(2024, 3, 1, tzinfo=UTC)
RUNTIME = ("libgcc-s1", "libstdc++6", "zlib1g", "libatomic1")


@pytest.fixture
def programs() -> HostPrograms:
    found = find_host_programs()
    assert found is not None
    return found


@pytest.fixture
def archive(catalogue: Catalogue, programs: HostPrograms) -> MadeArchive:
    """An archive with `seetop`, which is `echo`, `jq`, the same, and what a runtime is made of."""
    made = MadeArchive(catalogue.registry, "/debian/")
    publish(made, programs)
    for system, platform in PLATFORMS.items():
        content = programs.echo if system is programs.system else b"#!/bin/sh\n"
        wheel = make_wheel("rust_just", "1.50.0", f"py3-none-{platform}", scripts={"just": content})
        catalogue.registry.add(wheel)
    return made


def publish(archive: MadeArchive, programs: HostPrograms, *stanzas: str, date: datetime = SPRING) -> None:
    """Publish the suite trixie; `stanzas` are further packages."""
    echo = make_echo(programs, "jq")
    offered = [
        archive.offer("libc6", programs.pack_libc()),
        archive.offer("dash", make_echo(programs, "dash"), Depends="libc6"),
        archive.offer("jq", echo, "1.7.1-6", Depends="libc6"),
        archive.offer("seetop", make_echo(programs, "seetop"), "3.4-1", Depends="libc6"),
        *(archive.offer(name, make_deb([document(name)])) for name in RUNTIME),
        *stanzas,
    ]
    archive.publish(Pocket("trixie", offered, date, architectures=BOTH))
    archive.publish(Pocket("trixie-updates", (), date, architectures=BOTH))


def make_echo(programs: HostPrograms, name: str) -> bytes:
    return make_deb([TarEntry(f"usr/bin/{name}".encode(), programs.echo, mode=0o755), document(name)])


def document(name: str) -> TarEntry:
    return TarEntry(f"usr/share/doc/{name}/copyright".encode(), b"Nobody has the rights.\n")


@pytest.fixture
def debian_user(user: User, archive: MadeArchive) -> User:
    """A user who reaches the archive and the catalogue."""
    return configure(user, archive)


def configure(user: User, archive: MadeArchive, first: str = "") -> User:
    keyring = user.home / "keyring.pgp"
    keyring.write_bytes(bytes(archive.key.extract_certificate()))
    user.configure(
        f'{first}[registries.pypi]\nindex = "{archive.registry.index}"\n'
        f'[registries.debian]\nmirrors = ["{archive.address}"]\nsecurity = []\nkeyring = "{keyring}"\n'
    )
    return user


def copy_project(there: User, user: User, archive: MadeArchive) -> User:
    """The project as another user checks it out."""
    copy = configure(user, archive).at(there.directory.name)
    for name, content in there.files().items():
        (copy.directory / name).write_bytes(content)
    return copy


def find_loader(there: User, program: str) -> Path:
    """The loader of a program in the environment."""
    path = store_root(there.settings.base) / Path(there.report("status")["environment"]).name / "bin" / program
    image = parse_elf(path.read_bytes())
    assert image is not None
    assert image.interpreter is not None
    return Path(image.interpreter.decode())


def test_program_from_a_wheel_runs_on_the_runtime(debian_user: User) -> None:
    """`add` of a program from a wheel pins a runtime for the Linux systems, and the program names its loader."""
    api = debian_user.project("api")
    api.devenv("add", "just")

    runtime = tomllib.loads(api.lock.read_text())["runtime"]
    assert set(runtime["systems"]) == {"x86_64-linux", "aarch64-linux"}
    assert api.devenv("run", "--", "just", "runs").text == "runs\n"
    loader = find_loader(api, "just")
    assert loader.is_relative_to(store_root(api.settings.base))
    assert loader.is_file()
    assert "-runtime-" in loader.relative_to(store_root(api.settings.base)).parts[0]
    check_store(api.settings, finished=False)


def test_runtime_of_the_host(debian_user: User, archive: MadeArchive) -> None:
    """With `runtime = "host"` in the settings programs stay as they were; the lock is the same as without."""
    api = debian_user.project("api")
    api.devenv("add", "just")
    before = api.files()
    configure(debian_user, archive, 'runtime = "host"\n')
    api.devenv("allow")

    assert api.devenv("run", "--", "just", "runs").text == "runs\n"
    assert not find_loader(api, "just").is_relative_to(store_root(api.settings.base))
    assert not api.report("lock")["changed"]
    assert api.files() == before


def test_package_of_a_suite(debian_user: User) -> None:
    """`add debian:NAME` pins a package and what it needs, without a runtime; it runs, and goes by that name."""
    api = debian_user.project("api")
    added = api.devenv("add", "debian:seetop").text

    assert [line for line in added.splitlines() if "note:" in line] == [
        "note: not for aarch64-darwin, x86_64-darwin: `seetop` 3.4: it is from Debian, which is for Linux only"
    ]
    lock = tomllib.loads(api.lock.read_text())
    assert "runtime" not in lock
    assert set(lock["packages"]["seetop"]["lacking"]) == {"x86_64-darwin", "aarch64-darwin"}
    assert api.devenv("run", "--", "seetop", "runs").text == "runs\n"
    assert "-seetop-3.4" in str(find_loader(api, "seetop"))
    check_store(api.settings, finished=False)

    assert "`debian:bookworm`" in api.failure("remove", "debian:bookworm/seetop")["message"]
    api.devenv("remove", "debian:seetop")
    assert "seetop" not in api.manifest.read_text()


def test_advice_about_what_was_added(debian_user: User) -> None:
    """Who takes a package as Debian has it is told that a recipe exists, or that nothing of it can be called."""
    api = debian_user.project("api")
    assert "`devenv add jq`" in api.devenv("add", "debian:jq").messages
    assert "note: `zlib1g` has no programs" in api.devenv("add", "debian:zlib1g").messages
    assert "seetop`" not in api.devenv("add", "debian:seetop").messages


def test_two_machines_make_the_same_lock(debian_user: User, make_user: MakeUser, archive: MadeArchive) -> None:
    """Whoever locks a manifest gets the same bytes, with homes of other lengths and nothing in their caches."""
    api = debian_user.project("api")
    api.devenv("add", "just", "debian:seetop", "jq")
    other = copy_project(api, make_user("a-longer-home"), archive)
    other.lock.unlink()
    other.devenv("lock")
    api.lock.unlink()
    api.devenv("lock")

    assert other.files() == api.files()


def test_indexes_are_not_needed_to_realize(debian_user: User, make_user: MakeUser, archive: MadeArchive) -> None:
    """With the lock and the pool alone another machine makes the same objects: no index is asked (invariant 1)."""
    api = debian_user.project("api")
    api.devenv("add", "just", "debian:seetop", "jq")
    archive.registry.index_enabled = False
    for pocket in ("trixie", "trixie-updates"):
        archive.registry.fail(archive.release_path(pocket), Fault(Kind.DROP))
    archive.registry.seen.clear()
    other = copy_project(api, make_user("a-longer-home"), archive)
    other.devenv("allow")

    assert other.devenv("run", "--", "seetop", "runs").text == "runs\n"
    assert other.devenv("run", "--", "just", "runs").text == "runs\n"
    assert {seen.path.split("/")[1] for seen in archive.registry.seen} <= {"debian", "packages"}
    assert not [seen.path for seen in archive.registry.seen if "/dists/" in seen.path]
    assert set(other.objects()) <= set(api.objects())
    check_store(other.settings, finished=False)


def test_set_test(debian_user: User, archive: MadeArchive) -> None:
    """`set test` tries packages of both kinds alone, and finds that a program runs on the host's libraries."""
    good = debian_user.report("set", "test", "just", "jq")["tests"]
    assert [(each["name"], each["version"], each["failures"]) for each in good] == [
        ("just", "1.50.0", []),
        ("jq", "1.7.1", []),
    ]
    configure(debian_user, archive, 'runtime = "host"\n')
    outcome = debian_user.call("set", "test", "just", "--json")
    (tried,) = outcome.result["tests"]
    assert outcome.status == 12
    assert tried["failures"][0].startswith("`just --version` loads from the host: /")


def test_going_back_in_time(
    debian_user: User, make_user: MakeUser, archive: MadeArchive, programs: HostPrograms
) -> None:
    """A suite that is older than the lock is refused, by who never saw a newer one too, unless it is allowed (G-19)."""
    api = debian_user.project("api")
    api.devenv("add", "debian:seetop")
    publish(archive, programs, date=SPRING - timedelta(days=3))
    other = copy_project(api, make_user(), archive)
    before = other.files()
    other.devenv("allow")
    assert other.failure("add", "jq")["slug"] == "release-older"
    assert other.files() == before

    other.devenv("add", "jq", "--allow-older")

    lock = tomllib.loads(other.lock.read_text())
    assert set(lock["inputs"]["debian"]["releases"].values()) == {"2024-02-27T00:00:00Z"}
    dates = {name: lock["packages"][name]["systems"]["x86_64-linux"]["date"] for name in ("seetop", "jq")}
    assert dates == {"seetop": "2024-03-01T00:00:00Z", "jq": "2024-02-27T00:00:00Z"}
    assert other.devenv("run", "--", "jq", "runs").text == "runs\n"


def make_long_chain(goal: bytes) -> list[TarEntry]:
    """Links whose path is longer than a system takes, so that where it leads goes unnoticed (CVE-2025-4517)."""
    entries, path = [], b""
    for step in b"abcdefghijklmnop":
        name = b"d" * 247
        entries += [directory(path + name), symlink(path + bytes([step]), name)]
        path += name + b"/"
    short = b"/".join(bytes([step]) for step in b"abcdefghijklmnop")
    entries.append(symlink(short + b"/" + b"l" * 254, b"../" * 16))
    entries.append(symlink(b"escape", short + b"/" + b"l" * 254 + b"/../../../.." + goal))
    entries.append(TarEntry(b"escape", b"x"))
    return [TarEntry(b"usr/" + each.name, each.content, each.kind, target=each.target) for each in entries]


EVIL = TarEntry(b"usr/bin/evil", b"#!/bin/sh\n", mode=0o755)
CONTROL_TAR = make_tar([TarEntry(b"./control", b"Package: evil\n")])
OUTSIDE = Path("/tmp/evil-of-devenv-tests")
HOSTILE: dict[str, Callable[[], bytes]] = {
    "climbs": lambda: make_raw_deb(CONTROL_TAR, make_tar([TarEntry(b"./../../evil", b"x")])),
    "absolute": lambda: make_raw_deb(CONTROL_TAR, make_tar([TarEntry(bytes(OUTSIDE), b"x")])),
    "through a link": lambda: make_deb([symlink(b"usr/share/evil", b"/tmp"), TarEntry(b"usr/share/evil/x", b"x")]),
    "hard link outside": lambda: make_deb([EVIL, TarEntry(b"usr/bin/x", kind=b"1", target=b"../../etc/passwd")]),
    "long chain of links": lambda: make_deb(make_long_chain(bytes(OUTSIDE))),
    "device": lambda: make_deb([EVIL, TarEntry(b"usr/null", kind=b"3")]),
    "no version": lambda: make_ar([(b"control.tar", CONTROL_TAR), (b"data.tar", make_tar([EVIL]))]),
    "member name": lambda: make_ar([(b"../../evil", b"x")]),
    "two contents": lambda: make_ar(
        [(b"debian-binary", b"2.0\n"), (b"control.tar", CONTROL_TAR), *[(b"data.tar", make_tar([EVIL]))] * 2]
    ),
    "cut off": lambda: make_deb([EVIL])[:-200],
    "two packages, one file": lambda: make_deb([TarEntry(b"usr/bin/seetop", b"other", kind=FILE)]),
}


def test_hostile_packages(debian_user: User, archive: MadeArchive, programs: HostPrograms) -> None:
    """A package that is no honest one, though its index vouches for it, leaves nothing behind (I-03, I-12, I-13)."""
    kinds = {f"evil-{number}": kind for number, kind in enumerate(HOSTILE)}
    publish(
        archive, programs, *(archive.offer(name, HOSTILE[kind](), Depends="seetop") for name, kind in kinds.items())
    )
    api = debian_user.project("api")
    before = api.files()
    for name, kind in kinds.items():
        error = api.failure("add", f"debian:{name}")
        assert error["slug"] in {"archive-invalid", "tree-conflict"}, kind
        assert name in error["message"], kind
        assert api.files() == before, kind
        # The description of the environment is made beside the package, of the manifest alone.
        assert not [each for each in api.objects() if not each.endswith("-environment-description")], kind

    assert list(api.home.rglob("evil*")) == []
    assert not OUTSIDE.exists()
    api.devenv("gc")
    check_store(api.settings, finished=True)
    api.devenv("add", "debian:seetop")


def test_what_a_package_has_outside_of_usr(debian_user: User, archive: MadeArchive, programs: HostPrograms) -> None:
    """Scripts of a package never run; jobs, set-id bits and absolute links stay harmless in its object (I-12, I-13)."""
    sentinel = debian_user.home / "ran"
    script = f"#!/bin/sh\ntouch {sentinel}\n".encode()
    content = make_deb(
        [
            TarEntry(b"usr/bin/odd", programs.echo, mode=0o6755),
            TarEntry(b"etc/cron.d/odd", b"* * * * * root odd\n"),
            symlink(b"usr/share/odd", b"/etc/cron.d"),
        ],
        {"preinst": script, "postinst": script, "postrm": script, "triggers": b"activate-await odd\n"},
    )
    publish(archive, programs, archive.offer("odd", content, Depends="libc6"))
    api = debian_user.project("api")
    api.devenv("add", "debian:odd")

    assert api.devenv("run", "--", "odd", "runs").text == "runs\n"
    assert not sentinel.exists()
    assert not Path("/etc/cron.d/odd").exists()
    (name,) = (name for name in api.objects() if "-odd-" in name)
    link = store_root(api.settings.base) / name / "root/usr/share/odd"
    assert link.resolve() == store_root(api.settings.base) / name / "root/etc/cron.d"
    check_store(api.settings, finished=False)
