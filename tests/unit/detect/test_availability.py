"""What there is of a package, and what comes nearest to what there is not."""

from __future__ import annotations

import pytest

from devenv.detect.availability import Offered

PYTHON = Offered(("==3.13.*", "==3.11.*", "==3.9.*"))
NODE = Offered((">=20", ">=18,<19"))
LISTED = Offered(("",), ("1.26.1", "1.26.0", "1.24.3", "1.22.0"))


def suits_all(_: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("offered", "request_", "has"),
    [
        (PYTHON, "3.13.1", True),
        (PYTHON, "3.12", False),
        (PYTHON, "3", True),
        (PYTHON, ">=3.12", True),
        (PYTHON, ">3.11,<3.13", True),
        (PYTHON, ">=3.12,<3.13", False),
        (NODE, "19", False),
        (NODE, "18.20.1", True),
        (NODE, "16", False),
        (LISTED, "1.24.9", True),
        (LISTED, "1.23", False),
        (LISTED, ">=1.27", False),
    ],
)
def test_has(offered: Offered, request_: str, has: bool) -> None:
    """What recipes and indexes have is known without a network where a suite has one version of each line."""
    assert offered.has(request_) is has


@pytest.mark.parametrize(
    ("offered", "request_", "loosened"),
    [
        (PYTHON, "3.13.1", "3.13"),
        (PYTHON, "3.13", "3.13"),
        (PYTHON, "3.12.1", "3.12.1"),
        (PYTHON, ">=3.13.1", ">=3.13.1"),
        (NODE, "20.11.1", "20.11.1"),
        (LISTED, "1.24.3", "1.24.3"),
        (LISTED, "1.24.9", "1.24"),
        (LISTED, "1.23.9", "1.23.9"),
    ],
)
def test_loosen(offered: Offered, request_: str, loosened: str) -> None:
    """An exact version that is not there, but others of its line, becomes a request for the line."""
    assert offered.loosen(request_) == loosened


@pytest.mark.parametrize(
    ("offered", "request_", "nearest"),
    [
        (PYTHON, "3.12.4", "3.13"),
        (PYTHON, "3.10", "3.11"),
        (PYTHON, "3.8", "3.9"),
        (PYTHON, "3.14", "3.13"),
        (PYTHON, "2.7", "3.9"),
        (NODE, "16", "18"),
        (NODE, "19", "20"),
        (LISTED, "1.23.1", "1.24"),
        (LISTED, ">=1.27", "1.26"),
    ],
)
def test_nearest(offered: Offered, request_: str, nearest: str) -> None:
    """The next line of versions above is what most likely works, else the one below."""
    assert offered.nearest(request_, suits_all) == nearest


def test_what_other_files_want_decides() -> None:
    """A line that another file rules out is not proposed while there is one that it takes."""
    assert PYTHON.nearest("3.12", lambda line: line != "3.13") == "3.11"
