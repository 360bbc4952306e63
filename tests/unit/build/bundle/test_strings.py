"""Paths that are compiled into programs are replaced where a recipe says so, and nothing else in them is."""

from __future__ import annotations

import pytest

from devenv.build.bundle import strings
from devenv.errors import BuildError
from tests.trees import Script
from tests.unit.build.bundle.conftest import Bundle
from tests.unit.build.bundle.test_merge import file, slug_of

PROGRAM = b"\0see /etc/tool.conf\0/etc/tool.conf\0/etc/tool.conf.d\0" + b"/run/tool.pid\0"


def test_whole_strings(bundle: Bundle) -> None:
    """A sentence or a longer path that holds the old string stays; the program keeps its length and its mode."""
    entries = [file(b"usr/sbin/tool", PROGRAM, mode=0o755)]
    given = {"usr/sbin/tool": {"/etc/tool.conf": ".////tool.conf", "/run/tool.pid": ".///.tool.pid"}}
    built = bundle({"tool": entries}, strings=given)
    expected = b"\0see /etc/tool.conf\0.////tool.conf\0/etc/tool.conf.d\0.///.tool.pid\0"
    assert built[b"root/usr/sbin/tool"] == Script(expected)


def test_wrapped_program(bundle: Bundle) -> None:
    """What is wrapped too is changed in the program and not in its wrapper."""
    entries = [file(b"usr/sbin/tool", PROGRAM, mode=0o755), file(b"usr/bin/dash", mode=0o755)]
    given = {"usr/sbin/tool": {"/run/tool.pid": "/tmp/tool.pid"}}
    built = bundle({"tool": entries}, strings=given, wrap={"usr/sbin/tool": {}})
    assert built[b"root/usr/sbin/.tool-wrapped"] == Script(PROGRAM.replace(b"/run", b"/tmp"))


def test_large_program(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is changed in memory, so one that is too large for that is an error."""
    monkeypatch.setattr(strings, "IMAGE_LIMIT", len(PROGRAM) - 1)
    with pytest.raises(BuildError) as caught:
        bundle({"tool": [file(b"usr/sbin/tool", PROGRAM)]}, strings={"usr/sbin/tool": {}})
    assert slug_of(caught) == "elf-invalid"


@pytest.mark.parametrize(
    ("path", "old", "new", "slug"),
    [
        ("usr/sbin/absent", "/run/tool.pid", "/tmp/tool.pid", "member-missing"),
        ("usr/sbin/tool", "/run/other.pid", "/tmp/other.pid", "member-missing"),
        ("usr/sbin/tool", "/run/tool.pid", "tool.pid", "arguments-invalid"),
        ("usr/sbin/tool", "/run/tool.pid", "/run/tool.pod", "arguments-invalid"),
    ],
    ids=["no program", "no string", "another length", "another end"],
)
def test_mistakes_of_recipes(bundle: Bundle, path: str, old: str, new: str, slug: str) -> None:
    """A string that has gone from a new version is noticed, and one that would damage the program."""
    with pytest.raises(BuildError) as caught:
        bundle({"tool": [file(b"usr/sbin/tool", PROGRAM, mode=0o755)]}, strings={path: {old: new}})
    assert slug_of(caught) == slug
