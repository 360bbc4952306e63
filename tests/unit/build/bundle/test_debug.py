"""Where the symbols of libraries are found."""

from __future__ import annotations

from tests.trees import Link
from tests.unit.build.bundle.conftest import Bundle
from tests.unit.build.bundle.test_merge import file

SYMBOLS = b"usr/lib/debug/.build-id/86/f7eb.debug"


def test_symbols_lie_beside_libraries(bundle: Bundle) -> None:
    """valgrind and gdb look beside a library, not in the tree: the host's directory is compiled into them."""
    built = bundle({"dbg": [file(SYMBOLS), file(b"usr/lib/debug/.dwz/a.debug")]})

    assert built[b"root/usr/lib/x86_64-linux-gnu/.debug/f7eb.debug"] == Link(b"../../debug/.build-id/86/f7eb.debug")
    assert sum(b"/.debug/" in path for path in built) == 1
