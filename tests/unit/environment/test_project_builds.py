"""Derivations of a project's builds and checks: inputs and roles, what a manifest may say, each made once."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.build.script.arguments import variable_of
from devenv.derivation.model import Derivation
from devenv.environment.answers import LockRequest
from devenv.environment.builds import ProjectDerivations
from devenv.environment.derive import PackageSets
from devenv.environment.lock_derivations import LockDerivations
from devenv.environment.locking import lock_manifest
from devenv.errors import UsageError
from devenv.manifest.model import Check, Manifest, PackageRequest, ProjectBuild
from devenv.packages.package import BuildPlan, Package
from devenv.packages.package_set import PackageSet
from devenv.packages.project_build import ProjectQuestion
from devenv.store_path import StorePath
from devenv.system import System
from tests.unit.environment.test_source_locking import RECIPES, make_index, make_source_set

SYSTEM = System.X86_64_LINUX
HOSTILE = [
    "x; touch {}",
    "$(touch {})",
    "`touch {}`",
    "' ; touch {} ; '",
    '"; touch {}; "',
    ") ; touch {} ; (",
    "{{x}}",
]


class Workbench:
    """Makes derivations of a manifest; remembers what was asked of the project's files and of the recipes."""

    def __init__(self, sets: PackageSets, base_set: PackageSet) -> None:
        self.sets = sets
        self._base_set = base_set
        self.read: list[str] = []
        self.asked: list[ProjectQuestion] = []

    def derive(self, **tables: object) -> ProjectDerivations:
        """`tables` are attributes of the manifest."""
        manifest = Manifest(systems=(SYSTEM,), **tables)  # type: ignore[arg-type]
        lock = lock_manifest(LockRequest(manifest, None, self.sets, {}), make_index(self._base_set))
        return ProjectDerivations(LockDerivations(self.sets, manifest, lock, SYSTEM), self._add, self._plan)

    def _add(self, path: str) -> StorePath:
        self.read.append(path)
        return StorePath(f"{len(path):032}", "source")

    def _plan(self, question: ProjectQuestion) -> BuildPlan:
        self.asked.append(question)
        return BuildPlan(
            "script/1",
            {"script": f"make {question.name}"},
            (),
            inputs=question.inputs,
            tools=question.tools,
            environment=question.env,
        )


@pytest.fixture
def bench(base_set: PackageSet) -> Workbench:
    return Workbench({"base": base_set, "source": make_source_set(RECIPES)}, base_set)


def packages(*names: str) -> dict[str, PackageRequest]:
    return {name: PackageRequest(name, input="source" if name in RECIPES else "base") for name in names}


def builds(*all_builds: ProjectBuild) -> dict[str, ProjectBuild]:
    return {each.name: each for each in all_builds}


def names_and_roles(derivation: Derivation) -> list[tuple[str, str]]:
    return list(zip(derivation.arguments["inputs"], derivation.arguments["roles"], strict=True))


def test_derivation_of_a_build(bench: Workbench) -> None:
    """Sysroot and runtime come first, then tools, inputs and the source; what the manifest says is asked whole."""
    app = ProjectBuild(
        "app",
        "make",
        "src",
        "1.0",
        inputs=("zlib",),
        tools=("jq",),
        flags=("-x",),
        env={"A": "b"},
        phases={"build": "y"},
    )
    derivations = bench.derive(packages=packages("zlib", "jq"), builds=builds(app))
    derivation = derivations.build("app")
    assert (derivation.name, derivation.system, derivation.builder) == ("app-1.0", "x86_64-linux", "script/1")
    assert names_and_roles(derivation) == [
        ("sysroot", "sysroot"),
        ("runtime", "runtime"),
        ("jq", "tool"),
        ("zlib", "input"),
        ("source", "source"),
    ]
    assert derivation.inputs[2].derivation == derivations.target("jq")
    assert derivation.inputs[3].derivation == derivations.target("zlib")
    assert derivation.arguments["script"] == "make app"
    assert derivation.environment == {"A": "b"}
    assert bench.asked == [
        ProjectQuestion("app", "1.0", SYSTEM, "make", True, ("zlib",), ("jq",), ("-x",), {"A": "b"}, {"build": "y"})
    ]


def test_without_source_and_version(bench: Workbench) -> None:
    """A build without a source reads no file of the project; without a version it is called by its name alone."""
    derivation = bench.derive(builds=builds(ProjectBuild("note", source=None))).build("note")
    assert derivation.name == "note"
    assert names_and_roles(derivation) == [("sysroot", "sysroot"), ("runtime", "runtime")]
    assert bench.read == []
    assert not bench.asked[0].has_source


def test_builds_of_builds(bench: Workbench) -> None:
    """A build may be an input or a tool of another, and goes before a package of its name."""
    lower = ProjectBuild("zlib", source=None)
    derivations = bench.derive(packages=packages("zlib"), builds=builds(lower, ProjectBuild("app", inputs=("zlib",))))
    app = derivations.build("app")
    assert app.inputs[2].derivation == derivations.build("zlib") == derivations.target("zlib")
    assert app.inputs[2].derivation.name == "zlib"


def test_each_is_made_once(bench: Workbench) -> None:
    """In a diamond of 40 levels each build is derived once, and each path of the project is read once (N-08)."""
    levels = [ProjectBuild("top0")]
    for level in range(40):
        sides = [ProjectBuild(f"{side}{level}", inputs=(f"top{level}",)) for side in "ab"]
        levels += [*sides, ProjectBuild(f"top{level + 1}", inputs=tuple(side.name for side in sides))]
    derivations = bench.derive(builds=builds(*levels))
    derivations.build("top40")
    assert len(bench.asked) == len({each.name for each in bench.asked}) == 121
    assert bench.read == ["."]
    derivations.build("a39")
    assert len(bench.asked) == 121


@pytest.mark.parametrize(("name", "hint"), [("appp", "did you mean `app`?"), ("x" * 500, "add `[build.NAME]`")])
def test_unknown_target(bench: Workbench, name: str, hint: str) -> None:
    """What is neither build nor package is an error with what was probably meant."""
    with pytest.raises(UsageError) as caught:
        bench.derive(builds=builds(ProjectBuild("app"))).target(name)
    assert caught.value.slug == "target-unknown"
    assert caught.value.hint is not None
    assert hint in caught.value.hint
    assert len(caught.value.message) < 200


def test_derivation_of_a_check(bench: Workbench) -> None:
    """A check sees the environment as a tool and its source; the same content gives the same key."""
    derivations = bench.derive(packages=packages("jq"), checks={"test": Check("test", "jq .", "tests")})
    check = derivations.check(derivations.manifest.checks["test"])
    assert check.name == "check-test"
    assert names_and_roles(check) == [
        ("sysroot", "sysroot"),
        ("runtime", "runtime"),
        ("environment", "tool"),
        ("source", "source"),
    ]
    assert bench.read == ["tests"]
    environment = check.inputs[2].derivation
    assert environment.builder == "compose/1"
    assert environment.inputs[0].derivation == derivations.target("jq")
    assert derivations.check(derivations.manifest.checks["test"]) == check
    assert derivations.check(Check("test", "jq ..", "tests")) != check


def run_check(script: str, place: Path, single: str = "") -> tuple[int, str]:
    """Run a check's script as the sandbox does, in `place`: its status, and what it left as `$out`.

    The source is a directory with a file, or a file called `single`.
    """
    source = place / (single or "the source")
    if single:
        source.write_text("x")
    else:
        source.mkdir()
        (source / "file").write_text("x")
    (place / "build").mkdir()
    environment = {"PATH": os.defpath, "source": str(source), "out": str(place / "out"), "input_environment": "/e n v"}
    done = subprocess.run(
        ["/usr/bin/bash", "-e", "-c", script], cwd=place / "build", env=environment, capture_output=True, check=False
    )
    return done.returncode, "made" if (place / "out").is_dir() else "missing"


def check_script(bench: Workbench, command: str, **tables: object) -> str:
    derivations = bench.derive(checks={"test": Check("test", command)}, **tables)
    script = derivations.check(derivations.manifest.checks["test"]).arguments["script"]
    assert isinstance(script, str)
    return script


@pytest.mark.parametrize(
    ("command", "passes"),
    [
        ("true", True),
        ("test -f file && test ! -e ../file", True),
        ("exit 0", True),
        ("exec true", True),
        ("false", False),
        ("false\ntrue", False),
        ("false; true", False),
        ("exit 3", False),
        ("false && true", False),
        ("echo 'open", False),
        ("cat <<END\nno end", True),
        ("true # a remark", True),
        ("true ) ; mkdir $out ; exit 0 ; ( false", False),
        ("cd /; rm -f file", True),
        ("echo x > file", True),
        ("{ true; }", True),
        ("test {x} = '{x}'", True),
    ],
)
def test_command_of_a_check(bench: Workbench, tmp_path: Path, command: str, passes: bool) -> None:
    """A check passes just where its command does; no command ends what stands around it (K-07)."""
    status, made = run_check(check_script(bench, command), tmp_path)
    assert (status == 0, made) == (passes, "made" if passes else "missing")


def test_source_of_a_check_may_be_one_file(bench: Workbench, tmp_path: Path) -> None:
    """A single file lies in the directory of the check under its own name, without the digest of its object."""
    script = check_script(bench, "[[ $(cat tool.sh) == x && -w tool.sh ]]")
    assert run_check(script, tmp_path, single="0123456789abcdfghijklmnpqrsvwxyz-tool.sh") == (0, "made")


@pytest.mark.parametrize("value", HOSTILE)
def test_variables_of_the_project_are_values(bench: Workbench, tmp_path: Path, value: str) -> None:
    """A variable of the manifest reaches the command as it stands, and is no code on the way (K-07)."""
    value = value.format(tmp_path / "made")
    script = check_script(bench, f'printf %s "$GREETING" > {tmp_path}/value', env={"GREETING": value})
    assert run_check(script, tmp_path)[0] == 0
    assert (tmp_path / "value").read_text() == value
    assert not (tmp_path / "made").exists()


def test_variables_are_those_of_the_command_alone(bench: Workbench, tmp_path: Path) -> None:
    """A project may have a variable `source` or `out`: the check is of its source all the same."""
    env = {"source": "/nowhere", "out": "/nowhere", "input_environment": "x"}
    script = check_script(bench, "test -f file && test $source = /nowhere", env=env)
    assert run_check(script, tmp_path) == (0, "made")


class OnePackage(PackageSet):
    """A set whose package `tool` sets variables with hostile paths."""

    def __init__(self, variables: Mapping[str, str], search_paths: Mapping[str, tuple[str, ...]]) -> None:
        self._package = Package(
            "tool", "", "", None, (), (), variables=dict(variables), search_paths=dict(search_paths)
        )

    def package(self, name: str) -> Package:
        return replace(self._package, name=name)


@pytest.fixture
def exports(bench: Workbench) -> Callable[..., str]:
    """The lines that set what a package says, which lies at `$input_tool`."""

    def lines(variables: Mapping[str, str], search_paths: Mapping[str, tuple[str, ...]] | None = None) -> str:
        derivations = bench.derive(packages=packages("jq"))
        own = OnePackage(variables, search_paths or {})
        locked = replace(derivations.locked, sets={"base": own})
        derivations = replace(derivations, locked=locked)
        return "\n".join(derivations._iter_exports("jq", variable_of("tool")))

    return lines


@pytest.mark.parametrize("path", HOSTILE)
def test_paths_of_recipes_are_values(exports: Callable[..., str], tmp_path: Path, path: str) -> None:
    """A path that a recipe sets a variable to is no code, whatever it holds (K-07)."""
    path = path.format(tmp_path / "made")
    script = exports({"HOME_OF_TOOL": path}, {"SEARCHED": (path, "lib"), "EMPTY": ("x",)})
    said = subprocess.run(
        ["/usr/bin/bash", "-e", "-c", f'{script}\nprintf "%s\\n" "$HOME_OF_TOOL" "$SEARCHED" "$EMPTY"'],
        env={"input_tool": "/store/a b", "SEARCHED": "/before"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said == f"/store/a b/{path}\n/store/a b/{path}:/store/a b/lib:/before\n/store/a b/x\n"
    assert not (tmp_path / "made").exists()
