"""The user's settings: strict, found by the home directory alone."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from devenv.errors import UsageError
from devenv.settings import default_settings, parse_settings, read_settings, settings_path

HOME = Path("/home/somebody")


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    """Without a settings file everything has its default place below the home directory."""
    assert read_settings(tmp_path) == default_settings(tmp_path)


def test_settings_move_what_they_name() -> None:
    """Each setting moves its own thing, the others stay."""
    settings = parse_settings(b'base = "/srv/base"\n[registries.pypi]\nindex = "https://index.example/simple/"\n', HOME)
    assert settings.base == Path("/srv/base")
    assert settings.state == default_settings(HOME).state
    assert settings.pypi.index == "https://index.example/simple/"
    assert settings.pypi.files is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'bse = "/srv"', "`bse` is no key"),
        (b"base = 1", "`base` must be a string"),
        (b'base = "relative"', "`base` must be an absolute path"),
        (b"registries = 1", "`registries` must be a table"),
        (b"[registries.npm]", "`npm` is no key"),
        (b"[registries.pypi]\nurl = 'x'", "`url` is no key"),
        (b"[registries.debian]\nmirrors = 'x'", "`mirrors` must be a list"),
        (b"[registries.debian]\nsecurity = [1]", "`security` must be a list"),
        (b"[registries.debian]\nkeyring = 'x'", "`keyring` must be an absolute path"),
        (b"[registries.debian]\nmirror = ['x']", "`mirror` is no key"),
        (
            b"[registries.debian]\nmirrors = ['/srv/x', 'ftp://u:s3cret@one.example/']",
            "address 2 of `mirrors` does not begin",
        ),
        (b"[registries.debian]\nsecurity = ['one.example']", "address 1 of `security` does not begin"),
        (b"[registries.debian]\nsnapshot = 'ftp://one.example/{timestamp}'", "`snapshot` does not begin"),
        (b"[registries.debian]\nsnapshot = 'https://one.example/{archive}/'", "`snapshot` must have `{timestamp}`"),
        (b"[registries.debian]\nsnapshot = 'https://one.example/{timestamp}/{foo}'", "`snapshot` has `{foo}`"),
        (b"[registries.debian]\nsnapshot = 'https://one.example/{timestamp}/}'", "`snapshot` has `}`"),
        (b"artifact_stores = ['relative/x']", "address 1 of `artifact_stores` does not begin"),
        (b"base =", "not valid TOML"),
        (b"\xff", "not valid TOML"),
    ],
)
def test_what_is_no_setting_is_refused(text: bytes, message: str) -> None:
    """A setting that devenv would not obey is an error that names the file, never ignored."""
    with pytest.raises(UsageError, match=message) as caught:
        parse_settings(text, HOME)
    assert caught.value.slug == "settings-invalid"
    assert "s3cret" not in caught.value.message
    assert str(caught.value.place) == str(settings_path(HOME))


@pytest.mark.parametrize("value", [None, ""])
def test_home_that_is_not_set_comes_from_the_password_database(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O-03: `HOME` unset or empty is no reason to work in `/`."""
    if value is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", value)
    monkeypatch.setattr(
        pwd, "getpwuid", lambda number: pwd.struct_passwd(("u", "x", number, number, "", "/nowhere", ""))
    )
    assert read_settings().home == Path("/nowhere")


def test_no_variable_moves_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """L-09: variables that a project could set do not move the state directory."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DEVENV_STATE", "DEVENV_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert read_settings(tmp_path) == default_settings(tmp_path)


def test_settings_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """K-05: a FIFO in place of the settings is an error and does not hang."""
    path = settings_path(tmp_path)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings(tmp_path)


@pytest.mark.parametrize(("value", "limit"), [("1000", 1000), ("0", 0), ('"1.5G"', 3 << 29), ('"500M"', 500 << 20)])
def test_limit_is_a_size(value: str, limit: int) -> None:
    """How much of the downloads is kept is said in bytes or with a unit."""
    assert parse_settings(f"artifact_limit = {value}".encode(), HOME).artifact_limit == limit


def test_artifact_stores_are_a_list() -> None:
    """The places of kept files are listed best first; one that stands alone is an error, not letters of a list."""
    text = b'artifact_stores = ["/srv/artifacts", "https://store.example/"]'
    assert parse_settings(text, HOME).artifact_stores == ("/srv/artifacts", "https://store.example/")
    for value in (b'"/srv/artifacts"', b"[1]", b"true"):
        with pytest.raises(UsageError, match="`artifact_stores` must be a list of addresses"):
            parse_settings(b"artifact_stores = " + value, HOME)


@pytest.mark.parametrize("value", ["-1", "true", "1.5", '"much"', '"5GB"', "[]", "1979-05-27"])
def test_limit_that_is_no_size_is_refused(value: str) -> None:
    """A limit that could be misunderstood is an error with an example of a right one."""
    with pytest.raises(UsageError, match="`artifact_limit` must be a size such as `500M`") as caught:
        parse_settings(f"artifact_limit = {value}".encode(), HOME)
    assert caught.value.slug == "settings-invalid"


def test_addresses_of_every_kind() -> None:
    """Servers and directories of this machine may stand in every list of places."""
    addresses = ("https://one.example/", "http://one.example/", "file:///srv/x/", "file:/srv/x/", "/srv/x")
    listed = ", ".join(f'"{address}"' for address in addresses)
    snapshot = 'snapshot = "file:/srv/{archive}/{timestamp}/"'
    text = f"artifact_stores = [{listed}]\n[registries.debian]\nmirrors = [{listed}]\n{snapshot}\n"
    settings = parse_settings(text.encode(), HOME)
    assert settings.artifact_stores == settings.debian.mirrors == addresses
    assert settings.debian.snapshot == "file:/srv/{archive}/{timestamp}/"
