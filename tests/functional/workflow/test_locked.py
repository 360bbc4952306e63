"""What a lock promises: it realizes without any question, to the same objects, anywhere; a wrong one is refused."""

from __future__ import annotations

import shutil
import tomllib

import pytest

from devenv.fsutil import delete_tree
from devenv.system import host_system
from tests.functional.catalogue import Catalogue
from tests.functional.workflow.command import User
from tests.functional.workflow.conftest import MakeUser

PACKAGES = ("nodejs@24", "ripgrep", "just", "zig", "go")
HOST = str(host_system())


def give_project(giver: User, taker: User) -> User:
    """The giver's project, checked out by somebody else."""
    shutil.copytree(giver.directory, taker.directory / "checkout")
    return taker.at("checkout")


def test_lock_realizes_without_an_index(user: User, make_user: MakeUser, catalogue: Catalogue) -> None:
    """Given the lock, another machine asks no index at all and gets the same objects (invariant 1)."""
    api = user.project("api", *PACKAGES)
    other = give_project(api, make_user())
    catalogue.registry.index_enabled = False
    catalogue.registry.seen.clear()
    other.devenv("allow")
    assert other.objects() == api.objects()
    assert other.devenv("run", "node").text == "v24.2.0\n"
    assert catalogue.registry.index_requests() == 0
    assert len(catalogue.registry.seen) == len(PACKAGES)


def test_store_can_be_deleted(user: User, catalogue: Catalogue) -> None:
    """With the store, the state and the cache gone and the index unreachable, the lock gives the same digests."""
    api = user.project("api", *PACKAGES)
    before = api.objects()
    for directory in (api.settings.base, api.settings.cache, api.settings.state):
        delete_tree(directory)
    catalogue.registry.index_enabled = False
    api.devenv("allow")
    assert api.objects() == before
    api.verify_store()


def test_deleted_store_is_realized_again_by_run(user: User, catalogue: Catalogue) -> None:
    """Where only the store is gone, `run` in the allowed project brings it back without network."""
    api = user.project("api", "just", "uv")
    before = api.objects()
    delete_tree(api.settings.base)
    catalogue.registry.close()
    assert api.devenv("run", "just").text == "just 1.42.0\n"
    assert api.objects() == before


def test_home_directories_of_different_length(make_user: MakeUser) -> None:
    """The same lock under two homes of different length gives the same objects, which run in both (invariant 3)."""
    short, long = make_user(), make_user("a-much-longer-home")
    here = short.project("api", *PACKAGES)
    there = give_project(here, long)
    there.devenv("allow")
    assert here.objects() == there.objects()
    for command, words in (("node", "v24.2.0"), ("rg", "rg 15.0.0"), ("zig", "0.15.1"), ("go", "go version go1.26.0")):
        assert here.devenv("run", command).text == there.devenv("run", command).text == f"{words}\n"
    there.verify_store()


def test_lock_records_outputs_for_this_system(user: User) -> None:
    """`add` records what each package turned out to be; for systems that were not built it records none."""
    api = user.project("api", "uv")
    systems = tomllib.loads(api.lock.read_text())["packages"]["uv"]["systems"]
    assert [name for name in systems if "output" in systems[name]] == [HOST]
    assert systems[HOST]["output"] in api.objects()


def change_digit(text: str, field: str) -> str:
    """The text with the last digit of this system's `field` being another one."""
    lines = text.splitlines(keepends=True)
    top = next(number for number, line in enumerate(lines) if f"systems.{HOST}" in line)
    number = next(number for number, line in enumerate(lines) if number > top and line.startswith(f"{field} = "))
    place = lines[number].rindex("-uv-") - 1 if field == "output" else len(lines[number].rstrip('"\n')) - 1
    digit = "1" if lines[number][place] == "0" else "0"
    lines[number] = lines[number][:place] + digit + lines[number][place + 1 :]
    return "".join(lines)


@pytest.mark.parametrize(
    ("field", "slug", "status"),
    [
        ("sha256", "lock-recipe-changed", 10),
        ("derivation", "lock-recipe-changed", 10),
        ("output", "output-differs", 12),
        # Of a package that is realized already, nothing is fetched: the hash alone decides.
        ("size", "hash-mismatch", 11),
    ],
)
def test_changed_digit(user: User, make_user: MakeUser, field: str, slug: str, status: int) -> None:
    """One changed digit in a lock is refused, with what was expected and what was got; nothing can be entered."""
    api = user.project("api", "uv")
    text = api.lock.read_text()
    changed = change_digit(text, field)
    assert sum(before != after for before, after in zip(text, changed, strict=True)) == 1
    for other in (give_project(api, make_user()), *([api] if field != "size" else [])):
        other.lock.write_text(changed)
        error = other.failure("allow")
        assert (error["slug"], error["exit_code"]) == (slug, status)
        assert len(error["details"]) >= 2
        assert other.report("status")["trust"] in {"unknown", "changed"}
        assert other.call("run", "uv").status == 14
        other.verify_store()


def test_changed_digits_that_agree(user: User, make_user: MakeUser) -> None:
    """A lock whose hash and derivation were changed together is refused with both hashes; the hint mends it."""
    api = user.project("api", "uv")
    lock = tomllib.loads(api.lock.read_text())["packages"]["uv"]["systems"][HOST]
    sha256 = lock["artifacts"][0]["sha256"]
    text = api.lock.read_text().replace(sha256, "0" * 64)
    other = give_project(api, make_user())
    other.lock.write_text(text)
    derived = other.failure("allow")["details"][1].rpartition(" ")[2]
    other.lock.write_text(text.replace(lock["derivation"], derived))
    error = other.failure("allow")
    assert error["slug"] == "hash-mismatch"
    assert "0" * 64 in str(error["details"])
    assert sha256 in str(error["details"])
    assert other.objects() == []
    assert "`devenv lock --accept uv` pins on purpose what there is now" in error["hint"]
    other.devenv("lock", "--accept", "uv")
    assert tomllib.loads(other.lock.read_text())["packages"]["uv"]["systems"][HOST]["artifacts"][0]["sha256"] == sha256


@pytest.mark.parametrize("text", ["version = 2\n", "<<<<<<< ours\n", "version = [", "\0"])
def test_lock_that_is_none(user: User, text: str) -> None:
    """A lock from the future, with conflict markers or damaged: told with the next step, and left as it is (K-06)."""
    api = user.project("api", "uv")
    api.lock.write_text(text)
    error = api.failure("add", "just")
    assert error["slug"] in {"lock-newer", "lock-conflict", "lock-invalid"}
    assert error["hint"]
    assert api.lock.read_text() == text
