"""What the clients of all registries have in common: they are opened when they are first asked something.

A run that finds everything in its caches does not even look at what the user configured.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Generic, Self, TypeVar

from devenv.fetch.access import ServerAccess
from devenv.fetch.http import HttpClient, RetryPolicy

Access = TypeVar("Access", bound=ServerAccess)


class Client(ABC, Generic[Access]):
    """A user's way to some servers. To be used in a `with` statement; safe to use from several threads."""

    def __init__(self, policy: RetryPolicy | None, access: Access | None = None, *, offline: bool = False) -> None:
        """`offline`: no server is asked anything, only files of this machine are read."""
        self._policy = policy
        self.offline = offline
        self._lock = threading.RLock()
        self._access = access
        self._http: HttpClient | None = None

    @abstractmethod
    def _find_access(self) -> Access:
        """The user's access, as it is configured."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections; the client may be used again."""
        with self._lock:
            if self._http is not None:
                self._http.close()

    @property
    def access(self) -> Access:
        """The user's access. Raises FetchError (`registry-unconfigured`), UsageError (`settings-invalid`)."""
        with self._lock:
            if self._access is None:
                self._access = self._find_access()
            return self._access

    @property
    def http(self) -> HttpClient:
        """The client to make requests with."""
        with self._lock:
            if self._http is None:
                self._http = HttpClient(self.access, self._policy, offline=self.offline)
            return self._http
