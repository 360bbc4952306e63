"""Several packages become one tree, whatever their layouts, and never by a silent order (FAULTS I-13)."""

from __future__ import annotations

import pytest

from devenv.errors import BuildError
from tests.debs import TarEntry, hard_link, symlink
from tests.trees import Link, Script
from tests.unit.build.bundle.conftest import Bundle, package


def file(name: bytes, content: bytes = b"", mode: int = 0o644) -> TarEntry:
    return TarEntry(name, content, mode=mode)


def slug_of(caught: pytest.ExceptionInfo[BuildError]) -> str:
    return caught.value.slug


def test_layouts_become_one(bundle: Bundle) -> None:
    """Packages with `/lib` and packages with `/usr/lib` meet in one directory, and old paths still lead there."""
    built = bundle({"old": [file(b"lib/x/a"), file(b"bin/sh")], "new": [file(b"usr/lib/x/b")]}, own=[])
    assert built == {
        b"root/bin": Link(b"usr/bin"),
        b"root/lib": Link(b"usr/lib"),
        b"root/usr/bin/sh": b"",
        b"root/usr/lib/x/a": b"",
        b"root/usr/lib/x/b": b"",
    }


def test_package_that_links_top_directories(bundle: Bundle) -> None:
    """The package that makes `/bin` a link says what holds already, and nothing lies behind it twice."""
    built = bundle({"base": [symlink(b"bin", b"usr/bin")], "shell": [file(b"bin/sh")]}, own=[])
    assert set(built) == {b"root/bin", b"root/usr/bin/sh"}


@pytest.mark.parametrize(
    ("place", "target", "expected"),
    [
        (b"usr/lib/x/link", b"/usr/share/goal", b"../../share/goal"),
        (b"lib/x/link", b"../../usr/share/goal", b"../../share/goal"),
        (b"usr/share/link", b"goal", b"goal"),
        (b"usr/share/link", b"../share/./goal", b"../share/./goal"),
        (b"etc/link", b"/../usr/share/goal", b"../usr/share/goal"),
    ],
)
def test_links_lead_inside(bundle: Bundle, place: bytes, target: bytes, expected: bytes) -> None:
    """Absolute links, and those that counted on the other layout, lead to the same thing from their place here."""
    built = bundle({"x": [file(b"usr/share/goal"), symlink(place, target)]}, own=[])
    merged = place.replace(b"lib/", b"usr/lib/") if place.startswith(b"lib/") else place
    assert built[b"root/" + merged] == Link(expected)


@pytest.mark.parametrize(
    "target", [b"/dev/null", b"/var/lib/x", b"nothing", b"../../../../etc/passwd", b"link", b"/etc/alternatives/x"]
)
def test_dangling_links_are_left_out(bundle: Bundle, target: bytes) -> None:
    """A link that leads nowhere, outside or to itself is not there, nor is one that leads to it."""
    built = bundle({"x": [symlink(b"usr/share/link", target), symlink(b"usr/share/other", b"link")]})
    assert built == {}


def test_equal_files_pass(bundle: Bundle) -> None:
    """What two packages have alike is there once."""
    both = [file(b"usr/share/x", b"same"), symlink(b"usr/share/y", b"x")]
    built = bundle({"a": both, "b": both})
    assert built == {b"root/usr/share/x": b"same", b"root/usr/share/y": Link(b"x")}


@pytest.mark.parametrize(
    "other",
    [
        file(b"usr/share/x", b"two"),
        file(b"usr/share/x", b"other"),
        file(b"usr/share/x", b"one", 0o755),
        symlink(b"usr/share/x", b"y"),
        file(b"usr/share/x/y"),
    ],
)
def test_conflict(bundle: Bundle, other: TarEntry) -> None:
    """Different things at one path, or something below a file, name both packages and the path."""
    for order in (("first", "second"), ("second", "first")):
        debs = {"first": [file(b"usr/share/x", b"one")], "second": [other]}
        with pytest.raises(BuildError) as caught:
            bundle({name: debs[name] for name in order})
        assert slug_of(caught) == "tree-conflict"
        assert "`first` and `second`" in caught.value.message
        assert "usr/share/x" in caught.value.message


def test_conflict_at_a_strange_path(bundle: Bundle) -> None:
    """A name out of an archive neither breaks the line of a message nor fills the screen."""
    name = b"usr/share/" + b"\n" * 100 + b"n" * 150
    with pytest.raises(BuildError) as caught:
        bundle({"first": [file(name, b"one")], "second": [file(name, b"two")]})
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 400


def test_replaces(bundle: Bundle) -> None:
    """The package that says that it replaces another wins, in whatever order they come."""
    old = package("old", [file(b"usr/share/x", b"old")])
    new = package("new", [file(b"usr/share/x", b"new")], Replaces="other,\n older (<< 2),\n old (<< 1.2~)")
    for debs in ({"old.deb": old, "new.deb": new}, {"new.deb": new, "old.deb": old}):
        assert bundle(debs) == {b"root/usr/share/x": b"new"}


def test_both_replace_each_other(bundle: Bundle) -> None:
    """Where each claims to replace the other, neither wins by its position."""
    debs = {
        "a": package("a", [file(b"usr/share/x", b"1")], Replaces="b"),
        "b": package("b", [file(b"usr/share/x", b"2")], Replaces="a"),
    }
    with pytest.raises(BuildError) as caught:
        bundle(debs)
    assert slug_of(caught) == "tree-conflict"


def test_hard_links_are_copies(bundle: Bundle) -> None:
    """Each name of a file has its content; the store shares it."""
    built = bundle({"x": [file(b"usr/lib/a", b"text", 0o755), hard_link(b"usr/lib/b", b"./usr/lib/a")]}, own=[])
    assert built[b"root/usr/lib/b"] == built[b"root/usr/lib/a"] == Script(b"text")


def test_hard_link_to_what_is_left_out(bundle: Bundle) -> None:
    """A file must not vanish because its other name is documentation."""
    with pytest.raises(BuildError) as caught:
        bundle({"x": [file(b"usr/share/info/a"), hard_link(b"usr/lib/b", b"./usr/share/info/a")]})
    assert slug_of(caught) == "archive-invalid"


DOCUMENTS = [
    file(b"usr/share/doc/x/copyright"),
    file(b"usr/share/doc/x/changelog.gz"),
    file(b"usr/share/doc/x/deep/copyright"),
    symlink(b"usr/share/doc/y", b"x"),
    file(b"usr/share/info/x.info"),
    file(b"usr/share/man/man1/x.1"),
    file(b"usr/share/locale/de/x.mo"),
]


def test_documentation_is_left_out(bundle: Bundle) -> None:
    """Licences and manual pages stay, translations and other documents go."""
    assert set(bundle({"x": DOCUMENTS}, own=[])) == {
        b"root/usr/share/doc/x/copyright",
        b"root/usr/share/doc/x/deep/copyright",
        b"root/usr/share/doc/y",
        b"root/usr/share/man/man1/x.1",
    }


@pytest.mark.parametrize(("keep", "missing"), [
    (["documentation"], {b"root/usr/share/locale/de/x.mo"}),
    (["locales"], {b"root/usr/share/doc/x/changelog.gz", b"root/usr/share/info/x.info"}),
    (["documentation", "locales"], set()),
])  # fmt: skip
def test_documentation_is_kept(bundle: Bundle, keep: list[str], missing: set[bytes]) -> None:
    """Each of the two can be asked for; licences and manual pages are there in any case."""
    built = bundle({"x": DOCUMENTS}, own=[], keep=keep)
    assert set(built) == {b"root/" + entry.name for entry in DOCUMENTS} - missing


def test_remove(bundle: Bundle) -> None:
    """What a recipe removes cannot conflict; a directory goes with what it holds, under either of its names."""
    debs = {
        "a": [file(b"usr/share/x", b"1"), file(b"lib/deep/down/y")],
        "b": [file(b"usr/share/x", b"2"), file(b"usr/share/z")],
    }
    assert bundle(debs, remove=["usr/share/x", "lib/d*p"]) == {b"root/usr/share/z": b""}


def test_what_belongs_to_a_machine(bundle: Bundle) -> None:
    """Nothing is made where a running machine has its own things."""
    names = [b"dev/x", b"proc/x", b"run/x", b"sys/x", b"tmp/x", b"var/run/x", b"var/tmp/x"]
    assert bundle({"x": [file(name) for name in names]}) == {}


def test_names_of_sources(bundle: Bundle) -> None:
    """A recipe that names too few archives, or owns one that is not there, is told so."""
    wrongs: list[dict[str, list[str]]] = [{"debs": []}, {"own": ["y"]}]
    for wrong in wrongs:
        with pytest.raises(BuildError) as caught:
            bundle({"x": [file(b"usr/share/x")]}, **wrong)
        assert slug_of(caught) == "arguments-invalid"


def test_order_does_not_matter(bundle: Bundle) -> None:
    """The same packages in another order make the same tree."""
    debs = {
        name: package(name, [file(b"usr/bin/" + name.encode(), mode=0o755)], postinst=ALTERNATIVE % (name, priority))
        for name, priority in (("a", 10), ("b", 20), ("c", 10))
    }
    first = bundle(debs)
    assert first == bundle(dict(reversed(debs.items())))
    assert first[b"bin/tool"] == Link(b"../root/usr/bin/tool")
    assert first[b"root/usr/bin/tool"] == Link(b"b")


ALTERNATIVE = "update-alternatives --install /usr/bin/tool tool /usr/bin/%s %d\n"
