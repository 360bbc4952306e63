"""`--locked`, `--frozen`, `--offline` and `lock --check`: what a lock is held against, and what may be asked.

What needs no network is run in a network namespace without interfaces, where not even this machine can be reached.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from devenv.fsutil import delete_tree
from devenv.system import host_system
from tests.functional.catalogue import Catalogue
from tests.functional.workflow.command import Outcome, User
from tests.homes import NO_DEBIAN


@dataclass(frozen=True)
class Isolated(User):
    """A user whose commands run where there is no network interface that is up."""

    def command(self, *arguments: str) -> list[str]:
        """The command, in a network namespace of its own."""
        return [*_unshare(), *super().command(*arguments)]


def _unshare() -> Sequence[str]:
    return ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user", "--net"]


def isolated(user: User) -> Isolated:
    if shutil.which("unshare") is None or subprocess.run([*_unshare(), "true"], check=False).returncode != 0:
        pytest.skip("needs `unshare` (util-linux) and a network namespace")
    return Isolated(user.home, user.directory, user.environ)


@dataclass(frozen=True)
class Socketless(User):
    """A user whose commands cannot as much as make a socket; that they try ends them with status 99."""

    def command(self, *arguments: str) -> list[str]:
        """The command, with a guard in its process."""
        return [sys.executable, "-W", "error", "-c", GUARD, *arguments]


GUARD = """
import os
import sys

def refuse(event, arguments):
    if event.partition(".")[0] == "socket" and event != "socket.gethostname":
        os._exit(99)

sys.addaudithook(refuse)
from devenv.__main__ import main
sys.exit(main())
"""


def add_line(user: User, text: str) -> None:
    """Edit the manifest by hand."""
    user.manifest.write_text(f"{user.manifest.read_text()}{text}\n")


def reasons(outcome: Outcome) -> list[tuple[str, str | None]]:
    return [(each["kind"], each["package"]) for each in outcome.result["reasons"]]


def test_check_says_every_reason(user: User, catalogue: Catalogue) -> None:
    """`lock --check` tells by its status whether the lock answers, and each reason with its kind; nothing is asked."""
    api = user.project("api", "just", "uv@0.9.1")
    assert api.devenv("lock", "--check", "--json").result["reasons"] == []
    catalogue.registry.seen.clear()
    text = api.manifest.read_text().replace('uv = "0.9.1"', 'uv = "0.9"').replace('just = "*"', 'ripgrep = "*"')
    api.manifest.write_text(text)
    before = api.files()
    outcome = api.call("lock", "--check", "--json")
    assert outcome.status == 10
    assert reasons(outcome) == [
        ("package-not-wanted", "just"),
        ("package-not-locked", "ripgrep"),
        ("request-changed", "uv"),
    ]
    plain = api.call("lock", "--check")
    assert (plain.status, "`ripgrep` is not locked" in plain.text, "`devenv lock`" in plain.text) == (10, True, True)
    assert (api.files(), catalogue.registry.seen) == (before, [])
    api.devenv("lock")
    api.devenv("lock", "--check")
    api.lock.write_text(
        api.lock.read_text().replace('request = "0.9"\nversion = "0.9.2"', 'request = "0.9"\nversion = "1.0"')
    )
    api.lock.write_text(api.lock.read_text().replace('version = "0.9.1"', 'version = "1.0"'))
    assert reasons(api.call("lock", "--check", "--json")) == [("version-wrong", "uv")]
    assert api.failure("lock", "--check", "--refresh")["slug"] == "usage"
    api.lock.unlink()
    assert api.failure("lock", "--check")["slug"] == "lock-missing"


def test_locked_and_frozen(user: User) -> None:
    """A lock that does not answer is refused, with `--locked` and without; with `--frozen` it is used as it is."""
    api = user.project("api", "just")
    add_line(api, 'uv = "*"')
    before = api.files()
    for option in ([], ["--locked"]):
        assert api.failure("allow", *option)["slug"] == "lock-stale"
    assert api.failure("allow", "--locked", "--frozen")["slug"] == "usage"
    api.devenv("allow", "--frozen")
    assert api.devenv("run", "--frozen", "just").text == "just 1.42.0\n"
    assert api.call("run", "--frozen", "uv").status == 127
    # Once is not for ever: without the option it is refused as before, though the environment is there.
    assert api.call("run", "just").status == 10
    assert api.call("run", "--locked", "just").status == 10
    assert api.report("status")["lock"] == "stale"
    assert api.files() == before


def test_everything_here_needs_no_network(user: User) -> None:
    """With lock and files here, a project is allowed, entered, locked and checked without any interface (G-21)."""
    api = user.project("api", "just", "nodejs@24")
    there = isolated(api)
    there.devenv("run", "--offline", "--locked", "node")
    delete_tree(api.settings.base)
    delete_tree(api.settings.state)
    there.devenv("allow", "--offline", "--locked")
    assert there.devenv("run", "--offline", "just").text == "just 1.42.0\n"
    there.devenv("lock", "--check")
    before = api.lock.read_bytes()
    there.devenv("lock", "--offline")
    # What was seen of the index answers too, however old it is.
    add_line(api, 'go = "*"')
    assert there.failure("lock", "--offline")["slug"] == "offline"
    api.devenv("add", "go")
    api.lock.write_bytes(before)
    there.devenv("lock", "--offline", "--refresh")
    there.devenv("lock", "--check")


def test_no_socket_is_opened(user: User) -> None:
    """What asks nobody makes no socket at all, whether the environment is there, is not, or cannot be (FAULTS G-21)."""
    api = user.project("api", "just")
    there = Socketless(api.home, api.directory, api.environ)
    there.devenv("lock", "--check")
    assert there.devenv("run", "just").text == "just 1.42.0\n"
    there.devenv("lock", "--offline")
    add_line(api, 'uv = "*"\nzig = "*"')
    assert there.call("lock", "--check").status == 10
    error = there.failure("lock", "--offline")
    assert (error["slug"], [line.split("/")[-2] for line in error["details"]]) == ("offline", ["uv", "ziglang"])
    api.devenv("lock")
    assert missing_of(there.failure("allow", "--offline"))
    assert there.call("allow").status == 99, "the guard does not guard"


def missing_of(error: Any) -> list[str]:
    assert (error["slug"], error["exit_code"]) == ("offline", 11)
    return sorted(line.partition(" ")[0] for line in error["details"])


def test_offline_says_what_is_missing(user: User, catalogue: Catalogue) -> None:
    """Offline no server is asked, and every file that is not here is named with its size; directories are read."""
    api = user.project("api", "just", "uv")
    delete_tree(api.settings.base)
    delete_tree(api.settings.cache)
    catalogue.registry.seen.clear()
    files = [
        catalogue.published(name, version, host_system())
        for name, version in (("rust_just", "1.42.0"), ("uv", "0.9.2"))
    ]
    there = isolated(api)
    error = there.failure("allow", "--offline")
    assert missing_of(error) == sorted(file.locator for file in files)
    assert "2 files" in error["message"]
    shelf = user.home / "shelf"
    contents = {file: catalogue.registry.content(file.path) for file in files}
    for file, content in contents.items():
        path = shelf / "sha256" / file.sha256[:2] / file.sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    settings = (
        f'offline = true\nartifact_stores = ["{shelf}"]\n[registries.pypi]\nindex = "{catalogue.registry.index}"\n'
    )
    user.configure(f"{settings}{NO_DEBIAN}")
    path.unlink()
    assert missing_of(there.failure("allow")) == [files[1].locator]
    path.write_bytes(content)
    there.devenv("allow")
    assert api.devenv("run", "uv").text == "uv 0.9.2\n"
    assert catalogue.registry.seen == []
