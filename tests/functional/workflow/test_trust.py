"""Nothing of a project acts before its owner allowed exactly that content at exactly that place."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.functional.catalogue import Catalogue
from tests.functional.workflow.command import User


def clone(user: User, manifest: str = '[packages]\njust = "*"\n') -> User:
    """A project that somebody else wrote."""
    there = user.at("cloned")
    there.manifest.write_text(manifest)
    return there


@pytest.mark.parametrize("verb", [("run", "true"), ("shell",)])
def test_never_allowed_project_is_refused(user: User, catalogue: Catalogue, verb: tuple[str, ...]) -> None:
    """`run` and `shell` in a project that was never allowed: one clear error, and nothing is read or written (L-01)."""
    cloned = clone(user, "packages = [not even TOML")
    outcome = cloned.call(*verb)
    assert outcome.status == 14
    assert outcome.output == b""
    error, place, hint = outcome.messages.splitlines()
    assert error == f"trust error: `{cloned.directory}` was never allowed"
    assert str(cloned.manifest) in place
    assert hint.startswith("hint: ")
    assert "`devenv allow`" in hint
    assert catalogue.registry.seen == []
    assert sorted(path.name for path in user.home.iterdir()) == [".config", "cloned"]


def test_status_of_a_project_that_is_not_allowed_parses_nothing(user: User) -> None:
    """`status` hashes and says so: a manifest and lock that no parser takes are no error to it (L-07)."""
    cloned = clone(user, "packages = [not even TOML")
    cloned.lock.write_bytes(b"\0\xff")
    status = cloned.report("status")
    assert status["trust"] == "unknown"
    assert status["lock"] is None
    assert status["packages"] == []


@pytest.mark.parametrize("name", ["devenv.toml", "devenv.lock"])
def test_edited_after_allow(user: User, name: str) -> None:
    """A change to manifest or lock takes permission away until it is allowed again; undoing gives it back."""
    api = user.project("api", "just")
    path = api.directory / name
    before = path.read_bytes()
    path.write_bytes(before + b"\n# one more line\n")
    outcome = api.call("run", "just")
    assert outcome.status == 14
    assert "changed since it was allowed" in outcome.messages
    assert api.report("status")["trust"] == "changed"
    path.write_bytes(before)
    assert api.devenv("run", "just").text == "just 1.42.0\n"


def test_deny(user: User) -> None:
    """`deny` takes permission back for good, the same content included, until `allow` (L-06)."""
    api = user.project("api", "just")
    api.devenv("deny")
    outcome = api.call("run", "just")
    assert outcome.status == 14
    assert "was denied" in outcome.messages
    assert api.report("status")["trust"] == "denied"
    assert user.report("allow", "api")["generation"] == 1
    assert api.devenv("run", "just").text == "just 1.42.0\n"


def test_place_is_part_of_what_is_allowed(user: User) -> None:
    """The same content elsewhere, moved or copied, wants its own permission; the one at the old place stays (L-04)."""
    api = user.project("api", "just")
    shutil.copytree(api.directory, user.home / "copy")
    assert user.at("copy").call("run", "just").status == 14
    assert api.devenv("run", "just").status == 0
    api.directory.rename(user.home / "moved")
    assert user.at("moved").call("run", "just").status == 14
    assert user.at("moved").report("status")["trust"] == "unknown"


def test_link_to_a_project_is_that_project(user: User) -> None:
    """A project entered through a symbolic link is the one that was allowed: the kernel's path counts (L-04)."""
    api = user.project("api", "just")
    (user.home / "link").symlink_to(api.directory)
    assert user.at("link").devenv("run", "just").text == "just 1.42.0\n"


def test_environment_cannot_claim_trust(user: User) -> None:
    """Variables that look like permission, or like another state directory, are not asked (L-09)."""
    cloned = clone(user)
    claims = {"DEVENV_PROJECT": str(cloned.directory), "DEVENV_TRUSTED": "1", "XDG_STATE_HOME": str(cloned.directory)}
    assert cloned.having(**claims).call("run", "true").status == 14


def test_editing_keeps_permission(user: User) -> None:
    """`add`, `remove` and `lock` in an allowed project keep it allowed; in one that is not they do not allow it."""
    api = user.project("api", "just")
    api.devenv("add", "uv")
    api.devenv("remove", "just")
    api.devenv("lock")
    assert api.devenv("run", "uv").text == "uv 0.9.2\n"
    cloned = clone(user)
    assert not cloned.report("add", "uv")["allowed"]
    assert "`devenv allow`" in cloned.devenv("add", "uv").text
    assert cloned.call("run", "uv").status == 14


def test_allow_shows_what_may_act(user: User) -> None:
    """`allow` names the packages, variables and shell code that this content brings."""
    cloned = clone(user, '[packages]\njust = "*"\n[env]\nPORT = "80"\n[shell]\nhook = "echo hello"\n')
    cloned.devenv("lock")
    text = cloned.devenv("allow").text
    assert "just" in text
    assert "PORT" in text
    assert "| echo hello" in text


def test_manifest_that_is_no_file(user: User) -> None:
    """A FIFO or a directory called `devenv.toml` is refused at once and cannot hang us (K-05)."""
    there = user.at("odd")
    os.mkfifo(there.manifest)
    assert there.failure("status")["slug"] == "project-unreadable"
    there.manifest.unlink()
    there.manifest.mkdir()
    assert there.failure("lock")["slug"] == "project-unreadable"
    assert there.call("run", "true").status == 2
