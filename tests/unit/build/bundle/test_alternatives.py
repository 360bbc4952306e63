"""What `update-alternatives` would have been told is read from scripts that never run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.build.bundle.alternatives import AlternativeLink, parse_alternatives
from tests.debs import symlink
from tests.trees import Link
from tests.unit.build.bundle.conftest import Bundle, package
from tests.unit.build.bundle.test_merge import file

NANO = r"""#!/bin/sh
if [ "$1" = configure ]; then
    update-alternatives --install /usr/bin/editor editor /bin/nano 40 \
        --slave /usr/share/man/man1/editor.1.gz editor.1.gz \
            /usr/share/man/man1/nano.1.gz
fi
"""


def test_continued_call() -> None:
    """A call over several lines, with what follows the main link; paths in the layout of the tree."""
    (found,) = parse_alternatives(NANO, "nano")
    assert found.priority == 40
    assert found.links == (
        AlternativeLink(b"usr/bin/editor", b"editor", b"usr/bin/nano"),
        AlternativeLink(b"usr/share/man/man1/editor.1.gz", b"editor.1.gz", b"usr/share/man/man1/nano.1.gz"),
    )


@pytest.mark.parametrize(
    "script",
    [
        "update-alternatives --install /usr/bin/$i $i /usr/bin/vim 30",
        "update-alternatives --install /usr/bin/x x `which x` 30",
        "update-alternatives --install /usr/bin/x x /usr/bin/y",
        "update-alternatives --install /usr/bin/x x /usr/bin/y high",
        "update-alternatives --install '/usr/bin/x x /usr/bin/y 30",
        "update-alternatives --install x x /usr/bin/y 30",
        "update-alternatives --install /usr/bin/x ../x /usr/bin/y 30",
        "# update-alternatives --install /usr/bin/x x /usr/bin/y 30",
        "update-alternatives --remove x /usr/bin/y",
    ],
)
def test_what_is_not_literal(script: str) -> None:
    """Variables, substitutions and malformed calls are no alternatives; nothing is guessed."""
    assert list(parse_alternatives(script, "x")) == []


@given(
    st.text() | st.text("update-alternatives --install /x 0\\\n'\"$;#").map("update-alternatives --install ".__add__)
)
def test_any_script(script: str) -> None:
    """No script of a package can stop a build."""
    list(parse_alternatives(script, "x"))


def test_highest_priority_that_exists(bundle: Bundle) -> None:
    """An alternative whose file is not there does not count, however high."""
    script = "".join(
        f"update-alternatives --install /usr/bin/x x /usr/bin/{name} {priority}\n"
        for name, priority in (("low", 1), ("high", 2), ("absent", 3))
    )
    built = bundle({"x": package("x", [file(b"usr/bin/low"), file(b"usr/bin/high")], postinst=script)})
    assert built[b"root/usr/bin/x"] == Link(b"high")


def test_what_is_there_stays(bundle: Bundle) -> None:
    """A file of the tree and a recipe's link come before an alternative."""
    script = "".join(f"update-alternatives --install /usr/bin/{name} {name} /usr/bin/chosen 1\n" for name in ("x", "y"))
    entries = [file(b"usr/bin/chosen"), file(b"usr/bin/other"), file(b"usr/bin/x", b"own")]
    built = bundle({"x": package("x", entries, postinst=script)}, links={"root/usr/bin/y": "other"})
    assert built[b"root/usr/bin/x"] == b"own"
    assert built[b"root/usr/bin/y"] == Link(b"other")


def test_links_to_the_chosen_one(bundle: Bundle) -> None:
    """A package may link to what will be chosen, by way of a directory that only `update-alternatives` fills."""
    entries = [file(b"usr/bin/y"), symlink(b"usr/lib/x", b"/etc/alternatives/x")]
    script = "update-alternatives --install /usr/bin/x x /usr/bin/y 1"
    built = bundle({"x": package("x", entries, postinst=script)})
    assert built[b"root/usr/lib/x"] == Link(b"../../etc/alternatives/x")
    assert built[b"root/etc/alternatives/x"] == Link(b"../../usr/bin/y")
