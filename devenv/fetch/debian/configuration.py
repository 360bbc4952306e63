"""Finds the user's way to `debian:` in what is configured already: devenv's settings, then apt.

Of apt's sources those count that serve Debian itself: their suites are Debian's, they have the component `main`, and
the keys they name, if they do, are Debian's. Which suite they name does not matter: an archive serves all of them.
TLS is not asked for: releases are signed, and fix all else by hash. `docs/registries.md` says all this to users.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from devenv.errors import FetchError
from devenv.events import Detail, Notice, Report, ignore
from devenv.fetch.access import Credentials, Login
from devenv.fetch.addresses import show_address
from devenv.fetch.configuration import CERTIFICATE_VARIABLES, read_netrc
from devenv.fetch.debian.access import DateChecks, DebianAccess, DebianArchive, DebianCredentials, strictest
from devenv.fetch.debian.apt_configuration import AptConfiguration, read_apt_configuration
from devenv.fetch.debian.apt_sources import NEGATIVE, AptEntry
from devenv.fetch.debian.keyring import names_debian_keys
from devenv.fetch.locators import parse_own_base
from devenv.settings import Settings

SETTINGS_HINT = "set `mirrors` and `security` under `[registries.debian]` in `~/.config/devenv/settings.toml`"
OWN_SETTINGS = "devenv's settings"

CODENAMES = r"(?:buster|bullseye|bookworm|trixie|forky|duke|sid|unstable|testing|(?:old){0,2}stable)"
SUITE = re.compile(rf"{CODENAMES}(?:-(?:updates|backports|backports-sloppy|proposed-updates))?", re.ASCII)
SECURITY_SUITE = re.compile(rf"{CODENAMES}(?:-security|/updates)", re.ASCII)
COMPONENT = re.compile(r"[a-z][a-z-]{0,40}", re.ASCII)
ADDRESS_LIMIT = 16
"""Mirrors of an archive that are tried."""


def find_debian_access(
    settings: Settings, environ: Mapping[str, str], *, apt_root: Path = Path("/"), report: Report = ignore
) -> DebianAccess:
    """The user's access to `debian:`; `apt_root` is the root directory of the system whose apt is asked.

    Raises FetchError (`registry-unconfigured`) where no address is known, or one of the settings cannot be used.
    """
    apt = read_apt_configuration(apt_root)
    for complaint in apt.complaints:
        report(Detail(complaint))
    logins: dict[str, Login] = {}
    apt = replace(apt, entries=tuple(entry for entry in apt.entries if _serves_debian(entry, apt_root)))
    main = _find_archive("main", settings.debian.mirrors, apt, SUITE, logins, report)
    security = _find_archive("security", settings.debian.security, apt, SECURITY_SUITE, logins, report)
    if main is None:
        reason = "neither devenv's settings nor apt's sources name one"
        if settings.debian.mirrors is not None:
            reason = "devenv's settings say that there is none (`mirrors = []`)"
        raise FetchError(
            f"the address of the registry `debian:` is not known: {reason}",
            hint=SETTINGS_HINT,
            slug="registry-unconfigured",
        )
    if security is None:
        report(Notice("no address of Debian's security archive is known, so its updates are left out"))
    return DebianAccess(
        main,
        security,
        snapshot=_parse_snapshot(settings.debian.snapshot, logins),
        max_valid_time=_seconds(apt.options.get("acquire::max-validtime", "")),
        certificates=_find_certificates(environ, apt),
        credentials=DebianCredentials(Credentials(logins, read_netrc(settings.home, environ)), apt.logins),
        proxies=_find_proxies(apt, report),
    )


def _serves_debian(entry: AptEntry, root: Path) -> bool:
    suites = all(SUITE.fullmatch(suite) or SECURITY_SUITE.fullmatch(suite) for suite in entry.suites)
    return bool(entry.suites) and suites and "main" in entry.components and names_debian_keys(entry.signed_by, root)


def _find_archive(
    name: str,
    configured: Sequence[str] | None,
    apt: AptConfiguration,
    suites: re.Pattern[str],
    logins: dict[str, Login],
    report: Report,
) -> DebianArchive | None:
    """The archive as the settings have it, else as those of apt's sources have it that name one of its `suites`."""
    if configured is not None:
        if not configured:
            return None
        bases = tuple(_parse_configured(text, logins) for text in configured)
        return DebianArchive(name, bases, OWN_SETTINGS, checks=_find_checks(apt.options))
    own = [entry for entry in apt.entries if any(suites.fullmatch(suite) for suite in entry.suites)]
    found: list[str] = []
    for entry in own:
        for text in entry.addresses:
            try:
                found.append(parse_own_base(text, logins))
            except ValueError as error:
                report(Detail(f"the source `{show_address(text)}` in `{entry.file}` is left out: {error}"))
    if not found:
        return None
    components = (component for entry in own for component in entry.components if COMPONENT.fullmatch(component))
    return DebianArchive(
        name,
        tuple(dict.fromkeys(found))[:ADDRESS_LIMIT],
        f"apt's `{own[0].file}`",
        tuple(dict.fromkeys(("main", *components))),
        _find_checks(apt.options),
        _find_own_checks(own, apt.options),
    )


def _find_checks(options: Mapping[str, str], entry: AptEntry | None = None) -> DateChecks:
    """What apt asks of the times of releases: of those of a source by what this says, else by its `options`."""
    valid_until = options.get("acquire::check-valid-until", "").lower() not in NEGATIVE
    date = options.get("acquire::check-date", "").lower() not in NEGATIVE
    if entry is not None:
        valid_until = valid_until if entry.check_valid_until is None else entry.check_valid_until
        date = date if entry.check_date is None else entry.check_date
    # Whoever does not trust the clock cannot tell what is over either.
    return DateChecks(expired=valid_until and date, future=date)


def _find_own_checks(entries: Iterable[AptEntry], options: Mapping[str, str]) -> dict[tuple[str, str], DateChecks]:
    """The same by base and suite; where several sources name the same, what any of them asks."""
    found: dict[tuple[str, str], DateChecks] = {}
    for entry in entries:
        checks = _find_checks(options, entry)
        for text, suite in itertools.product(entry.addresses, entry.suites):
            # What is no address was told of already.
            with contextlib.suppress(ValueError):
                place = parse_own_base(text, {}), suite
                found[place] = strictest([checks, found.get(place, checks)])
    return found


def _parse_configured(text: str, logins: dict[str, Login]) -> str:
    try:
        return parse_own_base(text.strip(), logins)
    except ValueError as error:
        raise FetchError(
            f"the address of the registry `debian:` that {OWN_SETTINGS} set cannot be used: {error}",
            hint=SETTINGS_HINT,
            slug="registry-unconfigured",
        ) from None


def _parse_snapshot(template: str | None, logins: dict[str, Login]) -> str | None:
    if template is None:
        return None
    # Braces are no characters of addresses; words stand for them meanwhile.
    marks = {"{archive}": "ARCHIVE-NAME", "{timestamp}": "ARCHIVE-TIME"}
    for mark, word in marks.items():
        template = template.replace(mark, word)
    base = _parse_configured(template, logins)
    for mark, word in marks.items():
        base = base.replace(word, mark)
    return base


def _find_certificates(environ: Mapping[str, str], apt: AptConfiguration) -> str | None:
    values = [apt.options.get("acquire::https::cainfo", ""), *(environ.get(name, "") for name in CERTIFICATE_VARIABLES)]
    return next((value for value in values if value), None)


def _find_proxies(apt: AptConfiguration, report: Report) -> dict[str, str | None]:
    """apt's proxies, as `devenv.fetch.access` has them. What is said for `http` holds for `https` as well."""
    proxies: dict[str, str | None] = {}
    for scheme in ("http", "https"):
        for origin in dict.fromkeys(("http", scheme)):
            prefix = f"acquire::{origin}::proxy"
            for name, value in apt.options.items():
                if value and (name == prefix or name.startswith(f"{prefix}::")):
                    host = name.removeprefix(prefix).removeprefix("::")
                    proxies[f"{scheme}://{host}"] = None if value.lower() in {"direct", "false"} else value
    if any(name.startswith("acquire::") and "proxy-auto-detect" in name for name in apt.options):
        report(Detail("apt finds its proxy with a program, which is not run; name the proxy in `https_proxy`"))
    return proxies


def _seconds(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else 0
