"""What tests of the store share: failures at named points."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator

import pytest

from devenv.fault_points import set_fault_handler


@pytest.fixture
def fail_at() -> Callable[[str], contextlib.AbstractContextManager[None]]:
    """Lets every step of a name fail with a full disk, for as long as a `with` lasts."""

    @contextlib.contextmanager
    def failing(point: str) -> Iterator[None]:
        def handler(name: str) -> None:
            if name == point:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"/point/{name}")

        set_fault_handler(handler)
        try:
            yield
        finally:
            set_fault_handler(None)

    return failing
