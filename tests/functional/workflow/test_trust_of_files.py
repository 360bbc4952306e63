"""Trust is about all files of a project that act, and about whose they are."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest

from devenv.activation.trust import Trust, deny, record_path
from devenv.environment.project import read_project
from devenv.errors import TrustError
from devenv.events import ignore
from devenv.workflow.allowed import record_allowed, require_allowed, trust_in
from devenv.workflow.enter import enter_realized, make_activation
from devenv.workflow.tools import Tools
from devenv.workflow.trust import allow_project
from tests.functional.workflow.command import User

SECRET = "correct-horse-battery"


@pytest.fixture
def api(user: User) -> User:
    """An allowed project with a file of variables."""
    api = user.project("api", "just")
    api.manifest.write_text('dotenv = [".env"]\n' + api.manifest.read_text())
    (api.directory / ".env").write_text(f"TOKEN={SECRET}\n")
    api.devenv("lock")
    api.devenv("allow")
    return api


def show(user: User, name: str) -> str:
    """The variable as a command in the environment has it."""
    return user.devenv("run", "sh", "-c", f'echo "${name}"').text.strip()


def test_file_with_variables_that_changed(api: User) -> None:
    """L-02: a dotenv file that changed, went away or came back blocks what it should and no more."""
    file = api.directory / ".env"
    assert show(api, "TOKEN") == SECRET
    before = file.read_text()
    file.write_text("TOKEN=other\n")
    assert api.call("run", "true").status == 14
    assert api.report("status")["trust"] == "changed"
    assert api.report("allow")["generation"] > 1
    assert show(api, "TOKEN") == "other"
    file.write_text(before)
    assert show(api, "TOKEN") == SECRET
    file.unlink()
    assert api.call("run", "true").status == 14


def test_two_contents_that_were_allowed(api: User) -> None:
    """Going back and forth between two contents that were allowed, as branches do, asks for nothing."""
    first = api.files()
    api.devenv("add", "uv")
    second = api.files()
    for files, program in ((first, "just"), (second, "uv"), (first, "just")):
        for name, content in files.items():
            (api.directory / name).write_bytes(content)
        assert api.report("status")["trust"] == "allowed"
        assert api.devenv("run", program).status == 0


def test_deny_wins_over_what_was_allowed(api: User) -> None:
    """L-06: after `deny` none of the contents that were allowed before counts, until one of them is allowed again."""
    first = api.files()
    api.devenv("add", "uv")
    api.devenv("deny")
    api.devenv("allow")
    for name, content in first.items():
        (api.directory / name).write_bytes(content)
    assert api.report("status")["trust"] == "changed"


def test_denied_while_it_is_realized(user: User) -> None:
    """L-06: whoever denies a project while `allow` still realizes it has the last word."""
    there = user.at("there")
    there.manifest.write_text('[packages]\njust = "*"\n')
    there.devenv("lock")
    tools = Tools(user.settings, user.environ, lambda _: deny(user.settings, there.directory))
    with tools, pytest.raises(TrustError):
        allow_project(tools, there.directory)
    assert there.report("status")["trust"] == "denied"


def test_revoke(api: User, user: User) -> None:
    """`revoke` makes a project unknown, also one that is gone; of one that is unknown it says so."""
    assert api.report("revoke")["known"]
    assert api.call("run", "true").status == 14
    assert api.report("status")["trust"] == "unknown"
    assert not api.report("revoke")["known"]
    api.devenv("deny")
    api.devenv("revoke")
    assert api.report("status")["trust"] == "unknown"
    api.devenv("allow")
    shutil.rmtree(api.directory)
    assert [(each["project"], each["trust"]) for each in user.report("allow", "--list")["projects"]] == [
        (str(api.directory), "gone")
    ]
    assert "gone" in user.devenv("allow", "--list").text
    assert user.report("revoke", "api")["known"]
    assert user.report("allow", "--list")["projects"] == []


def test_list(api: User, user: User) -> None:
    """`allow --list` says of each project what counts there now; lines fit 80 columns where paths do."""
    user.project("other")
    user.at("other").devenv("deny")
    api.manifest.write_text(api.manifest.read_text() + "\n")
    known = user.report("allow", "--list")["projects"]
    assert {each["project"].rpartition("/")[2]: each["trust"] for each in known} == {
        "api": "changed",
        "other": "denied",
    }
    lines = user.devenv("allow", "--list").text.splitlines()
    assert len(lines) == 3
    assert all(len(line) <= 80 for line in lines)
    assert user.failure("allow", "--list", "api")["domain"] == "usage"


def test_allow_shows_what_is_new(api: User) -> None:
    """L-13: what changed since it was last allowed is shown in words, with the content's digest, and nothing secret."""
    api.devenv("add", "uv")
    text = api.manifest.read_text() + '[env]\nPORT = "80"\n[shell]\nhook = "echo hello"\n[shell.aliases]\nb = "make"\n'
    api.manifest.write_text(text)
    (api.directory / ".env").write_text(f"TOKEN={SECRET}\nDEBUG={SECRET}\n")
    api.devenv("lock")
    before = record_path(api.settings, api.directory).read_bytes()
    shown = api.devenv("allow", "--dry-run").text
    assert record_path(api.settings, api.directory).read_bytes() == before
    assert api.call("run", "true").status == 14
    for expected in ("PORT", "= 80", "TOKEN, DEBUG", "| echo hello", "b  make", "content ", "not allowed yet"):
        assert expected in shown
    assert "uv" not in shown
    result = api.devenv("allow", "--json")
    assert SECRET not in shown + result.text
    changes = {(each["kind"], each["name"]): (each["before"], each["after"]) for each in result.result["changes"]}
    assert changes == {
        ("variable", "PORT"): (None, "= 80"),
        ("file", ".env"): ("sets TOKEN", "sets TOKEN, DEBUG"),
        ("hook", "all shells"): (None, "echo hello"),
        ("alias", "b"): (None, "make"),
    }
    assert not result.result["first"]
    again = api.devenv("allow").text
    assert "nothing is new" in again


def test_secrets_stay_where_they_are(api: User) -> None:
    """What is kept to compare with holds no value of a file with variables."""
    for path in (api.settings.state / "trust").iterdir():
        assert SECRET.encode() not in path.read_bytes()


def test_hostile_names_are_escaped(user: User) -> None:
    """L-13, M-05: names and code with control characters, or that reverse the direction of text, are shown escaped."""
    there = user.at("b\x1b[31m\u202etxt")
    there.manifest.write_text('[shell]\nhook = "a\\u001b[2J\\u202e\\rb"\n[env]\nA = "x\\ny\\u009b"\n')
    there.devenv("lock")
    for outcome in (there.devenv("allow", "--dry-run"), there.devenv("allow"), there.devenv("allow", "--list")):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", outcome.text)
    assert json.loads(there.devenv("allow", "--json").output)["result"]["changes"] == []


def test_nothing_is_asked(user: User) -> None:
    """L-14: `allow` never reads an answer; without it nothing is allowed, whatever stands on standard input."""
    there = user.at("cloned")
    there.manifest.write_text("[packages]\n")
    there.devenv("lock")
    assert there.call("run", "true", stdin=b"y\ny\ny\n").status == 14
    assert there.devenv("allow", stdin=b"n\nn\n").status == 0
    assert there.report("status")["trust"] == "allowed"


def test_files_of_others(user: User) -> None:
    """L-05: what everybody can write, or a link brings from elsewhere, is refused by every verb, `allow` included."""
    there = user.project("there", "just")
    there.manifest.chmod(0o666)
    for verb in (("status",), ("allow",), ("lock",)):
        error = there.failure(*verb)
        assert (error["slug"], error["exit_code"]) == ("file-writable", 14)
        assert "chmod" in error["hint"]
    assert there.call("run", "true").status == 14
    there.manifest.chmod(0o644)
    assert there.devenv("run", "true").status == 0
    there.manifest.rename(user.home / "elsewhere.toml")
    there.manifest.symlink_to(user.home / "elsewhere.toml")
    assert there.failure("status")["slug"] == "file-outside"


def test_link_in_a_dotenv_files_place(api: User, user: User) -> None:
    """L-05: a file with variables that is a link to a private file of the user's is not read."""
    (user.home / "private").write_text("PASSWORD=1\n")
    (api.directory / ".env").unlink()
    (api.directory / ".env").symlink_to("../private")
    assert api.failure("allow")["slug"] == "file-outside"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_foreign_manifest_above(user: User) -> None:
    """L-05, O-03: a manifest of another user, found further up as in `/tmp`, is refused and not skipped in silence."""
    os.chown(user.project("shared").manifest, 12345, -1)
    below = user.at("shared/mine")
    for verb in (("status",), ("allow",)):
        error = below.failure(*verb)
        assert error["slug"] == "file-foreign"
        assert "chown" in error["hint"]


def test_manifest_above_needs_its_own_permission(api: User) -> None:
    """L-05: a project within an allowed one is not allowed by that."""
    inner = api.at("vendor/lib")
    inner.manifest.write_text(api.manifest.read_text())
    inner.lock.write_bytes(api.lock.read_bytes())
    (inner.directory / ".env").write_bytes((api.directory / ".env").read_bytes())
    assert inner.report("status")["trust"] == "unknown"
    assert inner.call("run", "true").status == 14


def test_hard_link_to_allowed_files(api: User, user: User) -> None:
    """L-04: the files of an allowed project under other names by hard links are not allowed there."""
    other = user.at("other")
    for name in ("devenv.toml", "devenv.lock", ".env"):
        os.link(api.directory / name, other.directory / name)
    assert other.report("status")["trust"] == "unknown"
    assert api.report("status")["trust"] == "allowed"


def test_parent_that_becomes_another_directory(api: User, user: User) -> None:
    """L-04: a link that leads to another project now means that one: the real path counts, in arguments too."""
    link = user.home / "current"
    link.symlink_to("api")
    assert user.report("allow", "current")["project"] == str(api.directory)
    other = user.at("other")
    for name in ("devenv.toml", "devenv.lock", ".env"):
        shutil.copy(api.directory / name, other.directory)
    link.unlink()
    link.symlink_to("other")
    assert user.at("current").report("status")["trust"] == "unknown"


def test_completion_reads_nothing_that_is_not_allowed(api: User, user: User) -> None:
    """L-07: completing names of packages in a directory that is not allowed parses nothing of it."""

    def complete(there: User) -> list[str]:
        words = there.having(_DEVENV_COMPLETE="zsh_complete", COMP_WORDS="devenv remove ", COMP_CWORD="2")
        outcome = words.call()
        assert outcome.errors == b""
        return outcome.text.strip().split("\n")[1::3]

    assert complete(api) == ["just"]
    api.manifest.write_text(api.manifest.read_text() + "\n")
    assert complete(api) == []
    cloned = user.at("cloned")
    cloned.manifest.write_text("packages = [not even TOML")
    assert complete(cloned) == []


@pytest.mark.parametrize(
    "verb", [("search", "just"), ("info", "just"), ("allow", "--list"), ("allow", "--help"), ("hook", "bash")]
)
def test_verbs_that_look_read_nothing_that_is_not_allowed(user: User, verb: tuple[str, ...]) -> None:
    """L-07: verbs that only look do so in a hostile directory as anywhere, and leave nothing in it."""
    cloned = user.at("cloned")
    cloned.manifest.write_text("packages = [not even TOML")
    expected = user.devenv(*verb).text
    assert cloned.devenv(*verb).text == expected
    assert [path.name for path in cloned.directory.iterdir()] == ["devenv.toml"]


SETTINGS_TABLES = (
    'registries = { pypi = { index = "http://evil.example/" } }',
    "[registries.debian]\nkeyring = '/evil.pgp'",
    "substituters = ['/evil']",
    "artifact_stores = ['http://evil.example/']",
    "runtime = 'host'",
    "[trust]\nworktrees = true",
    "[build]\nsandbox = 'off'",
    "sandbox = 'off'",
    "base = '/evil'",
    "state = '/evil'",
    "[settings]\nstate = '/evil'",
    "[env]\nHOME = '/evil'",
    "[env]\nDEVENV_STATE = '/evil'",
    "[env]\nHOME = { unset = true }",
    "[inputs]\nevil = 'http://evil.example/'",
)


@pytest.mark.parametrize("text", SETTINGS_TABLES)
def test_manifest_cannot_weaken_settings(user: User, text: str) -> None:
    """L-15: no key of a manifest says where registries, keys, stores or trust are, nor moves the user's settings."""
    there = user.at("there")
    there.manifest.write_text(text + "\n")
    assert there.failure("lock")["domain"] in {"evaluation", "usage"}
    assert not there.lock.exists()


def test_files_with_variables_cannot_move_settings(api: User) -> None:
    """L-15: a dotenv file cannot set by what devenv finds the user's settings either."""
    (api.directory / ".env").write_text("HOME=/evil\n")
    assert api.failure("allow")["slug"] == "dotenv-invalid"


def test_settings_in_a_project_are_not_read(user: User) -> None:
    """L-15, L-09: a settings file in a project, and variables that name one, are not the user's settings."""
    there = user.project("there")
    for path in (there.directory / "settings.toml", there.directory / ".config" / "devenv" / "settings.toml"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("state = '/evil'\n")
    claims = {"XDG_CONFIG_HOME": f"{there.directory}/.config", "DEVENV_SETTINGS": f"{there.directory}/settings.toml"}
    assert there.having(**claims).report("status")["trust"] == "allowed"


def test_what_is_evaluated_is_what_was_hashed(api: User) -> None:
    """L-03: files that are swapped after they were found to be allowed do nothing: they are not read a second time."""
    with Tools(api.settings, api.environ, ignore) as tools:
        project = read_project(api.directory)
        require_allowed(tools, project)
        (api.directory / ".env").write_text("TOKEN=evil\n")
        api.manifest.write_text('[env]\nTOKEN = "evil"\n')
        entered = enter_realized(tools, project)
        assert entered.activation.variables["TOKEN"] == SECRET
        fresh = make_activation(tools, project, entered.generation.environment, entered.generation.path)
        assert fresh.variables["TOKEN"] == SECRET
        assert trust_in(tools, read_project(api.directory)) is Trust.CHANGED


def test_patch_that_changed(user: User) -> None:
    """L-02: a patch is part of what was allowed, even before anything is built with it."""
    there = user.at("there")
    there.manifest.write_text('[packages.curl]\nversion = "8"\ninput = "source"\npatches = ["fix.patch"]\n')
    patch = there.directory / "fix.patch"
    patch.write_text("one")
    record_allowed(user.settings, read_project(there.directory))
    assert there.report("status")["trust"] == "allowed"
    patch.write_text("two")
    assert there.report("status")["trust"] == "changed"
    patch.unlink()
    assert there.report("status")["trust"] == "changed"
    patch.write_text("one")
    assert there.report("status")["trust"] == "allowed"


def test_at_the_same_time(api: User) -> None:
    """L-08: several who allow at the same time all succeed, and none of what they allowed is lost."""
    running = [api.start("allow") for _ in range(3)]
    outcomes = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], outcomes
    assert api.report("status")["trust"] == "allowed"
    assert api.unfinished() == []


def test_worktrees_share_by_a_setting(api: User, user: User) -> None:
    """S-25: with `worktrees` one with the content that was allowed in another needs no word; without, it does."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    api.directory.chmod(0o755)
    commands = (
        ("init", "--quiet"),
        ("add", "--force", "devenv.toml", "devenv.lock", ".env"),
        ("-c", "user.name=a", "-c", "user.email=a@a.example", "commit", "--quiet", "--message", "begin"),
        ("worktree", "add", "--quiet", "../linked"),
    )
    for arguments in commands:
        subprocess.run(["git", *arguments], cwd=api.directory, env=dict(user.environ), check=True)
    linked = user.at("linked")
    assert linked.call("run", "true").status == 14
    user.configure((user.home / ".config/devenv/settings.toml").read_text() + "[trust]\nworktrees = true\n")
    assert linked.devenv("run", "just").text == "just 1.42.0\n"
    (linked.directory / ".env").write_text("TOKEN=other\n")
    assert linked.call("run", "true").status == 14
    (linked.directory / ".env").write_bytes((api.directory / ".env").read_bytes())
    linked.devenv("deny")
    assert linked.call("run", "true").status == 14
    linked.devenv("revoke")
    assert linked.report("status")["trust"] == "allowed"
    api.devenv("revoke")
    assert linked.report("status")["trust"] == "unknown"
    copy = user.home / "copy"
    shutil.copytree(linked.directory, copy)
    api.devenv("allow")
    assert linked.report("status")["trust"] == "allowed"
    assert user.at("copy").report("status")["trust"] == "unknown"
