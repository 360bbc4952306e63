"""A package registry on the loopback interface: simple index and files, counted requests, and faults on demand.

One `Registry` listens on two ports, as real ones keep index and files on two hosts; both answer for everything, only
the links on index pages differ (`Registry.add`). Faults are set for a path and a number of requests (`Registry.fail`).
"""

from __future__ import annotations

import enum
import hashlib
import html
import http.server
import json
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.functional.wheels import Wheel

Layout = Literal["canonical", "canonical-elsewhere", "beside", "elsewhere"]
JSON_TYPE = "application/vnd.pypi.simple.v1+json"


class Kind(enum.Enum):
    """What goes wrong."""

    ANSWER = enum.auto()
    """Another status, with an empty body."""
    BODY = enum.auto()
    """Another body, with status 200 and the type of a web page."""
    TRUNCATE = enum.auto()
    """Half the body, then the connection is closed."""
    STALL = enum.auto()
    """Half the body, then silence until the registry is closed, at most a minute."""
    FLIP = enum.auto()
    """One bit of the body is another."""
    WRONG_LENGTH = enum.auto()
    """The body has a byte more than it should, and Content-Length says so."""
    NO_RANGE = enum.auto()
    """Requests for a part get the whole, and no Content-Length or validator is sent."""
    ENDLESS = enum.auto()
    """The body is followed by 16 MiB more, without a Content-Length."""
    DROP = enum.auto()
    """The connection is closed without an answer."""


@dataclass(slots=True)
class Fault:
    """Something that goes wrong `times` times (None: always)."""

    kind: Kind
    times: int | None = None
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def redirect(cls, location: str, times: int | None = None) -> Fault:
        return cls(Kind.ANSWER, times, 302, {"Location": location})

    @classmethod
    def status_code(cls, status: int, times: int | None = None, **headers: str) -> Fault:
        return cls(Kind.ANSWER, times, status, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True, slots=True)
class Published:
    """A file that the registry offers."""

    filename: str
    path: str
    """Where it lies on both ports."""
    address: str
    """Where index pages say that it lies."""
    locator: str
    """What a lock should call it."""
    sha256: str
    size: int
    link: str
    """As index pages write it."""
    yanked: bool
    uploaded: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that arrived; the names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    port: int


class Registry:
    """The registry. `index` and `files` are the addresses to configure; the rest may be changed while it runs."""

    def __init__(self) -> None:
        self._servers = [_Server(self), _Server(self)]
        self.index = f"{self._servers[0].address}/simple/"
        self.files = f"{self._servers[1].address}/"
        self.format: Literal["html", "json"] = "html"
        self.index_enabled = True
        """False: the index drops connections, while files can still be had."""
        self.cache_control: str | None = None
        self.seen: list[Seen] = []
        self.closing = threading.Event()
        self._contents: dict[str, bytes] = {}
        self._projects: dict[str, list[Published]] = {}
        self._faults: dict[str, Fault] = {}
        self._lock = threading.Lock()
        self._arrived = threading.Condition()
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        """Stop, and end what stalls."""
        self.closing.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def add(
        self, wheel: Wheel, *, layout: Layout = "canonical", yanked: bool = False, uploaded: str | None = None
    ) -> Published:
        """Offer `wheel`.

        `canonical`: in the public index's layout beside this index; `canonical-elsewhere`: the same on the other port;
        `beside`: in `files/` beside the index, with a relative link; `elsewhere`: at some path on the other port.
        """
        digest = hashlib.blake2b(wheel.content, digest_size=32).hexdigest()
        canonical = f"/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{wheel.filename}"
        origin, other = (server.address for server in self._servers)
        path, link, locator = {
            "canonical": (canonical, origin + canonical, f"pypi:{canonical[1:]}"),
            "canonical-elsewhere": (canonical, other + canonical, f"pypi:{canonical[1:]}"),
            "beside": (f"/files/{wheel.filename}", f"../../files/{wheel.filename}", f"pypi:../files/{wheel.filename}"),
            "elsewhere": (f"/some/{wheel.filename}", f"{other}/some/{wheel.filename}", f"pypi:/some/{wheel.filename}"),
        }[layout]
        address = origin + path if layout == "beside" else link
        published = Published(
            wheel.filename, path, address, locator, wheel.sha256, len(wheel.content), link, yanked, uploaded
        )
        self._contents[path] = wheel.content
        self._projects.setdefault(wheel.project, []).append(published)
        return published

    def replace(self, published: Published, content: bytes, *, listed: bool) -> None:
        """Let another file lie where one was published; `listed`: the index names its hash as well."""
        self._contents[published.path] = content
        if listed:
            sha256 = hashlib.sha256(content).hexdigest()
            for files in self._projects.values():
                files[:] = [
                    replace(each, sha256=sha256, size=len(content)) if each.path == published.path else each
                    for each in files
                ]

    def withdraw(self, project: str, version: str) -> None:
        """List a version no more, as an index does that was set back."""
        files = self._projects[project]
        files[:] = [each for each in files if f"-{version}-" not in each.filename]

    def yank(self, project: str, version: str) -> None:
        """Mark all files of a version as withdrawn by their makers."""
        files = self._projects[project]
        files[:] = [replace(each, yanked=True) if f"-{version}-" in each.filename else each for each in files]

    def page_path(self, project: str) -> str:
        """The path of a project's page."""
        return f"/simple/{project}/"

    def set_page(self, project: str, content: bytes) -> None:
        """Let a project's page (in HTML) be just this."""
        self._contents[self.page_path(project)] = content

    def put(self, path: str, content: bytes) -> None:
        """Let `content` lie at `path`, on both ports."""
        self._contents[path] = content

    def fail(self, path: str, fault: Fault | None) -> None:
        """Let requests for `path` go wrong; None: no longer."""
        with self._lock:
            if fault is None:
                self._faults.pop(path, None)
            else:
                self._faults[path] = fault

    def count(self, path: str, method: str | None = None) -> int:
        """How many requests for `path` came."""
        return sum(1 for seen in self.seen if seen.path == path and method in {None, seen.method})

    def index_requests(self) -> int:
        """How many requests for pages of the index came."""
        return sum(1 for seen in self.seen if seen.path.startswith("/simple/"))

    def record(self, seen: Seen) -> None:
        """Count a request."""
        with self._arrived:
            self.seen.append(seen)
            self._arrived.notify_all()

    def wait_for(self, path: str) -> None:
        """Return once a request for `path` has come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.count(path), timeout=20), f"nobody asked for {path}"

    def take_fault(self, path: str) -> Fault | None:
        """The fault of this request, counted."""
        with self._lock:
            fault = self._faults.get(path)
            if fault is not None and fault.times is not None:
                if fault.times == 0:
                    return None
                fault.times -= 1
            return fault

    def content(self, path: str) -> bytes:
        """What was put at `path`."""
        return self._contents[path]

    def find(self, path: str) -> tuple[bytes, str] | None:
        """The body and content type at `path`."""
        if path in self._contents:
            is_page = path.startswith("/simple/")
            return self._contents[path], "text/html" if is_page else "application/octet-stream"
        match = re.fullmatch(r"/simple/([a-z0-9-]+)/", path)
        if match is None or match[1] not in self._projects:
            return None
        files = self._projects[match[1]]
        if self.format == "json":
            return _json_page(match[1], files), JSON_TYPE
        return _html_page(files), "text/html; charset=utf-8"


def _html_page(files: list[Published]) -> bytes:
    lines = []
    for file in files:
        yanked = ' data-yanked=""' if file.yanked else ""
        address = f"{html.escape(file.link)}#sha256={file.sha256}"
        lines.append(f'<a href="{address}" data-requires-python="&gt;=3.8"{yanked}>{file.filename}</a><br/>')
    meta = '<meta name="pypi:repository-version" content="1.1">'
    return f"<!DOCTYPE html><html><head>{meta}</head><body>\n{chr(10).join(lines)}\n</body></html>".encode()


def _json_page(project: str, files: list[Published]) -> bytes:
    listed = [
        {
            "filename": file.filename,
            "url": file.link,
            "hashes": {"sha256": file.sha256},
            "size": file.size,
            "yanked": file.yanked,
            **({} if file.uploaded is None else {"upload-time": file.uploaded}),
        }
        for file in files
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": listed}).encode()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, registry: Registry) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.registry = registry
        self.address = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away are what these tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        registry = self.server.registry
        path = self.path.partition("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        registry.record(Seen(self.command, path, headers, self.server.server_address[1]))
        fault = registry.take_fault(path)
        is_index = path.startswith("/simple/")
        if (fault is not None and fault.kind is Kind.DROP) or (is_index and not registry.index_enabled):
            self._hang_up()
        elif fault is not None and fault.kind is Kind.ANSWER:
            self._send(fault.status, fault.headers, b"")
        elif fault is not None and fault.kind is Kind.BODY:
            self._send(200, {"Content-Type": "text/html", **fault.headers}, fault.body)
        elif (found := registry.find(path)) is None:
            self._send(404, {}, b"")
        else:
            self._send_content(*found, fault, is_index)

    def _send_content(self, body: bytes, content_type: str, fault: Fault | None, is_index: bool) -> None:
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"Content-Type": content_type, "ETag": etag}
        if is_index and self.server.registry.cache_control is not None:
            headers["Cache-Control"] = self.server.registry.cache_control
        if self.headers.get("If-None-Match") == etag:
            self._send(304, headers, b"")
            return
        status, kind = 200, fault.kind if fault is not None else None
        wanted = re.fullmatch(r"bytes=([0-9]+)-([0-9]*)", self.headers.get("Range", ""))
        if wanted and kind is not Kind.NO_RANGE and self.headers.get("If-Range") in {None, etag}:
            first, last = int(wanted[1]), int(wanted[2] or len(body) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
            status, body = 206, body[first : last + 1]
        if kind is Kind.FLIP:
            body = body[:-1] + bytes([body[-1] ^ 1])
        elif kind is Kind.WRONG_LENGTH:
            body += b"!"
        elif kind in {Kind.NO_RANGE, Kind.ENDLESS}:
            self.close_connection = True
            headers = {"Content-Type": content_type, "Connection": "close"}
        self._send(status, headers, body, kind)

    def _send(self, status: int, headers: Mapping[str, str], body: bytes, kind: Kind | None = None) -> None:
        self.send_response(status)
        if kind not in {Kind.NO_RANGE, Kind.ENDLESS}:
            headers = {"Content-Length": str(len(body)), **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD" or status == 304:
            return
        if kind in {Kind.TRUNCATE, Kind.STALL}:
            self.wfile.write(body[: len(body) // 2])
            if kind is Kind.STALL:
                self.server.registry.closing.wait(60)
            self._hang_up()
            return
        self.wfile.write(body)
        for _ in range(256 if kind is Kind.ENDLESS else 0):
            self.wfile.write(bytes(1 << 16))

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
