"""Absolute paths in texts lead into the tree, where the tree has what they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from devenv.build.bundle import text
from devenv.build.bundle.place import Place
from devenv.build.bundle.text import MAX_CLIMBING_NAMES, TextRewriter
from devenv.build.bundle.tree import Made, Stored, Tree
from tests.trees import Script
from tests.unit.build.bundle.conftest import OUT, Bundle
from tests.unit.build.bundle.test_merge import file

ROOT = OUT + b"/root"
TREE = [
    file(b"usr/bin/dash", mode=0o755),
    file(b"usr/bin/python3", mode=0o755),
    file(b"usr/bin/env", mode=0o755),
    file(b"usr/share/tool/deep/data"),
    file(b"usr/lib/tool/x"),
    file(b"etc/tool.conf"),
    file(b"usr/lib/x86_64-linux-gnu/a"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"/usr/share/tool/deep/data", b"@/usr/share/tool/deep/data"),
        (b"x=/etc/tool.conf;", b"x=@/etc/tool.conf;"),
        (b"'/bin/dash'", b"'@/usr/bin/dash'"),
        (b"#!/bin/dash -e\n", b"#!@/usr/bin/dash -e\n"),
        (b"#! /usr/bin/env python3\n", b"#!@/usr/bin/python3\n"),
        (b"#!/usr/bin/env ruby\n", b"#!@/usr/bin/env ruby\n"),
        (b"#!/usr/bin/ruby\n", b"#!/usr/bin/ruby\n"),
        (b"see /usr/bin/dash.", b"see @/usr/bin/dash."),
        (b"/usr/share/tool/%s.conf", b"@/usr/share/tool/%s.conf"),
        (b"/usr/share/other/%s.conf", b"/usr/share/other/%s.conf"),
        (b"PATH=/usr/bin:/opt/bin:/bin", b"PATH=@/usr/bin:/opt/bin:/bin"),
        (b"PATH=/usr/local/bin:/usr/bin", b"PATH=/usr/local/bin:@/usr/bin"),
        (b"cc -L/usr/lib/x86_64-linux-gnu -I/usr/lib/tool", b"cc -L@/usr/lib/x86_64-linux-gnu -I@/usr/lib/tool"),
        (b"$DESTDIR/usr/bin/dash ${prefix}/bin/dash", b"$DESTDIR/usr/bin/dash ${prefix}/bin/dash"),
        (b"http://x/usr/bin/dash ../usr/bin/dash", b"http://x/usr/bin/dash ../usr/bin/dash"),
        (b"/usr /etc /usr/", b"/usr /etc /usr/"),
        (b"/users/usr/bin /usr-x/bin /etcetera", b"/users/usr/bin /usr-x/bin /etcetera"),
        (b"/var/lib/x /home/x /tmp /dev/null", b"/var/lib/x /home/x /tmp /dev/null"),
        (b"\xff /etc/tool.conf \xfe", b"\xff @/etc/tool.conf \xfe"),
        (b"\0 /etc/tool.conf", b"\0 /etc/tool.conf"),
        (b"#!/usr/bin/env dash\nPK\0 /etc/tool.conf", b"#!@/usr/bin/dash\nPK\0 /etc/tool.conf"),
        (b"#!/usr/bin/dash\0\n", b"#!/usr/bin/dash\0\n"),
        (b"x" * 9000 + b" /etc/tool.conf \0", b"x" * 9000 + b" /etc/tool.conf \0"),
    ],
)
def test_paths(bundle: Bundle, text: bytes, expected: bytes) -> None:
    """What exists leads into the tree, all else stays as it is, byte for byte."""
    built = bundle({"tool": [*TREE, file(b"usr/lib/tool/text", text, 0o755)]})
    assert built[b"root/usr/lib/tool/text"] == Script(expected.replace(b"@", ROOT))


@pytest.mark.parametrize(
    ("token", "most"),
    [
        (b"/usr" + b"/a" * 4000, 0),
        (b"/usr" + b"/a" * 2000, 8),
        (b"/usr" + b"/a/.." * 500, MAX_CLIMBING_NAMES),
        (b"/usr" + b"/a" * 20, 8),
    ],
)
def test_long_paths(token: bytes, most: int) -> None:
    """The work for a path does not grow with its square: beyond what can lie in a tree nothing is looked for."""
    tree = Tree.of({b"usr/share/x": Made("", False, b"")}, {})
    asked: list[bytes] = []

    class Counted(Tree):
        def resolve(self, path: bytes) -> bytes | None:
            asked.append(path)
            return tree.resolve(path)

    counted = Counted(tree.files, tree.links, tree.directories)
    assert TextRewriter(counted, Place(Path("/s/x"))).rewrite(b"etc/x", token) == token
    assert len(asked) <= most


def test_answers_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of nothing but paths does not stay in memory."""
    monkeypatch.setattr(text, "MAX_KNOWN", 3)
    rewriter = TextRewriter(Tree.of({b"etc/x": Made("", False, b"")}, {}), Place(Path("/s/x")))
    paths = [b"/etc/%d" % number for number in range(10)]
    assert rewriter.rewrite(b"etc/y", b" ".join([*paths, b"/etc/x"])) == b" ".join([*paths, b"/s/x/root/etc/x"])
    assert len(rewriter._known) <= 3


@pytest.mark.parametrize(
    "name",
    [
        b"usr/include/tool.h",
        b"usr/share/man/man1/tool.1",
        b"usr/share/doc/tool/copyright",
        b"usr/share/autoconf/autoconf/autoconf.m4f",
    ],
)
def test_what_stays_as_it_is(bundle: Bundle, name: bytes) -> None:
    """Headers and documentation are not rewritten: bundles share them."""
    built = bundle({"tool": [*TREE, file(name, b"/etc/tool.conf")]})
    assert built[b"root/" + name] == b"/etc/tool.conf"


def test_prefixes(bundle: Bundle) -> None:
    """What tells a compiler where things are says `/usr` alone; elsewhere that is no path to rewrite."""
    text = b"prefix=/usr\nexec_prefix='/usr'\n# prefix /usr\nlibdir=${prefix}/lib\n"
    names = [b"usr/lib/pkgconfig/tool.pc", b"usr/bin/tool-config", b"usr/bin/other"]
    built = bundle({"tool": [*TREE, *(file(name, text) for name in names)]})
    expected = text.replace(b"=/usr", b"=" + ROOT + b"/usr").replace(b"'/usr'", b"'" + ROOT + b"/usr'")
    assert [built[b"root/" + name] for name in names] == [expected, expected, text]


def test_large_script(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a script too long to be a text its interpreter is rewritten, and it is never in memory as a whole."""
    tail = b"# /usr/bin/dash\n" * (9 << 16)
    monkeypatch.setattr(Stored, "read", lambda _: pytest.fail("it is read as a whole"))
    tool = [
        file(b"usr/bin/tool", b"#!/usr/bin/env dash\n" + tail, 0o755),
        file(b"usr/lib/data", b"#!" + tail.replace(b"\n", b" ")),
    ]
    built = bundle({"tool": [*tool, file(b"usr/bin/dash", b"\0", mode=0o755)]})
    assert built[b"root/usr/bin/tool"] == Script(b"#!" + ROOT + b"/usr/bin/dash\n" + tail)
    assert built[b"root/usr/lib/data"] == tool[1].content
