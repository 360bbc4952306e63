"""Into a project and out of it, in every shell: what is said, and that nothing stays behind."""

from __future__ import annotations

from pathlib import Path

from devenv.activation.model import Entries
from devenv.activation.trust import deny
from tests.shells.drivers import Shell
from tests.shells.workspace import BASE_PATH, Workspace, without_session


def test_entering_and_leaving(workspace: Workspace, kind: str) -> None:
    """Invariant 8, L-12, S-27: `cd` in is enough and says so in one line; `cd` out restores everything silently."""
    project = workspace.project("api")
    (project / "src").mkdir()
    workspace.activate(
        project,
        variables={"GREETING": "hello", "REPLACED": "ours", "EMPTY": "ours", "TAKEN": None, "ABSENT": None},
        lists={
            "PATH": Entries(("/opt/bin",), ("/opt/late",)),
            "XDG_DATA_DIRS": Entries(("/opt/share",)),
            "MANPATH": Entries((), ("/opt/man",)),
            "CDPATH_LIKE": Entries(("/a",), ("/b",)),
        },
        aliases={"listed": "echo listed"},
    )
    environ = workspace.environ(REPLACED="user", EMPTY="", TAKEN="user", CDPATH_LIKE="/u:/v")
    with workspace.shell(kind, environ=environ) as shell:
        before = without_session(shell.variables())
        assert shell.run("cd api") == "devenv: entered api\n"
        inside = shell.variables()
        assert inside[b"PATH"] == f"/opt/bin:{BASE_PATH}:/opt/late".encode()
        assert inside[b"XDG_DATA_DIRS"] == b"/opt/share:/usr/local/share:/usr/share"
        assert inside[b"MANPATH"] == b":/opt/man"
        assert inside[b"CDPATH_LIKE"] == b"/a:/u:/v:/b"
        assert (inside[b"GREETING"], inside[b"REPLACED"], inside[b"EMPTY"]) == (b"hello", b"ours", b"ours")
        assert b"TAKEN" not in inside
        assert inside[b"DEVENV_NAME"] == b"api"
        assert shell.run("listed") == "listed\n"
        assert shell.run("cd src") == ""
        assert shell.variables()[b"GREETING"] == b"hello"
        assert shell.run("cd ../..") == ""
        assert not shell.has_command("listed")
        assert without_session(shell.variables()) == before


def test_messages_are_for_people(workspace: Workspace, kind: str) -> None:
    """S-26, hermit#252: what the hook says is on standard error; on standard output there is nothing."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    out = workspace.home / "out"
    with workspace.shell(kind) as shell:
        assert shell.run(f"cd api > {out}") == "devenv: entered api\n"
    assert out.read_text() == ""


def test_not_allowed_is_one_line_and_no_effect(workspace: Workspace, kind: str) -> None:
    """L-01, S-24: a project that was never allowed costs one line, once; nothing changes and nothing is started."""
    project = workspace.project("hostile")
    (project / "src").mkdir()
    (project / ".envrc").write_text("touch ~/broken\n")
    with workspace.shell(kind) as shell:
        before = shell.variables()
        notice = shell.run("cd hostile")
        assert notice == (
            f"devenv: the project {project} is not allowed: read its `devenv.toml`, then run `devenv allow`\n"
        )
        assert shell.run("true") == ""
        assert shell.run("cd src") == ""
        assert shell.run("cd ..") == ""
        assert without_session(shell.variables()) == without_session(before)
        assert shell.run("cd ..") == ""
        assert shell.run("cd hostile") == notice
    assert workspace.asked() == []
    assert sorted(path.name for path in project.iterdir()) == [".envrc", "devenv.lock", "devenv.toml", "src"]
    assert not (workspace.home / "broken").exists()


def test_allow_takes_effect_at_the_next_prompt(workspace: Workspace, kind: str) -> None:
    """L-06: after `devenv allow` the next prompt is in the environment; `devenv deny` takes it away without a word."""
    project = workspace.project("api")
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        workspace.activate(project, variables={"INSIDE": "yes"})
        assert shell.run("true") == "devenv: entered api\n"
        assert shell.value("INSIDE") == "yes"
        deny(workspace.settings, project)
        assert shell.run("true") == ""
        assert shell.value("INSIDE") is None
        assert shell.run("cd ..") == ""
        assert shell.run("cd api") == ""


def test_new_generation(workspace: Workspace, kind: str) -> None:
    """A switched generation is in every shell of the project at its next prompt, and says so in one line."""
    project = workspace.project("api")
    workspace.activate(project, variables={"OLD": "1", "BOTH": "1"}, hook="echo hook 1")
    with workspace.shell(kind) as shell:
        assert shell.run("cd api") == "devenv: entered api\nhook 1\n"
        workspace.activate(project, variables={"NEW": "2", "BOTH": "2"}, hook="echo hook 2")
        assert shell.run("true") == "devenv: switched to the new environment of api\nhook 2\n"
        assert (shell.value("OLD"), shell.value("NEW"), shell.value("BOTH")) == (None, "2", "2")


def test_through_a_symbolic_link(workspace: Workspace, kind: str) -> None:
    """L-04: a project reached through a link is the same project, and the shell keeps its own idea of the path."""
    project = workspace.project("api")
    (project / "src").mkdir()
    workspace.activate(project, variables={"INSIDE": "yes"})
    (workspace.home / "link").symlink_to(project)
    (workspace.home / "deep").symlink_to(project / "src")
    with workspace.shell(kind) as shell:
        for link in ("link", "link/src", "deep"):
            assert shell.run(f"cd {link}") == "devenv: entered api\n"
            assert shell.run("pwd") == f"{workspace.home}/{link}\n"
            assert shell.run("true") == ""
            shell.run("cd ~")
            assert shell.value("INSIDE") is None


def test_link_that_leads_elsewhere_later(workspace: Workspace, kind: str) -> None:
    """L-04: where a link on the way is changed the new place needs its own allow, and has no environment until then."""
    first, second = workspace.project("first"), workspace.project("second")
    workspace.activate(first, variables={"INSIDE": "first"})
    link = workspace.home / "link"
    link.symlink_to(first)
    with workspace.shell(kind) as shell:
        assert shell.run("cd link") == "devenv: entered first\n"
        shell.run("cd ..")
        link.unlink()
        link.symlink_to(second)
        assert "is not allowed" in shell.run("cd link")
        assert shell.value("INSIDE") is None


def test_same_content_elsewhere(workspace: Workspace, kind: str) -> None:
    """L-04: a copy of an allowed project, or the project moved, is another project, which was never allowed."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    with workspace.shell(kind) as shell:
        shell.run("cp -a api copied")
        assert "is not allowed" in shell.run("cd copied")
        shell.run("cd ..; mv api moved")
        assert "is not allowed" in shell.run("cd moved")
        assert shell.value("INSIDE") is None


def test_home_on_a_symbolic_link(workspace: Workspace, kind: str, tmp_path: Path) -> None:
    """Issue 6, item 6: with HOME a symbolic link the state is found, and projects are entered and left."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    link = tmp_path / "link-to-home"
    link.symlink_to(workspace.home)
    with workspace.shell(kind, environ=workspace.environ(HOME=str(link))) as shell:
        assert shell.run("cd ~/api") == "devenv: entered api\n"
        assert shell.run("pwd") == f"{link}/api\n"
        assert shell.run("cd ~") == ""
        assert shell.value("INSIDE") is None
        assert shell.run("cd ~/api && cd ..") == "devenv: entered api\n"
        assert shell.value("INSIDE") is None


def test_shell_that_starts_in_a_project(workspace: Workspace, kind: str) -> None:
    """A terminal that opens in a project's directory has its environment at the first prompt."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"}, aliases={"inside": "echo yes"})
    with workspace.shell(kind, "cd ~/api") as shell:
        assert shell.greeting == "devenv: entered api\n"
        assert shell.run("inside") == "yes\n"


def test_directory_that_is_deleted(workspace: Workspace, kind: str) -> None:
    """L-11: prompts in a directory that is gone come back, also in a project that is gone with all its files."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    gone = workspace.home / "gone"
    gone.mkdir()
    with workspace.shell(kind) as shell:
        shell.run("cd gone")
        gone.rmdir()
        assert shell.run("true") == ""
        assert shell.run("cd ~/api") == "devenv: entered api\n"
        shell.run("rm -r ~/api")
        shell.run("true")
        assert shell.run("echo here").startswith("here\n")
        shell.run("cd ~")
        assert shell.value("INSIDE") is None


def test_nothing_is_read_below_the_name_of_the_link(workspace: Workspace, kind: str) -> None:
    """A directory named `@devenv` in a project does not lead the hook into a generation, and so into packages."""
    project = workspace.project("api")
    generation = workspace.activate(project, variables={"INSIDE": "yes"}).generation
    planted = generation / "package" / "@devenv"
    planted.mkdir(parents=True)
    (planted / f"activate.{kind}").write_text("touch ~/broken\n")
    (project / "@devenv" / "package").mkdir(parents=True)
    with workspace.shell(kind) as shell:
        shell.run("cd api/@devenv/package")
        assert shell.value("INSIDE") == "yes"
    assert not (workspace.home / "broken").exists()


def test_settled_shell_says_nothing(shell: Shell) -> None:
    """S-27: outside of projects the hook is not to be seen at all: no word at the start, none at prompts."""
    assert shell.greeting == ""
    assert shell.run("true\ncd /\ncd ~\nfalse") == ""
