"""devenv as people install it: from a wheel and editable, with pip, pipx and uv. Each puts the front on the PATH."""

from __future__ import annotations

import re
import shutil
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.registry.user import BASE_PATH, User

REPOSITORY = Path(__file__).parents[2]
MANIFEST = '[packages]\n\n[env]\nINSIDE = "it\'s"\n'


@dataclass(frozen=True)
class Installers:
    """Where pip, pipx and uv are, and a wheel of this repository."""

    user: User
    binaries: Path
    wheel: Path

    def install(self, how: str, source: tuple[str, ...], place: Path) -> Path:
        """The command `devenv` after installing it from `source` into the empty directory `place`."""
        match how:
            case "pip":
                venv.create(place, with_pip=True)
                self._call(str(place / "bin" / "pip"), "install", *source)
                return place / "bin" / "devenv"
            case "pip --user":
                # Into the Python that virtual environments are made from: they have no directories of users.
                base = str(Path(sys.base_prefix) / "bin" / "python3")
                options = ["--user", "--break-system-packages", "--ignore-installed"]
                pip = [str(self.binaries / "pip"), "--python", base, "install", *options]
                self._call(*pip, *source, PYTHONUSERBASE=str(place))
                return place / "bin" / "devenv"
            case "pipx":
                homes = {"PIPX_HOME": str(place / "homes"), "PIPX_BIN_DIR": str(place / "bin")}
                self._call(str(self.binaries / "pipx"), "install", "--python", sys.executable, *source, **homes)
            case _:
                homes = {"UV_TOOL_DIR": str(place / "tools"), "UV_TOOL_BIN_DIR": str(place / "bin")}
                self._call(str(self.binaries / "uv"), "tool", "install", "--python", sys.executable, *source, **homes)
        assert (place / "bin" / "devenv").is_symlink()
        return place / "bin" / "devenv"

    def _call(self, *command: str, **variables: str) -> None:
        self.user.run(command, None, **variables)


@pytest.fixture(scope="module")
def installers(user: User, tmp_path_factory: pytest.TempPathFactory) -> Installers:
    """The installers in a virtual environment of their own, and the wheel, built once."""
    place = tmp_path_factory.mktemp("installers")
    venv.create(place / "tools", with_pip=True)
    pip = str(place / "tools" / "bin" / "pip")
    user.run([pip, "install", "--quiet", "pipx", "uv"])
    user.run([pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(place), str(REPOSITORY)])
    (wheel,) = place.glob("*.whl")
    return Installers(user, place / "tools" / "bin", wheel)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory whose path has a space: `#!` lines cannot have one."""
    directory = tmp_path / "a place"
    directory.mkdir()
    return directory.resolve()


@pytest.mark.parametrize("how", ["pip", "pipx", "uv"])
@pytest.mark.parametrize("editable", [False, True], ids=["wheel", "editable"])
def test_installed(installers: Installers, place: Path, how: str, editable: bool) -> None:
    """Issue 6, item 3: a warm `run` starts no Python however devenv was installed; everything else works as ever."""
    source = ("--editable", str(REPOSITORY)) if editable else (str(installers.wheel),)
    check(installers.user, installers.install(how, source, place), {})


def test_installed_for_a_user(installers: Installers, place: Path) -> None:
    """The same where pip put it beside other programs of the user, with no Python there."""
    program = installers.install("pip --user", (str(installers.wheel),), place)
    check(installers.user, program, {"PYTHONUSERBASE": str(place)})


def check(user: User, program: Path, variables: Mapping[str, str]) -> None:
    project = program.parent / "project"
    project.mkdir()
    (project / "devenv.toml").write_text(MANIFEST)

    def devenv(*arguments: str, wrapper: tuple[str, ...] = ()) -> str:
        return user.run([*wrapper, str(program), *arguments], project, PATH=BASE_PATH, **variables)

    devenv("lock")
    devenv("allow")
    assert devenv("--version").startswith("devenv ")
    # Hooks call what was called, by the link if it was one.
    assert f"'{program}'" in devenv("hook", "bash")
    log = project / "log"
    strace = shutil.which("strace")
    assert strace is not None
    output = devenv("run", "--", "printenv", "INSIDE", wrapper=(strace, "-f", "-qq", "-o", str(log), "-e", "process"))
    assert output == "it's\n"
    assert re.findall(r"\b(v?fork|clone3?)\(", log.read_text()) == []
    assert "devenv-main" not in log.read_text()
