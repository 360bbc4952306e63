"""What of a bundle is seen from outside, and what a recipe adds."""

from __future__ import annotations

import pytest

from devenv.errors import BuildError
from tests.debs import symlink
from tests.trees import Link, Script
from tests.unit.build.bundle.conftest import OUT, Built, Bundle
from tests.unit.build.bundle.test_merge import file, slug_of

TOOL = [
    file(b"usr/bin/tool", mode=0o755),
    file(b"usr/bin/.hidden", mode=0o755),
    file(b"usr/bin/tool-data"),
    symlink(b"usr/bin/t", b"tool"),
    file(b"sbin/toold", mode=0o755),
    file(b"usr/games/play", mode=0o755),
    file(b"usr/lib/tool/15/bin/inner", mode=0o755),
    file(b"usr/lib/tool/15/bin/data"),
]


def shown(built: Built) -> Built:
    return {path: entry for path, entry in built.items() if not path.startswith(b"root/")}


def test_programs(bundle: Bundle) -> None:
    """Programs of the packages that were asked for are shown, whatever their directory; their dependencies' are not."""
    built = bundle({"tool": TOOL, "other": [file(b"usr/bin/other", mode=0o755)]}, own=["tool"])
    assert shown(built) == {
        b"bin/play": Link(b"../root/usr/games/play"),
        b"bin/t": Link(b"../root/usr/bin/t"),
        b"bin/tool": Link(b"../root/usr/bin/tool"),
        b"bin/toold": Link(b"../root/usr/sbin/toold"),
    }


def test_further_and_hidden_programs(bundle: Bundle) -> None:
    """A recipe shows what lies elsewhere, also of dependencies, and hides what it names."""
    programs = ["usr/lib/tool/15/bin", "bin/t"]
    built = bundle({"tool": TOOL}, own=[], programs=programs, hide=["in*"])
    assert shown(built) == {b"bin/t": Link(b"../root/usr/bin/t")}
    built = bundle({"tool": TOOL}, own=[], programs=programs)
    assert set(shown(built)) == {b"bin/t", b"bin/inner"}


def test_manuals_and_completions(bundle: Bundle) -> None:
    """Manual pages and completions come to where they are looked for."""
    entries = [
        file(b"usr/share/man/de/man1/tool.1.gz"),
        file(b"usr/share/aclocal/tool.m4"),
        file(b"usr/share/bash-completion/completions/tool"),
        file(b"usr/share/zsh/vendor-completions/_tool"),
        file(b"usr/share/fish/vendor_completions.d/tool.fish"),
        file(b"usr/share/tool/data"),
        file(b"usr/include/tool.h"),
    ]
    assert shown(bundle({"tool": entries})) == {
        b"share/aclocal/tool.m4": Link(b"../../root/usr/share/aclocal/tool.m4"),
        b"share/man/de/man1/tool.1.gz": Link(b"../../../../root/usr/share/man/de/man1/tool.1.gz"),
        b"share/bash-completion/completions/tool": Link(b"../../../root/usr/share/bash-completion/completions/tool"),
        b"share/zsh/site-functions/_tool": Link(b"../../../root/usr/share/zsh/vendor-completions/_tool"),
        b"share/fish/vendor_completions.d/tool.fish": Link(
            b"../../../root/usr/share/fish/vendor_completions.d/tool.fish"
        ),
    }


def test_manuals_of_hidden_programs(bundle: Bundle) -> None:
    """They are hidden too: the package that shows the program has them."""
    manuals = [file(b"usr/share/man/man1/" + name) for name in (b"tool.1.gz", b"t.1.gz")]
    built = bundle({"tool": [*TOOL, *manuals]}, hide=["t", "play", "toold"])
    assert set(shown(built)) == {b"bin/tool", b"share/man/man1/tool.1.gz"}


def test_development(bundle: Bundle) -> None:
    """Headers, libraries to link and their descriptions; those of the architecture beside the others."""
    entries = [
        file(b"usr/include/tool/a.h"),
        file(b"usr/include/x86_64-linux-gnu/tool/b.h"),
        file(b"usr/lib/x86_64-linux-gnu/libtool.so.1"),
        symlink(b"usr/lib/x86_64-linux-gnu/libtool.so", b"libtool.so.1"),
        file(b"usr/lib/libtool.a"),
        file(b"usr/lib/x86_64-linux-gnu/pkgconfig/tool.pc"),
        file(b"usr/share/pkgconfig/data.pc"),
    ]
    assert shown(bundle({"tool": entries}, development=True)) == {
        b"include/tool/a.h": Link(b"../../root/usr/include/tool/a.h"),
        b"include/tool/b.h": Link(b"../../root/usr/include/x86_64-linux-gnu/tool/b.h"),
        b"lib/libtool.so.1": Link(b"../root/usr/lib/x86_64-linux-gnu/libtool.so.1"),
        b"lib/libtool.so": Link(b"../root/usr/lib/x86_64-linux-gnu/libtool.so"),
        b"lib/libtool.a": Link(b"../root/usr/lib/libtool.a"),
        b"lib/pkgconfig/tool.pc": Link(b"../../root/usr/lib/x86_64-linux-gnu/pkgconfig/tool.pc"),
        b"lib/pkgconfig/data.pc": Link(b"../../root/usr/share/pkgconfig/data.pc"),
    }


def test_links(bundle: Bundle) -> None:
    """A target without a slash is a neighbour, any other one counts from the top of the object."""
    links = {"bin/php": "root/usr/bin/tool", "root/bin/php": "tool", "lib/tool": "root/usr/lib/tool", "bin/x": "php"}
    built = bundle({"tool": TOOL}, own=[], links=links)
    assert built[b"root/usr/bin/php"] == Link(b"tool")
    assert shown(built) == {
        b"bin/php": Link(b"../root/usr/bin/tool"),
        b"bin/x": Link(b"php"),
        b"lib/tool": Link(b"../root/usr/lib/tool"),
    }


@pytest.mark.parametrize(
    ("arguments", "slug"),
    [
        ({"links": {"bin/x": "root/usr/bin/absent"}}, "member-missing"),
        ({"links": {"root/usr/bin/x": "absent"}}, "member-missing"),
        ({"links": {"../x": "root/usr/bin/tool"}}, "destination-invalid"),
        ({"links": {"bin/x": "/usr/bin/tool"}}, "destination-invalid"),
        ({"files": {"root/../../x": {"text": ""}}}, "destination-invalid"),
        ({"files": {"root/usr/bin/tool/x": {"text": ""}}}, "tree-conflict"),
        ({"programs": ["usr/bin/absent"]}, "member-missing"),
        ({"wrap": {"usr/bin/absent": {}}}, "member-missing"),
        ({"wrap": {"usr/bin/tool-data": {}}}, "member-missing"),
        ({"wrap": {"usr/bin/tool": {}}}, "member-missing"),
        ({"wrap": {"usr/bin/tool": {"set": {"A B": "x"}}}}, "arguments-invalid"),
        ({"keep": ["everything"]}, "arguments-invalid"),
        ({"architecture": "mips"}, "arguments-invalid"),
    ],
)
def test_mistakes_of_recipes(bundle: Bundle, arguments: dict[str, object], slug: str) -> None:
    """What a recipe says about things that are not there, or cannot be, is an error (the last wrapper has no shell)."""
    with pytest.raises(BuildError) as caught:
        bundle({"tool": TOOL}, **arguments)
    assert slug_of(caught) == slug


def test_files(bundle: Bundle) -> None:
    """A recipe's file replaces a package's, is written as it says, and knows where the object lies."""
    files = {
        "root/usr/bin/tool": {"text": "{root}/x {out}/y {other} /usr/bin/t", "executable": True},
        "share/tool/note": {"text": "ü"},
    }
    built = bundle({"tool": TOOL}, own=[], files=files)
    assert built[b"root/usr/bin/tool"] == Script(OUT + b"/root/x " + OUT + b"/y {other} /usr/bin/t")
    assert built[b"share/tool/note"] == "ü".encode()


def test_wrapper(bundle: Bundle) -> None:
    """The script takes the program's place, the program goes beside it with all its names; the script is shown."""
    entries = [*TOOL, file(b"bin/dash", mode=0o755)]
    wrapper = {"set": {"A": "{root}/it's"}, "default": {"B": "b"}, "prefix": {"C": "{out}"}, "arguments": ["--x", "$y"]}
    wrapper |= {"suffix": {"D": "{out}"}}
    built = bundle({"tool": entries}, wrap={"usr/bin/tool": wrapper})
    assert built[b"root/usr/bin/.tool-wrapped"] == Script(b"")
    assert built[b"root/usr/bin/.tool-called/tool"] == Link(b"../.tool-wrapped")
    assert built[b"root/usr/bin/.tool-called/t"] == Link(b"../.tool-wrapped")
    assert set(shown(built)) == {b"bin/dash", b"bin/play", b"bin/t", b"bin/tool", b"bin/toold"}
    expected = rb"""#!%/root/usr/bin/dash
export A='%/root/it'\''s'
[ -n "${B+set}" ] || export B='b'
export C='%'"${C:+:$C}"
export D="${D:+$D:}"'%'
devenv_program='%/root/usr/bin/.tool-called'/${0##*/}
[ -x "$devenv_program" ] || devenv_program='%/root/usr/bin/.tool-called/tool'
exec "$devenv_program" '--x' '$y' "$@"
"""
    assert built[b"root/usr/bin/tool"] == Script(expected.replace(b"%", OUT))
