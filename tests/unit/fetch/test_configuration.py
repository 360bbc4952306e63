from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from devenv.errors import FetchError
from devenv.fetch import pip_configuration
from devenv.fetch.configuration import find_pypi_access, read_netrc
from devenv.fetch.pip_configuration import (
    PipDefault,
    find_pip_default,
    parse_pip_default,
    pip_configuration_files,
    read_pip_options,
)
from devenv.settings import PypiSettings, Settings, default_settings

PIP_SOURCE = """
class PackageIndex: ...
PyPI = PackageIndex("https://index.example/", file_storage_domain="files.example")
TestPyPI = PackageIndex("https://test.example/", file_storage_domain="test-files.example")
"""
DEFAULT = PipDefault("https://index.example/simple/", "https://files.example/")


@pytest.fixture(autouse=True)
def pip_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pip whose default is known."""
    monkeypatch.setattr("devenv.fetch.configuration.find_pip_default", lambda: DEFAULT)


def with_pypi(home: Path, index: str | None = None, files: str | None = None) -> Settings:
    """The settings of somebody who set that."""
    plain = default_settings(home)
    return Settings(plain.home, plain.base, plain.state, plain.cache, PypiSettings(index, files))


def write(path: Path, text: str) -> Path:
    """A file with that text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_order_of_sources(tmp_path: Path) -> None:
    """Settings win over uv's variable, that over pip's, that over pip's files, those over pip's default."""
    file = write(tmp_path / "pip.conf", "[global]\nindex-url = https://file.example/simple\n")
    environ = {"UV_DEFAULT_INDEX": "https://uv.example/simple", "PIP_INDEX_URL": "https://pip.example/simple"}
    found = []
    found.append(
        find_pypi_access(with_pypi(tmp_path, "https://own.example/simple"), environ, configuration_files=[file])
    )
    for name in ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
        found.append(find_pypi_access(with_pypi(tmp_path), environ, configuration_files=[file]))
        del environ[name]
    found.append(find_pypi_access(with_pypi(tmp_path), environ, configuration_files=[file]))
    found.append(find_pypi_access(with_pypi(tmp_path), environ, configuration_files=[]))
    assert [(access.index.split("/")[2].removesuffix(".example"), access.source) for access in found] == [
        ("own", "devenv's settings"),
        ("uv", "`UV_DEFAULT_INDEX`"),
        ("pip", "`PIP_INDEX_URL`"),
        ("file", f"`{file}`"),
        ("index", "pip's own default"),
    ]
    assert all(access.index.endswith("/simple/") for access in found)


def test_file_host_of_the_default_is_not_used_for_others(tmp_path: Path) -> None:
    """pip's file host belongs to pip's index; a company's mirror does not fall back to the public host."""
    public = find_pypi_access(with_pypi(tmp_path), {}, configuration_files=[])
    company = find_pypi_access(with_pypi(tmp_path, "https://own.example/simple"), {}, configuration_files=[])
    assert (public.files, company.files) == ((DEFAULT.files,), ())


def test_files_setting_comes_first(tmp_path: Path) -> None:
    """The user's own word about where files lie is heeded before anything else."""
    access = find_pypi_access(with_pypi(tmp_path, files="https://near.example/pypi"), {}, configuration_files=[])
    assert access.files == ("https://near.example/pypi/", DEFAULT.files)


def test_further_indexes_are_not_read(tmp_path: Path) -> None:
    """`extra-index-url` and `find-links` add no place to look at: no dependency confusion."""
    text = "[global]\nextra-index-url = https://extra.example/simple\nfind-links = https://links.example/\n"
    environ = {"PIP_EXTRA_INDEX_URL": "https://extra.example/simple", "UV_INDEX": "https://extra.example/simple"}
    access = find_pypi_access(with_pypi(tmp_path), environ, configuration_files=[write(tmp_path / "pip.conf", text)])
    assert "extra" not in repr(access)
    assert "links" not in repr(access)


def test_uv_index_with_a_name(tmp_path: Path) -> None:
    """uv's `name=address` spelling is understood."""
    environ = {"UV_DEFAULT_INDEX": "company=https://uv.example/simple"}
    assert find_pypi_access(with_pypi(tmp_path), environ, configuration_files=[]).index == "https://uv.example/simple/"


def test_credentials_are_hidden(tmp_path: Path) -> None:
    """User and password of an address are kept for its origin, and no repr shows them (H-10)."""
    access = find_pypi_access(with_pypi(tmp_path, "https://user:s3cret@own.example/simple"), {}, configuration_files=[])
    assert access.index == "https://own.example/simple/"
    assert "s3cret" not in repr(access)
    assert access.credentials.authorization("https://own.example/simple/x/") == "Basic dXNlcjpzM2NyZXQ="
    assert access.credentials.authorization("http://own.example/simple/x/") is None
    assert access.credentials.authorization("https://other.example/") is None


def test_netrc_is_used_without_its_default(tmp_path: Path) -> None:
    """netrc serves the hosts that it names; its default entry would give a password to any host."""
    write(tmp_path / ".netrc", "machine own.example login user password s3cret\ndefault login any password thing\n")
    access = find_pypi_access(with_pypi(tmp_path, "https://own.example/simple"), {}, configuration_files=[])
    assert access.credentials.authorization("https://own.example/x") == "Basic dXNlcjpzM2NyZXQ="
    assert access.credentials.authorization("https://other.example/x") is None
    assert "s3cret" not in repr(access)


@pytest.mark.parametrize("text", ["machine", "machine x login\n\n y z", "\udcff"])
def test_unusable_netrc_is_left_aside(tmp_path: Path, text: str) -> None:
    """A broken netrc is other tools' business: it costs the credentials, not the run."""
    (tmp_path / ".netrc").write_bytes(text.encode(errors="surrogateescape"))
    assert read_netrc(tmp_path, {}) == {}


@pytest.mark.parametrize(
    "address", ["file:///opt/simple", "https://user:s3cret@", "own.example/simple", "https://a b/"]
)
def test_unusable_address_is_an_error_without_secrets(tmp_path: Path, address: str) -> None:
    """An address that cannot be used is named by where it was set, never quoted (H-10)."""
    with pytest.raises(FetchError) as caught:
        find_pypi_access(with_pypi(tmp_path), {"PIP_INDEX_URL": address}, configuration_files=[])
    assert caught.value.slug == "registry-unconfigured"
    assert "`PIP_INDEX_URL`" in caught.value.message
    assert "s3cret" not in f"{caught.value.message}{caught.value.details}{caught.value.hint}"


def test_unprotected_index_is_refused_as_pip_does(tmp_path: Path) -> None:
    """Plain HTTP is for loopback and for hosts that pip was told to trust: hashes come from the index."""
    address = "http://mirror.example:3141/simple"
    with pytest.raises(FetchError, match="not protected by TLS"):
        find_pypi_access(with_pypi(tmp_path, address), {}, configuration_files=[])
    trusted = write(tmp_path / "pip.conf", "[global]\ntrusted-host =\n  other.example\n  mirror.example:3141\n")
    find_pypi_access(with_pypi(tmp_path, address), {}, configuration_files=[trusted])
    find_pypi_access(with_pypi(tmp_path, address), {"PIP_TRUSTED_HOST": "mirror.example"}, configuration_files=[])
    find_pypi_access(with_pypi(tmp_path, "http://127.0.0.1:3141/simple"), {}, configuration_files=[])


def test_certificates(tmp_path: Path) -> None:
    """The certificates are pip's own setting first, then the file, then what other tools are told."""
    file = write(tmp_path / "pip.conf", "[global]\ncert = /file.pem\n")
    environ = {"PIP_CERT": "/pip.pem", "SSL_CERT_FILE": "/ssl.pem", "REQUESTS_CA_BUNDLE": "/requests.pem"}
    found = []
    for name, files in (
        ("PIP_CERT", [file]),
        ("", [file]),
        ("SSL_CERT_FILE", []),
        ("REQUESTS_CA_BUNDLE", []),
        ("", []),
    ):
        found.append(find_pypi_access(with_pypi(tmp_path), environ, configuration_files=files).certificates)
        environ.pop(name, None)
    assert found == ["/pip.pem", "/file.pem", "/ssl.pem", "/requests.pem", None]


def test_nothing_configured_says_which_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any configuration and without pip the error names the setting to make."""
    monkeypatch.setattr("devenv.fetch.configuration.find_pip_default", lambda: None)
    with pytest.raises(FetchError) as caught:
        find_pypi_access(with_pypi(tmp_path), {}, configuration_files=[])
    assert caught.value.slug == "registry-unconfigured"
    assert "`index`" in (caught.value.hint or "")


def test_places_of_pip_configuration(tmp_path: Path) -> None:
    """The places and their order are pip's: XDG directories, `/etc`, the user's two, the environment's."""
    prefix = tmp_path / "venv"
    assert pip_configuration_files(tmp_path, {"XDG_CONFIG_DIRS": "/one:/two"}, prefix, "linux") == (
        Path("/one/pip/pip.conf"),
        Path("/two/pip/pip.conf"),
        Path("/etc/pip.conf"),
        tmp_path / ".pip/pip.conf",
        tmp_path / ".config/pip/pip.conf",
        prefix / "pip.conf",
    )
    assert pip_configuration_files(tmp_path, {}, prefix, "linux")[0] == Path("/etc/xdg/pip/pip.conf")
    moved = pip_configuration_files(tmp_path, {"XDG_CONFIG_HOME": "/moved"}, prefix, "linux")
    assert Path("/moved/pip/pip.conf") in moved


def test_places_of_pip_configuration_on_macos(tmp_path: Path) -> None:
    """macOS has its own places; the user's own one counts only where its directory exists."""
    support = tmp_path / "Library/Application Support/pip"
    files = pip_configuration_files(tmp_path, {}, tmp_path, "darwin")
    assert files[0] == Path("/Library/Application Support/pip/pip.conf")
    assert files[2] == tmp_path / ".config/pip/pip.conf"
    support.mkdir(parents=True)
    assert pip_configuration_files(tmp_path, {}, tmp_path, "darwin")[2] == support / "pip.conf"


def test_pip_config_file_variable(tmp_path: Path) -> None:
    """`PIP_CONFIG_FILE` comes last and replaces the user's files where it exists; the null device means no file."""
    own = tmp_path / "own.conf"
    assert pip_configuration_files(tmp_path, {"PIP_CONFIG_FILE": "/dev/null"}) == ()
    missing = pip_configuration_files(tmp_path, {"PIP_CONFIG_FILE": str(own)}, tmp_path, "linux")
    assert (missing[-1], tmp_path / ".pip/pip.conf" in missing) == (own, True)
    own.touch()
    present = pip_configuration_files(tmp_path, {"PIP_CONFIG_FILE": str(own)}, tmp_path, "linux")
    assert (present[-1], tmp_path / ".pip/pip.conf" in present) == (own, False)


def test_options_of_later_files_and_sections_win(tmp_path: Path) -> None:
    """A later file wins in the same section; `[install]` wins over `[global]` in whatever file, as pip has it."""
    general = write(
        tmp_path / "a.conf", "[install]\nindex_url = https://a.example/\n[global]\ncert = /a\n[x]\ncert=/x\n"
    )
    special = write(tmp_path / "b.conf", "[global]\nindex-url = https://b.example/\ncert = /b%(home)s\n")
    found = read_pip_options([general, special, tmp_path / "missing.conf"], ("index-url", "cert"))
    assert {name: option.value for name, option in found.items()} == {
        "index-url": "https://a.example/",
        "cert": "/b%(home)s",
    }


def test_unreadable_configuration_stops(tmp_path: Path) -> None:
    """A configuration that cannot be read is an error with its place, and does not quote its lines (H-10)."""
    file = write(tmp_path / "pip.conf", "index-url = https://user:s3cret@own.example/\n")
    with pytest.raises(FetchError) as caught:
        read_pip_options([file], ("index-url",))
    assert str(caught.value.place).startswith(str(file))
    assert "s3cret" not in f"{caught.value.message}{caught.value.details}"
    with pytest.raises(FetchError):
        read_pip_options([tmp_path], ("index-url",))


def test_default_out_of_pip_source() -> None:
    """The default is read from pip's source without importing it; other shapes of it give none."""
    assert parse_pip_default(PIP_SOURCE) == DEFAULT
    for source in ("", "PyPI = 1", "PyPI = PackageIndex()", "PyPI = PackageIndex('nothing', 'x')", "def", "\x00"):
        assert parse_pip_default(source) is None


def test_default_of_the_real_pip() -> None:
    """The pip that comes with this Python is understood, in whatever version."""
    default = find_pip_default()
    assert default is not None
    assert default.index.startswith("https://")
    assert default.index.endswith("/simple/")
    assert default.files.startswith("https://")


def test_default_out_of_the_bundled_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pip is not installed, the wheel that a distribution or `ensurepip` keeps is read; a broken one is not."""
    monkeypatch.setattr(pip_configuration, "_installed_source", lambda: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("sysconfig.get_config_var", lambda _: str(tmp_path))
    assert find_pip_default() is None
    (tmp_path / "pip-1.0-py3-none-any.whl").write_bytes(b"broken")
    with zipfile.ZipFile(tmp_path / "pip-2.0-py3-none-any.whl", "w") as archive:
        archive.writestr("pip/_internal/models/index.py", PIP_SOURCE)
    assert find_pip_default() == DEFAULT
