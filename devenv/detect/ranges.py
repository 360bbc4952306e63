"""Whether two version requests have a version in common, and a request for these."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from devenv.detect.model import ANY

NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def intersects(*requests: str) -> bool:
    """Whether some version satisfies all of them.

    Each request is a union of intervals whose ends are the versions that it names; where several overlap, they do so
    at the lower end of one of them, or right behind it.
    """
    return any(all(matches(request, version) for request in requests) for version in _iter_probes(requests))


def combine(one: str, other: str) -> str | None:
    """A request for what satisfies both, which have something in common; None where it would be too long."""
    from devenv.packages.versions import REQUEST_LIMIT

    # A plain version says as much as a person pins.
    if other in {ANY, one} or _is_plain(one):
        return one
    if one == ANY:
        return other
    parts = dict.fromkeys(",".join(f"=={each}.*" if _is_plain(each) else each for each in (one, other)).split(","))
    joined = ",".join(parts)
    return joined if len(joined) <= REQUEST_LIMIT else None


def _is_plain(request: str) -> bool:
    return request[0].isdigit()


def _iter_probes(requests: tuple[str, ...]) -> Iterator[str]:
    yield "0"
    for request in requests:
        for numbers in NUMBERS.findall(request):
            yield numbers
            yield f"{numbers}.0.0.1"


@functools.lru_cache(maxsize=4096)
def matches(request: str, version: str) -> bool:
    """Whether a version satisfies a request."""
    from devenv.packages.versions import parse_version_request

    return parse_version_request(request).matches(version)
