"""`devenv update` with a suite of Debian: what moves with an input, no way back, and times that nobody can know."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from devenv.errors import DevenvError
from devenv.events import Event, Notice
from devenv.lock.components import FileChange
from devenv.lock.review import Move
from devenv.settings import Settings, read_settings, settings_path
from devenv.workflow.edit import lock_project
from devenv.workflow.outdated import find_outdated
from devenv.workflow.review_results import NewerPackage, UpdateResult
from devenv.workflow.tools import Tools
from devenv.workflow.update import update_project
from tests.functional.debian_archive import NOW, MadeArchive, Pocket, make_stanza
from tests.functional.loopback import Registry

BOTH = ("amd64", "arm64")
EARLY, LATE = NOW - timedelta(days=30), NOW - timedelta(days=2)


@dataclass
class Debian:
    """A project with two packages of a suite."""

    path: Path
    settings: Settings
    archive: MadeArchive
    notices: list[str] = field(default_factory=list)

    def publish(self, date: datetime, **versions: str) -> None:
        """Publish the suite as of `date`."""
        # No closure is without a shell.
        stanzas = [
            make_stanza(name, version, architecture="all") for name, version in {"dash": "0.5-1", **versions}.items()
        ]
        for pocket in ("trixie", "trixie-updates"):
            shown = stanzas if pocket == "trixie" else []
            self.archive.publish(Pocket(pocket, shown, date, architectures=BOTH))

    def _report(self, event: Event) -> None:
        if isinstance(event, Notice) and "`debian:trixie`" in event.text:
            self.notices.append(event.text)

    @contextmanager
    def tools(self) -> Iterator[Tools]:
        with Tools(self.settings, {}, self._report) as tools:
            tools.refresh = True
            yield tools

    def update(self, *names: str, before: datetime | None = None, allow_older: bool = False) -> UpdateResult:
        with self.tools() as tools:
            tools.before = None if before is None else int(before.timestamp())
            tools.allow_older = allow_older
            return update_project(tools, self.path, names)


@pytest.fixture
def debian(tmp_path: Path, home: Path, registry: Registry) -> Debian:
    archive = MadeArchive(registry, "/debian/")
    keyring = home / "keyring.pgp"
    keyring.write_bytes(bytes(archive.key.extract_certificate()))
    path = settings_path(home)
    path.parent.mkdir(parents=True)
    path.write_text(
        f'[registries.pypi]\nindex = "{registry.index}"\n'
        f'[registries.debian]\nmirrors = ["{archive.address}"]\nsecurity = []\nkeyring = "{keyring}"\n'
    )
    project = tmp_path / "api"
    project.mkdir()
    (project / "devenv.toml").write_text(
        '[inputs]\ndebian = "debian:trixie"\n[packages]\nseetop = { version = "*", input = "debian" }\n'
        'hearall = { version = "2", input = "debian" }\n'
    )
    made = Debian(project, read_settings(home), archive)
    made.publish(EARLY, seetop="3.4-1", hearall="2.1-1")
    with made.tools() as tools:
        lock_project(tools, project)
    return made


def moves(result: UpdateResult) -> dict[str, tuple[Move, str | None]]:
    return {each.name: (each.move, each.after) for each in result.review.packages}


def test_input_moves_with_all_that_is_from_it(debian: Debian) -> None:
    """A suite that is named moves all its packages; the review has Debian's own versions and the new release."""
    debian.publish(LATE, seetop="3.4-2", hearall="2.2-1")
    with debian.tools() as tools:
        newer = find_outdated(tools, debian.path)
    assert newer.packages == (
        NewerPackage("hearall", "2", "2.1", "2.2", None),
        NewerPackage("seetop", "*", "3.4", None, None, revised=True),
    )
    result = debian.update("debian")
    assert moves(result) == {"hearall": (Move.NEWER, "2.2"), "seetop": (Move.REBUILT, "3.4")}
    seetop = result.review.packages[1]
    assert {each.files for each in seetop.systems} == {(FileChange("seetop", "3.4-1", "3.4-2"),)}
    (moved,) = result.review.inputs
    assert [each.after for each in moved.releases] == [f"{LATE:%Y-%m-%dT%H:%M:%SZ}"] * 2


def test_no_way_back(debian: Debian) -> None:
    """G-19: a suite in an older state than the lock's is refused by an update too; `--allow-older` takes it."""
    lock = (debian.path / "devenv.lock").read_bytes()
    debian.publish(EARLY - timedelta(days=1), seetop="3.3-1", hearall="2.0-1")
    with pytest.raises(DevenvError) as caught:
        debian.update()
    assert caught.value.slug == "release-older"
    assert (debian.path / "devenv.lock").read_bytes() == lock
    assert moves(debian.update(allow_older=True)) == {"hearall": (Move.OLDER, "2.0"), "seetop": (Move.OLDER, "3.3")}


def test_what_nobody_can_know_stays(debian: Debian) -> None:
    """Of a suite in a state after the time of `--before` nothing is taken: what is locked stays, and that is said."""
    debian.publish(LATE, seetop="3.5-1", hearall="2.2-1")
    between = LATE - timedelta(days=1)
    assert moves(debian.update(before=between)) == {}
    assert debian.notices == [
        f"what is from `debian:trixie` stays: nothing says what it had before {between:%Y-%m-%dT%H:%M:%SZ}"
    ]
    assert moves(debian.update("seetop", before=LATE)) == {"seetop": (Move.NEWER, "3.5")}
    (debian.path / "devenv.lock").unlink()
    with pytest.raises(DevenvError) as caught:
        debian.update(before=between)
    assert caught.value.slug == "release-too-new"


def test_past_states_answer(debian: Debian) -> None:
    """Where an archive of past states is set, it is asked for the suite as it was; what is kept of today's stays."""
    debian.publish(LATE, seetop="3.5-1", hearall="2.2-1")
    between, middle = LATE - timedelta(days=1), LATE - timedelta(days=9)
    past = replace(debian.archive, base=f"/past/debian/{between:%Y%m%dT%H%M%SZ}/")
    replace(debian, archive=past).publish(middle, seetop="3.4-3", hearall="2.1-1")
    settings = settings_path(debian.settings.home)
    root = debian.archive.registry.files
    settings.write_text(f'{settings.read_text()}snapshot = "{root}past/{{archive}}/{{timestamp}}/"\n')
    debian.settings = read_settings(debian.settings.home)
    result = debian.update(before=between)
    assert moves(result) == {"seetop": (Move.REBUILT, "3.4")}
    assert debian.notices == []
    assert [each.after for each in result.review.inputs[0].releases] == [f"{middle:%Y-%m-%dT%H:%M:%SZ}"] * 2
    assert moves(debian.update()) == {"hearall": (Move.NEWER, "2.2"), "seetop": (Move.NEWER, "3.5")}
    with pytest.raises(DevenvError) as caught:
        debian.update(before=between)
    assert caught.value.slug == "release-older"


def test_age_is_not_asked_of_suites(debian: Debian) -> None:
    """`minimum-release-age` says once that it does not hold for a suite, and takes what the suite has."""
    manifest = debian.path / "devenv.toml"
    manifest.write_text(f'{manifest.read_text()}[lock]\nminimum-release-age = "{int(time.time() / 86400)}d"\n')
    debian.publish(LATE, seetop="3.5-1", hearall="2.2-1")
    assert moves(debian.update("seetop")) == {"seetop": (Move.NEWER, "3.5")}
    (notice,) = debian.notices
    assert notice.endswith("does not hold for `debian:trixie`, which does not say since when it has a package")
