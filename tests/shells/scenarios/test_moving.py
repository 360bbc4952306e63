"""From directory to directory, in every shell: neighbours, projects in projects, and all the ways to get there."""

from __future__ import annotations

from tests.shells.workspace import BASE_PATH, Workspace


def test_from_one_project_to_others(workspace: Workspace, kind: str) -> None:
    """L-12, S-16, S-17: a sibling, a nested project and the way back switch at once, also by `cd -` and `pushd`."""
    outer, other = workspace.project("outer"), workspace.project("other")
    inner = workspace.project("inner", outer)
    for project in (outer, other, inner):
        name = project.name
        workspace.activate(project, variables={"NAME": name, f"ONLY_{name}": "1"}, paths={"PATH": (f"/{name}",)})
    with workspace.shell(kind) as shell:
        for command, name in [
            ("cd outer", "outer"),
            ("cd ../other", "other"),
            ("cd -", "outer"),
            ("cd inner", "inner"),
            ("cd ..", "outer"),
            ("pushd inner", "inner"),
            ("pushd ~/other", "other"),
            ("popd", "inner"),
            ("cd ~/outer", "outer"),
        ]:
            assert f"devenv: entered {name}\n" in shell.run(command)
            found = shell.variables()
            assert found[b"NAME"] == name.encode()
            assert [each for each in found if each.startswith(b"ONLY_")] == [f"ONLY_{name}".encode()]
            assert found[b"PATH"] == f"/{name}:{BASE_PATH}".encode()
        shell.run("cd /")
        assert shell.variables()[b"PATH"] == BASE_PATH.encode()
        assert shell.value("NAME") is None


def test_nested_project_that_is_not_allowed(workspace: Workspace, kind: str) -> None:
    """L-05, S-16: a manifest below an allowed project needs its own allow; it does not get the outer environment."""
    outer = workspace.project("outer")
    workspace.project("inner", outer)
    workspace.activate(outer, variables={"INSIDE": "outer"})
    with workspace.shell(kind) as shell:
        shell.run("cd outer")
        assert "is not allowed" in shell.run("cd inner")
        assert shell.value("INSIDE") is None
        assert shell.run("cd ..") == "devenv: entered outer\n"


def test_project_that_comes_to_exist_above(workspace: Workspace, kind: str) -> None:
    """A project allowed above or below the working directory is entered at the next prompt, without a `cd`."""
    outer = workspace.project("outer")
    inner = workspace.project("inner", outer)
    (inner / "src").mkdir()
    (inner / "devenv.toml").unlink()
    with workspace.shell(kind) as shell:
        shell.run("cd outer/inner/src")
        workspace.activate(outer, variables={"NAME": "outer"})
        assert shell.run("true") == "devenv: entered outer\n"
        (inner / "devenv.toml").write_text("")
        workspace.activate(inner, variables={"NAME": "inner"})
        assert shell.run("true") == "devenv: entered inner\n"
        assert shell.value("NAME") == "inner"


def test_rest_of_the_line_runs_where_cd_led(workspace: Workspace, kind: str) -> None:
    """S-17: behind `cd`, `pushd` and `popd` on the same line the environment is that of the new directory already."""
    for name in ("api", "web"):
        workspace.activate(workspace.project(name), variables={"WHERE": name})
    show = 'echo "in $WHERE"'
    with workspace.shell(kind) as shell:
        assert shell.run(f"cd api && {show}") == "devenv: entered api\nin api\n"
        assert shell.run(f"cd ../web && {show}; cd / && {show}") == "devenv: entered web\nin web\nin \n"
        assert shell.run(f"pushd ~/api >/dev/null && {show}; popd >/dev/null && {show}") == (
            "devenv: entered api\nin api\nin \n"
        )
        assert "nowhere" in shell.run("cd ~/nowhere || echo failed")
        assert shell.run(f"cd ~/nowhere 2>/dev/null; echo {shell.status}; cd ~; echo {shell.status}") == "1\n0\n"


def test_working_directory_is_the_users(workspace: Workspace, kind: str) -> None:
    """S-18, devenv#3041: entering, switching and leaving never change the directory, nor `cd -` and the stack."""
    project = workspace.project("api")
    (project / "src").mkdir()
    workspace.activate(project, variables={"INSIDE": "1"}, hook="true")
    with workspace.shell(kind) as shell:
        shell.run("cd /usr\ncd ~/api/src")
        assert shell.run("pwd") == f"{project}/src\n"
        workspace.activate(project, variables={"INSIDE": "2"})
        assert "switched" in shell.run("true")
        assert shell.run("pwd") == f"{project}/src\n"
        shell.run("cd - >/dev/null")
        assert shell.run("pwd") == "/usr\n"
        stack = shell.run("dirs")
        shell.run("pushd ~/api >/dev/null\npopd >/dev/null")
        assert shell.run("dirs") == stack
        assert shell.run("pwd") == "/usr\n"


def test_many_levels_deep(workspace: Workspace, kind: str) -> None:
    """Forty directories below its root a project is entered, and left from there in one step."""
    project = workspace.project("api")
    deep = project.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    workspace.activate(project, variables={"INSIDE": "yes"})
    with workspace.shell(kind) as shell:
        assert shell.run(f"cd {deep}") == "devenv: entered api\n"
        assert shell.run("cd ..") == ""
        assert shell.run("cd /") == ""
        assert shell.value("INSIDE") is None


def test_project_that_is_the_root_of_everything(workspace: Workspace, kind: str) -> None:
    """Home itself may be a project, and one below it is another."""
    (workspace.home / "devenv.toml").write_text("")
    workspace.activate(workspace.home, variables={"WHERE": "home"})
    workspace.activate(workspace.project("api"), variables={"WHERE": "api"})
    with workspace.shell(kind) as shell:
        assert shell.greeting == "devenv: entered home\n"
        assert shell.run("cd api") == "devenv: entered api\n"
        assert shell.value("WHERE") == "api"
        assert shell.run("cd ..") == "devenv: entered home\n"
        shell.run("cd /")
        assert shell.value("WHERE") is None
