from __future__ import annotations

import math
import socket
import threading
from typing import Any

import httpcore
import httpx
import pytest

from devenv.fetch.deadlines import DeadlineError, shorten, time_left, time_limit
from devenv.fetch.timed_connections import TimedBackend, heed_deadlines
from devenv.workers import Cancelled, run_parallel

ADDRESSES = ("192.0.2.1", "192.0.2.2", "192.0.2.3")


class Silent(httpcore.NetworkBackend):
    """A network in which nobody answers; `working` does."""

    def __init__(self, working: str = "") -> None:
        self.tried: list[str] = []
        self.working = working

    def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self.tried.append(host)
        if host == self.working:
            return httpcore.MockStream([])
        raise httpcore.ConnectTimeout("no answer")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every host has all of `ADDRESSES`."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ADDRESSES]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_limits_only_ever_shorten() -> None:
    """A deadline inside another one cannot put it off, and ends with its block."""
    assert (shorten(None), shorten(5.0), time_left()) == (None, 5.0, math.inf)
    with time_limit(100.0):
        with time_limit(1000.0):
            assert time_left() <= 100.0
            assert (shorten(None) or 0.0) <= 100.0
            assert shorten(5.0) == 5.0
        with time_limit(0.0), pytest.raises(DeadlineError):
            shorten(5.0)
        assert time_left() > 0.0
    assert time_left() == math.inf


def test_waits_end_with_work_that_is_no_longer_wanted() -> None:
    """A connection of a thread whose work was stopped does not begin another wait."""
    stopped = threading.Event()
    ended: list[bool] = []

    def wait() -> None:
        try:
            while not stopped.wait(0.001):
                shorten(1.0)
        except Cancelled:
            ended.append(True)
            raise

    with pytest.raises(RuntimeError, match="failed"):
        run_parallel([wait, lambda: (_ for _ in ()).throw(RuntimeError("failed"))], 2)
    stopped.set()
    assert ended == [True]


@pytest.mark.usefixtures("names")
def test_addresses_of_a_host_share_its_deadline() -> None:
    """A host with many addresses that do not answer is given up at the deadline, not after each of them."""
    network = Silent()
    with pytest.raises(httpcore.ConnectTimeout):
        TimedBackend(network).connect_tcp("files.example", 80, 10.0)
    assert network.tried == list(ADDRESSES)
    with time_limit(0.0), pytest.raises(DeadlineError):
        TimedBackend(network).connect_tcp("files.example", 80, 10.0)
    assert network.tried == list(ADDRESSES)


@pytest.mark.usefixtures("names")
def test_first_address_that_answers_is_taken() -> None:
    """A host is reached if one of its addresses is."""
    network = Silent(working=ADDRESSES[1])
    TimedBackend(network).connect_tcp("files.example", 80, 10.0)
    assert network.tried == list(ADDRESSES[:2])


def test_unknown_host_is_a_failure_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody knows, or that can be none, ends as any server that is not reached."""
    for failure in (socket.gaierror("unknown"), UnicodeError("label too long")):

        def find(*_: object, error: Exception = failure, **__: object) -> None:
            raise error

        monkeypatch.setattr(socket, "getaddrinfo", find)
        with pytest.raises(httpcore.ConnectError):
            TimedBackend(Silent()).connect_tcp("files.example", 80, 10.0)


def test_all_connections_of_the_library_heed_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections to servers, and to the proxies of access and environment, are all bounded."""
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    with httpx.Client(mounts={"http://one.example": httpx.HTTPTransport(proxy="http://proxy.example:1")}) as client:
        heed_deadlines(client)
        for address in ("http://one.example", "https://two.example", "http://three.example"):
            transport = client._transport_for_url(httpx.URL(address))
            assert isinstance(transport, httpx.HTTPTransport)
            assert isinstance(transport._pool._network_backend, TimedBackend)
