"""Lets `devenv.fetch.http` read files of this machine as if a server sent them, for mirrors on a disk (`file:`)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

import httpx

CHUNK = 1 << 18
"""Bytes that are read at once."""


class FileTransport(httpx.BaseTransport):
    """Answers requests for `file://localhost/…`: 200 with a regular file's content, 403, or 404."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to `request`, whatever its method."""
        # `url.path` is unquoted already, by rules for text, which names of files need not be.
        path = unquote_to_bytes(request.url.raw_path.partition(b"?")[0])
        # Opened without blocking and checked on the descriptor: a FIFO put there cannot hang us (FAULTS K-05).
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except PermissionError:
            return httpx.Response(403, request=request)
        except (OSError, ValueError):
            return httpx.Response(404, request=request)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            return httpx.Response(404, request=request)
        headers = {"Content-Length": str(status.st_size)}
        return httpx.Response(200, headers=headers, stream=_FileStream(descriptor), request=request)


class _FileStream(httpx.SyncByteStream):
    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "rb")

    def __iter__(self) -> Iterator[bytes]:
        try:
            while chunk := self._file.read(CHUNK):
                yield chunk
        except OSError as error:
            raise httpx.ReadError(error.strerror or "the file cannot be read") from error

    def close(self) -> None:
        self._file.close()
