"""`//build` and `//project`: what scripts of packages from source say, and what bash makes of them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import devenv.packages
from devenv.errors import RecipeError
from devenv.packages.package import BuildPlan, BuildRequest
from devenv.packages.package_set import PackageSet
from devenv.system import System

DIRECTORY = Path(devenv.packages.__file__).parent
MODULES = {
    path.name: path.read_text("utf-8") for part in ("base", "source") for path in (DIRECTORY / part).glob("*.star")
}
RECIPE = """
load("//build", "autotools", "cmake", "make", "meson", "rust", "shell")
load("//project", "project")
load("//std", "debian_source", "package")

tool = package(
    summary = "A tool",
    license = "MIT",
    versions = debian_source("trixie", "tool"),
    inputs = ["zlib"],
    build = lambda p: {build},
)
"""
NASTY = ["it's", 'a "b" $c `d`', "e\\f\n--g", "", "*", "-x=é"]
"""Flags that only exact quoting brings through."""

Plan = Callable[..., BuildPlan]


@pytest.fixture
def plan() -> Plan:
    """Makes the plan of a recipe whose `build` is the given expression."""

    def make(build: str, **overrides: Any) -> BuildPlan:
        files = {**MODULES, "packages/tool.star": RECIPE.format(build=build)}
        request = BuildRequest("1.0", System.X86_64_LINUX, sources={"tool_1.0.orig.tar.gz": "a" * 64}, **overrides)
        return PackageSet("test", files).build("tool", request)

    return make


def script_of(plan: BuildPlan) -> str:
    script = plan.arguments["script"]
    assert isinstance(script, str)
    return script


def phases_of(plan: BuildPlan) -> list[str]:
    """The phases that a script tells of, in their order."""
    mark = 'echo "devenv: '
    return [line.removeprefix(mark)[:-1] for line in script_of(plan).splitlines() if line.startswith(mark)]


def run(script: str, directory: Path, **variables: str) -> str:
    """What a script prints that is run like the builder's, with /build in the directory."""
    text = script.replace("/build/", f"{directory}/")
    environ = {"PATH": "/usr/bin:/bin", "cores": "1", "source": "", "patches": "", **variables}
    done = subprocess.run(
        ["bash", "-e"], input=text, cwd=directory, env=environ, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout


def test_flags_reach_commands_exactly(plan: Plan, tmp_path: Path) -> None:
    """Flags of the recipe and behind them those of the overrides are words, whatever is in them (FAULTS K-07)."""
    made = plan(
        """shell(p, flags = ["it's"], install = "printf '%s|' \\"${flags[@]}\\"", finish = "")""",
        flags=tuple(NASTY[1:]),
    )
    printed = run(script_of(made), tmp_path)
    assert printed.partition("devenv: install\n")[2] == "|".join(NASTY) + "|"


def test_phases_in_their_order(plan: Plan) -> None:
    """A script says each phase that it runs; there are no tests unless asked for, and no patches unless given."""
    assert phases_of(plan("autotools(p)")) == ["unpack", "configure", "build", "install", "finish"]
    made = plan('autotools(p, check = True, prepare = "x", configure = "")', patches=("a.patch",))
    assert phases_of(made) == ["unpack", "patch", "prepare", "build", "check", "install", "finish"]


@pytest.mark.parametrize(("kind", "tools", "words"), [
    ("autotools(p)", (), ['./configure --prefix="$out" "${flags[@]}"', 'make -j"$cores"']),
    ("make(p)", (), ['make PREFIX="$out" prefix="$out" "${flags[@]}" install']),
    ("cmake(p)", ("cmake",), ['-DCMAKE_INSTALL_PREFIX="$out"']),
    ("meson(p)", ("meson", "ninja"), ['meson setup build --prefix="$out"']),
    ('rust(p, libraries = {"a": "src/lib.rs"}, programs = {"b": "src/main.rs"})', ("rust",),
     ["--crate-name='a' 'src/lib.rs'", "-o 'made/b' 'src/main.rs'"]),
])  # fmt: skip
def test_kinds_know_their_commands(plan: Plan, kind: str, tools: tuple[str, ...], words: list[str]) -> None:
    """Each kind of build brings its commands, and the tools that they need."""
    made = plan(kind)
    assert (made.inputs, made.tools) == (("zlib",), tools)
    for each in words:
        assert each in script_of(made)


def test_hooks_run_before_and_after(plan: Plan, tmp_path: Path) -> None:
    """Commands before and after a phase run in its place, with what it set; a replaced phase keeps its hooks."""
    made = plan("""shell(p, before_build = "a=1", build = "a=$a-2", after_build = "echo $a-3; pwd", finish = "")""")
    assert run(script_of(made), tmp_path).splitlines()[-2:] == ["1-2-3", f"{tmp_path}/source"]


@pytest.mark.parametrize(("build", "words"), [
    ('shell(p, instal = "x")', "`instal` is no phase"),
    ("shell(p, check = True)", "give the command"),
    ('project({"kind": "scons"} | EMPTY)', "`kind` is one of"),
])  # fmt: skip
def test_mistakes_are_named(plan: Plan, build: str, words: str) -> None:
    """A phase or a kind that there is not, and tests that nobody knows, fail the evaluation."""
    with pytest.raises(RecipeError) as caught:
        plan(build.replace("EMPTY", '{"name": "a", "flags": [], "inputs": [], "tools": [], "env": {}, "phases": {}}'))
    assert words in caught.value.message


def test_environment_of_overrides_wins(plan: Plan) -> None:
    """Variables: those of the kind, then the recipe's, then the overrides'."""
    made = plan('autotools(p, env = {"A": "recipe", "CFLAGS": "-O1"})', env={"A": "override"})
    assert made.environment == {"A": "override", "CFLAGS": "-O1", "CXXFLAGS": "-O2"}


def test_tree_of_the_project_is_copied(plan: Plan, tmp_path: Path) -> None:
    """A source that is a directory becomes a writable copy with its programs and links; the original stays."""
    source = tmp_path / "0123-app"
    (source / "below").mkdir(parents=True)
    (source / "below" / "run").write_text("#!/bin/sh\n")
    (source / "below" / "run").chmod(0o555)
    (source / ".hidden").symlink_to("below")
    (source / "below").chmod(0o555)
    made = plan('shell(p, install = "below/run; echo x >>below/run; readlink .hidden", finish = "")')
    assert run(script_of(made), tmp_path, source=str(source)).splitlines()[-1] == "below"
    assert (source / "below" / "run").read_text() == "#!/bin/sh\n"


def test_single_file_of_the_project_is_copied(plan: Plan, tmp_path: Path) -> None:
    """A source that is one file, and no archive, stands in the directory under its own name."""
    (tmp_path / "0123-app.py").write_text("")
    made = plan('shell(p, install = "ls", finish = "")')
    assert run(script_of(made), tmp_path, source=str(tmp_path / "0123-app.py")).splitlines()[-1] == "app.py"


def test_finish_drops_and_keeps(plan: Plan, tmp_path: Path) -> None:
    """Documentation and translations go unless the manifest keeps them; manual pages and licences stay."""
    install = (
        "mkdir -p $out/share/doc $out/share/man $out/share/locale $out/lib $out/include; touch $out/lib/liba.a LICENSE"
    )

    def left(name: str, **overrides: Any) -> set[str]:
        place = tmp_path / name
        place.mkdir()
        out = place / "0123-tool-1.0"
        run(script_of(plan(f'shell(p, install = "{install}")', **overrides)), place, out=str(out))
        return {str(path.relative_to(out)) for path in out.rglob("*")}

    plain = left("plain")
    assert {"share/man", "share/licenses/tool-1.0/LICENSE", "lib/devenv-libraries/tool-1.0"} <= plain
    assert not {"share/doc", "share/locale"} & plain
    assert {"share/doc", "share/locale"} <= left("kept", keep=("documentation", "locales"))


@pytest.fixture
def project_plan(plan: Plan) -> Callable[[Mapping[str, Any]], BuildPlan]:
    """The plan of a project's build."""

    def make(request: Mapping[str, Any]) -> BuildPlan:
        empty = {"name": "app", "version": None, "system": "x86_64-linux", "kind": "shell", "source": True}
        lists: dict[str, object] = {"inputs": [], "tools": [], "flags": [], "env": {}, "phases": {}}
        text = repr({**empty, **lists, **request})
        return plan(f"project({text})")

    return make


def test_builds_of_the_project(project_plan: Callable[[Mapping[str, Any]], BuildPlan]) -> None:
    """What the manifest says of a build is its plan: inputs, tools, flags, variables, and phases, tests among them."""
    made = project_plan(
        {
            "kind": "cmake",
            "inputs": ["zlib"],
            "tools": ["ninja"],
            "flags": ["-GNinja"],
            "env": {"A": "b"},
            "phases": {"check": "ctest", "after_install": "true"},
        }
    )
    assert (made.inputs, made.tools, made.sources) == (("zlib",), ("ninja", "cmake"), ())
    assert made.environment["A"] == "b"
    assert "flags=('-GNinja')" in script_of(made)
    assert phases_of(made) == ["unpack", "configure", "build", "check", "install", "finish"]


def test_shell_build_needs_commands(project_plan: Callable[[Mapping[str, Any]], BuildPlan]) -> None:
    """A build of the project that runs nothing is a mistake; one phase that makes `$out` is enough."""
    with pytest.raises(RecipeError, match="says in `phases` what to run"):
        project_plan({"phases": {"check": "true"}})
    assert "mkdir" in script_of(project_plan({"phases": {"install": "mkdir $out"}}))
