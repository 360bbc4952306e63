"""How this user reaches Debian's archives. Values only; made by `devenv.fetch.debian.configuration`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from devenv.fetch.access import Credentials, format_login
from devenv.fetch.debian.apt_options import AptLogin


@dataclass(frozen=True, slots=True)
class DebianCredentials:
    """Who the user is at which server: by addresses and netrc, then by apt's own logins."""

    own: Credentials = field(default_factory=Credentials)
    apt: tuple[AptLogin, ...] = field(default=(), repr=False)

    def authorization(self, address: str) -> str | None:
        """The `Authorization` header for a request to `address`; None where nothing is known about its server."""
        found = self.own.authorization(address)
        logins = (format_login(entry.login) for entry in self.apt if entry.matches(address))
        return found if found is not None else next(logins, None)


@dataclass(frozen=True, slots=True)
class DateChecks:
    """What is asked of the time of a release."""

    expired: bool = True
    """Whether it must not be over, as it is on frozen mirrors."""
    future: bool = True
    """Whether it must have begun."""


def strictest(checks: Collection[DateChecks]) -> DateChecks:
    """All that any of `checks` asks."""
    return DateChecks(any(each.expired for each in checks), any(each.future for each in checks))


@dataclass(frozen=True, slots=True)
class DebianArchive:
    """One of Debian's archives, which each serve all suites."""

    name: str
    """`main` or `security`."""
    bases: tuple[str, ...]
    """Addresses below which `dists` and `pool` lie, best first; each ends in a slash, holds no credentials."""
    source: str
    """What set them, for messages."""
    components: tuple[str, ...] = ("main",)
    checks: DateChecks = DateChecks()
    own_checks: Mapping[tuple[str, str], DateChecks] = field(default_factory=dict)
    """By base and suite: instead of `checks`, for what apt has as a source of its own."""

    def date_checks(self, base: str, suites: Iterable[str]) -> DateChecks:
        """What is asked of a release below `base` that goes by the names `suites`: the strictest, if it has several."""
        found = [self.own_checks[base, suite] for suite in suites if (base, suite) in self.own_checks]
        return strictest(found) if found else self.checks


@dataclass(frozen=True, slots=True)
class DebianAccess:
    """Where `debian:` lies for this user."""

    main: DebianArchive
    security: DebianArchive | None = None
    snapshot: str | None = None
    """Address of an archive of past states, with `{archive}` and `{timestamp}` in it; ends in a slash."""
    max_valid_time: int = 0
    """Seconds after which a release counts as too old though it sets no date itself; 0: never."""
    certificates: str | None = None
    credentials: DebianCredentials = field(default_factory=DebianCredentials)
    proxies: Mapping[str, str | None] = field(default_factory=dict, repr=False)

    @property
    def archives(self) -> tuple[DebianArchive, ...]:
        """Those that are known, the main one first."""
        return (self.main, self.security) if self.security is not None else (self.main,)
