"""Build scripts whose output is a trap: for whoever reads it, copies it, or deletes it (J-06, J-07, J-13)."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

import pytest

from devenv.build.script import output_tree
from devenv.errors import BuildError
from devenv.store_path import require_store_path
from tests.fsck import unchanged
from tests.sandboxes import Workshop

REFUSED = {
    "link-to-etc": ("ln -s /etc $out", "output-link-outside"),
    "link-to-shadow": ("mkdir $out; ln -s /etc/shadow $out/shadow", "output-link-outside"),
    "link-up": ("mkdir $out; ln -s ../../../../../../../../etc/shadow $out/shadow", "output-link-outside"),
    "link-to-build": ("mkdir $out; ln -s /build $out/build", "output-link-outside"),
    "link-to-proc": ("mkdir $out; ln -s /proc/self/root $out/root", "output-link-outside"),
    "pipe": ("mkfifo $out", "output-special-file"),
    "pipe-within": ("mkdir $out; mkfifo $out/pipe", "output-special-file"),
    "socket": (
        "mkdir $out; cd $out; perl -e 'use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack(q(S a*), 1, q(s))) or die'",
        "output-special-file",
    ),
    # The one device that anybody may make: overlay file systems read it as «deleted».
    "whiteout": ("mkdir $out; mknod $out/gone c 0 0 || { mkfifo $out/gone; }", "output-special-file"),
    "set-user-id": ("mkdir $out; cp /usr/bin/true $out/true; chmod 4755 $out/true", "output-set-id"),
    "set-group-id": ("mkdir $out; cp /usr/bin/true $out/true; chmod 2755 $out/true", "output-set-id"),
    "nothing": ("true", "output-missing"),
    "dangling": ("ln -s /nowhere $out", "output-link-outside"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(workshop: Workshop, name: str) -> None:
    """Special files, set-id programs, ways out of the package and no output at all fail the build (J-06, J-13)."""
    script, slug = REFUSED[name]
    script = script.replace("mknod", "PATH=/usr/bin:/bin mknod")
    with (
        unchanged(Path("/etc"), [Path("/etc/mtab")])
        if os.getuid() == 0
        else unchanged(workshop.home / ".local" / "bin")
    ):
        error = workshop.fail(script)
    assert error.slug == slug, error.message
    assert error.hint


def test_modes_are_normal(workshop: Workshop) -> None:
    """Whatever modes, times and attributes a script gave, an object has its own; 0000 can be read too (J-06)."""
    path = workshop.build(
        """
mkdir -p $out/open $out/closed $out/sticky
echo x > $out/open/file; chmod 0777 $out/open $out/open/file
echo y > $out/closed/file; chmod 0000 $out/closed/file $out/closed
echo z > $out/sticky/file; chmod 0640 $out/sticky/file; chmod 3770 $out/sticky; touch -d 2040-01-01 $out/sticky/file
"""
    )
    modes = {str(each.relative_to(path)): stat.S_IMODE(each.lstat().st_mode) for each in path.rglob("*")}
    assert set(modes.values()) == {0o444, 0o555}
    assert modes["closed"] == 0o555
    assert modes["open/file"] == 0o555
    assert (path / "closed" / "file").read_text() == "y\n"
    assert {each.lstat().st_mtime_ns for each in path.rglob("*")} == {1_000_000_000}


def test_directory_that_cannot_be_entered(workshop: Workshop) -> None:
    """What a failed build made unreadable is deleted all the same (J-06, J-07)."""
    script = """
mkdir -p /build/a/b /tmp/a/b $out/a/b
touch /build/a/b/c /tmp/a/b/c $out/a/b/c
chmod 0000 /build/a/b /build/a /tmp/a/b /tmp/a $out/a/b $out/a $out
chmod 0000 /build /tmp
exit 1
"""
    assert workshop.fail(script).slug == "build-failed"


def test_many_files(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """More files than any package has fail the build, before they cost anything (J-06)."""
    script = "mkdir $out; cd $out; touch $(seq 300)"
    assert len(os.listdir(workshop.build(script))) == 300
    monkeypatch.setattr(output_tree, "MAX_ENTRIES", 299)
    assert workshop.fail(script + "; true").slug == "output-too-large"


def test_deep_tree(workshop: Workshop) -> None:
    """A tree deeper than paths can be fails the build, and can be deleted (J-06, B-10)."""
    script = """
mkdir $out
cd $out
perl -e 'for (1 .. 400) { mkdir "d" x 20 and chdir "d" x 20 or die $! }'
"""
    assert workshop.fail(script).slug == "output-too-large"


def test_sparse_file(workshop: Workshop) -> None:
    """A file that only claims to be large is not read to its end (J-06)."""
    limited = workshop.limited(file_bytes=1 << 41)
    script = "mkdir $out; dd if=/dev/null of=$out/large bs=1 seek=1T 2>/dev/null"
    assert limited.fail(script).slug == "output-too-large"


def test_hard_links(workshop: Workshop) -> None:
    """Hard links within the output become files that are what they were, not links to what could change (J-06)."""
    path = workshop.build(
        "mkdir $out; echo x > $out/a; ln $out/a $out/b; ln $out/a /build/c 2>/dev/null || true; echo y >> $out/b"
    )
    assert (path / "a").read_text() == (path / "b").read_text() == "x\ny\n"


def test_link_over_the_output_of_another_name(workshop: Workshop) -> None:
    """What a script leaves beside its output is nobody's, whatever it is called (J-06, J-13)."""
    root = workshop.store.root
    before = set(os.listdir(root))
    derivation = workshop.derive(
        f"cd {root}; mkdir -p 0123456789abcdfghijklmnpqrsvwxyz-planted .trash-x .tmp-y; ln -s /etc link; touch file; echo x > $out"
    )
    path = workshop.build(derivation)
    assert set(os.listdir(root)) - before == {path.name}


def test_place_of_an_input_is_taken(workshop: Workshop) -> None:
    """A script cannot put something at the path of an input, though it may write beside it (J-06, J-07)."""
    other = workshop.add({b"file": b"other"}, "other")
    link = workshop.add({b"x": b"x"}, "unused")
    path = workshop.object_of(other)
    script = f"""
rmdir {path} 2>/dev/null && exit 3
mv {path} {path}.old 2>/dev/null && exit 4
ln -sfn /etc {path} 2>/dev/null && exit 5
cat {path}/file > $out
"""
    with unchanged(path):
        assert workshop.build(workshop.derive(script, "taker", other, link)).read_text() == "other"


SWAPS = r"""
mkdir -p $out /build/a /tmp/a
perl -e '
    for my $place ("/build", "/tmp", $ENV{out}) { for (1 .. 4) { next if fork; chdir $place; while (1) {
        mkdir "a"; open(my $f, ">", "a/f"); rename "a", "b"; symlink "/home", "a"; unlink "a"; symlink "SENTINEL", "a"; rename "a", "b/a";
        rename "b", "c"; symlink "SENTINEL", "b"; unlink "b"; unlink "c/f", "c/a"; rmdir "c"; } } }
'
sleep 0.3
exit ENDS
"""


@pytest.mark.parametrize("ends", [0, 1])
def test_swaps_while_it_is_deleted(workshop: Workshop, tmp_path: Path, ends: int) -> None:
    """Processes that swap directories for links until they are killed lead no deletion astray (J-07)."""
    sentinel = tmp_path / "sentinel"
    (sentinel / "d").mkdir(parents=True)
    (sentinel / "d" / "f").write_text("kept")
    script = SWAPS.replace("SENTINEL", str(sentinel)).replace("ENDS", str(ends))
    with unchanged(tmp_path), unchanged(workshop.home, [workshop.settings.base]):
        for _ in range(3):
            derivation = workshop.derive(script)
            with contextlib.suppress(BuildError):
                # It may have been caught with a link out of its output, or without.
                workshop.build(derivation)


def test_private_while_it_is_built(workshop: Workshop) -> None:
    """Nobody else reaches into a build: the directory that has it is its owner's alone (J-07)."""
    seen: list[int] = []

    def look(_: object) -> None:
        seen.extend(stat.S_IMODE(entry.stat().st_mode) for entry in workshop.store.root.glob(".tmp-*"))

    workshop.events = Looking(look)
    workshop.build("chmod 777 /build /tmp; echo say; sleep 0.3; echo more; echo x > $out")
    assert set(seen) == {0o700}


class Looking(list):  # type: ignore[type-arg]
    """Events that are looked at as they come."""

    def __init__(self, look: object) -> None:
        super().__init__()
        self.append = look  # type: ignore[assignment,method-assign]


def test_only_some_outputs(workshop: Workshop) -> None:
    """A script that makes only some of its outputs fails, and none of them counts (J-13)."""
    derivation = workshop.derive("echo x > $out", outputs=("out", "lib"))
    error = workshop.fail(derivation)
    assert error.slug == "output-missing"
    assert "thing-lib" in error.message
    assert workshop.store.find_realisation(derivation.key, "lib") is None


def test_build_directory_is_mentioned(workshop: Workshop) -> None:
    """Who mentions the build directory, where nothing is any more, is told of it (J-13)."""
    path = workshop.build("mkdir $out; echo 'at /build/source' > $out/file; echo '/usr/build/' > $out/other")
    assert (path / "file").exists()
    notices = [str(event) for event in workshop.events if "build directory" in str(event)]
    assert len(notices) == 1
    assert "`file`" in notices[0]


def test_undeclared_reference(workshop: Workshop) -> None:
    """An object that was not declared is not there, and its name in the output is no reference (J-13, N-10)."""
    other = workshop.add({b"file": b"undeclared"}, "undeclared")
    declared = workshop.add({b"file": b"declared"}, "declared")
    undeclared = workshop.object_of(other)
    script = f"test ! -e {undeclared}; ls {workshop.store.root} >&2; echo {workshop.object_of(declared)}/file > $out"
    derivation = workshop.derive(script, "user", declared)
    path = workshop.build(derivation)
    assert undeclared.name not in workshop.log(derivation).decode()
    assert [str(each) for each in workshop.store.database.references(require_store_path(path.name))] == [
        workshop.object_of(declared).name
    ]
