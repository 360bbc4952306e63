"""Whose programs are shown of a package that was asked for by its Debian name."""

from __future__ import annotations

import pytest

from devenv.errors import BuildError
from tests.debs import symlink
from tests.unit.build.bundle.conftest import Bundle, package
from tests.unit.build.bundle.test_merge import file


def program(name: str, **control: str) -> bytes:
    """A package with one program of its own name."""
    return package(name, [file(f"usr/bin/{name}".encode(), mode=0o755)], **control)


def empty(name: str, depends: str, **control: str) -> bytes:
    """A package with nothing but dependencies."""
    return package(name, [file(f"usr/share/{name}/data".encode())], Version="1-1", Depends=depends, **control)


def names(built: object) -> list[str]:
    assert isinstance(built, dict)
    return sorted(path.removeprefix(b"bin/").decode() for path in built if path.startswith(b"bin/"))


def test_part_in_the_same_version(bundle: Bundle) -> None:
    """`perl` depends on `perl-base` in its very version: the program that lies there is shown as its own."""
    packages = {
        "perl": program("perl", Version="5.40-6", **{"Pre-Depends": "dash"}, Depends="base (= 5.40-6), more (>= 1)"),
        "base": program("base", Version="5.40-6"),
        "more": program("more", Version="5.40-6"),
        "dash": program("dash", Version="1"),
    }
    assert names(bundle(packages, own=["perl"], plain=True)) == ["base", "perl"]
    assert names(bundle(packages, own=["perl"])) == ["perl"]


def test_package_of_dependencies(bundle: Bundle) -> None:
    """What consists of dependencies shows their programs, through as many of its like as there are."""
    packages = {
        "meta": empty("meta", "inner | other, absent | tool"),
        "inner": empty("inner", "server, client"),
        "server": program("server", Version="1", Depends="helper"),
        "client": program("client", Version="1"),
        "tool": program("tool", Version="1"),
        "helper": program("helper", Version="1"),
    }
    assert names(bundle(packages, own=["meta"], plain=True)) == ["client", "server", "tool"]


def test_link_to_a_program_of_another_package(bundle: Bundle) -> None:
    """A package of defaults shows the programs that its links lead to, under their own names too."""
    packages = {
        "defaults": package("defaults", [symlink(b"usr/bin/tool.default", b"tool8")], Version="96", Depends="tool8"),
        "tool8": program("tool8", Version="8.4"),
    }
    assert names(bundle(packages, own=["defaults"], plain=True)) == ["tool.default", "tool8"]


def test_library_is_no_part(bundle: Bundle) -> None:
    """What a library brings beside itself is no program that anybody asked for; circles end."""
    packages = {
        "binding": empty("binding", "libc, other"),
        "other": empty("other", "binding"),
        "libc": program("libc", Version="1", Section="libs"),
    }
    assert names(bundle(packages, own=["binding"], plain=True)) == []


def test_dependencies_that_are_none(bundle: Bundle) -> None:
    """A package whose dependencies cannot be read is refused by its name."""
    with pytest.raises(BuildError, match="`meta`") as caught:
        bundle({"meta": empty("meta", "no (relation")}, own=["meta"], plain=True)
    assert caught.value.slug == "archive-invalid"
