"""What updates need of real indexes: they say since when they have a file, and are asked for what is newer."""

from __future__ import annotations

from tests.registry.user import User


def test_releases_have_times(user: User) -> None:
    """`--before` gets an older version than the newest from the index that the user has, and `outdated` says so."""
    project = user.home / "updates"
    project.mkdir()
    # A program for any system that needs no runtime: nothing but the index of wheels is asked.
    (project / "devenv.toml").write_text('[project]\nsystems = ["aarch64-darwin"]\n[packages]\nruff = "*"\n')
    user.call("lock", "--before", "90d", directory=project)
    (newer,) = user.ask("outdated", directory=project)["packages"]
    assert newer["name"] == "ruff"
    assert newer["within"] != newer["locked"]
    review = user.ask("update", directory=project)["review"]
    assert [(each["name"], each["move"]) for each in review["packages"]] == [("ruff", "newer")]
