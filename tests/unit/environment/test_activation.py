"""From an environment's object and the project's files to what a shell gets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devenv.activation.model import Activation, Entries
from devenv.environment.activation import make_project_activation
from devenv.environment.completions import COUNT_LIMIT, LINE_LIMIT
from devenv.environment.description import DESCRIPTION_PATH, derive_description
from devenv.environment.project import Project, read_project
from devenv.errors import ActivationError, ManifestError
from devenv.lock.model import Lock
from devenv.packages.package import Package
from devenv.system import System

GENERATION = Path("/state/projects/x/generations/1")
LOCK = Lock("blake3:" + "0" * 64, {}, {})
PACKAGE = Package(
    "jdk", "", "", None, (), (), {"JAVA_HOME": "lib/jvm"}, {"CPATH": ("include",), "INFOPATH": ("share/info",)}
)


class Case:
    """A project, and the object of its environment."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "pro ject"
        self.environment = directory / "object"
        for each in (self.path, self.environment / "bin"):
            each.mkdir(parents=True)

    def activate(self, manifest: str, **files: str) -> Activation:
        """What a shell gets with this manifest, and these files beside it (`_` in names is `.`)."""
        self.write(manifest, **files)
        return make_project_activation(self.read(), self.environment, GENERATION)

    def write(self, manifest: str, **files: str) -> None:
        (self.path / "devenv.toml").write_text(manifest)
        for name, text in files.items():
            (self.path / name.replace("_", ".")).write_text(text)
        derivation = derive_description(self.read().manifest, LOCK, [PACKAGE], System.X86_64_LINUX)
        self.provide(DESCRIPTION_PATH, derivation.arguments["files"][DESCRIPTION_PATH]["text"])

    def read(self) -> Project:
        return read_project(self.path)

    def provide(self, path: str, text: str = "") -> None:
        """Put a file into the environment."""
        file = self.environment / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def inside(self, *paths: str) -> tuple[str, ...]:
        return tuple(str(self.environment / path) for path in paths)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_sources_of_variables(case: Case) -> None:
    """Files count over `[env]`, later over earlier ones, and `[env]` over packages."""
    activation = case.activate(
        'dotenv = [".a", ".b", ".missing"]\n[env]\nA = "env"\nB = "env"\nC = "env"\nD = { unset = true }\n'
        "E = { unset = true }\n",
        _a="B=a\nC=a\nE=a\n",
        _b="C=b\nCPATH=b\n",
    )
    assert activation.variables == {
        "A": "env", "B": "a", "C": "b", "D": None, "E": "a", "CPATH": "b", "JAVA_HOME": case.inside("lib/jvm")[0],
    }  # fmt: skip
    assert set(activation.lists) == {"PATH", "INFOPATH"}
    assert activation.watched == ("devenv.toml", "devenv.lock", ".a", ".b", ".missing")


def test_lists(case: Case) -> None:
    """Entries of the manifest are the outermost ones, and relative ones are the project's."""
    activation = case.activate(
        '[env]\nPATH = { prepend = ["bin", "/abs"], append = ["."] }\n'
        'CPATH = { append = ["x"] }\nN = { prepend = ["a"] }\n'
    )
    project = str(case.path)
    assert activation.lists == {
        "PATH": Entries((f"{project}/bin", "/abs", *case.inside("bin")), (project,)),
        "CPATH": Entries(case.inside("include"), (f"{project}/x",)),
        "INFOPATH": Entries(case.inside("share/info")),
        "N": Entries((f"{project}/a",)),
    }


def test_own_variables_take_the_place_of_lists(case: Case) -> None:
    """What the manifest sets or unsets as a whole gets nothing of packages; what it adds to gets both."""
    activation = case.activate('[env]\nCPATH = "x"\nINFOPATH = { unset = true }\nJAVA_HOME = { prepend = ["j"] }\n')
    assert (activation.variables, set(activation.lists)) == ({"CPATH": "x", "INFOPATH": None}, {"PATH", "JAVA_HOME"})


@pytest.mark.parametrize(("manifest", "line"), [
    ('[env]\nX = { prepend = ["a"] }', "X=1"), ("[python]\nvenv = true", "VIRTUAL_ENV=/x"), ("", "PATH=/x"), ("", "X"),
])  # fmt: skip
def test_faulty_files(case: Case, manifest: str, line: str) -> None:
    """A file that sets what it may not, or breaks off, is an error that names file and line."""
    with pytest.raises(ManifestError) as caught:
        case.activate(f'dotenv = [".env"]\n{manifest}', _env=f"A=1\n{line}\n")
    assert (str(caught.value.place), caught.value.slug) == (f"{case.path}/.env:2:1", "dotenv-invalid")


def test_values_of_files_get_into_no_object(case: Case) -> None:
    """The description, which lies in the store for everybody to read, does not hold what is in `.env`."""
    case.activate('dotenv = [".env"]\n[env]\nA = "shown"', _env="SECRET=hunter2\n")
    text = (case.environment / DESCRIPTION_PATH).read_text()
    assert "shown" in text
    assert "hunter2" not in text
    assert "SECRET" not in text


def test_what_was_read_counts(case: Case) -> None:
    """L-03: the values are those of the bytes that were read with the project, not of a file that was changed since."""
    case.write('dotenv = [".env"]', _env="A=read\n")
    project = case.read()
    assert [file.name for file in project.watched] == ["devenv.toml", "devenv.lock", ".env"]
    (case.path / ".env").write_text("A=changed\n")
    assert make_project_activation(project, case.environment, GENERATION).variables["A"] == "read"


def test_virtual_environment(case: Case) -> None:
    """`venv` is what Python's own `activate` does: `VIRTUAL_ENV`, its `bin` in front of packages', no `PYTHONHOME`."""
    activation = case.activate('[env]\nPATH = { prepend = ["own"] }\n[python]\nvenv = "some/venv"')
    project = str(case.path)
    assert activation.variables["VIRTUAL_ENV"] == f"{project}/some/venv"
    assert activation.variables["PYTHONHOME"] is None
    assert activation.lists["PATH"].before == (f"{project}/own", f"{project}/some/venv/bin", *case.inside("bin"))


def test_project_that_cannot_stand_in_a_list(tmp_path: Path) -> None:
    """M-06: where the project's own path has a `:`, a relative entry is an error, not two entries."""
    case = Case(tmp_path / "a:b")
    with pytest.raises(ActivationError) as caught:
        case.activate('[env]\nPATH = { prepend = ["bin"] }')
    assert caught.value.slug == "activation-invalid"


def test_shared_files(case: Case) -> None:
    """Manual pages and what `XDG_DATA_DIRS` is for are found where there are some; else nothing is added."""
    assert not {"MANPATH", "XDG_DATA_DIRS"} & case.activate("[packages]").lists.keys()
    case.provide("share/man/man1/x.1")
    case.provide("share/doc/x")
    activation = case.activate("[packages]")
    assert activation.lists["MANPATH"] == Entries(case.inside("share/man"))
    assert "XDG_DATA_DIRS" not in activation.lists
    case.provide("share/applications/x.desktop")
    assert case.activate("[packages]").lists["XDG_DATA_DIRS"] == Entries(case.inside("share"))


def test_shells(case: Case) -> None:
    """bash and zsh get the common code, fish only aliases and its own; `[shell.bash]` replaces code and adds names."""
    activation = case.activate(
        '[shell]\nhook = "h"\nleave = "l"\naliases = { a = "1", b = "1" }\nfunctions = { f = "1", g = "1" }\n'
        '[shell.bash]\nhook = "H"\naliases = { b = "2" }\nfunctions = { g = "2" }\n'
        '[shell.fish]\nfunctions = { f = "3" }\n'
    )
    bash, zsh, fish = (activation.interactive_for(name) for name in ("bash", "zsh", "fish"))
    assert (bash.enter, bash.leave) == ("H", "l")
    assert (bash.aliases, bash.functions) == ({"a": "1", "b": "2"}, {"f": "1", "g": "2"})
    assert (zsh.enter, zsh.leave, zsh.aliases) == ("h", "l", {"a": "1", "b": "1"})
    assert (fish.enter, fish.leave, fish.aliases) == (None, None, {"a": "1", "b": "1"})
    assert fish.functions == {"f": "3"}


def test_completions(case: Case) -> None:
    """Each shell is told which of the packages' programs have completions, by the names that its own loader goes by."""
    for name in ("git", "rg", "go", "if", "no name"):
        case.provide(f"bin/{name}")
    case.provide("share/bash-completion/completions/elsewhere")
    case.provide("share/zsh/site-functions/_elsewhere", "#compdef elsewhere\n")
    case.provide("share/fish/completions/elsewhere.fish")
    for name in ("git", "rg.bash", "_go", "if", "no name"):
        case.provide(f"share/bash-completion/completions/{name}")
    case.provide("share/zsh/site-functions/_git", "#compdef git -P git-* gitk=git\nx\n")
    case.provide("share/zsh/site-functions/_helper", "#autoload\n")
    for name, text in {
        "_none": "x\n",
        "_long": "#compdef " + "a" * LINE_LIMIT + "\n",
        "readme": "#compdef x\n",
    }.items():
        case.provide(f"share/zsh/site-functions/{name}", text)
    (case.environment / "share/zsh/site-functions/_binary").write_bytes(b"#compdef \xff\n")
    (case.environment / "share/zsh/site-functions/_directory").mkdir()
    case.provide("share/fish/vendor_completions.d/rg.fish")
    case.provide("share/fish/completions/rg.fish")
    case.provide("share/fish/completions/go.fish")
    case.provide("share/fish/completions/README")
    activation = case.activate("[packages]")
    bash, zsh, fish = (activation.interactive_for(name) for name in ("bash", "zsh", "fish"))
    assert bash.completion_directories == case.inside("share/bash-completion/completions")
    assert bash.completions == {"git": (), "go": (), "rg": ()}
    assert zsh.completion_directories == case.inside("share/zsh/site-functions")
    assert zsh.completions == {"_git": ("git", "-P", "git-*", "gitk=git"), "_helper": ()}
    assert fish.completion_directories == case.inside("share/fish/vendor_completions.d", "share/fish/completions")
    assert fish.completions == {"go": (), "rg": ()}


def test_completions_are_bounded(case: Case) -> None:
    """An object with any number of files makes no activation of any length, and a FIFO in it hangs nobody."""
    directory = case.environment / "share/bash-completion/completions"
    directory.mkdir(parents=True)
    for number in range(COUNT_LIMIT + 10):
        (directory / f"c{number:05}").touch()
        (case.environment / "bin" / f"c{number:05}").touch()
    functions = case.environment / "share/zsh/site-functions"
    functions.mkdir(parents=True)
    os.mkfifo(functions / "_fifo")
    activation = case.activate("[packages]")
    assert len(activation.interactive_for("bash").completions) == COUNT_LIMIT
    assert activation.interactive_for("zsh").completion_directories == ()
