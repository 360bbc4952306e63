"""What tests with real shells share. Types for annotations: `Shell` of `drivers`, `Workspace` of `workspace`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.shells.drivers import Shell
from tests.shells.executables import OLDEST, REPOSITORY, programs_of_environment
from tests.shells.workspace import KINDS, Workspace

PROGRAMS = pytest.StashKey[Mapping[str, str]]()


@pytest.fixture(scope="session")
def programs(pytestconfig: pytest.Config) -> Iterator[Mapping[str, str]]:
    """The shells, tmux and shellcheck of devenv's own environment."""
    assert pytestconfig.cache is not None
    cache = Path(pytestconfig.cache.mkdir("shells")).resolve()
    manifests = OLDEST if pytestconfig.getoption("oldest_shells") else REPOSITORY
    with programs_of_environment(cache, manifests) as programs:
        pytestconfig.stash[PROGRAMS] = programs
        yield programs


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, program in config.stash.get(PROGRAMS, {}).items():
        terminalreporter.write_line(f"{name}: {Path(program).resolve()}")


@pytest.fixture
def workspace(tmp_path: Path, programs: Mapping[str, str]) -> Workspace:
    """An empty home directory; shells started in it see nothing of the developer's own."""
    home = tmp_path.resolve() / "home"
    home.mkdir()
    return Workspace(home, programs)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Every shell that can be activated, one after the other: for `workspace.shell(kind, …)`."""
    return str(request.param)


@pytest.fixture
def shell(workspace: Workspace, kind: str) -> Iterator[Shell]:
    """One of each kind with the hook and nothing else, at its prompt in the home directory."""
    with workspace.shell(kind) as shell:
        yield shell
