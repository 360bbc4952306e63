from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Callable
from typing import Literal

import pytest

from devenv.errors import FetchError
from devenv.fetch.http import RetryPolicy
from devenv.fetch.index import PypiIndex
from devenv.fetch.registry import RegistryClient
from devenv.settings import Settings, settings_path
from tests.functional.loopback import Fault, Kind, Layout, Registry
from tests.functional.wheels import make_wheel

TOOL = make_wheel("tool", "1.0", scripts={"tool": b"#!/bin/sh\n"})


def reopen(settings: Settings) -> RegistryClient:
    """The registry as the next run of the program sees it."""
    return RegistryClient(settings, os.environ, policy=RetryPolicy(first_delay=0.0))


@pytest.mark.parametrize("form", ["html", "json"])
@pytest.mark.parametrize("layout", ["canonical", "canonical-elsewhere", "beside", "elsewhere"])
def test_wheels_and_size_in_every_layout(
    registry: Registry, client: RegistryClient, form: Literal["html", "json"], layout: Layout
) -> None:
    """However a registry lays out its files and words its pages, a wheel gets its locator, hash, size and yank mark."""
    registry.format = form
    published = registry.add(TOOL, layout=layout, yanked=True)
    (wheel,) = PypiIndex(client).wheels("tool")
    assert (wheel.filename, wheel.locator, wheel.sha256, wheel.yanked) == (
        TOOL.filename,
        published.locator,
        TOOL.sha256,
        True,
    )
    assert wheel.size == (len(TOOL.content) if form == "json" else None)
    assert PypiIndex(client).size(wheel) == len(TOOL.content)
    assert published.address in client.candidates(wheel.locator)


def test_fresh_page_needs_no_request_and_no_http_client(
    registry: Registry, client: RegistryClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page read within the last ten minutes costs the next run neither a request nor an HTTP library."""
    registry.add(TOOL)
    first = PypiIndex(client).wheels("tool")
    with reopen(settings) as later:
        monkeypatch.setattr(RegistryClient, "http", property(lambda _: pytest.fail("made a client")))
        assert PypiIndex(later).wheels("tool") == first
    assert registry.index_requests() == 1


def test_stale_page_is_revalidated(registry: Registry, client: RegistryClient, settings: Settings) -> None:
    """A page that the server wants checked is asked for with its ETag, and not sent or parsed again if unchanged."""
    registry.cache_control = "no-cache"
    registry.add(TOOL)
    first = PypiIndex(client).wheels("tool")
    with reopen(settings) as later:
        assert PypiIndex(later).wheels("tool") == first
        assert "if-none-match" in registry.seen[-1].headers
        registry.add(make_wheel("tool", "2.0"))
        assert len(PypiIndex(later).wheels("tool")) == 2


def test_refresh_asks_though_fresh(registry: Registry, client: RegistryClient) -> None:
    """`refresh` finds a release that came out while the kept page still counted as fresh."""
    registry.add(TOOL)
    assert len(PypiIndex(client).wheels("tool")) == 1
    registry.add(make_wheel("tool", "2.0"))
    assert len(PypiIndex(client).wheels("tool")) == 1
    assert len(PypiIndex(client, refresh=True).wheels("tool")) == 2


def test_damaged_cache_is_made_anew(registry: Registry, client: RegistryClient, settings: Settings) -> None:
    """Whatever happens to the cache directory's files, the next run reads the page afresh and keeps it."""
    registry.add(TOOL)
    first = PypiIndex(client).wheels("tool")
    (page,) = settings.http_cache.rglob("*.page")
    whole = page.read_bytes()
    for damaged in (b"", b"garbage", whole[:-1], whole.replace(TOOL.sha256[:8].encode(), b"00000000")):
        page.write_bytes(damaged)
        with reopen(settings) as later:
            assert PypiIndex(later).wheels("tool") == first
        assert page.read_bytes()[:19] == whole[:19]


def test_unknown_project_names_locator_and_address(registry: Registry, client: RegistryClient) -> None:
    """A project that the index lacks is an error with the locator, the address and where the address was set."""
    with pytest.raises(FetchError) as caught:
        PypiIndex(client).wheels("No_Such")
    assert caught.value.slug == "project-unknown"
    assert "pypi:no-such" in caught.value.message
    assert caught.value.details == (f"address: {registry.index}no-such/", "index set by devenv's settings")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failure_is_retried(registry: Registry, client: RegistryClient, status: int) -> None:
    """A server that is busy for a moment is asked again (G-11)."""
    registry.add(TOOL)
    registry.fail(registry.page_path("tool"), Fault.status_code(status, times=2))
    assert len(PypiIndex(client).wheels("tool")) == 1
    assert registry.index_requests() == 3


@pytest.mark.parametrize(
    ("fault", "slug", "requests"),
    [
        (Fault.status_code(500), "fetch-status", 4),
        (Fault.status_code(403), "fetch-status", 1),
        (Fault(Kind.DROP), "fetch-network", 4),
        (Fault(Kind.TRUNCATE), "fetch-network", 4),
        (Fault(Kind.BODY, body=b"\x00\xff garbage"), "index-invalid", 1),
        (Fault(Kind.BODY, body=b"<a href='/login'>Please log in</a>"), "index-invalid", 1),
    ],
)
def test_lasting_failure_is_one_clear_error(
    registry: Registry, client: RegistryClient, fault: Fault, slug: str, requests: int
) -> None:
    """500, 403, hung-up connections, half pages, garbage and login pages end in an error after bounded tries (G-14)."""
    registry.add(TOOL)
    registry.fail(registry.page_path("tool"), fault)
    with pytest.raises(FetchError) as caught:
        PypiIndex(client).wheels("tool")
    assert caught.value.slug == slug
    assert f"address: {registry.index}tool/" in caught.value.details
    assert registry.index_requests() == requests
    registry.fail(registry.page_path("tool"), None)
    assert len(PypiIndex(client).wheels("tool")) == 1, "a failure was kept"


def test_several_projects_at_once(registry: Registry, client: RegistryClient) -> None:
    """Many pages are asked for in parallel, each once, and come back under the names that were asked for."""
    for number in range(12):
        registry.add(make_wheel(f"tool_{number}", "1.0"))
    found = PypiIndex(client).wheels_of([f"Tool_{number}" for number in range(12)])
    assert [wheels[0].filename for wheels in found.values()] == [f"tool_{n}-1.0-py3-none-any.whl" for n in range(12)]
    assert registry.index_requests() == 12


def test_sizes_are_asked_once_for_ever(registry: Registry, client: RegistryClient, settings: Settings) -> None:
    """A size that the index does not say is asked for once, and known to later runs."""
    published = registry.add(TOOL)
    index = PypiIndex(client)
    (wheel,) = index.wheels("tool")
    assert index.sizes_of([wheel, wheel]) == {TOOL.sha256: len(TOOL.content)}
    with reopen(settings) as later:
        assert PypiIndex(later).size(wheel) == len(TOOL.content)
    assert registry.count(published.path) == 1


def test_size_without_head(registry: Registry, client: RegistryClient) -> None:
    """A server that refuses HEAD is asked for the first byte instead."""
    published = registry.add(TOOL)
    registry.fail(published.path, Fault.status_code(405, times=1))
    index = PypiIndex(client)
    assert index.size(index.wheels("tool")[0]) == len(TOOL.content)


def test_credentials_reach_the_index_and_nothing_else(
    registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password in the index address is sent to that origin, not to another one, and shows up nowhere (H-10, G-12)."""
    registry.add(TOOL, layout="canonical-elsewhere")
    settings_path(settings.home).unlink()
    monkeypatch.setenv("PIP_INDEX_URL", registry.index.replace("//", "//user:s3cret@"))
    with RegistryClient(Settings(settings.home, settings.base, settings.state, settings.cache), os.environ) as client:
        index = PypiIndex(client)
        index.size(index.wheels("tool")[0])
        with pytest.raises(FetchError) as caught:
            index.wheels("other")
        shown = repr((client.access, caught.value.message, caught.value.details, caught.value.hint))
    assert [("authorization" in seen.headers) for seen in registry.seen] == [True, False, True]
    written = b"".join(path.read_bytes() for path in settings.cache.rglob("*") if path.is_file())
    assert "s3cret" not in shown
    assert b"s3cret" not in written


def test_redirect_to_another_origin_drops_credentials(
    registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redirect to another port gets no Authorization header, and a page still reads well from there (G-12)."""
    registry.add(TOOL)
    registry.fail(registry.page_path("tool"), Fault.redirect(f"{registry.files}simple/tool/", times=1))
    monkeypatch.setenv("UV_DEFAULT_INDEX", registry.index.replace("//", "//user:s3cret@"))
    with RegistryClient(Settings(settings.home, settings.base, settings.state, settings.cache), os.environ) as client:
        assert len(PypiIndex(client).wheels("tool")) == 1
    assert [("authorization" in seen.headers) for seen in registry.seen] == [True, False]


def test_redirect_loop_ends(registry: Registry, client: RegistryClient) -> None:
    """A server that sends us round in circles is given up after ten redirects (G-12)."""
    registry.fail(registry.page_path("tool"), Fault.redirect(f"{registry.index}tool/"))
    with pytest.raises(FetchError, match="redirects more than 10 times"):
        PypiIndex(client).wheels("tool")
    assert registry.index_requests() == 11


def test_long_page_is_cut_off(registry: Registry, client: RegistryClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless page is cut off at its limit (G-10)."""
    registry.set_page("tool", b"x" * 5000)
    monkeypatch.setattr("devenv.fetch.index.PAGE_LIMIT", 4000)
    with pytest.raises(FetchError) as caught:
        PypiIndex(client).wheels("tool")
    assert caught.value.slug == "fetch-too-large"


def test_page_may_be_compressed(registry: Registry, client: RegistryClient) -> None:
    """Pages of the index, which can be large, may come by gzip, and by nothing else."""
    registry.add(TOOL)
    page, _ = registry.find(registry.page_path("tool")) or (b"", "")
    fault = Fault(Kind.BODY, headers={"Content-Encoding": "gzip"}, body=gzip.compress(page))
    registry.fail(registry.page_path("tool"), fault)
    assert len(PypiIndex(client).wheels("tool")) == 1
    assert registry.seen[-1].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("change", [lambda packed: packed[:-1], lambda packed: packed + b"x", lambda _: b"plain"])
def test_damaged_compression(registry: Registry, client: RegistryClient, change: Callable[[bytes], bytes]) -> None:
    """A page whose compressed data ends too early, is followed by something or is none is a damaged one."""
    body = change(gzip.compress(b"a page"))
    registry.fail(registry.page_path("tool"), Fault(Kind.BODY, headers={"Content-Encoding": "gzip"}, body=body))
    with pytest.raises(FetchError, match="compressed and damaged") as caught:
        PypiIndex(client).wheels("tool")
    assert caught.value.slug == "fetch-network"


def test_compression_bomb_takes_no_memory(
    registry: Registry, client: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that unpacks to a thousand times its size is cut off before it takes more than its limit (G-10)."""
    body = gzip.compress(bytes(64 << 20))
    registry.fail(registry.page_path("tool"), Fault(Kind.BODY, headers={"Content-Encoding": "gzip"}, body=body))
    monkeypatch.setattr("devenv.fetch.index.PAGE_LIMIT", 1 << 20)
    tracemalloc.start()
    with pytest.raises(FetchError) as caught:
        PypiIndex(client).wheels("tool")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.slug == "fetch-too-large"
    assert peak < 16 << 20


@pytest.mark.parametrize("encoding", ["deflate", "zstd", "br", "gzip, gzip", "gzip, identity", "nonsense"])
def test_other_encodings_are_refused(registry: Registry, client: RegistryClient, encoding: str) -> None:
    """What was compressed in a way that was not asked for, or twice, is neither unpacked nor read as it is (G-10)."""
    registry.add(TOOL)
    page, _ = registry.find(registry.page_path("tool")) or (b"", "")
    fault = Fault(Kind.BODY, headers={"Content-Encoding": encoding}, body=page)
    registry.fail(registry.page_path("tool"), fault)
    with pytest.raises(FetchError, match=encoding) as caught:
        PypiIndex(client).wheels("tool")
    assert caught.value.slug == "fetch-encoding"
    assert registry.index_requests() == 1


def test_encoding_of_an_answer_without_content_does_not_matter(registry: Registry, client: RegistryClient) -> None:
    """A project that the index lacks stays one, and a file its size, however the server compresses."""
    registry.fail(registry.page_path("other"), Fault.status_code(404, Content_Encoding="br"))
    with pytest.raises(FetchError) as caught:
        PypiIndex(client).wheels("other")
    assert caught.value.slug == "project-unknown"
    published = registry.add(TOOL)
    registry.fail(published.path, Fault(Kind.ANSWER, 1, 200, {"Content-Encoding": "br"}))
    index = PypiIndex(client)
    assert index.size(index.wheels("tool")[0]) == len(TOOL.content)
    assert registry.seen[-1].headers["accept-encoding"] == "identity"
