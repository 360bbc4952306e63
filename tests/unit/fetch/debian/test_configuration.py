from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from devenv.errors import FetchError
from devenv.events import Detail, Event, Notice
from devenv.fetch.debian.access import DateChecks, DebianAccess
from devenv.fetch.debian.configuration import find_debian_access
from devenv.fetch.debian.keyring import SHIPPED_KEYRING
from devenv.settings import DebianSettings, Settings, default_settings

DEBIAN = """\
Types: deb
URIs: http://mirror.example/debian https://someone:s3cret@second.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


def find_access(
    root: Path, sources: str = "", options: str = "", debian: DebianSettings | None = None
) -> tuple[DebianAccess, list[Event]]:
    """The access of a user on a machine with those sources and options of apt, and what was reported."""
    directory = root / "etc" / "apt"
    (directory / "sources.list.d").mkdir(parents=True, exist_ok=True)
    (directory / "sources.list.d" / "debian.sources").write_text(sources)
    (directory / "apt.conf").write_text(options)
    settings: Settings = replace(default_settings(root / "home"), debian=debian or DebianSettings())
    events: list[Event] = []
    return find_debian_access(settings, {}, apt_root=root, report=events.append), events


def test_sources_of_apt(tmp_path: Path) -> None:
    """apt's sources for Debian are taken: all their addresses in order, their components, their credentials apart."""
    access, events = find_access(tmp_path, DEBIAN)
    assert access.main.bases == ("http://mirror.example/debian/", "https://second.example/debian/")
    assert access.main.components == ("main", "contrib")
    assert access.security is not None
    assert access.security.bases == ("http://mirror.example/debian-security/",)
    assert "debian.sources" in access.main.source
    assert access.credentials.authorization("https://second.example/debian/x") is not None
    assert access.credentials.authorization("http://mirror.example/debian/x") is None
    assert "s3cret" not in repr(access)
    assert events == []


def test_settings_come_first(tmp_path: Path) -> None:
    """What devenv's settings say of an archive replaces what apt says of that archive, and of no other."""
    access, _ = find_access(tmp_path, DEBIAN, debian=DebianSettings(mirrors=("https://own.example/d",)))
    assert access.main.bases == ("https://own.example/d/",)
    assert access.main.components == ("main",)
    assert access.security is not None
    assert access.security.bases == ("http://mirror.example/debian-security/",)


@pytest.mark.parametrize(
    "source",
    [
        "deb https://vendor.example/linux/debian bookworm stable",
        "deb https://vendor.example/apt bookworm-pgdg main",
        "deb https://vendor.example/apt jammy main",
        "deb https://vendor.example/apt ./",
        "deb [signed-by=/keys/vendor.asc] https://vendor.example/apt stable main",
    ],
)
def test_sources_of_others_are_not_debian(tmp_path: Path, source: str) -> None:
    """A vendor's source is not taken for Debian, be it by its suites, its components or its key."""
    (tmp_path / "etc/apt").mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_text(source + "\n")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "vendor.asc").write_bytes(b"no key")
    with pytest.raises(FetchError) as caught:
        find_access(tmp_path)
    assert caught.value.slug == "registry-unconfigured"
    assert "mirrors" in (caught.value.hint or "")


def test_keys_of_debian_by_another_name(tmp_path: Path) -> None:
    """A source is Debian's whose keyring, wherever it lies, holds one of Debian's keys."""
    (tmp_path / "ours.gpg").write_bytes(SHIPPED_KEYRING.read_bytes())
    access, _ = find_access(tmp_path, DEBIAN.replace("/usr/share/keyrings/debian-archive-keyring.gpg", "/ours.gpg"))
    assert access.main.bases[0] == "http://mirror.example/debian/"


def test_schemes(tmp_path: Path) -> None:
    """Directories are archives as well; what devenv cannot speak to is left out and told of."""
    sources = DEBIAN.replace(
        "http://mirror.example/debian https://someone:s3cret@second.example/debian/",
        "file:/srv/debian file:///srv/b mirror+file:/etc/mirrors cdrom:[x]/ tor+http://x.example/",
    )
    access, events = find_access(tmp_path, sources)
    assert access.main.bases == ("file://localhost/srv/debian/", "file://localhost/srv/b/")
    assert sum("is left out" in event.text for event in events if isinstance(event, Detail)) == 3


def test_without_security_archive(tmp_path: Path) -> None:
    """Where no source names the security archive, a notice says that its updates are missing."""
    access, events = find_access(tmp_path, DEBIAN.partition("\n\n")[0])
    assert access.security is None
    assert access.archives == (access.main,)
    assert [type(event) for event in events] == [Notice]


@pytest.mark.parametrize(
    ("options", "checks"),
    [
        ("", DateChecks()),
        ('Acquire::Check-Valid-Until "true";', DateChecks()),
        ('Acquire::Check-Valid-Until "false";', DateChecks(expired=False)),
        ('Acquire { Check-Date "no"; };', DateChecks(expired=False, future=False)),
        ("Acquire::Check-Date 0;", DateChecks(expired=False, future=False)),
    ],
)
@pytest.mark.parametrize("debian", [None, DebianSettings(mirrors=("http://mirror.example/debian",))])
def test_dates_are_not_checked_where_apt_does_not(
    tmp_path: Path, options: str, checks: DateChecks, debian: DebianSettings | None
) -> None:
    """Whoever told apt to take releases whose time is over need not tell devenv; it says no more than that."""
    access, _ = find_access(tmp_path, DEBIAN, options, debian)
    for archive in access.archives:
        assert {archive.date_checks(base, ["bookworm", "bookworm-security"]) for base in archive.bases} == {checks}


def checks_of(access: DebianAccess, base: str, *suites: str) -> tuple[bool, bool]:
    checks = access.main.date_checks(f"http://{base}.example/", suites)
    return checks.expired, checks.future


def test_option_of_a_source_holds_for_that_source(tmp_path: Path) -> None:
    """A source whose dates apt does not check says nothing of other suites, nor of the same suite elsewhere."""
    (tmp_path / "etc/apt").mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_text(
        "deb http://live.example trixie main\n"
        "deb http://live.example bullseye main\n"
        "deb [check-valid-until=no] http://frozen.example bullseye main\n"
        "deb [check-date=no] http://clockless.example oldstable main\n"
    )
    access, _ = find_access(tmp_path)
    assert checks_of(access, "frozen", "bullseye", "oldstable") == (False, True)
    assert checks_of(access, "frozen", "trixie", "stable") == (True, True)
    assert checks_of(access, "live", "bullseye", "oldstable") == (True, True)
    assert checks_of(access, "live", "trixie", "stable") == (True, True)
    assert checks_of(access, "clockless", "bookworm", "oldstable") == (False, False)


def test_source_that_says_yes(tmp_path: Path) -> None:
    """A source may ask for what apt's options turn off, and so does one of several for the same."""
    (tmp_path / "etc/apt").mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_text(
        "deb [check-valid-until=yes] http://live.example trixie main\n"
        "deb [check-valid-until=no] http://live.example trixie contrib main\n"
        "deb http://frozen.example bullseye main\n"
    )
    access, _ = find_access(tmp_path, options='Acquire::Check-Valid-Until "false";')
    assert checks_of(access, "live", "trixie") == (True, True)
    assert checks_of(access, "frozen", "bullseye") == (False, True)


def test_proxies_of_apt(tmp_path: Path) -> None:
    """apt's proxies are heeded, for single hosts too; those for `http` hold for `https` unless it has its own."""
    options = """
        Acquire::http::Proxy "http://proxy.example:3128";
        Acquire::http::Proxy::near.example "DIRECT";
        Acquire::https::Proxy "http://other.example:3128";
    """
    access, _ = find_access(tmp_path, DEBIAN, options)
    assert access.proxies == {
        "http://": "http://proxy.example:3128",
        "http://near.example": None,
        "https://": "http://other.example:3128",
        "https://near.example": None,
    }


@pytest.mark.parametrize(
    "debian",
    [
        DebianSettings(mirrors=("ftp://one.example/",)),
        DebianSettings(mirrors=("file:relative",)),
        DebianSettings(security=("https://",)),
        DebianSettings(mirrors=("https://one.example/?s3cret",)),
        DebianSettings(snapshot="ftp://one.example/{timestamp}"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, debian: DebianSettings) -> None:
    """An address in the settings that cannot be used is an error, not left out, and quotes no secret."""
    with pytest.raises(FetchError, match="cannot be used") as caught:
        find_access(tmp_path, DEBIAN, debian=debian)
    assert caught.value.slug == "registry-unconfigured"
    assert "s3cret" not in str(caught.value)
