"""Files of another tool with our name: recognised, told, and left exactly as they are."""

from __future__ import annotations

import pytest

from tests.functional.workflow.command import User

JSON_LOCK = '{\n  "nodes": {"devenv": {"locked": {"type": "github"}}},\n  "root": "root",\n  "version": 7\n}\n'


def test_lock_of_another_tool(user: User) -> None:
    """A `devenv.lock` in JSON beside our manifest: every verb that would read or write it says whose it is."""
    api = user.project("api", "just")
    api.lock.write_text(JSON_LOCK)
    before = api.files()
    for verb in (["lock"], ["add", "uv"], ["remove", "just"], ["allow"]):
        error = api.failure(*verb)
        assert (error["slug"], error["exit_code"]) == ("foreign-file", 10)
        assert "another tool" in error["message"]
        assert error["place"]["file"] == str(api.lock)
    assert api.files() == before


@pytest.mark.parametrize("name", ["devenv.nix", "devenv.yaml"])
def test_directory_of_another_tool(user: User, name: str) -> None:
    """A directory with the other tool's files gets nothing of ours, whatever is asked for."""
    theirs = user.at("theirs")
    (theirs.directory / name).write_text("{ pkgs, ... }: { }\n")
    theirs.lock.write_text(JSON_LOCK)
    for verb in (["init"], ["add", "uv"], ["status"]):
        error = theirs.failure(*verb)
        assert (error["slug"], error["exit_code"]) == ("foreign-file", 10)
        assert "another tool" in error["message"]
    assert theirs.call("run", "true").status == 10
    assert sorted(path.name for path in theirs.directory.iterdir()) == sorted([name, "devenv.lock"])
    assert theirs.lock.read_text() == JSON_LOCK


def test_lock_alone(user: User) -> None:
    """`init` where only a `devenv.lock` lies does not take it for its own."""
    theirs = user.at("theirs")
    theirs.lock.write_text(JSON_LOCK)
    assert theirs.failure("init")["slug"] == "foreign-file"
    assert theirs.files() == {"devenv.lock": JSON_LOCK.encode()}


def test_manifest_of_another_tool(user: User) -> None:
    """A `devenv.toml` that is another tool's is left alone by `init`, `add` and `lock`."""
    theirs = user.at("theirs")
    theirs.manifest.write_text('[devenv]\nversion = "1.0"\n\n[languages.python]\nenable = true\n')
    before = theirs.files()
    for verb in (["init"], ["add", "uv"], ["lock"]):
        error = theirs.failure(*verb)
        assert (error["slug"], error["exit_code"]) == ("foreign-file", 10)
        assert str(theirs.manifest) in str(error)
    assert theirs.files() == before


def test_manifest_that_is_a_link_to_something_else(user: User) -> None:
    """A link in the manifest's place shows nobody what lies behind it, and nothing there changes (K-04)."""
    secret = user.home / "secret"
    secret.write_text("password: open sesame\n")
    theirs = user.at("theirs")
    theirs.manifest.symlink_to(secret)
    for verb in (["status"], ["lock"], ["add", "uv"], ["allow"], ["run", "true"]):
        outcome = theirs.call(*verb)
        assert "sesame" not in outcome.text + outcome.messages
    assert secret.read_text() == "password: open sesame\n"
    assert [path.name for path in theirs.directory.iterdir()] == ["devenv.toml"]


def test_files_of_the_user_are_not_overwritten(user: User) -> None:
    """`init` writes nothing where a file of its template exists; an existing `.gitignore` only grows."""
    api = user.at("api")
    (api.directory / "server.js").write_text("// mine\n")
    assert api.failure("init", "--template", "node")["slug"] == "file-exists"
    assert [path.name for path in api.directory.iterdir()] == ["server.js"]
    ignore = api.directory / ".gitignore"
    ignore.write_bytes(b"caf\xe9/\n*.o")
    api.devenv("init")
    assert ignore.read_bytes() == b"caf\xe9/\n*.o\n/.devenv/\n"
    (user.home / "file").write_text("")
    assert user.failure("init", "file")["domain"] == "usage"
