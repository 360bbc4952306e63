"""The index of `pypi:`: which wheels a project has, and how large a wheel is.

Pages come from `page_cache` while they are fresh, are revalidated after that, and are parsed by `pages`. Sizes are
asked from the file's own server where the index does not say them, and remembered for ever: a file with a given
SHA-256 has one size. `devenv.resolve` chooses among what this returns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial

from devenv.errors import FetchError
from devenv.events import Detail, Report, ignore
from devenv.fetch.addresses import show_address
from devenv.fetch.http import HttpRequest, Reply
from devenv.fetch.http_errors import require_here
from devenv.fetch.page_cache import CachedPage, make_cached_page, page_lifetime
from devenv.fetch.pages import ACCEPT, PAGE_LIMIT, parse_page
from devenv.fetch.registry import RegistryClient
from devenv.fetch.sizes import measure_file
from devenv.packages.wheels import WheelFile
from devenv.workers import run_parallel

PARALLEL_REQUESTS = 8

PROJECT_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?", re.ASCII)
NOT_MODIFIED = 304
UNKNOWN = frozenset({404, 410})


class PypiIndex:
    """What the user's index says. Remembers every answer for the length of a run; safe to use from several threads.

    With `refresh` no page is taken for fresh: the server is asked whether it has changed.
    """

    def __init__(self, registry: RegistryClient, *, refresh: bool = False, report: Report = ignore) -> None:
        self._registry = registry
        self._refresh = refresh
        self._report = report
        self._known: dict[str, tuple[WheelFile, ...]] = {}

    def wheels(self, project: str) -> tuple[WheelFile, ...]:
        """The wheels of `project` that can be pinned, in the order of the index; yanked ones are marked.

        Raises FetchError: `project-unknown`, `index-invalid`, `registry-unconfigured` and those of `HttpClient.fetch`.
        """
        name = normalise_project(project)
        if name not in self._known:
            self._known[name] = self._find_page(name).wheels
        return self._known[name]

    def wheels_of(self, projects: Iterable[str]) -> Mapping[str, tuple[WheelFile, ...]]:
        """The wheels of each of `projects`, asked for at once."""
        names = list(dict.fromkeys(projects))
        if self._registry.offline:
            require_here(partial(self.wheels, name) for name in names)
        return dict(
            zip(names, run_parallel([partial(self.wheels, name) for name in names], PARALLEL_REQUESTS), strict=True)
        )

    def size(self, file: WheelFile) -> int:
        """The size of `file` in bytes. Raises FetchError (`artifact-missing` and those of `HttpClient.fetch`)."""
        if file.size is not None:
            return file.size
        memory = self._registry.sizes
        known = memory.find(file.sha256)
        if known is None:
            known = measure_file(file.locator, self._registry.candidates(file.locator), self._registry.http)
            memory.remember(file.sha256, known)
        return known

    def sizes_of(self, files: Iterable[WheelFile]) -> Mapping[str, int]:
        """The size of each of `files` by its SHA-256, asked for at once."""
        wanted = list({file.sha256: file for file in files}.values())
        if self._registry.offline:
            require_here(partial(self.size, file) for file in wanted)
        sizes = run_parallel([partial(self.size, file) for file in wanted], PARALLEL_REQUESTS)
        return {file.sha256: size for file, size in zip(wanted, sizes, strict=True)}

    def _find_page(self, name: str) -> CachedPage:
        pages = self._registry.pages
        cached = pages.read(name)
        # Offline a kept page counts however old it is: nobody could say anything newer.
        if cached is not None and (self._registry.offline or (not self._refresh and cached.is_fresh(pages.now()))):
            return cached
        reply = self._ask(name, cached)
        lifetime = page_lifetime(reply.headers)
        if reply.status == NOT_MODIFIED and cached is not None:
            page = make_cached_page(
                cached.wheels, {**_stored_headers(cached), **reply.headers}, lifetime or 0.0, pages.now()
            )
        else:
            read = parse_page(
                reply.content, reply.headers.get("content-type", ""), reply.address, self._registry.access.index
            )
            pages.remember_bases(tuple(base for base in read.bases if base != self._registry.access.index))
            page = make_cached_page(read.wheels, reply.headers, lifetime or 0.0, pages.now())
        if lifetime is not None:
            pages.write(name, page)
        self._report(Detail(f"read `pypi:{name}`: {len(page.wheels)} wheels"))
        return page

    def _ask(self, name: str, cached: CachedPage | None) -> Reply:
        access = self._registry.access
        validators = cached.validators() if cached is not None else {}
        accept = UNKNOWN | {200} | ({NOT_MODIFIED} if validators else set())
        headers = {"Accept": ACCEPT, **validators}
        request = HttpRequest("GET", f"{access.index}{name}/", headers, accept, compressible=True)
        reply = self._registry.http.fetch(request, PAGE_LIMIT)
        if reply.status in UNKNOWN:
            raise FetchError(
                f"the package index has no project `pypi:{name}`",
                details=(f"address: {show_address(reply.address)}", f"index set by {access.source}"),
                hint="check the name",
                slug="project-unknown",
            )
        return reply


def _stored_headers(page: CachedPage) -> dict[str, str]:
    """The validators of a kept page, for an answer that confirms it without repeating them."""
    return {"etag": page.etag, "last-modified": page.modified}


def normalise_project(name: str) -> str:
    """`Foo.Bar_baz` → `foo-bar-baz` (PEP 503). Raises FetchError (`project-unknown`) where it is no project's name."""
    if PROJECT_NAME.fullmatch(name) is None:
        raise FetchError(
            f"{name[:100]!r} cannot be the name of a project in `pypi:`",
            hint="names are made of letters, digits, `.`, `_` and `-`",
            slug="project-unknown",
        )
    return re.sub(r"[-_.]+", "-", name).lower()
