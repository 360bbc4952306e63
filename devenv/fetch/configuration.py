"""Finds the user's way to the registry `pypi:` in what is configured already: devenv, uv, pip, netrc.

The first of these that names an index decides: devenv's settings, `UV_DEFAULT_INDEX`, `PIP_INDEX_URL`, pip's
configuration files, and pip's own default. Further indexes (`extra-index-url`, `find-links`, uv's other indexes) are
deliberately not read: with two sources for one name, whoever can publish to the weaker one chooses what is installed
(dependency confusion). `docs/registries.md` says all this to users.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devenv.errors import FetchError
from devenv.fetch.access import Credentials, Login, RegistryAccess
from devenv.fetch.addresses import host_of, is_loopback, origin_of, parse_address
from devenv.fetch.locators import parse_base
from devenv.fetch.pip_configuration import (
    PipDefault,
    PipOption,
    find_pip_default,
    pip_configuration_files,
    read_pip_options,
)
from devenv.settings import Settings

SETTINGS_HINT = "set `index` under `[registries.pypi]` in `~/.config/devenv/settings.toml`"
OPTIONS = ("index-url", "cert", "trusted-host")
CERTIFICATE_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class _Choice:
    """An index address as somebody wrote it, credentials included: it stays inside this module."""

    text: str
    source: str


def find_pypi_access(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    configuration_files: Sequence[Path] | None = None,
) -> RegistryAccess:
    """The user's access to `pypi:`.

    `configuration_files` are pip's, the most general first; by default those that pip itself would read. Raises
    FetchError (`registry-unconfigured`) where no index address is known or the one that is set cannot be used.
    """
    if configuration_files is None:
        configuration_files = pip_configuration_files(settings.home, environ)
    options = read_pip_options(configuration_files, OPTIONS)
    default = find_pip_default()
    choice = _choose_index(settings, environ, options, default)
    by_origin: dict[str, Login] = {}
    index = _parse_configured(choice, by_origin)
    _require_protected(index, choice.source, environ.get("PIP_TRUSTED_HOST") or _value(options, "trusted-host"))
    files = []
    if settings.pypi.files is not None:
        files.append(_parse_configured(_Choice(settings.pypi.files, "devenv's settings"), by_origin))
    if default is not None and index == default.index:
        files.append(default.files)
    return RegistryAccess(
        index=index,
        source=choice.source,
        files=tuple(files),
        certificates=_find_certificates(environ, options),
        credentials=Credentials(by_origin, read_netrc(settings.home, environ)),
    )


def _choose_index(
    settings: Settings,
    environ: Mapping[str, str],
    options: Mapping[str, PipOption],
    default: PipDefault | None,
) -> _Choice:
    if settings.pypi.index is not None:
        return _Choice(settings.pypi.index, "devenv's settings")
    if address := environ.get("UV_DEFAULT_INDEX"):
        # uv lets an index bear a name: `company=https://…`.
        return _Choice(re.sub(r"^[A-Za-z0-9._-]+=", "", address), "`UV_DEFAULT_INDEX`")
    if address := environ.get("PIP_INDEX_URL"):
        return _Choice(address, "`PIP_INDEX_URL`")
    if address := _value(options, "index-url"):
        return _Choice(address, f"`{options['index-url'].file}`")
    if default is not None:
        return _Choice(default.index, "pip's own default")
    raise FetchError(
        "the address of the registry `pypi:` is not known: nothing configures it, and pip is not installed",
        hint=SETTINGS_HINT,
        slug="registry-unconfigured",
    )


def _value(options: Mapping[str, PipOption], name: str) -> str:
    return options[name].value.strip() if name in options else ""


def _parse_configured(choice: _Choice, logins: dict[str, Login]) -> str:
    """The base address of `choice`; what userinfo it has goes to `logins`."""
    try:
        parsed = parse_address(choice.text.strip())
        base = parse_base(parsed.address)
    except ValueError as error:
        raise FetchError(
            f"the address of the registry `pypi:` that {choice.source} sets cannot be used: {error}",
            hint=SETTINGS_HINT,
            slug="registry-unconfigured",
        ) from None
    if parsed.username is not None:
        logins[origin_of(base)] = (parsed.username, parsed.password or "")
    return base


def _require_protected(index: str, source: str, trusted: str) -> None:
    """Refuse an index without TLS, as pip does: whoever sits between could choose hashes while a lock is made."""
    protected = index.startswith("https:") or is_loopback(index)
    hosts = {re.sub(r":[0-9]+$", "", entry) for entry in trusted.split()}
    if not protected and host_of(index) not in hosts:
        raise FetchError(
            f"the address of the registry `pypi:` that {source} sets is not protected by TLS",
            hint=f"use `https://`, or name `{host_of(index)}` in pip's `trusted-host`",
            slug="registry-unconfigured",
        )


def _find_certificates(environ: Mapping[str, str], options: Mapping[str, PipOption]) -> str | None:
    values = [environ.get(name, "") for name in CERTIFICATE_VARIABLES]
    values.insert(1, _value(options, "cert"))
    return next((value for value in values if value), None)


def read_netrc(home: Path, environ: Mapping[str, str]) -> dict[str, Login]:
    """User name and password by host from the file that `NETRC` names, else `~/.netrc`; empty where it is unusable.

    The `default` entry is left out: it would send a password to whatever host an index page names.
    """
    import netrc

    try:
        entries = netrc.netrc(environ.get("NETRC") or str(home / ".netrc")).hosts
    except (OSError, UnicodeDecodeError, netrc.NetrcParseError):
        return {}
    return {host: (entry[0], entry[2] or "") for host, entry in entries.items() if host != "default"}
