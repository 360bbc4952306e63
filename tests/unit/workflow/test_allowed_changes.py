"""What is new between two contents: each thing that can act, once, in words."""

from __future__ import annotations

from dataclasses import replace

from devenv.lock.model import Lock, LockedArtifact, LockedBuild, LockedInput, LockedPackage
from devenv.manifest.parse import parse_manifest
from devenv.system import System
from devenv.workflow.allowed_changes import KINDS, Acting, find_changes
from devenv.workflow.trust_results import Change

KEY = "blake3:" + "0" * 64
OTHER_KEY = "blake3:" + "1" * 64

WHOLE = b"""
dotenv = [".env"]

[packages]
ripgrep = "14"

[inputs]
debian = "debian:trixie"

[env]
PORT = "80"
OLD = { unset = true }
PATH = { prepend = ["bin"], append = ["/opt/bin"] }

[shell]
hook = "make hooks"
leave = "echo bye"
aliases = { ll = "ls -l" }
functions = { up = "cd .." }

[shell.fish]
hook = "echo fish"
aliases = { ll = "ls -la" }

[python]
venv = true

[checks]
unit = "make check"

[formatters]
ruff = { command = ["ruff", "format"], files = ["*.py"] }

[build.app]
kind = "make"
"""


def locked(version: str, key: str = KEY) -> Lock:
    """A lock with one package."""
    package = LockedPackage("ripgrep", "base", "14", version, {System.X86_64_LINUX: LockedBuild((), key)})
    return Lock(KEY, {"base": LockedInput("base", "builtin:base", KEY)}, {"ripgrep": package})


def acting(manifest: bytes, lock: Lock | None = None) -> Acting:
    """A content without further files."""
    return Acting(parse_manifest(manifest), lock)


def test_first_time_has_all_that_can_act() -> None:
    """Without anything to compare with, all is new: every kind of thing that a manifest can say, in its order."""
    content = replace(acting(WHOLE, locked("14.1")), files={".env": "1"}, variables={".env": ("TOKEN",)})
    changes = find_changes(None, content)
    assert [(each.kind, each.name, each.after) for each in changes] == [
        ("input", "debian", "debian:trixie"),
        ("package", "ripgrep", "14.1"),
        ("variable", "OLD", "is unset"),
        ("variable", "PATH", "gets in front bin; gets behind /opt/bin"),
        ("variable", "PORT", "= 80"),
        ("file", ".env", "sets TOKEN"),
        ("hook", "all shells", "make hooks"),
        ("hook", "fish", "echo fish"),
        ("leave", "all shells", "echo bye"),
        ("alias", "fish: ll", "ls -la"),
        ("alias", "ll", "ls -l"),
        ("function", "up", "cd .."),
        ("venv", ".venv", "a virtual environment of the environment's Python"),
        ("formatter", "ruff", "ruff format for *.py"),
        ("build", "app", "as make does"),
        ("check", "unit", "make check"),
    ]
    assert {each.before for each in changes} == {None}
    assert {each.kind for each in changes} | {"dependency"} == set(KINDS)


def test_nothing_is_new_in_the_same() -> None:
    """A comment or another order changes nothing that can act."""
    assert find_changes(acting(WHOLE), acting(b"# more\n" + WHOLE)) == ()


def test_versions() -> None:
    """A package with another version, the same version of other files, and one that is gone are told apart."""
    manifest = b'[packages]\nripgrep = "14"\n'
    before = acting(manifest, locked("14.1"))
    assert find_changes(before, acting(manifest, locked("14.2"))) == (Change("package", "ripgrep", "14.1", "14.2"),)
    assert find_changes(before, acting(manifest, locked("14.1", OTHER_KEY))) == (
        Change("package", "ripgrep", "14.1", "14.1, made of other files"),
    )
    assert find_changes(before, acting(b"[packages]\n")) == (Change("package", "ripgrep", "14.1", None),)
    assert find_changes(None, acting(manifest)) == (Change("package", "ripgrep", None, "14 (not locked)"),)


def test_reasons_of_the_same_version() -> None:
    """Why a package of the same version is another is said where two locks tell it, with Debian's own versions."""
    manifest = b'[packages]\nripgrep = "14"\n'

    def made_of(revision: str, key: str) -> Lock:
        lock = locked("14.1", key)
        name = f"debian:pool/main/r/ripgrep/ripgrep_14.1-{revision}_amd64.deb"
        file = LockedArtifact(name, revision * 64, 1)
        ripgrep = lock.packages["ripgrep"]
        builds = {system: replace(build, artifacts=(file,)) for system, build in ripgrep.systems.items()}
        return replace(lock, packages={"ripgrep": replace(ripgrep, systems=builds)})

    before, after = made_of("1", KEY), made_of("2", OTHER_KEY)
    assert find_changes(acting(manifest, before), acting(manifest, after)) == (
        Change("package", "ripgrep", "14.1", "14.1, made of other files: ripgrep 14.1-1 → 14.1-2"),
    )


def test_overrides_are_part_of_a_package() -> None:
    """Patches, flags and variables that a package is built with are named, and where it is from."""
    manifest = b"""
    [packages.curl]
    version = "8"
    input = "source"
    patches = ["fix.patch"]
    flags = ["--with-x"]
    env = { CFLAGS = "-O0" }
    """
    (change,) = find_changes(None, acting(manifest))
    assert change.after == "8 (not locked) from builtin:source, patch fix.patch, flag --with-x, with CFLAGS=-O0"


def test_further_files() -> None:
    """A file with other content is new even where it sets the same names; one that went away is said to be missing."""
    manifest = b'dotenv = [".env"]\n'
    before = replace(acting(manifest), files={".env": "1"}, variables={".env": ("A",)})
    other = replace(before, files={".env": "2"})
    assert find_changes(before, other) == (Change("file", ".env", "sets A", "sets A, with other content"),)
    missing = replace(before, files={".env": None}, variables={".env": ()})
    assert find_changes(before, missing) == (Change("file", ".env", "sets A", "is missing"),)


def test_both_ways() -> None:
    """What is new one way is gone the other way, and nothing else."""
    one, other = acting(WHOLE, locked("14.1")), acting(b'[env]\nPORT = "81"\n')
    there, back = find_changes(one, other), find_changes(other, one)
    assert {(each.kind, each.name, each.after, each.before) for each in there} == {
        (each.kind, each.name, each.before, each.after) for each in back
    }
