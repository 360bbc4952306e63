"""Gets the releases of pockets: asked of the mirrors in order, verified, in time, and never older than what is known.

A mirror that is out of reach, lags behind or has something else is passed over where another one has the release;
else its failure is raised (FAULTS G-17, G-19, I-14).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from devenv.debian.release import RELEASE_LIMIT, Release, parse_release, require_fresh, require_not_older
from devenv.errors import FetchError
from devenv.events import Detail, Report
from devenv.fetch.addresses import show_address
from devenv.fetch.debian.access import DebianArchive
from devenv.fetch.debian.client import DebianClient
from devenv.fetch.debian.keyring import parse_keys
from devenv.fetch.debian.pockets import Pocket
from devenv.fetch.debian.release_cache import PocketRelease, keys_name, read_release, write_release
from devenv.fetch.debian.signatures import SignatureError, verify_inrelease
from devenv.fetch.http import HttpClient, HttpRequest

NOT_MODIFIED = 304
MISSING = frozenset({404, 410})

CLOCK_TOLERANCE = timedelta(hours=1)
"""How far behind the archive's this machine's clock may be."""

MIRROR_HINT = "check the mirror; devenv's settings can name others (`mirrors` under `[registries.debian]`)"


@dataclass(frozen=True, slots=True)
class ReleasePolicy:
    """Which releases are taken."""

    refresh: bool = False
    """Whether the archive is asked though the kept one is fresh."""
    allow_older: bool = False
    """Whether one may be older than the kept one."""
    max_valid_time: int = 0
    """Seconds after which one is too old though it does not say so itself; 0: never."""


class ReleaseReader:
    """Reads releases that one of the keys in `keyring` signed, and keeps them below `debian`."""

    def __init__(
        self, debian: Path, keyring: bytes, policy: ReleasePolicy, clock: Callable[[], float] = time.time
    ) -> None:
        """Raises FetchError (`keyring-invalid`)."""
        self._debian = debian
        self._keys = parse_keys(keyring)
        self._keys_name = keys_name(keyring)
        self._policy = policy
        self._clock = clock

    def read(self, pocket: Pocket, archive: DebianArchive, client: DebianClient, report: Report) -> PocketRelease:
        """The release of `pocket`.

        Raises FetchError: `signature-invalid`, `release-expired`, `release-older`, `release-missing`, `index-invalid`
        and those of `HttpClient.fetch`.
        """
        kept = read_release(self._debian, pocket.name)
        # A mirror that was configured meanwhile is asked at once.
        if (
            kept is not None
            and self._believes(kept)
            and kept.base in archive.bases
            and (client.offline or (not self._policy.refresh and kept.is_fresh(self._clock())))
        ):
            self._require_in_time(kept.release, archive, kept.base, pocket)
            return kept
        failures: list[FetchError] = []
        for base in archive.bases:
            try:
                found = self._ask(pocket, archive, base, kept, client.http)
            except FetchError as error:
                failures.append(error)
                report(Detail(f"`{show_address(base)}` is passed over for `{pocket.name}`: {error.message}"))
                continue
            write_release(self._debian, found)
            return found
        # What is wrong with a release tells more than that another mirror has none.
        raise min(failures, key=lambda error: error.slug == "release-missing")

    def _believes(self, kept: PocketRelease) -> bool:
        return kept.keys == self._keys_name

    def _ask(
        self, pocket: Pocket, archive: DebianArchive, base: str, kept: PocketRelease | None, http: HttpClient
    ) -> PocketRelease:
        address = f"{base}dists/{pocket.name}/InRelease"
        validators = kept.validators(base) if kept is not None and self._believes(kept) else {}
        accept = MISSING | {200} | ({NOT_MODIFIED} if validators else set())
        reply = http.fetch(HttpRequest("GET", address, validators, accept), RELEASE_LIMIT)
        if reply.status in MISSING:
            raise FetchError(
                f"the mirror has no suite `{pocket.name}`",
                details=(f"address: {show_address(address)}", f"address set by {archive.source}"),
                hint=MIRROR_HINT,
                slug="release-missing",
            )
        now = self._clock()
        if reply.status == NOT_MODIFIED and kept is not None:
            found = replace(kept, fetched=now)
        else:
            text, release = self._verify(reply.content, pocket, address)
            validators = {"etag": reply.headers.get("etag", ""), "modified": reply.headers.get("last-modified", "")}
            found = PocketRelease(pocket.name, release, text, base, now, self._keys_name, **validators)
        self._require_in_time(found.release, archive, base, pocket)
        if kept is not None and not self._policy.allow_older:
            require_no_way_back(found.release, kept.release.date, pocket.name, address)
        return found

    def _verify(self, content: bytes, pocket: Pocket, address: str) -> tuple[bytes, Release]:
        try:
            text = verify_inrelease(content, self._keys)
        except SignatureError as error:
            raise FetchError(
                f"the release of `{pocket.name}` cannot be believed: {error}",
                details=(f"address: {show_address(address)}",),
                hint="do not use it; check the mirror, and that no login page of the network answers for it. A new "
                "Debian may have keys that are newer than those of this machine",
                slug="signature-invalid",
            ) from None
        try:
            release = parse_release(text)
            if pocket.name not in {release.codename, release.suite}:
                raise ValueError(f"it is that of `{release.codename}`")
        except ValueError as error:
            raise FetchError(
                f"the release of `{pocket.name}` cannot be used: {error}",
                details=(f"address: {show_address(address)}",),
                hint=MIRROR_HINT,
                slug="index-invalid",
            ) from None
        return text, release

    def _require_in_time(self, release: Release, archive: DebianArchive, base: str, pocket: Pocket) -> None:
        checks = archive.date_checks(base, {pocket.name, release.codename, release.suite})
        now = datetime.fromtimestamp(self._clock(), UTC)
        try:
            if checks.expired:
                require_fresh(release, now)
                self._require_young(release, now)
            if checks.future and release.date > now + CLOCK_TOLERANCE:
                raise ValueError(f"the release of {release.date:%Y-%m-%d %H:%M} UTC is from the future")
        except ValueError as error:
            raise FetchError(
                f"`{pocket.name}` is not valid at this time: {error}",
                details=(f"address: {show_address(base)}",),
                hint="check this machine's clock with `date`; if it is right, the mirror is out of date: name another "
                "one under `[registries.debian]` in devenv's settings",
                slug="release-expired",
            ) from None

    def _require_young(self, release: Release, now: datetime) -> None:
        seconds = self._policy.max_valid_time
        # In numbers: what a user may set goes beyond the last year that dates have.
        if seconds and now.timestamp() > release.date.timestamp() + seconds:
            raise ValueError(f"the release of {release.date:%Y-%m-%d} is older than apt's `Max-ValidTime` allows")


def require_no_way_back(release: Release, known: datetime, name: str, address: str) -> None:
    """Raises FetchError (`release-older`) where `release` is older than the one that is `known` already."""
    try:
        require_not_older(release, known)
    except ValueError as error:
        raise FetchError(
            f"`{name}` goes back in time: {error}",
            details=(f"address: {show_address(address)}",),
            hint="try again later: the mirror may lag behind. If it has been set back on purpose, say `--allow-older`",
            slug="release-older",
        ) from None
