"""`[python] venv`: what is made, what is kept, and what is never touched.

The environments here have the interpreter of the tests for their Python; `tests/registry` takes real packages.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from devenv.errors import ActivationError
from devenv.events import Notice
from devenv.settings import Settings
from devenv.workflow.tools import Tools
from devenv.workflow.virtual_environment import provide_virtual_environment
from tests.functional.wheels import make_wheel

pytest.importorskip("ensurepip", reason="this Python makes no virtual environments: install its `venv`")

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"

STAND_IN = """\
#!/bin/sh
# Another Python, as far as making a virtual environment goes.
case $* in
*"-m venv "*)
    for target; do :; done
    [ ! -e "{prefix}/broken" ] || {{ echo "no space left" >&2; exit 1; }}
    mkdir -p "$target/bin" "$target/lib/python9.9/site-packages"
    printf 'home = %s\\nversion = 9.9.1\\n' "${{0%/*}}" >"$target/pyvenv.cfg"
    ln -s "$0" "$target/bin/python9.9" ;;
*) printf '9.9\\n%s\\n%s\\n' "{prefix}" "{prefix}/bin/python9.9" ;;
esac
"""


class Case:
    """A project of a user, and environments that it may have."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self.directory = directory
        self.project = directory / "pro ject"
        self.project.mkdir()
        self.told: list[str] = []
        self.tools = Tools(settings, os.environ, self._report)

    def _report(self, event: object) -> None:
        if isinstance(event, Notice):
            self.told.append(event.text)

    def environment(self, name: str) -> Path:
        """The object of an environment with the Python of the tests."""
        script = f'#!/bin/sh\nexec "{Path(sys.base_prefix) / "bin" / f"python{MINOR}"}" "$@"\n'
        return self._environment(name, script)

    def other_environment(self) -> Path:
        """One with another Python."""
        prefix = self.directory / "other"
        program = prefix / "bin" / "python9.9"
        program.parent.mkdir(parents=True)
        program.write_text(STAND_IN.format(prefix=prefix))
        program.chmod(0o755)
        return self._environment("environment-of-other", f'#!/bin/sh\nexec "{program}" "$@"\n')

    def _environment(self, name: str, script: str) -> Path:
        environment = self.directory / name
        (environment / "bin").mkdir(parents=True)
        program = environment / "bin" / "python3"
        program.write_text(script)
        program.chmod(0o755)
        return environment

    def provide(self, environment: Path, name: str = ".venv") -> Path:
        """The virtual environment, made or kept."""
        provide_virtual_environment(self.tools, self.project, name, environment)
        return self.project / name

    def refuse(self, environment: Path, name: str = ".venv") -> ActivationError:
        with pytest.raises(ActivationError) as caught:
            self.provide(environment, name)
        return caught.value


@pytest.fixture
def case(tmp_path: Path, settings: Settings) -> Case:
    return Case(tmp_path.resolve(), settings)


def python(venv: Path, *arguments: str) -> str:
    return subprocess.run([venv / "bin" / "python", *arguments], check=True, capture_output=True, text=True).stdout


def test_real_packages_survive_another_environment(case: Case, tmp_path: Path) -> None:
    """What pip installed goes on working when the environment is another one, and the first one has gone.

    Nothing in the virtual environment names the environment or what Python lies in: only the link in the project does.
    """
    first, second = case.environment("first"), case.environment("second")
    venv = case.provide(first)
    wheel = make_wheel("greeting", "1.0", files={"greeting.py": (b"print('hello')\n", False)})
    (tmp_path / wheel.filename).write_bytes(wheel.content)
    pip = ["-m", "pip", "install", "--no-index", "--quiet", "--disable-pip-version-check"]
    python(venv, *pip, str(tmp_path / wheel.filename))
    marker = venv / "mine"
    marker.touch()
    assert case.provide(second) == venv
    (first / "bin" / "python3").unlink()
    assert marker.exists()
    assert python(venv, "-c", "import greeting") == "hello\n"
    stable = case.project / ".devenv" / "python"
    assert python(venv, "-c", "import sys; print(sys.prefix, sys.base_prefix, sep='|')") == f"{venv}|{stable}\n"
    assert os.readlink(venv / "bin" / f"python{MINOR}") == str(stable / "bin" / f"python{MINOR}")
    assert os.readlink(stable) == sys.base_prefix
    assert sys.base_prefix not in (venv / "pyvenv.cfg").read_text()
    assert case.told == []


def test_another_minor_version(case: Case, tmp_path: Path) -> None:
    """For another minor version it is made anew, and one sentence says how to install the same packages again."""
    venv = case.provide(case.environment("first"))
    packages = venv / "lib" / f"python{MINOR}" / "site-packages"
    (packages / "greeting-1.0.dist-info").mkdir()
    local = packages / "own_tool-2.dist-info"
    local.mkdir()
    (local / "direct_url.json").write_text('{"url": "file:///src/my%20tool", "dir_info": {"editable": true}}')
    assert case.provide(case.other_environment()) == venv
    assert not packages.exists()
    assert (venv / "previous-packages.txt").read_text() == "-e /src/my tool\ngreeting==1.0\n"
    assert case.told == [
        "`.venv` was made anew for Python 9.9; `.venv/bin/pip install -r .venv/previous-packages.txt` installs "
        "what was in it before"
    ]
    assert os.readlink(venv / "bin" / "python3") == "python9.9"


def test_named_environments_have_their_own(case: Case) -> None:
    """That of a named environment leads to Python by a link of its own, whatever that of the default leads to."""
    other = case.other_environment()
    venv = case.provide(other)
    for _ in range(2):
        provide_virtual_environment(case.tools, case.project, ".venv-ci", other, "ci")
    for path, link in ((venv, "python"), (case.project / ".venv-ci", "python.ci")):
        stable = case.project / ".devenv" / link
        assert os.readlink(path / "bin/python9.9") == str(stable / "bin/python9.9")
        assert os.readlink(stable) == str(case.directory / "other")
    assert case.told == []


def test_failed_attempt(case: Case) -> None:
    """When making another one fails, the reason is shown and the old one goes on working; the next attempt succeeds."""
    first, other = case.environment("first"), case.other_environment()
    venv = case.provide(first)
    (venv / "mine").touch()
    (case.directory / "other" / "broken").touch()
    error = case.refuse(other)
    assert (error.slug, error.details) == ("venv-failed", ("no space left",))
    assert python(venv, "-m", "pip", "--version").startswith("pip ")
    case.provide(first)
    assert (venv / "mine").exists()
    (case.directory / "other" / "broken").unlink()
    assert "version = 9.9.1" in (case.provide(other) / "pyvenv.cfg").read_text()
    assert not (venv / ".previous").exists()


def test_killed_attempt(case: Case) -> None:
    """Half of one, as a killed process leaves it, is known as ours: what was installed before is still told."""
    venv = case.provide(case.environment("first"))
    (venv / "lib" / f"python{MINOR}" / "site-packages" / "greeting-1.0.dist-info").mkdir()
    record = next((case.tools.settings.state / "projects").glob("*/virtual-environment.json"))
    record.write_text(record.read_text().replace('"finished":true', '"finished":false'))
    aside = venv / ".previous"
    aside.mkdir()
    for path in [path for path in venv.iterdir() if path.name not in {".devenv", ".previous"}]:
        path.rename(aside / path.name)
    (venv / "half").mkdir()
    case.provide(case.other_environment())
    assert (venv / "previous-packages.txt").read_text() == "greeting==1.0\n"
    assert not (venv / "half").exists()
    assert not aside.exists()


def test_deleted_one_is_made_again(case: Case) -> None:
    """Whoever deletes it gets a new one; one that was only emptied too."""
    environment = case.environment("first")
    venv = case.provide(environment)
    for _ in range(2):
        subprocess.run(["rm", "-r", venv], check=True)
        case.provide(environment)
        assert python(venv, "-c", "print(1)") == "1\n"
        venv.rename(case.directory / "moved away")
        subprocess.run(["rm", "-r", case.directory / "moved away"], check=True)
        venv.mkdir()


def test_links_of_another_tool_are_set_right(case: Case) -> None:
    """Where another tool made it lead elsewhere, it leads to the environment again, with what is installed in it."""
    first = case.environment("first")
    venv = case.provide(first)
    program = venv / "bin" / f"python{MINOR}"
    program.unlink()
    program.symlink_to(sys.executable)
    (venv / "mine").touch()
    case.provide(first)
    assert os.readlink(program).startswith(str(case.project / ".devenv"))
    assert (venv / "mine").exists()


def occupy_by_directory(path: Path) -> None:
    path.mkdir()
    (path / "mine").write_text("mine")


def occupy_by_other_venv(path: Path) -> None:
    (path / "bin").mkdir(parents=True)
    (path / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (path / ".devenv").write_text("0" * 32)


def occupy_by_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.mkdir()
    path.symlink_to(target)


def occupy_by_file(path: Path) -> None:
    path.write_text("mine")


@pytest.mark.parametrize("occupy", [occupy_by_directory, occupy_by_other_venv, occupy_by_link, occupy_by_file])
def test_what_is_not_ours_stays(case: Case, occupy: Callable[[Path], None]) -> None:
    """A directory that devenv did not make, one with a forged mark, a link or a file is an error and stays as it is."""
    path = case.project / ".venv"
    occupy(path)
    before = sorted((each, each.lstat().st_mtime_ns) for each in case.project.rglob("*"))
    error = case.refuse(case.environment("first"))
    assert (error.slug, bool(error.hint)) == ("venv-occupied", True)
    assert sorted((each, each.lstat().st_mtime_ns) for each in case.project.rglob("*")) == before


def test_copied_project(case: Case) -> None:
    """The mark of one project's virtual environment means nothing in another project."""
    environment = case.environment("first")
    case.provide(environment)
    copy = case.directory / "copy"
    subprocess.run(["cp", "-a", case.project, copy], check=True)
    case.project = copy
    assert case.refuse(environment).slug == "venv-occupied"


def test_other_places(case: Case) -> None:
    """It may lie deeper in the project, but not behind a link."""
    environment = case.environment("first")
    assert python(case.provide(environment, "build/venv"), "-c", "print(1)") == "1\n"
    (case.project / "link").symlink_to(case.directory)
    assert case.refuse(environment, "link/venv").slug == "venv-occupied"


def test_environment_without_python(case: Case) -> None:
    """Without Python in the environment, the error says what to add, and nothing is made."""
    (case.directory / "empty").mkdir()
    assert case.refuse(case.directory / "empty").slug == "python-missing"
    assert list(case.project.iterdir()) == []


def test_prepared_directory_for_links(case: Case) -> None:
    """A `.devenv` that is a link is an error: without the link in it there is no virtual environment."""
    (case.project / ".devenv").symlink_to(case.directory)
    assert case.refuse(case.environment("first")).slug == "project-directory-unfit"
    assert not (case.directory / "python").exists()
