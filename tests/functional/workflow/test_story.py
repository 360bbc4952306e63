"""The main job as somebody types it: init, add, run, lock, status, remove, search, info."""

from __future__ import annotations

import tomllib

from devenv.system import ALL_SYSTEMS
from tests.functional.catalogue import Catalogue
from tests.functional.workflow.command import User

COMMENTED = """\
# Ours since 2019.
[project]
name   = 'api'      # short

[packages]
just = "1"          # recipes
# keep node last
nodejs = { version = "22" }

[env]
GREETING = "it's"
"""


def test_story(user: User) -> None:
    """A new project and three packages with their programs, in three commands; every step says what comes next."""
    started = user.devenv("init", "--template", "node", "api")
    assert "next:" in started.text
    api = user.at("api")
    added = api.devenv("add", "nodejs@24", "ripgrep", "just")
    assert "added nodejs 24.2.0" in added.text
    assert "added ripgrep 15.0.0" in added.text
    assert api.devenv("run", "--", "node", "--version").text == "v24.2.0\n"
    assert api.devenv("run", "rg").text == "rg 15.0.0\n"
    assert api.devenv("run", "npm").text == "npm of 24.2.0\n"
    assert "/.devenv/" in (api.directory / ".gitignore").read_text().splitlines()
    assert user.unfinished() == []
    user.verify_store()


def test_locking_twice_gives_identical_bytes(user: User) -> None:
    """A lock that answers the manifest is written once and then kept, byte by byte."""
    api = user.project("api", "nodejs@24", "ripgrep")
    before = api.files()
    assert not api.report("lock")["changed"]
    assert api.files() == before
    api.lock.unlink()
    assert api.report("lock")["changed"]
    first = api.lock.read_bytes()
    api.lock.unlink()
    api.devenv("lock")
    assert api.lock.read_bytes() == first


def test_lock_covers_all_systems(user: User) -> None:
    """Every package is resolved for all systems from this one; the lock names no host."""
    api = user.project("api", "uv")
    lock = tomllib.loads(api.lock.read_text())
    assert list(lock["packages"]["uv"]["systems"]) == [str(system) for system in ALL_SYSTEMS]
    assert b"127.0.0.1" not in api.lock.read_bytes()
    assert b"://" not in api.lock.read_bytes()


def test_one_package_touches_its_own_lines_only(user: User) -> None:
    """Adding and removing a package leaves the lines of all others alone, so that locks merge."""
    api = user.project("api", "nodejs@24", "uv")
    before = api.lock.read_text().splitlines()
    api.devenv("add", "ripgrep")
    after = api.lock.read_text().splitlines()
    assert [line for line in before if line not in after] == []
    assert "ripgrep" in api.lock.read_text()
    api.devenv("remove", "ripgrep")
    assert api.lock.read_text().splitlines() == before


def test_comments_and_formatting_are_kept(user: User) -> None:
    """`add` and `remove` change the lines of their packages and leave every other byte of the manifest."""
    api = user.project("api")
    api.manifest.write_text(COMMENTED)
    api.devenv("add", "ripgrep", "nodejs@24")
    added = api.manifest.read_text()
    assert added == COMMENTED.replace('"22" }', '"24" }\nripgrep = "*"')
    api.devenv("remove", "ripgrep")
    assert api.manifest.read_text() == COMMENTED.replace('"22" }', '"24" }')


def test_removed_package_is_gone(user: User) -> None:
    """`remove` takes a package out of manifest, lock and environment; the others stay."""
    api = user.project("api", "ripgrep", "just")
    assert "removed ripgrep" in api.devenv("remove", "ripgrep").text
    assert list(tomllib.loads(api.lock.read_text())["packages"]) == ["just"]
    assert api.devenv("run", "just").text == "just 1.42.0\n"
    assert api.call("run", "rg").status == 127


def test_versions_are_chosen_as_asked(user: User) -> None:
    """A prefix, an exact version, a range and `latest` each get the newest version that they let through."""
    api = user.project("api")
    for request, version in (("24.1", "24.1.0"), ("22.20.0", "22.20.0"), (">=22,<24", "22.20.0"), ("latest", "24.2.0")):
        result = api.report("add", f"nodejs@{request}")
        assert [each["version"] for each in result["added"]] == [version]
        assert api.devenv("run", "node").text == f"v{version}\n"


def test_locked_version_stays(user: User, catalogue: Catalogue) -> None:
    """A newer release changes nothing until it is asked for: the lock keeps what it has while it still answers."""
    api = user.project("api", "uv")
    locked = api.lock.read_bytes()
    catalogue.publish("uv", "0.9.3", "manylinux_2_17_x86_64", "macosx_11_0_arm64")
    assert not api.report("lock")["changed"]
    api.devenv("add", "just")
    assert tomllib.loads(api.lock.read_text())["packages"]["uv"] == tomllib.loads(locked.decode())["packages"]["uv"]


def test_status_follows_the_project(user: User) -> None:
    """`status` says whether the lock answers the manifest and the environment is there, and what to do next."""
    api = user.project("api", "ripgrep")
    status = api.report("status")
    assert (status["trust"], status["lock"], status["realized"]) == ("allowed", "current", True)
    assert status["packages"] == [{"name": "ripgrep", "request": "*", "version": "15.0.0"}]
    api.manifest.write_text(api.manifest.read_text() + 'just = "1"\n')
    assert api.report("status")["trust"] == "changed"
    assert "lock-stale" in api.failure("allow")["slug"]
    api.devenv("lock")
    api.devenv("allow")
    assert api.report("status")["generation"] == status["generation"] + 1


def test_search_and_info(user: User, catalogue: Catalogue) -> None:
    """Packages are found by name, program or summary without the network; `info` shows versions and what they need."""
    assert [each["name"] for each in user.report("search", "rg")["packages"]] == ["ripgrep"]
    assert "nodejs" in [each["name"] for each in user.report("search", "javascript")["packages"]]
    assert len(user.devenv("search").text.splitlines()) >= 15
    assert catalogue.registry.seen == []
    info = user.report("info", "nodejs")
    assert [each["version"] for each in info["versions"]] == ["24.2.0", "24.1.0", "22.20.0", "18.18.2"]
    assert info["versions"][0]["systems"]["x86_64-linux"] == "glibc-2.17"
    assert info["programs"] == ["node", "npm", "npx"]


def test_every_verb_works_below_the_project(user: User) -> None:
    """A project is found from any directory below it."""
    below = user.project("api").at("src/deep")
    below.devenv("add", "just")
    assert below.devenv("run", "just").text == "just 1.42.0\n"
    assert below.report("status")["project"] == str(user.home / "api")


def test_environment_without_packages(user: User) -> None:
    """A project that has just been made can be locked, allowed and used before anything is added."""
    api = user.project("api")
    api.devenv("lock")
    api.devenv("allow")
    assert api.devenv("run", "true").output == b""


def test_variables_of_the_manifest_reach_programs(user: User) -> None:
    """Values under `[env]` arrive byte for byte, whatever quotes or expansions they seem to hold."""
    api = user.project("api", "just")
    value = 'it\'s "$(touch x)" \\ `y`\nügly'
    api.manifest.write_text(api.manifest.read_text() + f"\n[env]\nODD = '''{value}'''\n")
    api.devenv("allow")
    assert api.devenv("run", "printenv", "ODD").output == value.encode() + b"\n"
    assert not (api.directory / "x").exists()


def test_refresh_finds_what_was_published_meanwhile(user: User, catalogue: Catalogue) -> None:
    """Pages of the index count for some minutes; `--refresh` asks again and sees a version that came since."""
    api = user.project("api", "just")
    before = tomllib.loads(api.lock.read_text())["packages"]["just"]["version"]
    catalogue.publish("rust_just", "9.0.0", "manylinux_2_17_x86_64", "manylinux_2_17_aarch64", "macosx_11_0_arm64")
    assert api.report("add", "just@latest")["added"][0]["version"] == before
    assert api.report("info", "just", "--refresh")["versions"][0]["version"] == "9.0.0"
    assert api.report("add", "just@latest", "--refresh")["added"][0]["version"] == "9.0.0"
