"""A real browser without a window, for tests of pages: Chromium, spoken to by its protocol over pipes.

https://chromedevtools.github.io/devtools-protocol/; messages are JSON, each with a NUL behind, on descriptors 3 and 4.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import itertools
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60
"""For one answer; the first waits for the browser's start."""
KEYS = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9}


def find_browser() -> str | None:
    """The program; None where there is none."""
    return next((path for path in map(shutil.which, PROGRAMS) if path is not None), None)


class Browser:
    """A running browser with one page open."""

    def __init__(self, reader: int, writer: int) -> None:
        self._reader, self._writer = reader, writer
        self._numbers = itertools.count(1)
        self._pending = b""
        self._session: str | None = None
        self._loaded = False
        self.said: list[str] = []
        """What the page logged, threw, or was refused."""
        (target,) = [each for each in self.call("Target.getTargets")["targetInfos"] if each["type"] == "page"][:1]
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.requests: list[str] = []
        """The addresses that were asked for."""

    def call(self, method: str, **parameters: Any) -> Any:
        """Ask for something, and wait for the answer."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._writer, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _receive(self) -> Any:
        limit = time.monotonic() + SECONDS
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._reader], [], [], max(0, limit - time.monotonic()))
            piece = os.read(self._reader, 1 << 16) if ready else b""
            assert piece, "the browser does not answer"
            self._pending += piece
        text, _, self._pending = self._pending.partition(b"\0")
        return json.loads(text)

    def _note(self, event: Any) -> None:
        match event.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Runtime.exceptionThrown":
                self.said.append(str(event["params"]["exceptionDetails"]))
            case "Runtime.consoleAPICalled":
                self.said.append(str(event["params"]["args"]))
            case "Log.entryAdded":
                self.said.append(str(event["params"]["entry"]["text"]))
            case "Network.requestWillBeSent":
                self.requests.append(str(event["params"]["request"]["url"]))

    def open(self, path: Path, fragment: str = "") -> None:
        """Show a page, and wait until it says that it is ready."""
        for address in ("about:blank", f"{path.as_uri()}{fragment}"):
            self.said.clear()
            self.requests.clear()
            self._loaded = False
            self.call("Page.navigate", url=address)
            while not self._loaded:
                self._note(self._receive())
        assert self.ask("document.documentElement.dataset.ready"), self.said

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page, as JSON knows it; promises are waited for."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def settle(self) -> None:
        """Wait until the page has drawn."""
        self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def press(self, key: str) -> None:
        """A key of the keyboard: a name of `KEYS`, or a letter."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        code = KEYS.get(key, ord(key[0].upper()))
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)
        self.settle()

    def write(self, text: str) -> None:
        """Put text where the focus is."""
        self.call("Input.insertText", text=text)
        self.settle()

    def point(self, selector: str, *, click: bool = False) -> None:
        """Move the mouse to the middle of the first element that is found, and press it there."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.ask(f"{found}.scrollIntoView({{block: 'nearest'}})")
        x, y = self.ask(f"(b => [b.x + b.width / 2, b.y + Math.min(b.height / 2, 9)])({found}.getBoundingClientRect())")
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased") if click else ():
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.settle()

    def resize(self, width: int, height: int, *, phone: bool = False, dark: bool = False) -> None:
        """The size of the window in pixels, and which colours its user prefers."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.settle()

    def photograph(self, path: Path) -> None:
        """Write what is seen as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


@contextlib.contextmanager
def running_browser(program: str) -> Iterator[Browser]:
    """A browser with a profile of its own, which ends with the block."""
    with tempfile.TemporaryDirectory(prefix="b", ignore_cleanup_errors=True) as profile:
        command = [
            program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
            f"--user-data-dir={profile}", "about:blank",
        ]  # fmt: skip
        (in_reader, in_writer), (out_reader, out_writer) = os.pipe(), os.pipe()
        # Away from 3 and 4, which the child gets.
        theirs = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in (in_reader, out_writer)]
        os.close(in_reader)
        os.close(out_writer)
        quiet = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        actions = [(os.POSIX_SPAWN_DUP2, each, number) for number, each in enumerate([quiet] * 3 + theirs)]
        pid = os.posix_spawn(command[0], command, {**os.environ, "HOME": profile}, file_actions=actions, setpgroup=0)
        try:
            for each in (quiet, *theirs):
                os.close(each)
            yield Browser(out_reader, in_writer)
        finally:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(in_writer)
            os.close(out_reader)
