"""Where pinned files are looked for once their registry has deleted them: a snapshot archive, artifact stores."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.errors import FetchError, HashMismatchError, UsageError
from devenv.events import ignore
from devenv.fetch.artifacts import ArtifactCache
from devenv.fetch.downloads import ArtifactRequest
from devenv.settings import DebianSettings, PypiSettings, Settings
from tests.functional.fetch.conftest import open_places
from tests.functional.loopback import Fault, Kind, Registry
from tests.functional.wheels import make_wheel

TOOL = make_wheel("tool", "1.0", files={"tool/data": (os.urandom(1 << 16), False)})
DEB = b"a package of Debian's"
DEB_SHA256 = hashlib.sha256(DEB).hexdigest()
POOL = "pool/main/t/tool/tool_1.0_amd64.deb"
DATE = "2026-03-01T11:59:58Z"


def stored(sha256: str) -> str:
    """Where below a store a file lies."""
    return f"sha256/{sha256[:2]}/{sha256}"


def wanted_deb(date: str | None = DATE) -> ArtifactRequest:
    """The request for the package."""
    return ArtifactRequest(f"debian:{POOL}", DEB_SHA256, len(DEB), "tool_1.0_amd64.deb", date)


def fetch(settings: Settings, request: ArtifactRequest) -> bytes:
    """The content of the file that was brought."""
    with open_places(settings) as places, ArtifactCache(settings, places) as cache:
        return cache.fetch([request], ignore)[request.sha256].read_bytes()


@pytest.fixture
def debian_settings(settings: Settings, registry: Registry) -> Settings:
    """The settings of a user whose Debian mirrors lie on the registry, with an archive of past states."""
    mirrors = (f"{registry.files}one/", f"{registry.files}two/")
    snapshot = registry.files + "{archive}/{timestamp}/"
    return replace(settings, debian=DebianSettings(mirrors, (), snapshot=snapshot))


def test_mirrors_snapshot_and_stores_are_tried_in_this_order(debian_settings: Settings, registry: Registry) -> None:
    """A file that all mirrors have dropped is looked for in the snapshot of its index's time, then in the stores."""
    registry.put(f"/store/{stored(DEB_SHA256)}", DEB)
    assert fetch(replace(debian_settings, artifact_stores=(f"{registry.files}store",)), wanted_deb()) == DEB
    assert [seen.path for seen in registry.seen] == [
        f"/one/{POOL}",
        f"/two/{POOL}",
        f"/debian/20260301T115958Z/{POOL}",
        f"/store/{stored(DEB_SHA256)}",
    ]


def test_snapshot_has_what_mirrors_dropped(debian_settings: Settings, registry: Registry) -> None:
    """A pinned package is realized from the archive's past state, with no store configured."""
    registry.put(f"/debian/20260301T115958Z/{POOL}", DEB)
    assert fetch(debian_settings, wanted_deb()) == DEB


@pytest.mark.parametrize("write", ["{}", "file://{}", "file://localhost{}/", "file:{}"])
def test_store_in_a_directory(settings: Settings, registry: Registry, tmp_path: Path, write: str) -> None:
    """A store on this machine is named by its path or a `file:` address; the registry need not answer."""
    place = tmp_path / "store" / stored(TOOL.sha256)
    place.parent.mkdir(parents=True)
    place.write_bytes(TOOL.content)
    published = registry.add(TOOL)
    registry.fail(published.path, Fault.status_code(404))
    request = ArtifactRequest(published.locator, TOOL.sha256, len(TOOL.content), TOOL.filename)
    assert fetch(replace(settings, artifact_stores=(write.format(tmp_path / "store"),)), request) == TOOL.content


def test_path_of_a_store_with_characters_of_addresses(settings: Settings, tmp_path: Path) -> None:
    """A directory's name is taken as it is: percent signs, spaces and question marks mean nothing in it."""
    store = tmp_path / "100%41 of ours? ü#"
    place = store / stored(DEB_SHA256)
    place.parent.mkdir(parents=True)
    place.write_bytes(DEB)
    nowhere = replace(settings, debian=DebianSettings(("file:///nowhere",)), artifact_stores=(str(store),))
    assert fetch(nowhere, wanted_deb()) == DEB


@pytest.mark.parametrize("locator", ["debian:" + POOL, "pypi:packages/" + POOL])
def test_store_suffices_where_no_registry_is_configured(
    settings: Settings, registry: Registry, monkeypatch: pytest.MonkeyPatch, locator: str
) -> None:
    """A machine without apt and pip, or with settings that name no usable registry, takes files from stores alone."""
    monkeypatch.setattr("devenv.fetch.configuration.find_pip_default", lambda: None)
    registry.put(f"/store/{stored(DEB_SHA256)}", DEB)
    bare = replace(settings, pypi=PypiSettings(), artifact_stores=(f"{registry.files}store/",))
    request = replace(wanted_deb(), locator=locator)
    assert fetch(bare, request) == DEB
    with pytest.raises(FetchError) as caught:
        fetch(replace(bare, cache=settings.home / "other"), replace(request, sha256="0" * 64))
    assert caught.value.slug == "artifact-missing"
    assert any(line.startswith("not asked: the address of the registry") for line in caught.value.details)
    with pytest.raises(FetchError) as caught:
        fetch(replace(bare, cache=settings.home / "other", artifact_stores=()), request)
    assert caught.value.slug == "registry-unconfigured"


def test_store_with_a_wrong_file(settings: Settings, registry: Registry) -> None:
    """A store that has something else under the hash is passed over; where nothing follows, it is named (H-01)."""
    registry.put(f"/bad/{stored(TOOL.sha256)}", b"x" * len(TOOL.content))
    registry.put(f"/good/{stored(TOOL.sha256)}", TOOL.content)
    request = ArtifactRequest("pypi:files/tool.whl", TOOL.sha256, len(TOOL.content), TOOL.filename)
    bad, good = f"{registry.files}bad/", f"{registry.files}good/"
    assert fetch(replace(settings, artifact_stores=(bad, good)), request) == TOOL.content
    with pytest.raises(HashMismatchError) as caught:
        fetch(replace(settings, cache=settings.home / "other", artifact_stores=(bad,)), request)
    assert f"address: {bad}{stored(TOOL.sha256)}" in caught.value.details
    assert f"expected: sha256 {TOOL.sha256}, {len(TOOL.content)} bytes" in caught.value.details


def test_file_that_is_nowhere(debian_settings: Settings, registry: Registry) -> None:
    """The error names the file, the time since when it is pinned, every place that was tried, and what to do."""
    with pytest.raises(FetchError) as caught:
        fetch(replace(debian_settings, artifact_stores=(f"{registry.files}store/",)), wanted_deb())
    error = caught.value
    assert error.slug == "artifact-missing"
    assert "`tool_1.0_amd64.deb`" in error.message
    assert error.details == (
        f"locator: debian:{POOL}",
        f"pinned since: {DATE}, the time of the index that names it",
        f"tried: {registry.files}one/{POOL}",
        f"tried: {registry.files}two/{POOL}",
        f"tried: {registry.files}debian/20260301T115958Z/{POOL}",
        f"tried: {registry.files}store/{stored(DEB_SHA256)}",
    )
    for word in ("`devenv add NAME@latest`", "`artifact_stores`", "`snapshot`"):
        assert word in (error.hint or "")


def test_all_places_are_told_where_one_of_them_failed(debian_settings: Settings, registry: Registry) -> None:
    """A server that breaks off is the failure, as trying again may help; the places without the file are told too."""
    registry.fail(f"/two/{POOL}", Fault(Kind.DROP))
    with pytest.raises(FetchError) as caught:
        fetch(debian_settings, wanted_deb())
    assert caught.value.slug == "fetch-network"
    assert f"tried: {registry.files}one/{POOL}" in caught.value.details
    assert any(line.startswith(f"tried: {registry.files}two/{POOL} (") for line in caught.value.details)


def test_server_that_is_down_is_asked_last(debian_settings: Settings, registry: Registry) -> None:
    """With a mirror that does not answer, only the first file waits for it; the next ones begin where they are."""
    other = make_wheel("other", "1.0").content
    contents = {POOL: DEB, "pool/main/o/other/other_1.0_all.deb": other}
    debian = DebianSettings((registry.index.replace("simple", "down"), f"{registry.files}up/"), ())
    requests = []
    for path, content in contents.items():
        registry.fail(f"/down/{path}", Fault(Kind.DROP))
        registry.put(f"/up/{path}", content)
        sha256 = hashlib.sha256(content).hexdigest()
        requests.append(ArtifactRequest(f"debian:{path}", sha256, len(content), path.rpartition("/")[2]))
    settings = replace(debian_settings, debian=debian)
    with open_places(settings) as places, ArtifactCache(settings, places) as cache:
        for request in requests:
            cache.fetch([request])
    assert [registry.count(f"/down/{path}") for path in contents] == [4, 0]


def test_password_of_a_store_goes_to_the_store_only(settings: Settings, registry: Registry) -> None:
    """User name and password in a store's address are sent there and nowhere else, and stand in no error (H-10)."""
    store = registry.files.replace("http://", "http://me:secret@") + "store/"
    request = ArtifactRequest("pypi:/some/tool.whl", TOOL.sha256, len(TOOL.content), TOOL.filename)
    pypi = PypiSettings(registry.index, registry.files)
    with pytest.raises(FetchError) as caught:
        fetch(replace(settings, pypi=pypi, artifact_stores=(store,)), request)
    assert "secret" not in str([caught.value.message, caught.value.details, caught.value.hint])
    login = f"Basic {base64.b64encode(b'me:secret').decode()}"
    sent = [(seen.path.split("/")[1], seen.headers.get("authorization")) for seen in registry.seen]
    assert sent == [("some", None), ("some", None), ("store", login)]


@pytest.mark.parametrize("address", ["relative/path", "ftp://store.example/", "https://me:secret@/", "https://h/?a=b"])
def test_address_that_cannot_be_one(settings: Settings, address: str) -> None:
    """A store that could never be asked is an error of the settings, told without what may be secret in it."""
    with pytest.raises(UsageError) as caught:
        fetch(replace(settings, artifact_stores=(address,)), wanted_deb())
    assert caught.value.slug == "settings-invalid"
    assert "secret" not in caught.value.message
