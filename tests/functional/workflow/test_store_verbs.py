"""`gc`, `why` and `store …` as somebody uses them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from devenv.fsutil import delete_tree
from devenv.store_path import store_root
from tests.functional.workflow.command import User
from tests.functional.workflow.conftest import MakeUser
from tests.homes import NO_DEBIAN

GUIDE = Path(__file__).parents[3] / "docs/store.md"


def object_named(user: User, name: str) -> Path:
    """The one object whose name begins with `name`."""
    (found,) = [each for each in user.objects() if each.partition("-")[2].startswith(name)]
    return store_root(user.settings.base) / found


def damage(path: Path) -> None:
    """Change one byte of a file in the store, as a careless user or a bad disk does."""
    path.chmod(0o755)
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


def test_guide(user: User) -> None:
    """Every command of the guide runs as it stands there, in its order."""
    api = user.project("api", "ripgrep")
    script = Path(user.home / "bin" / "devenv")
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {" ".join(user.command())} "$@"\n')
    script.chmod(0o755)
    api = api.having(PATH=f"{script.parent}:{api.environ['PATH']}")
    for block in re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL):
        done = subprocess.run(
            ["/bin/sh", "-euc", block], cwd=api.directory, env=dict(api.environ), capture_output=True, check=False
        )
        assert done.returncode == 0, (block, done)


def test_dry_run_lists_what_the_run_deletes(user: User) -> None:
    """`gc --dry-run` changes nothing and lists exactly what the real run then deletes, and why (D-11, I10)."""
    api = user.project("api", "ripgrep")
    api.devenv("add", "nodejs@24")
    api.devenv("remove", "ripgrep")
    before = api.objects()
    planned = api.report("gc", "--keep", "1", "--dry-run")
    assert api.objects() == before
    done = api.report("gc", "--keep", "1")
    assert [each["generation"] for each in planned["generations"]] == [1, 2]
    for key in ("generations", "objects", "size"):
        assert planned[key] == done[key]
    assert {each["path"] for each in done["objects"]} == set(before) - set(api.objects())
    assert all(each["size"] > 0 and "generation" in each["reason"] for each in done["objects"])
    assert any("ripgrep" in each["path"] for each in done["objects"])
    assert api.devenv("run", "node", "--version").text == "v24.2.0\n"
    user.verify_store()


def test_collection_keeps_what_projects_need(user: User) -> None:
    """Without options nothing goes that a generation of a project leads to; a deleted project keeps nothing (D-07)."""
    api, other = user.project("api", "ripgrep"), user.project("other", "nodejs@24", "ripgrep")
    before = user.objects()
    assert user.report("gc")["objects"] == []
    assert user.objects() == before
    shutil.rmtree(other.directory)
    deleted = user.report("gc")
    assert {each["reason"].rpartition(": ")[2] for each in deleted["generations"]} == {"project deleted"}
    assert api.devenv("run", "rg").text == "rg 15.0.0\n"
    assert not [name for name in user.objects() if "nodejs" in name]
    assert user.report("gc")["objects"] == []


def test_older_than_and_max_freed(user: User) -> None:
    """`--older-than` counts from the last use; `--max-freed` stops near its size and the next run goes on (D-11)."""
    api = user.project("api", "ripgrep")
    api.devenv("add", "nodejs@24")
    assert api.report("gc", "--older-than", "1d")["generations"] == []
    generation = next(api.settings.state.glob("projects/*/generations/1"))
    for entry in generation.iterdir():
        os.utime(entry, (1, 1), follow_symlinks=False)
    record = generation / "generation.json"
    record.write_text(re.sub(r'"created":[0-9]+', '"created":1', record.read_text()))
    first = api.report("gc", "--older-than", "1d", "--max-freed", "1")
    assert [each["generation"] for each in first["generations"]] == [1]
    assert len(first["objects"]) == 1
    assert len(api.report("gc")["objects"]) == 1
    assert api.report("gc")["objects"] == []


def test_budget_takes_least_recently_used_first(user: User) -> None:
    """`--budget` deletes old generations before current ones, and only as many as it takes."""
    api = user.project("api", "ripgrep")
    api.devenv("add", "nodejs@24")
    total = user.report("store", "du")["total"]
    assert api.report("gc", "--budget", str(total))["generations"] == []
    assert [each["generation"] for each in api.report("gc", "--budget", str(total - 1))["generations"]] == [1]
    emptied = api.report("gc", "--budget", "1")
    assert [each["generation"] for each in emptied["generations"]] == [2]
    assert user.objects() == []
    assert emptied["over_budget"] is None
    assert api.devenv("run", "rg").text == "rg 15.0.0\n"


def test_what_a_process_uses_is_kept(user: User) -> None:
    """A program that runs in an environment keeps it, whatever the options say (D-05, D-15)."""
    api = user.project("api", "ripgrep")
    command = api.command("run", "sh", "-c", "echo ready; exec sleep 60")
    with subprocess.Popen(
        command, cwd=api.directory, env=dict(api.environ), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        shutil.rmtree(api.directory)
        result = user.report("gc", "--keep", "1", "--budget", "0")
        # What its lock is evaluated with no program uses.
        assert all(each["path"].endswith("-base-set") for each in result["objects"])
        assert result["over_budget"] > 0
        assert any(root["kind"] == "process" for root in user.report("store", "roots")["roots"])
        running.send_signal(signal.SIGKILL)
    user.devenv("gc")
    assert user.objects() == []


def test_links_keep_objects(user: User) -> None:
    """A link, or a profile, keeps an object as long as it leads there; what is no link is not touched."""
    api = user.project("api", "ripgrep")
    place = user.directory / "rg"
    user.devenv("store", "link", "ripgrep", str(place))
    user.devenv("store", "link", "environment", "--profile", "tools")
    shutil.rmtree(api.directory)
    user.devenv("gc")
    assert (place / "bin/rg").exists()
    assert user.report("why", str(place / "bin"))["root"]["kind"] == "link"
    assert user.report("why", "environment")["root"]["kind"] == "profile"
    place.unlink()
    (user.settings.state / "profiles/tools").unlink()
    user.devenv("gc")
    assert user.objects() == []
    (user.directory / "file").touch()
    user.project("again", "ripgrep")
    assert user.failure("store", "link", "ripgrep", "file")["slug"] == "link-occupied"


def test_why_shows_the_chain(user: User) -> None:
    """`why` names the root and the way from it; what nothing keeps is said to be so."""
    api = user.project("api", "ripgrep")
    result = api.report("why", "ripgrep")
    assert result["root"]["project"] == str(api.directory)
    assert [path.partition("-")[2].partition("-")[0] for path in result["chain"]] == ["environment", "ripgrep"]
    assert "ripgrep-15" in api.devenv("why", str(object_named(user, "ripgrep"))).text
    assert api.failure("why", "nonsense")["slug"] == "object-unknown"
    shutil.rmtree(user.settings.state / "projects")
    assert user.report("why", "ripgrep")["root"] is None


def test_why_passes_over_who_asks(user: User) -> None:
    """Who asks names the object and does not keep it; a process that uses it does where nothing lasting does."""
    api = user.project("api", "ripgrep")
    path = str(object_named(user, "ripgrep"))
    assert api.having(ABOUT=path).report("why", path)["root"]["kind"] == "generation"
    shutil.rmtree(user.settings.state / "projects")
    assert user.report("why", path)["root"] is None
    with subprocess.Popen(["/bin/cat"], cwd=path, stdin=subprocess.PIPE) as process:
        root = user.report("why", path)["root"]
        assert (root["kind"], root["process"]) == ("process", process.pid)
        assert process.stdin is not None
        process.stdin.close()


def test_usage_tells_shared_from_own(user: User) -> None:
    """Two projects with one package in common: each has its own part, and what both need counts for none alone."""
    user.project("a", "ripgrep")
    user.project("b", "ripgrep", "nodejs@24")
    usage = user.report("store", "du")
    sizes = {Path(each["project"]).name: (each["total"], each["own"]) for each in usage["projects"]}
    assert sizes["b"][0] > sizes["b"][1] > sizes["a"][1]
    assert sizes["a"][0] - sizes["a"][1] == sizes["b"][0] - sizes["b"][1] == usage["shared"] > 0
    assert sizes["a"][1] + sizes["b"][1] + usage["shared"] == usage["total"]
    assert all(len(line) <= 80 for line in user.devenv("store", "du").text.splitlines())


def test_verify_and_repair(user: User) -> None:
    """A changed file is found by name and made again from the project's lock; all works as before (B-14)."""
    api = user.project("api", "ripgrep", "nodejs@24")
    assert user.report("store", "verify")["findings"] == []
    damage(object_named(user, "ripgrep") / "bin/rg")
    found = user.call("store", "verify", "--json")
    assert found.status == 12
    assert [(each["name"], each["problem"]) for each in found.result["findings"]] == [
        (object_named(user, "ripgrep").name, "damaged")
    ]
    assert user.devenv("store", "verify", "nodejs").status == 0
    assert user.report("store", "repair")["repaired"] == [object_named(user, "ripgrep").name]
    assert user.report("store", "verify", "--all")["findings"] == []
    assert api.devenv("run", "rg").text == "rg 15.0.0\n"
    user.verify_store()


def test_repair_without_the_project_directory(user: User) -> None:
    """A generation knows how it was made: its project may be on a disk that is not there (D-07)."""
    api = user.project("api", "ripgrep")
    delete_tree(object_named(user, "ripgrep"))
    api.manifest.unlink()
    assert len(user.report("store", "repair", "--all")["repaired"]) == 1
    user.verify_store()


def test_what_cannot_be_repaired_is_said(user: User) -> None:
    """An object that no project knows how to make is named, and an archive brings it back."""
    api = user.project("api", "ripgrep")
    archive = user.directory / "archive"
    api.devenv("store", "export", "-o", str(archive))
    user.devenv("store", "link", "ripgrep", "result")
    shutil.rmtree(api.directory)
    user.devenv("gc")
    damage(object_named(user, "ripgrep") / "bin/rg")
    outcome = user.call("store", "repair", "--json")
    assert outcome.status == 12
    assert [each["problem"] for each in outcome.result["lost"]] == ["damaged"]
    user.devenv("store", "import", str(archive))
    assert user.report("store", "verify")["findings"] == []


def test_lost_database(user: User) -> None:
    """Without its database nothing is deleted; it is made again from the disk, and everything works (E-01, E-02)."""
    api = user.project("api", "ripgrep")
    before = user.objects()
    database = user.settings.base / "store.sqlite"
    for content in (None, b"garbage" * 1000):
        if content is None:
            database.unlink()
            assert user.failure("gc")["slug"] == "database-incomplete"
        else:
            database.write_bytes(content)
            assert user.failure("gc")["slug"] == "database-failed"
        assert user.objects() == before
        assert user.report("store", "rebuild")["objects"] == len(before)
        assert user.report("gc")["objects"] == []
        assert api.devenv("run", "rg").text == "rg 15.0.0\n"
    user.verify_store()


def test_archive_goes_to_another_home(make_user: MakeUser) -> None:
    """An environment travels by a pipe to another user with a longer home, and comes out with the same names (I3)."""
    one, other = make_user(), make_user("longer/")
    api = one.project("api", "ripgrep", "nodejs@24")
    archive = api.devenv("store", "export").output
    imported = other.devenv("store", "import", "--json", stdin=archive).result["paths"]
    assert sorted(imported) == one.objects() == other.objects()
    other.verify_store()
    assert api.devenv("store", "export").output == archive
    root = store_root(other.settings.base)
    (environment,) = [name for name in other.objects() if name.endswith("-environment")]
    assert (root / environment / "bin/rg").readlink().is_relative_to(root)
    outcome = other.call("store", "import", "--json", stdin=archive[:-100])
    assert outcome.error["slug"] == "archive-malformed"


def test_archive_saves_downloads(make_user: MakeUser) -> None:
    """With an imported environment nothing is downloaded or built: the lock says which objects its packages are."""
    one, other = make_user(), make_user("ci/")
    api = one.project("api", "ripgrep", "nodejs@24")
    other.devenv("store", "import", stdin=api.devenv("store", "export").output)
    other.configure('[registries.pypi]\nindex = "http://127.0.0.1:9/simple"\n' + NO_DEBIAN)
    copy = other.at("copy")
    for name, content in api.files().items():
        (copy.directory / name).write_bytes(content)
    allowed = copy.devenv("allow")
    assert "downloading" not in allowed.messages
    assert copy.devenv("run", "node", "--version").text == "v24.2.0\n"
    assert other.objects() == one.objects()


def test_relocate_from_an_old_home(make_user: MakeUser) -> None:
    """Objects of another store on this machine come over with all they refer to; a damaged one does not."""
    one, other = make_user(), make_user("new/")
    one.project("api", "ripgrep")
    (environment,) = [name for name in one.objects() if name.endswith("-environment")]
    place = store_root(one.settings.base) / environment
    assert other.report("store", "relocate", str(place))["paths"] == [environment]
    assert set(other.objects()) <= set(one.objects())
    other.verify_store()
    damage(object_named(one, "ripgrep") / "bin/rg")
    third = make_user("third/")
    assert third.failure("store", "relocate", str(place))["slug"] == "object-mismatch"
    assert third.objects() == []


def test_collection_on_a_foreign_state_that_is_missing(user: User) -> None:
    """A second state directory that uses the store and cannot be found keeps a collection from guessing (D-07)."""
    user.project("api", "ripgrep")
    settings = user.settings
    moved = settings.state.with_name("moved")
    user.configure(f'state = "{moved}"\n')
    assert user.report("gc")["objects"] == []
    settings.state.rename(settings.state.with_name("away"))
    assert user.failure("gc")["slug"] == "state-missing"
    assert user.objects() != []


@pytest.mark.parametrize("arguments", [["--older-than", "soon"], ["--keep", "0"], ["--budget", "much"]])
def test_wrong_options_are_named(user: User, arguments: list[str]) -> None:
    """A wrong duration, number or size is an error that quotes it, before anything is touched."""
    error = user.failure("gc", *arguments)
    assert error["domain"] == "usage"
    assert arguments[1] in error["message"]


def test_killed_first_addition_does_not_block_collecting(user: User) -> None:
    """A store in which nothing was registered yet is no store whose database was lost: leftovers go (A-04, A-07)."""
    user.devenv("gc")
    left = store_root(user.settings.base) / f"{'0' * 32}-left"
    left.mkdir()
    assert [each["path"] for each in user.report("gc", "--dry-run")["objects"]] == [left.name]
    user.devenv("gc")
    assert user.objects() == []


def test_repair_after_a_rebuild_with_damage(user: User) -> None:
    """What a rebuilt database leaves out because it is damaged is made again, and collecting works once more (E-02)."""
    api = user.project("api", "ripgrep", "nodejs@24")
    damage(object_named(user, "ripgrep") / "bin/rg")
    (user.settings.base / "store.sqlite").unlink()
    assert {each["problem"] for each in user.report("store", "rebuild")["findings"]} == {"damaged"}
    assert user.failure("gc")["slug"] == "database-incomplete"
    assert len(user.report("store", "repair")["repaired"]) == 1
    assert user.report("gc")["objects"] == []
    assert api.devenv("run", "rg").text == "rg 15.0.0\n"
    user.verify_store()
