"""Which environment a shell has after which `cd`, and what leaving undoes."""

from __future__ import annotations

import pytest

from devenv.activation.trust import deny
from tests.shells.workspace import BASE_PATH, Workspace


def test_entering_and_leaving(workspace: Workspace) -> None:
    """Invariant 8: `cd` into an allowed project is enough and says so in one line; `cd` out of it leaves silently."""
    project = workspace.project("api")
    (project / "src").mkdir()
    workspace.activate(
        project,
        variables={"GREETING": "hello"},
        paths={"PATH": ("/opt/bin",), "XDG_DATA_DIRS": ("/opt/share",)},
        aliases={"ll": "echo listed"},
    )
    with workspace.bash() as bash:
        before = bash.variables()
        assert bash.run("cd api") == "devenv: entered api\n"
        inside = bash.variables()
        assert inside[b"PATH"] == f"/opt/bin:{BASE_PATH}".encode()
        assert inside[b"XDG_DATA_DIRS"] == b"/opt/share:/usr/local/share:/usr/share"
        assert inside[b"GREETING"] == b"hello"
        assert bash.run("ll") == "listed\n"
        assert bash.run("cd src") == ""
        assert bash.variables()[b"GREETING"] == b"hello"
        assert bash.run("cd ../..") == ""
        assert "not found" in bash.run("ll")
        after = bash.variables()
    for changing in (b"OLDPWD", b"PWD", b"_"):
        for variables in (before, after):
            variables.pop(changing, None)
    assert after == before


def test_not_allowed_is_one_line_and_no_effect(workspace: Workspace) -> None:
    """L-01: entering a project that was never allowed says one line, once, and changes nothing and starts nothing."""
    project = workspace.project("hostile")
    (project / "src").mkdir()
    with workspace.bash() as bash:
        before = bash.variables()
        notice = bash.run("cd hostile")
        assert notice == (
            f"devenv: the project {project} is not allowed: read its `devenv.toml`, then run `devenv allow`\n"
        )
        assert bash.run("true") == ""
        assert bash.run("cd src") == ""
        assert bash.run("cd ..") == ""
        inside = bash.variables()
        assert {name for name in inside if inside[name] != before.get(name)} <= {b"PWD", b"OLDPWD", b"_"}
        assert bash.run("cd ..") == ""
        assert bash.run("cd hostile") == notice
    assert workspace.asked() == []
    assert sorted(path.name for path in project.iterdir()) == ["devenv.lock", "devenv.toml", "src"]


def test_allow_takes_effect_at_the_next_prompt(workspace: Workspace) -> None:
    """After `devenv allow` the next prompt is in the environment; `devenv deny` takes it away without a word."""
    project = workspace.project("api")
    with workspace.bash() as bash:
        bash.run("cd api")
        workspace.activate(project, variables={"INSIDE": "yes"})
        assert bash.run("true") == "devenv: entered api\n"
        assert bash.run("echo $INSIDE") == "yes\n"
        deny(workspace.settings, project)
        assert bash.run("true") == ""
        assert bash.run("echo ${INSIDE-unset}") == "unset\n"
        assert bash.run("cd ..") == ""
        assert bash.run("cd api") == ""


def test_from_one_project_to_others(workspace: Workspace) -> None:
    """L-12: a sibling, a nested project and the way back switch at once, by `cd -`, `pushd` and `popd` too."""
    outer, other = workspace.project("outer"), workspace.project("other")
    inner = workspace.project("inner", outer)
    for project in (outer, other, inner):
        name = project.name
        workspace.activate(project, variables={"NAME": name, f"ONLY_{name}": "1"}, paths={"PATH": (f"/{name}",)})
    show = "echo $NAME ${!ONLY_*} $PATH"
    with workspace.bash() as bash:
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
            assert f"devenv: entered {name}\n" in bash.run(command)
            assert bash.run(show) == f"{name} ONLY_{name} /{name}:{BASE_PATH}\n"
        bash.run("cd /")
        assert bash.run(show) == f"{BASE_PATH}\n"


def test_nested_project_that_is_not_allowed(workspace: Workspace) -> None:
    """L-05: a manifest below an allowed project needs its own allow, and the outer environment is not its own."""
    outer = workspace.project("outer")
    workspace.project("inner", outer)
    workspace.activate(outer, variables={"INSIDE": "outer"})
    with workspace.bash() as bash:
        bash.run("cd outer")
        assert "is not allowed" in bash.run("cd inner")
        assert bash.run("echo ${INSIDE-unset}") == "unset\n"
        assert bash.run("cd ..") == "devenv: entered outer\n"


def test_project_that_comes_to_exist_above(workspace: Workspace) -> None:
    """A project allowed above or below the working directory is entered at the next prompt, without a `cd`."""
    outer = workspace.project("outer")
    inner = workspace.project("inner", outer)
    (inner / "src").mkdir()
    (inner / "devenv.toml").unlink()
    with workspace.bash() as bash:
        bash.run("cd outer/inner/src")
        workspace.activate(outer, variables={"NAME": "outer"})
        assert bash.run("true") == "devenv: entered outer\n"
        (inner / "devenv.toml").write_text("")
        workspace.activate(inner, variables={"NAME": "inner"})
        assert bash.run("true") == "devenv: entered inner\n"
        assert bash.run("echo $NAME") == "inner\n"


def test_new_generation(workspace: Workspace) -> None:
    """A switched generation is in every shell of the project at its next prompt, and says so in one line."""
    project = workspace.project("api")
    workspace.activate(project, variables={"OLD": "1", "BOTH": "1"}, hook="echo hook 1")
    with workspace.bash() as bash:
        assert bash.run("cd api") == "devenv: entered api\nhook 1\n"
        workspace.activate(project, variables={"NEW": "2", "BOTH": "2"}, hook="echo hook 2")
        assert bash.run("true") == "devenv: switched to the new environment of api\nhook 2\n"
        assert bash.run("echo ${OLD-unset} $NEW $BOTH") == "unset 2 2\n"


def test_through_a_symbolic_link(workspace: Workspace) -> None:
    """A project reached by way of a symbolic link is the same project, and the shell keeps its own idea of the path."""
    project = workspace.project("api")
    (project / "src").mkdir()
    workspace.activate(project, variables={"INSIDE": "yes"})
    (workspace.home / "link").symlink_to(project)
    (workspace.home / "deep").symlink_to(project / "src")
    with workspace.bash() as bash:
        for link in ("link", "link/src", "deep"):
            assert bash.run(f"cd {link}") == "devenv: entered api\n"
            assert bash.run("pwd") == f"{workspace.home}/{link}\n"
            assert bash.run("true") == ""
            bash.run("cd ~")
            assert bash.run("echo ${INSIDE-unset}") == "unset\n"


def test_what_the_user_changed_stays(workspace: Workspace) -> None:
    """L-12, direnv#1112: leaving undoes what is still as it was set and keeps every change of the user's."""
    project = workspace.project("api")
    workspace.activate(
        project,
        variables={"KEPT": "ours", "GONE": "ours", "BACK": "ours", "EMPTY": "ours", "UNSET": "ours", "PLAIN": "ours"},
        paths={"PATH": ("/ours/bin", "/ours/sbin"), "MANPATH": ("/ours/man",), "CPATH": ("/ours/include",)},
        aliases={"changed": "echo ours", "old": "echo ours", "new": "echo ours"},
    )
    environ = workspace.environ(KEPT="before", GONE="before", BACK="before", EMPTY="", CPATH="")
    with workspace.bash("PLAIN=before; alias old='echo before' changed='echo before'", environ=environ) as bash:
        bash.run("cd api")
        assert b"PLAIN" in bash.variables()
        bash.run("KEPT=mine; unset GONE; alias changed='echo mine'")
        bash.run("PATH=/first:$PATH:/last MANPATH=$MANPATH/mine")
        bash.run("cd ..")
        after = bash.variables()
        assert after[b"KEPT"] == b"mine"
        assert b"GONE" not in after
        assert after[b"BACK"] == b"before"
        assert after[b"EMPTY"] == b""
        assert b"UNSET" not in after
        assert b"PLAIN" not in after
        assert bash.run("echo $PLAIN") == "before\n"
        assert after[b"PATH"] == f"/first:{BASE_PATH}:/last".encode()
        assert after[b"MANPATH"] == b"/mine"
        assert after[b"CPATH"] == b""
        assert bash.run("old; changed") == "before\nmine\n"
        assert "not found" in bash.run("new")


def test_special_variables_of_the_user(workspace: Workspace) -> None:
    """A variable that is special in this shell, read-only say, is left alone with one line, and breaks nothing."""
    project = workspace.project("api")
    names = ["CONSTANT", "NUMBER", "LIST", "UPPER", "LATER"]
    workspace.activate(
        project, variables={**dict.fromkeys(names, "ours"), "FINE": "ours"}, paths={"CONSTPATH": ("/ours",)}
    )
    before = "readonly CONSTANT=mine CONSTPATH=/mine; declare -i NUMBER=7; declare -a LIST=(a b); declare -u UPPER=MINE"
    with workspace.bash(before) as bash:
        lines = bash.run("cd api").splitlines()
        assert sorted(lines) == sorted(
            [
                *(
                    f"devenv: {name} is special in this shell and stays as it is"
                    for name in ("CONSTANT", "CONSTPATH", "LIST", "NUMBER", "UPPER")
                ),
                "devenv: entered api",
            ]
        )
        assert bash.run("echo $CONSTANT $CONSTPATH $NUMBER ${LIST[*]} $UPPER $FINE") == "mine /mine 7 a b MINE ours\n"
        bash.run("readonly LATER")
        assert bash.run("cd ..").count("\n") == 1
        assert bash.run("echo $CONSTANT $CONSTPATH $NUMBER ${LIST[*]} $UPPER ${FINE-unset} $LATER") == (
            "mine /mine 7 a b MINE unset ours\n"
        )


def test_hook_of_the_project(workspace: Workspace) -> None:
    """The project's code runs once per entering, in the user's shell, under its options; its failure is its own."""
    hook = "(( ++ENTERED )); declare MINE=1; set -C; helper() { echo helped; }; nosuchcommand 2>/dev/null; false"
    workspace.activate(workspace.project("api"), hook=hook)
    workspace.activate(workspace.project("broken"), hook="if then ((")
    with workspace.bash() as bash:
        assert bash.run("cd api") == "devenv: entered api\n"
        bash.run("true")
        assert bash.run("echo $ENTERED $MINE; helper; [[ -o noclobber ]] && echo set") == "1 1\nhelped\nset\n"
        assert "syntax error" in bash.run("cd ../broken")
        assert bash.run("true") == ""
        assert bash.run("echo $DEVENV_PROJECT") == f"{workspace.home}/broken\n"


@pytest.mark.parametrize("damage", ["truncated", "other_format", "moved"])
def test_script_that_does_not_fit(workspace: Workspace, damage: str) -> None:
    """A-15: a script that breaks off, or is written for another hook or place, has no effect; that is said once."""
    project = workspace.project("api")
    activation = workspace.activate(project, variables={"INSIDE": "yes"}, paths={"PATH": ("/ours",)}, hook="echo ran")
    script = activation.generation / "activate.bash"
    text = script.read_text()
    script.write_text(
        {
            "truncated": text[:-2],
            "other_format": text.replace("__devenv_begin 1 ", "__devenv_begin 2 "),
            "moved": text.replace(f"'{project}'", f"'{project}2'"),
        }[damage]
    )
    with workspace.bash() as bash:
        before = bash.variables()[b"PATH"]
        assert "does not fit this shell" in bash.run("cd api")
        bash.run("true")
        after = bash.variables()
        assert b"INSIDE" not in after
        assert b"DEVENV_PROJECT" not in after
        assert after[b"PATH"] == before
        workspace.activate(project, variables={"INSIDE": "again"})
        assert "devenv: entered api\n" in bash.run("true")
        assert bash.run("echo $INSIDE") == "again\n"


def test_nothing_is_read_below_the_name_of_the_link(workspace: Workspace) -> None:
    """A directory named `@devenv` in a project does not lead the hook into a generation, and so into packages."""
    project = workspace.project("api")
    generation = workspace.activate(project, variables={"INSIDE": "yes"}).generation
    planted = generation / "package" / "@devenv"
    planted.mkdir(parents=True)
    (planted / "activate.bash").write_text("touch ~/broken\n")
    (project / "@devenv" / "package").mkdir(parents=True)
    with workspace.bash() as bash:
        bash.run("cd api/@devenv/package")
        assert bash.run("echo $INSIDE") == "yes\n"
    assert not (workspace.home / "broken").exists()


def test_rest_of_the_line_runs_where_cd_led(workspace: Workspace) -> None:
    """Behind `cd`, `pushd` and `popd` on the same line the environment is that of the new directory already."""
    for name in ("api", "web"):
        workspace.activate(workspace.project(name), variables={"WHERE": name})
    with workspace.bash() as bash:
        show = 'echo "in ${WHERE-none}"'
        assert bash.run(f"cd api && {show}") == "devenv: entered api\nin api\n"
        assert bash.run(f"cd ../web && {show}; cd / && {show}") == "devenv: entered web\nin web\nin none\n"
        assert bash.run(f"pushd ~/api >/dev/null && {show}; popd >/dev/null && {show}") == (
            "devenv: entered api\nin api\nin none\n"
        )
        assert bash.run(f"(cd ~/api && {show})") == "in none\n", "a subshell is left alone"
        assert "nowhere" in bash.run("cd ~/nowhere || echo status $?")
        assert bash.run("cd ~/nowhere 2>/dev/null; echo $?; cd ~; echo $?") == "1\n0\n"


def test_code_of_the_project_waits_for_the_prompt(workspace: Workspace) -> None:
    """The project's own code runs outside of functions also where `cd` led in, and not where the line led out again."""
    workspace.activate(workspace.project("api"), hook="declare MARK=${MARK-}x")
    with workspace.bash() as bash:
        assert bash.run('cd api && echo "[${MARK-}]"') == "devenv: entered api\n[]\n"
        assert bash.run('echo "[$MARK]"') == "[x]\n"
        bash.run("cd ..")
        assert bash.run("cd api; cd ..") == "devenv: entered api\n"
        assert bash.run('echo "[$MARK]"') == "[x]\n"


def test_functions_of_the_user_stay(workspace: Workspace) -> None:
    """A user's own function `cd`, or alias, stays as it is, and the next prompt follows the directory."""
    workspace.activate(workspace.project("api"), variables={"WHERE": "api"})
    with workspace.bash("cd() { builtin cd \"$@\" && echo mine; }\nalias pushd='pushd -n'") as bash:
        assert bash.run('cd api && echo "in ${WHERE-none}"') == "mine\nin none\ndevenv: entered api\n"
        assert bash.run('echo "in $WHERE"; alias pushd') == "in api\nalias pushd='pushd -n'\n"
