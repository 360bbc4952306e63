"""Usual failures of builds are told with what helps, others without."""

from __future__ import annotations

import pytest

from devenv.build.script.advice import advise
from devenv.build.script.scripts import USUAL_PACKAGES
from devenv.packages.package_set import read_base_set

PROGRAM = "add the package that has `{}` to `tools`: a build sees no program of this machine"
INPUT = "add the package that has `{}` to `inputs`"


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("/script: line 21: curl: command not found", PROGRAM.format("curl")),
        ("/bin/sh: 1: pkg-config: not found", PROGRAM.format("pkg-config")),
        ("make: cmake: No such file or directory", PROGRAM.format("cmake")),
        ("make[2]: cmake: No such file or directory", PROGRAM.format("cmake")),
        ("/usr/bin/env: 'python3': No such file or directory", PROGRAM.format("python3")),
        ("/usr/bin/env: ‘python3’: No such file or directory", PROGRAM.format("python3")),
        ("main.c:1:10: fatal error: openssl/ssl.h: No such file or directory", INPUT.format("openssl/ssl.h")),
        ("/usr/bin/ld: cannot find -lz: No such file or directory", "add the package that has the library `z` to"),
        ("No package 'libfoo-2.0' found", INPUT.format("libfoo-2.0.pc")),
        ("Package zlib was not found in the pkg-config search path.", INPUT.format("zlib.pc")),
        ("  Could NOT find ZLIB (missing: ZLIB_LIBRARY)", INPUT.format("ZLIB")),
        ('  Could not find a package configuration file provided by "Qt6" with any', INPUT.format("Qt6")),
        ("ModuleNotFoundError: No module named 'pytest'", "the Python module `pytest`"),
        ("/usr/bin/python3: No module named build", "the Python module `build`"),
        ("curl: (6) Could not resolve host: archive.example", "a build has no network"),
        ("/script: connect: Network is unreachable", "a build has no network"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "a build has no network"),
        ("/script: line 21: /homeless/x: No such file or directory", "a build has no home directory"),
        ("mkdir: cannot create directory '/homeless': Read-only file system", "a build has no home directory"),
        ("touch: cannot touch '/usr/x': Read-only file system", "a build can write below `/build`"),
    ],
)
def test_usual_failures(line: str, advice: str) -> None:
    """What tools say of what a sandbox does not have is told in words that help."""
    found = advise(["make all", line, "make: *** [Makefile:2: app] Error 1"])
    assert found is not None
    assert found.startswith(advice) or advice in found


@pytest.mark.parametrize(
    "line",
    [
        "",
        "main.c:3: error: expected ';'",
        "checking for zlib... not found",
        "./configure: not found",
        "make: ./configure: No such file or directory",
        "cat: missing.txt: No such file or directory",
        "test homelessness ... FAILED",
        "{0} {name}",
    ],
)
def test_others(line: str) -> None:
    """Nothing is guessed about other failures."""
    assert advise([line]) is None


def test_the_first_is_the_cause() -> None:
    """What failed first is the cause of what failed behind it."""
    found = advise(["a: curl: command not found", "x.c:1:1: fatal error: x.h: No such file or directory"])
    assert found == PROGRAM.format("curl")


def test_a_long_line_is_quick() -> None:
    """A line without an end of a hostile build takes no time to be looked at."""
    assert advise(["a" * 200_000, ": " * 100_000, "fatal error: " * 20_000]) is None


def test_usual_packages_are_there() -> None:
    """The packages that are named for interpreters are those of the set."""
    assert set(USUAL_PACKAGES.values()) <= set(read_base_set().names())
