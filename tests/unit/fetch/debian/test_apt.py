from __future__ import annotations

import os
from pathlib import Path

import pytest

from devenv.fetch.addresses import parse_address
from devenv.fetch.debian.apt_configuration import read_apt_configuration
from devenv.fetch.debian.apt_options import parse_logins, parse_options
from devenv.fetch.debian.apt_sources import AptEntry, parse_one_line_sources, parse_stanza_sources

ONE_LINE = """\
# a comment
deb http://one.example/debian bookworm main contrib # and another
deb-src http://one.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/a.gpg check-valid-until=no] https://two.example/x/ trixie-security main
nonsense
"""

STANZAS = """\
# a comment
Types: deb deb-src
URIs: http://one.example/debian
 http://two.example/debian
Suites: bookworm bookworm-updates
# in between
Components: main
Check-Valid-Until: no
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 xsFN

Types: deb
Enabled: no
URIs: http://off.example/
Suites: bookworm

Types: deb-src
URIs: http://source.example/
Suites: bookworm

Suites: alone
"""


def test_one_line_format() -> None:
    """Lines with options and comments are read; sources of source packages are not; what is no source is named."""
    first, second, complaint = parse_one_line_sources(ONE_LINE, "list")
    assert first == AptEntry(("http://one.example/debian",), ("bookworm",), ("main", "contrib"), file="list")
    assert second == AptEntry(
        ("https://two.example/x/",),
        ("trixie-security",),
        ("main",),
        "/keys/a.gpg",
        check_valid_until=False,
        file="list",
    )
    assert complaint == "line 5 of `list` is no source"


def test_stanza_format() -> None:
    """Stanzas over several lines are read, keys in them as well; disabled ones and source packages are not."""
    entry, complaint = parse_stanza_sources(STANZAS, "x.sources")
    assert isinstance(entry, AptEntry)
    assert entry.addresses == ("http://one.example/debian", "http://two.example/debian")
    assert entry.suites == ("bookworm", "bookworm-updates")
    assert entry.signed_by == "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxsFN"
    assert (entry.check_valid_until, entry.check_date) == (False, None)
    assert complaint == "a stanza of `x.sources` names no `URIs` or no `Suites`"


def test_options_of_apt() -> None:
    """Options are read as whole names and in scopes, between all kinds of comments; lists are passed over."""
    text = """
        // one
        # two
        /* Acquire::Commented "yes"; */
        Acquire::Check-Valid-Until "false";
        Acquire { http { Proxy "http://proxy.example:3128"; Proxy::Direct.example "DIRECT"; }; Retries 3; };
        DPkg::Post-Invoke { "rm -f /x || true"; };
        APT::NeverAutoRemove:: "^x$";
        #clear APT::Y;
    """
    options = parse_options(text)
    assert {name: value for name, value in options.items() if name.startswith("acquire")} == {
        "acquire::check-valid-until": "false",
        "acquire::http::proxy": "http://proxy.example:3128",
        "acquire::http::proxy::direct.example": "DIRECT",
        "acquire::retries": "3",
    }


@pytest.mark.parametrize("text", ['A "open;', "A { B 1;", "};"])
def test_damaged_options_are_refused(text: str) -> None:
    """A file of options that ends in the middle of something is refused as a whole."""
    with pytest.raises(ValueError, match="close"):
        parse_options(text)


@pytest.mark.parametrize(
    ("address", "matches"),
    [
        ("https://one.example/debian/dists/x", True),
        ("https://one.example/debian", True),
        ("https://one.example/debian-private/x", False),
        ("https://one.example/other", False),
        ("https://sub.one.example/debian/x", False),
        ("https://one.example.evil.example/debian/x", False),
        ("http://one.example/debian/x", False),
        ("https://one.example/debian/../private/x", False),
        ("https://one.example/debian/%2e%2e/private/x", False),
        ("https://one.example/debian/.%2E%2Fprivate/x", False),
        ("https://one.example/debian/..%5cprivate/x", False),
        ("https://one.example/debian/..;/private/x", False),
        ("https://one.example/debian/./x", False),
        ("https://one.example/debian/..", False),
        ("https://one.example/debian/pool/a..b/.x/x...deb", True),
    ],
)
def test_login_of_apt_goes_where_it_is_meant_for(address: str, matches: bool) -> None:
    """A login is for its host and what lies below its path, and without TLS only where it says so (H-10)."""
    text = "# a comment\nmachine one.example/debian\n login someone password s3cret\nmachine alone.example\n"
    (login,) = parse_logins(text)
    assert login.matches(address) is matches
    assert "s3cret" not in repr(login)


def test_login_with_scheme_and_port() -> None:
    """A login that names `http` or a port is for just that."""
    (login,) = parse_logins("machine http://one.example:8080/ login someone password s3cret")
    assert login.matches("http://one.example:8080/debian/x")
    assert not login.matches("http://one.example/debian/x")
    assert not login.matches("https://one.example:8080/debian/x")


@pytest.mark.parametrize(
    ("machine", "address"),
    [
        ("one.example:443", "https://one.example/debian/x"),
        ("https://one.example:443/debian", "https://one.example/debian/x"),
        ("http://one.example:80", "http://one.example/debian/x"),
    ],
)
def test_login_for_the_port_that_addresses_leave_out(machine: str, address: str) -> None:
    """A login that names the port which its scheme has anyway is for addresses without one, and for no other port."""
    (login,) = parse_logins(f"machine {machine} login someone password s3cret")
    assert login.matches(parse_address(address).address)
    assert not login.matches(address.replace(".example", ".example:8080"))


def test_everything_of_a_root(tmp_path: Path) -> None:
    """All of apt's places are read in its order; files that it would pass over, or that cannot be read, are not."""
    directory = tmp_path / "etc" / "apt"
    for name, text in {
        "sources.list": "deb http://a.example/ bookworm main\n",
        "sources.list.d/b.list": "deb http://b.example/ bookworm main\n",
        "sources.list.d/c.sources": "Types: deb\nURIs: http://c.example/\nSuites: sid\nComponents: main\n",
        "sources.list.d/d.list.bak": "deb http://d.example/ bookworm main\n",
        "apt.conf.d/10first": 'A "1"; B "1";',
        "apt.conf.d/20broken.conf": "{",
        "apt.conf.d/30passed.save": 'C "1";',
        "apt.conf": 'B "2";',
        "auth.conf.d/x.conf": "machine a.example login someone password s3cret",
    }.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    os.mkfifo(directory / "sources.list.d" / "e.list")
    (directory / "sources.list.d" / "f.list").write_bytes(b"\xff\xfe")
    found = read_apt_configuration(tmp_path)
    assert [entry.addresses[0] for entry in found.entries] == [f"http://{name}.example/" for name in "abc"]
    assert found.options == {"a": "1", "b": "2"}
    assert len(found.logins) == 1
    assert len(found.complaints) == 3
    assert "s3cret" not in repr(found)


def test_machine_without_apt(tmp_path: Path) -> None:
    """Where there is no apt, nothing is found and nothing is wrong."""
    found = read_apt_configuration(tmp_path)
    assert (found.entries, found.options, found.logins, found.complaints) == ((), {}, (), ())
