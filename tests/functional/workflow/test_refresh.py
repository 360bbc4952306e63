"""What happens in the background when a project's files changed, and what shells are told of it."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from devenv.activation.state import active_path, find_active_generation, generations_path
from devenv.fsutil import locked
from devenv.settings import settings_path
from tests.functional.catalogue import Catalogue
from tests.functional.workflow.command import User


def changed(user: User) -> None:
    """What a hook starts when it sees another time."""
    outcome = user.devenv("hook-changed", "--", str(user.directory))
    assert (outcome.output, outcome.errors) == (b"", b"")


def answer(user: User) -> str:
    """What shells are told; nothing where there is nothing to tell."""
    path = active_path(user.settings, user.directory) / "@answer"
    return path.read_text() if path.exists() else ""


def active(user: User) -> Path | None:
    """The generation that shells enter."""
    return find_active_generation(user.settings, user.directory)


def unrealize(user: User) -> None:
    """What the project was allowed to be is no longer what is realized: a setting makes another environment of it."""
    before = settings_path(user.home).read_text()
    user.configure(f'runtime = "host"\n{before}')


def until_it_waits(state: Path) -> None:
    """Until the process that was started has come to its lock, which nobody had before."""
    while not (state / "refresh.next").exists():
        pass


@pytest.fixture
def api(user: User) -> User:
    """A project that shells enter."""
    return user.project("api", "just")


def test_touched(api: User) -> None:
    """Invariant 7: the same content with other times gets new stamps, backwards too, and nothing is said."""
    before = active(api)
    os.utime(api.manifest, ns=(7, 7))
    changed(api)
    assert before is not None
    assert active(api) == before
    assert (before / "0.stamp").stat().st_mtime_ns == 7
    assert answer(api) == ""


def test_not_allowed_any_more(api: User) -> None:
    """L-02: other content takes the environment away, says how to go on, and comes back when it is allowed."""
    api.manifest.write_bytes(api.manifest.read_bytes() + b"# more\n")
    changed(api)
    assert active(api) is None
    assert answer(api) == "`api` changed since it was allowed: `devenv allow` shows what, and allows it\n"
    api.devenv("allow")
    assert active(api) is not None
    assert answer(api) == ""


def test_denied(api: User) -> None:
    """L-06: of a project that was denied nothing is said."""
    api.devenv("deny")
    changed(api)
    assert (active(api), answer(api)) == (None, "")


def test_broken_files(api: User) -> None:
    """A manifest that is gone, or is no file, takes the environment away with the reason."""
    api.manifest.unlink()
    changed(api)
    assert active(api) is None
    assert "the environment was left" in answer(api)


def test_allowed_and_not_realized(api: User) -> None:
    """Issue 6: what was allowed is realized in the background and switched to; a log says how it went."""
    before = active(api)
    unrealize(api)
    changed(api)
    assert active(api) not in {None, before}
    assert answer(api) == ""
    log = generations_path(api.settings, api.directory).parent / "refresh.log"
    assert log.stat().st_mode & 0o777 == 0o600


def test_failing(api: User, catalogue: Catalogue) -> None:
    """Issue 6: what cannot be realized leaves the old environment in place and says why, once for all shells."""
    before = active(api)
    unrealize(api)
    shutil.rmtree(api.settings.cache)
    shutil.rmtree(api.settings.base)
    catalogue.registry.close()
    changed(api)
    assert active(api) == before
    said = answer(api)
    assert said.startswith("the environment of `api` stays as it was: ")
    assert said.endswith("; see `devenv reload`\n")
    log = generations_path(api.settings, api.directory).parent / "refresh.log"
    log.unlink()
    changed(api)
    assert answer(api) == said
    assert not log.exists(), "nothing was tried again"
    assert api.call("reload").status != 0


def test_one_at_a_time(api: User) -> None:
    """C-11: one process works, one waits for what comes after; the rest end at once, and no change is lost."""
    state = generations_path(api.settings, api.directory).parent
    before = active(api)
    assert before is not None
    with locked(state / "refresh"):
        waiting = api.start("hook-changed", "--", str(api.directory))
        until_it_waits(state)
        changed(api)
        os.utime(api.manifest, ns=(7, 7))
        assert waiting.poll() is None
    assert waiting.wait() == 0
    assert waiting.communicate() == (b"", b"")
    assert (before / "0.stamp").stat().st_mtime_ns == 7


def test_killed(api: User) -> None:
    """A-12: a worker that is killed keeps nobody: its locks are free, and the next one does the work."""
    state = generations_path(api.settings, api.directory).parent
    with locked(state / "refresh"):
        waiting = api.start("hook-changed", "--", str(api.directory))
        until_it_waits(state)
        waiting.send_signal(signal.SIGKILL)
        assert waiting.wait() == -signal.SIGKILL
        waiting.communicate()
    os.utime(api.manifest, ns=(7, 7))
    changed(api)
    assert (state / "generations/1/0.stamp").stat().st_mtime_ns == 7


def test_reload(api: User) -> None:
    """`devenv reload` makes the new environment, waits for whoever is making it, and says what it did."""
    result = api.report("reload")
    assert (result["generation"], result["changed"]) == (1, False)
    unrealize(api)
    state = generations_path(api.settings, api.directory).parent
    with locked(state / "refresh"):
        waiting = api.start("reload")
        assert waiting.stderr is not None
        assert "waiting for it" in waiting.stderr.readline().decode()
    output, _ = waiting.communicate()
    assert output.decode() == f"switched to the environment of {api.directory} (generation 2)\n"


def test_reload_of_what_is_not_allowed(api: User) -> None:
    """`devenv reload` allows nothing."""
    api.manifest.write_bytes(api.manifest.read_bytes() + b"# more\n")
    assert api.failure("reload")["exit_code"] == 14


def test_back_to_an_earlier_content(api: User) -> None:
    """Going back to content that was realized before makes no third generation."""
    first, before = active(api), api.manifest.read_bytes()
    api.manifest.write_bytes(before + b"\n[env]\nMORE = 'x'\n")
    api.devenv("lock")
    api.devenv("allow")
    assert active(api) != first
    api.manifest.write_bytes(before)
    api.devenv("lock")
    api.devenv("allow")
    assert active(api) == first


@pytest.mark.parametrize("options", [(), ("--poll",)])
def test_watch(api: User, options: tuple[str, ...]) -> None:
    """Issue 6: `devenv watch` follows saves, those by renaming too, says each in a line, and ends with Ctrl-C."""
    watching = api.start("watch", *options)
    assert watching.stderr is not None
    followed = f"shells in `{api.directory}` have what its files say"
    assert followed in watching.stderr.readline().decode()
    before, content, saved = active(api), api.manifest.read_bytes(), api.directory / "saved"
    api.manifest.write_bytes(content)
    assert followed in watching.stderr.readline().decode()
    assert before is not None
    assert (before / "0.stamp").stat().st_mtime_ns == api.manifest.stat().st_mtime_ns
    saved.write_bytes(content + b"# more\n")
    saved.rename(api.manifest)
    assert "`devenv allow` shows what" in watching.stderr.readline().decode()
    assert active(api) is None
    saved.write_bytes(content)
    saved.rename(api.manifest)
    assert followed in watching.stderr.readline().decode()
    assert active(api) == before
    watching.send_signal(signal.SIGINT)
    assert watching.wait() == 130
    watching.communicate()
