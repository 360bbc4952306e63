"""Named environments as a user has them: each with a generation of its own, beside the default that shells enter."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devenv.cli.crash import crash_error
from devenv.errors import DevenvError, LockError, TrustError, UsageError
from devenv.events import ignore
from devenv.generations.generations import find_current_generation
from devenv.generations.roots import find_roots, list_projects
from devenv.system import ALL_SYSTEMS, host_system
from devenv.workflow.accept import accept_files
from devenv.workflow.ci.key import find_key
from devenv.workflow.ci.run import CiRequest, run_ci
from devenv.workflow.collect import CollectOptions, collect_garbage
from devenv.workflow.edit import add_packages, lock_project, remove_packages
from devenv.workflow.enter import Entered, enter_project
from devenv.workflow.lock_check import check_lock
from devenv.workflow.start import init_project
from devenv.workflow.tools import Tools
from devenv.workflow.trust import allow_project, revoke_project
from devenv.workflow.wanted import parse_wanted
from tests.functional.catalogue import PLATFORMS, Catalogue, make_tool
from tests.functional.workflow.command import User

MANIFEST = """
[packages]
nodejs = "24"
just = "*"

[env]
GREETING = "default"

[environments.ci]
packages = { nodejs = "22", uv = "*" }
without = ["just"]
dotenv = [".env.ci"]
env = { GREETING = "ci", EXTRA = "1" }

[environments.docs]
extends = "ci"
env = { GREETING = "docs" }
"""


@dataclass
class Here:
    """A project, and tools to work on it in this process."""

    user: User
    tools: Tools

    @property
    def path(self) -> Path:
        return self.user.directory

    def write(self, manifest: str) -> None:
        """Replace the manifest, lock it, and allow that."""
        self.user.manifest.write_text(manifest)
        lock_project(self.tools, self.path)
        allow_project(self.tools, self.path)

    def enter(self, environment: str = "default") -> Entered:
        return enter_project(self.tools, self.path, environment)

    def refusal(self, environment: str = "default") -> DevenvError:
        with pytest.raises(DevenvError) as caught:
            self.enter(environment)
        return caught.value


@pytest.fixture
def here(user: User) -> Iterator[Here]:
    """An empty project."""
    there = user.at("api")
    with Tools(there.settings, there.environ, ignore) as tools:
        init_project(tools, there.directory, "minimal")
        yield Here(there, tools)


def test_verbs_take_an_environment(here: Here, user: User) -> None:
    """`run`, `exec` and `shell` with `-e NAME` are in that environment; without, in the default (issue 7)."""
    here.write(MANIFEST)
    words = 'echo "$DEVENV_NAME $GREETING ${EXTRA-} $(node --version) $(command -v just || command -v uv)"'
    ci = here.user.devenv("run", "-e", "ci", "--", "sh", "-c", words).text
    assert ci.startswith("api (ci) ci 1 v22.20.0 /")
    assert ci.endswith("/bin/uv\n")
    assert user.devenv("exec", "-e", "docs", "api", "sh", "-c", words).text.startswith("api (docs) docs 1 v22.20.0 /")
    shell = here.user.having(SHELL="/bin/sh").devenv("shell", "-e", "ci", stdin=f"{words}\n".encode())
    assert shell.text == ci
    assert here.user.devenv("run", "--", "sh", "-c", words).text.startswith("api default  v24.2.0 /")
    lock = tomllib.loads(here.user.lock.read_text())
    assert {name: sorted(each["packages"]) for name, each in lock["environments"].items()} == {
        "ci": ["nodejs", "uv"],
        "docs": ["nodejs", "uv"],
    }


def test_each_has_a_generation_that_is_kept(here: Here) -> None:
    """Shells and editors stay in the default; entering an environment again makes nothing; collections keep them all.

    Once another generation was made without it, that of an environment which is gone is kept no longer.
    """
    here.write(MANIFEST)
    entered = {name: here.enter(name) for name in ("default", "ci", "docs")}
    assert [each.generation.number for each in entered.values()] == [1, 2, 3]
    assert [here.enter(name).generation.number for name in entered] == [1, 2, 3]
    settings, current = here.tools.settings, entered["default"].generation
    assert find_current_generation(settings, here.path) == current
    assert find_current_generation(settings, here.path, "ci") == entered["ci"].generation
    assert (settings.state / "active" / here.path.relative_to("/") / "@devenv").readlink() == current.path
    assert (here.path / ".devenv/env").readlink() == here.tools.store.path(current.environment)
    roots = [each.name for each in find_roots(here.tools.store, settings, list_projects(settings))]
    names = dict.fromkeys(name.partition("generation ")[2] for name in roots if "generation" in name)
    assert list(names) == ["1", "2 (ci)", "3 (docs)"]
    collect_garbage(here.tools, CollectOptions(keep=1))
    assert all(each.generation.path.is_dir() for each in entered.values())
    here.write(MANIFEST.partition("\n[environments.docs]")[0])
    collect_garbage(here.tools, CollectOptions(keep=1))
    # That of `ci` is still the one that was last made of it.
    assert [each.generation.path.is_dir() for each in entered.values()] == [False, True, False]
    error = here.refusal("docs")
    assert (type(error), error.slug) == (UsageError, "environment-unknown")


def test_one_allowance_for_all(here: Here) -> None:
    """What any environment may do is shown by `allow`, and nothing of it acts before (FAULTS L-01, L-07)."""
    here.write(MANIFEST)
    here.user.manifest.write_text(MANIFEST.replace('GREETING = "docs"', 'GREETING = "changed"'))
    assert isinstance(here.refusal("docs"), TrustError)
    assert isinstance(here.refusal("nothing"), TrustError)
    changes = allow_project(here.tools, here.path, dry_run=True).changes
    assert [(each.kind, each.name, each.after) for each in changes] == [("variable", "docs: GREETING", "= changed")]
    revoke_project(here.tools, here.path)
    first = allow_project(here.tools, here.path, dry_run=True).changes
    assert {each.name for each in first if each.kind == "package"} == {
        "just", "nodejs", "ci: nodejs", "ci: uv", "docs: nodejs", "docs: uv",
    }  # fmt: skip


def test_files_of_an_environment(here: Here) -> None:
    """A file with variables of an environment is covered by the allowance, and counts in that environment only."""
    (here.path / ".env.ci").write_text("SECRET=one\n")
    here.write(MANIFEST)
    assert here.enter("docs").activation.variables["SECRET"] == "one"
    assert "SECRET" not in here.enter().activation.variables
    (here.path / ".env.ci").write_text("SECRET=two\n")
    assert isinstance(here.refusal("ci"), TrustError)
    allow_project(here.tools, here.path)
    assert here.enter("ci").activation.variables["SECRET"] == "two"


def test_stale_lock_names_the_environment(here: Here) -> None:
    """What an environment asks for and the lock does not answer is told with its name."""
    here.write(MANIFEST)
    here.user.manifest.write_text(MANIFEST.replace('uv = "*"', 'uv = "*", ruff = "*"'))
    with pytest.raises(LockError) as caught:
        allow_project(here.tools, here.path)
    assert caught.value.slug == "lock-stale"
    assert caught.value.details == (
        "in the environment `ci`: `ruff` is not locked",
        "in the environment `docs`: `ruff` is not locked",
    )
    assert [(each.kind, each.package, each.environment) for each in check_lock(here.path).reasons] == [
        ("package-not-locked", "ruff", "ci"),
        ("package-not-locked", "ruff", "docs"),
    ]
    here.user.manifest.write_text(MANIFEST.partition("\n[environments.docs]")[0])
    assert [(each.kind, each.package, each.environment) for each in check_lock(here.path).reasons] == [
        ("environment-not-wanted", None, "docs")
    ]


def test_package_for_other_systems(here: Here) -> None:
    """A package that is not for this system is not in the environment here, and is locked for those that it is for."""
    other = next(each for each in ALL_SYSTEMS if each is not host_system())
    here.write(f'[packages]\njust = "*"\nuv = {{ version = "*", systems = ["{other}"] }}\n')
    environment = here.tools.store.path(here.enter().generation.environment)
    assert sorted(each.name for each in (environment / "bin").iterdir()) == ["just"]
    package = tomllib.loads(here.user.lock.read_text())["packages"]["uv"]
    assert (package["only"], list(package["systems"])) == (str(other), [str(other)])


def test_environment_for_another_system(here: Here) -> None:
    """An environment that is not for this system cannot be entered here, and says so."""
    other = next(each for each in ALL_SYSTEMS if each is not host_system())
    here.write(f'[packages]\njust = "*"\n[environments.far]\nsystems = ["{other}"]\n')
    error = here.refusal("far")
    assert (error.slug, str(host_system()) in error.message) == ("system-missing", True)


def test_packages_are_added_to_an_environment(here: Here) -> None:
    """`add -e` and `remove -e` edit, lock and realize that environment; the default keeps its lines and generation."""
    here.write(MANIFEST)
    default, before = here.enter().generation, tomllib.loads(here.user.lock.read_text())
    result = add_packages(here.tools, here.path, [parse_wanted("ripgrep")], "ci")
    assert [each.name for each in result.added] == ["ripgrep"]
    assert here.user.manifest.read_text() == MANIFEST.replace('nodejs = "22", ', 'nodejs = "22", ripgrep = "*", ')
    after = tomllib.loads(here.user.lock.read_text())
    assert after["packages"] == before["packages"]
    assert {name: sorted(each["packages"]) for name, each in after["environments"].items()} == {
        "ci": ["nodejs", "ripgrep", "uv"],
        "docs": ["nodejs", "ripgrep", "uv"],
    }
    entered = here.enter("ci")
    assert entered.generation.environment == result.environment
    assert (here.tools.store.path(result.environment) / "bin/rg").exists()
    # Both environments are told what came out, for this system.
    outputs = [after["environments"][name]["packages"]["ripgrep"]["systems"][str(host_system())]["output"]
               for name in ("ci", "docs")]  # fmt: skip
    assert len(set(outputs)) == 1
    assert here.enter().generation.environment == default.environment
    remove_packages(here.tools, here.path, ["ripgrep"], "ci")
    assert here.user.manifest.read_text() == MANIFEST
    assert tomllib.loads(here.user.lock.read_text())["environments"].keys() == before["environments"].keys()


def test_accepted_file_of_an_environment(here: Here, catalogue: Catalogue) -> None:
    """`lock --accept` pins what there is now of a package that only an environment has, in its version (G-21)."""
    here.write(MANIFEST)
    before = tomllib.loads(here.user.lock.read_text())
    version = before["environments"]["ci"]["packages"]["uv"]["version"]
    file = catalogue.published("uv", version, host_system())
    catalogue.registry.replace(file, make_tool("uv", version, "other").content, listed=True)
    catalogue.publish("uv", "9.0.0", *PLATFORMS.values())
    with Tools(here.user.settings, here.user.environ, ignore) as tools:
        tools.refresh = True
        result = accept_files(tools, here.path, ["uv"])
    assert [each.package for each in result.replaced] == ["uv"]
    after = tomllib.loads(here.user.lock.read_text())
    assert after["packages"] == before["packages"]
    for name in ("ci", "docs"):
        own = after["environments"][name]["packages"]["uv"]
        assert (own["request"], own["version"]) == ("*", version)
        assert own != before["environments"][name]["packages"]["uv"]


def test_environment_on_a_build_machine(here: Here) -> None:
    """`ci -e NAME` reproduces that environment and says which it is by its key; the lock must answer in all of them."""
    here.write(MANIFEST)
    request = CiRequest(crash_error, environment="ci")
    result = run_ci(here.tools, here.path, request)
    assert result.failure is None
    assert result.environment == here.enter("ci").generation.environment
    assert find_key(here.tools, here.path, "ci").key == result.key != find_key(here.tools, here.path).key
    here.user.manifest.write_text(MANIFEST.replace('extends = "ci"', 'extends = "ci"\npackages = { ripgrep = "*" }'))
    failure = run_ci(here.tools, here.path, request).failure
    assert failure is not None
    assert (failure.slug, failure.details) == ("lock-stale", ("in the environment `docs`: `ripgrep` is not locked",))
