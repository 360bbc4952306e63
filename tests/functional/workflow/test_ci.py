"""`devenv ci`: reproduces, verifies and reports, without an earlier word of the user's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from devenv.cli.ci_report import explain
from devenv.events import ignore
from devenv.fsutil import delete_tree
from devenv.store_path import store_root
from devenv.workflow.ci.results import CiResult
from devenv.workflow.ci.run import CiRequest, run_ci
from devenv.workflow.ci.verify import Effort
from devenv.workflow.tools import Tools
from tests.functional.catalogue import Catalogue
from tests.functional.workflow.command import User
from tests.functional.workflow.conftest import MakeUser

Checkout = Callable[[str], User]


@pytest.fixture
def api(user: User, catalogue: Catalogue) -> User:
    """A project with a lock."""
    return user.project("api", "ripgrep", "just")


@pytest.fixture
def machine(api: User, make_user: MakeUser) -> User:
    """Another user's checkout of it, on a machine that has nothing."""
    other = make_user()
    shutil.copytree(api.directory, other.directory / "checkout", ignore=shutil.ignore_patterns(".devenv"))
    return other.at("checkout")


def statuses(result: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    """What became of each stage."""
    return {stage["name"]: stage["status"] for stage in result["stages"]}


def test_run_reproduces_and_reports(api: User, machine: User) -> None:
    """Nothing need be allowed before, nothing is allowed by it; log, summary and report tell the same."""
    outcome = machine.devenv("ci", "--junit", "report.xml", "--summary", "summary.md")
    assert machine.objects() == api.objects()
    assert "== Realizing the environment\n" in outcome.messages
    assert "passed  verify " in outcome.text
    assert machine.call("run", "just").status == 14
    assert not (machine.directory / ".devenv").exists()
    suites = ET.fromstring((machine.directory / "report.xml").read_bytes())
    assert [each.get("tests") for each in suites] == ["6", "0"]
    assert {each.get("name") for each in suites.iter("testcase") if each.find("skipped") is None} == {
        "lock",
        "environment",
        "verify",
    }
    assert "### devenv: reproduced on " in (machine.directory / "summary.md").read_text()
    result = machine.report("ci")
    assert result["failure"] is None
    assert result["verification"]["read"] == 0
    assert machine.devenv("ci", "--key").text == f"{result['key']}\n"


def find_file(machine: User, pattern: str) -> Path:
    """A file of an object in the store."""
    root = store_root(machine.settings.base)
    return next(path for path in sorted(root.glob(pattern)) if not path.is_symlink())


def replace_file(path: Path) -> None:
    """As editors and installers do."""
    path.parent.chmod(0o755)
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content + b"#")
    path.chmod(0o555)
    path.parent.chmod(0o555)


def write_into(path: Path) -> None:
    """As a redirection of root's does."""
    path.chmod(0o755)
    path.write_bytes(path.read_bytes() + b"#")
    path.chmod(0o555)


def forge(path: Path) -> None:
    """As a disk that forgets: nothing else tells of it."""
    times = path.stat()
    path.chmod(0o755)
    path.write_bytes(b"!" + path.read_bytes()[1:])
    path.chmod(0o555)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def run_here(machine: User, effort: Effort = Effort.DIRECTORIES) -> CiResult:
    """A run in this process."""
    with Tools(machine.settings, machine.environ, ignore) as tools:
        return run_ci(tools, machine.directory, CiRequest(explain, effort=effort))


@pytest.mark.parametrize(
    ("damage", "least"), [(replace_file, Effort.DIRECTORIES), (write_into, Effort.FILES), (forge, Effort.CONTENT)]
)
def test_damage_is_found(machine: User, damage: Callable[[Path], None], least: Effort) -> None:
    """What was sound before and is not any more fails the run; docs/ci.md says which effort finds what (I-02)."""
    assert run_here(machine).passed
    damage(find_file(machine, "*-just-*/bin/just"))
    efforts = list(Effort)
    for effort in efforts[: efforts.index(least)]:
        assert run_here(machine, effort).passed
    for _ in range(2):
        failure = run_here(machine, least).failure
        assert failure is not None
        assert (failure.slug, failure.exit_code) == ("object-mismatch", 12)
        assert any("has other content than its name says" in line for line in failure.details)


def test_archive_carries_the_closure(machine: User, catalogue: Catalogue) -> None:
    """A run leaves the archive, and the next machine needs no server with it; a damaged one is written anew (I-15)."""
    machine.devenv("ci", "--archive", "cache/closure")
    archive = machine.directory / "cache/closure"
    before = machine.objects()
    content = archive.read_bytes()
    catalogue.registry.seen.clear()
    delete_tree(machine.settings.base)
    delete_tree(machine.settings.cache)
    result = machine.report("ci", "--archive", "cache/closure", "--offline")
    assert statuses(result)["import"] == "passed"
    assert result["verification"]["read"] == result["verification"]["objects"]
    assert machine.objects() == before
    assert not catalogue.registry.seen
    archive.write_bytes(content[: len(content) // 2])
    delete_tree(machine.settings.base)
    outcome = machine.devenv("ci", "--archive", "cache/closure")
    assert "is of no use and will be written anew" in outcome.messages
    assert archive.read_bytes() == content


def test_exit_status_tells_the_domain(machine: User) -> None:
    """A lock that does not answer, and a file that cannot be had, are told apart; what was denied stays denied."""
    manifest = machine.manifest.read_text()
    machine.manifest.write_text(manifest.replace("[packages]", '[packages]\nzig = "*"'))
    outcome = machine.call("ci", "--json", "--junit", "report.xml")
    assert (outcome.status, statuses(outcome.result)["environment"]) == (10, "skipped")
    assert outcome.result["failure"]["slug"] == "lock-stale"
    error = ET.fromstring((machine.directory / "report.xml").read_bytes()).find("testsuite/testcase/error")
    assert error is not None
    assert error.get("type") == "evaluation"
    machine.manifest.write_text(manifest)
    assert machine.call("ci", "--offline").status == 11
    machine.devenv("deny")
    assert machine.failure("ci")["exit_code"] == 14


def test_hostile_names_give_the_runner_no_orders(machine: User) -> None:
    """On GitHub's runners nothing between the marks is obeyed, and the summary goes where the runner says."""
    runner = machine.having(GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(machine.directory / "step.md"))
    outcome = runner.devenv("ci")
    lines = outcome.messages.splitlines()
    opened = [number for number, line in enumerate(lines) if line.startswith("::group::")]
    assert opened
    for number in opened:
        word = lines[number + 1].removeprefix("::stop-commands::")
        assert lines.index(f"::{word}::") < lines.index("::endgroup::", number)
    assert "### devenv" in Path(runner.environ["GITHUB_STEP_SUMMARY"]).read_text()
