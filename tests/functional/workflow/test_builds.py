"""`devenv build`: what is built, when, and what it leaves; whole commands in a real sandbox.

All projects are of one user, whose store has the sysroot already.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.functional.workflow.building import PATCH, Builder, relock, write
from tests.functional.workflow.command import User

COPY = """
[build.app]
version = "1.0"
phases = { install = "install -D message $out/share/message" }
"""
TOOL = "[build.tool]\nsource = false\nphases = { install = 'echo tool > $out' }\n"


def commit(there: User, *names: str) -> None:
    """Make the project a repository that knows these files."""
    for command in (["init", "-q", "."], ["add", *names]):
        subprocess.run(["git", *command], cwd=there.directory, check=True)


def link(there: User, name: str = "result") -> str:
    """The object that a link leads to."""
    return os.path.basename(os.readlink(there.directory / name))


def test_build_and_nothing(builder: Builder) -> None:
    """A build makes its object and a link to it; the next one keeps it and says nothing else."""
    app = builder.project("story", COPY, {"message": "hi"})
    outcome = app.devenv("build")
    assert outcome.text == f"built app result → {link(app)}\n"
    assert "building app-1.0\n" in outcome.messages
    assert (app.directory / "result/share/message").read_text() == "hi"
    again = app.devenv("build")
    assert (again.text, again.messages) == (f"kept app result → {link(app)}\n", "")
    (built,) = app.report("build", "app")["builds"]
    assert (built["name"], built["fresh"], built["path"]) == ("app", False, link(app))
    assert built["derivation"].startswith("blake3:")


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_nothing_is_cheap(builder: Builder, tmp_path: Path) -> None:
    """Where nothing changed, no process is started and no recipe evaluated."""
    app = builder.project("cheap", COPY, {"message": "hi"})
    app.devenv("build")
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-e", "trace=execve,openat", "-o", str(trace), *app.command("build")]
    done = subprocess.run(command, cwd=app.directory, env=dict(app.environ), check=True, capture_output=True)
    assert done.stdout.startswith(b"kept ")
    assert trace.read_text().count("execve(") == 1
    assert "starlark" not in trace.read_text()


def test_changed_source(builder: Builder) -> None:
    """A changed file of the source is built anew; one that git ignores is no part of it."""
    app = builder.project("changed", COPY, {"message": "hi", ".gitignore": "ignored\nresult\n", "ignored": "1"})
    commit(app, "message", ".gitignore", "devenv.toml")
    app.devenv("build")
    before = link(app)
    write(app, ignored="2")
    assert app.devenv("build").text.startswith("kept ")
    write(app, message="ho")
    assert app.devenv("build").text.startswith("built ")
    assert link(app) != before
    write(app, message="hi")
    assert app.devenv("build").text.startswith("kept ")
    assert link(app) == before


def test_changed_manifest(builder: Builder) -> None:
    """Another build of the same name is built anew once it is allowed; what is not allowed is not built."""
    app = builder.project("manifest", COPY, {"message": "hi"})
    app.devenv("build")
    before = link(app)
    app.manifest.write_text(COPY.replace("share/message", "share/other"))
    assert app.failure("build")["slug"] == "not-allowed"
    app.devenv("allow")
    assert app.devenv("build").text.startswith("built ")
    assert link(app) != before


def test_not_allowed(builder: Builder) -> None:
    """L-01: a project that was never allowed, or was denied, builds and checks nothing."""
    app = builder.project("foreign", COPY + '[checks]\na = "true"\n', {"message": "hi"}, allow=False)
    for verb in ("build", "check"):
        error = app.failure(verb)
        assert (error["slug"], error["exit_code"]) == ("not-allowed", 14)
    app.devenv("allow")
    app.devenv("build", "--no-link")
    app.devenv("deny")
    assert app.failure("build")["slug"] == "not-allowed"
    assert not (app.directory / "result").is_symlink()


def test_stale_lock(builder: Builder) -> None:
    """A lock that does not have what builds need is no lock to build by."""
    app = builder.project("stale", "[packages]\n")
    app.manifest.write_text(COPY)
    write(app, message="hi")
    assert app.failure("allow")["slug"] == "lock-stale"
    assert app.failure("build")["slug"] == "not-allowed"
    app.devenv("lock")
    app.devenv("allow")
    app.devenv("build")


def test_nothing_to_build(builder: Builder) -> None:
    """A project without builds or checks is told so, an unknown name with what was probably meant."""
    app = builder.project("nothing", '[checks]\na = "true"\n')
    assert app.failure("build")["slug"] == "builds-missing"
    other = builder.project("names", COPY, {"message": "hi"})
    error = other.failure("build", "ap")
    assert (error["slug"], error["hint"]) == ("target-unknown", "did you mean `app`?")
    assert other.failure("check")["slug"] == "checks-missing"


def test_links(builder: Builder) -> None:
    """Several builds have several links; one may go elsewhere, or nowhere; what is no link is left alone."""
    app = builder.project("links", COPY + TOOL, {"message": "hi"})
    app.devenv("build")
    assert link(app, "result-app") != link(app, "result-tool")
    assert (app.directory / "result-tool").read_text() == "tool\n"
    app.at("below").devenv("build", "tool", "--link", "there")
    assert link(app, "below/there") == link(app, "result-tool")
    assert not (app.directory / "result").is_symlink()
    (app.directory / "result").mkdir()
    assert app.failure("build", "tool")["slug"] == "link-occupied"
    assert app.devenv("build", "tool", "--no-link").text == f"kept tool {link(app, 'result-tool')}\n"
    assert app.call("build", "--link", "x", "--no-link").status == 2


def test_inputs(builder: Builder) -> None:
    """A build may use another; when the lower one comes out the same, the upper is not built again."""
    manifest = """
    [build.lower]
    source = "lower"
    phases = { install = "install -D -m 644 data $out/share/data" }
    [build.upper]
    source = false
    inputs = ["lower"]
    phases = { install = "cat $input_lower/share/data > $out; echo above >> $out" }
    """
    app = builder.project("inputs", manifest, {"lower/data": "1\n", "lower/unused": "1"})
    app.devenv("build", "upper")
    assert (app.directory / "result").read_text() == "1\nabove\n"
    write(app, **{"lower/unused": "2"})
    outcome = app.devenv("build", "upper")
    assert "building lower\n" in outcome.messages
    assert "building upper\n" not in outcome.messages
    write(app, **{"lower/data": "2\n"})
    assert "building upper\n" in app.devenv("build", "upper").messages
    assert (app.directory / "result").read_text() == "2\nabove\n"


def test_package_from_source(builder: Builder) -> None:
    """A package from source is built with what the manifest changes in it; a changed patch is noticed (L-02)."""
    changed = """
    [packages]
    hello = { input = "source", patches = ["x.patch"], flags = ["--fast"], env = { GREETING = "a b" } }
    """
    app = builder.project("patched", changed, {"x.patch": PATCH.format("moon")})
    app.devenv("build", "hello")
    text = (app.directory / "result/share/hello").read_text()
    assert text.startswith(f"hello, moon\nconfigured: --prefix={app.settings.base}")
    assert text.endswith("-hello-2.12 --fast\na b\n")
    write(app, **{"x.patch": PATCH.format("sun")})
    assert app.failure("build", "hello")["slug"] == "not-allowed"
    error = app.failure("allow")
    assert error["slug"] == "lock-recipe-changed"
    assert "`x.patch`" in error["message"]
    assert error["hint"].startswith("run `devenv lock`")
    relock(app)
    app.devenv("build", "hello")
    assert (app.directory / "result/share/hello").read_text().startswith("hello, sun\n")


def test_rebuild(builder: Builder) -> None:
    """What comes out the same twice is said to; what does not is shown with its place, with exit status 12."""
    manifest = """
    [build.date]
    source = false
    phases = { install = "mkdir $out; echo made with $cores > $out/x; ln -s $out/x $out/own; echo $out > $out/y" }
    """
    app = builder.project("rebuild", COPY + manifest, {"message": "hi"})
    assert "same app-1.0 came out alike, bit for bit\n" in app.devenv("build", "app", "--rebuild").text
    outcome = app.call("build", "date", "--rebuild")
    assert outcome.status == 12
    assert "differs date: " in outcome.text
    assert "  x has another content: 1 bytes, the first at 10\n" in outcome.text
    (rebuilt,) = app.call("build", "date", "--rebuild", "--json").result["rebuilt"]
    assert [each["path"] for each in rebuilt["differences"]] == ["x"]
    assert app.report("build", "date")["builds"][0]["fresh"] is False


def test_keep_going(builder: Builder) -> None:
    """With `--keep-going` what does not need a failed build is built, and all failures are told."""
    manifest = "\n".join(
        f"[build.{name}]\nsource = false\ninputs = {needed}\nphases = {{ install = '{command}' }}"
        for name, needed, command in (
            ("bad", [], "echo cause >&2; exit 3"),
            ("above", ["bad"], "echo x > $out"),
            ("good", [], "echo good > $out"),
            ("worse", [], "kill -TERM $$"),
        )
    )
    app = builder.project("failing", manifest)
    error = app.failure("build", "-j1", "bad", "above")
    assert (error["slug"], error["exit_code"]) == ("build-failed", 12)
    error = app.failure("build", "--keep-going")
    assert error["slug"] == "builds-failed"
    assert error["message"].startswith("2 builds failed")
    details = "\n".join(error["details"])
    assert "  cause" in details
    assert "`worse` could not be built: it was killed by SIGTERM" in details
    assert "above" not in details
    assert app.report("build", "good", "--no-link")["builds"][0]["fresh"] is False
    assert not list(app.directory.glob("result*"))


def test_failure(builder: Builder) -> None:
    """A failure shows its last lines and where the whole log lies, and is tried anew the next time."""
    app = builder.project(
        "failure", "[build.bad]\nsource = false\nphases = { install = '''seq 100; printf '\\033[2Jevil\\n'; exit 3''' }"
    )
    outcome = app.call("build")
    assert outcome.status == 12
    lines = outcome.messages.splitlines()
    assert "build error: `bad` could not be built: its script ended with status 3" in lines
    assert "    77" in lines
    assert "    76" not in lines
    assert "\x1b[2J" not in outcome.messages
    assert "    \\x1b[2Jevil" in lines
    (place,) = [line.split("`")[1] for line in lines if "the log ends with" in line]
    log = app.devenv("log", "bad").output
    assert Path(place).read_bytes() == log
    assert log.count(b"\n") > 100
    assert b"\x1b[2Jevil" in log
    assert "building bad\n" in app.call("build").messages


def test_hostile_manifest(builder: Builder) -> None:
    """K-07: words of a manifest are words in the script, whatever they hold."""
    nasty = r"""$(touch /build/made) `touch /build/made` ; touch /build/made ' "*\ #{}"""
    manifest = f"""
    [build.app]
    kind = "autotools"
    flags = ['''{nasty}''']
    env = {{ GREETING = '''{nasty}''' }}
    [build.app.phases]
    install = 'test ! -e /build/made; mkdir $out; cp config.status $out/x; printf %s "$GREETING" > $out/y'
    """
    configure = '#!/usr/bin/bash\nprintf "%s\\n" "$@" > config.status\n'
    app = builder.project("nasty", manifest, {"configure": configure, "Makefile": "all() { :; }\n"})
    (app.directory / "configure").chmod(0o755)
    app.devenv("build")
    assert (app.directory / "result/x").read_text().splitlines()[1:] == [nasty]
    assert (app.directory / "result/y").read_text() == nasty


def test_undeclared(builder: Builder) -> None:
    """A program of the sysroot that an output would need is named; the machine's own are not there at all."""
    manifest = """
    [build.script]
    source = false
    phases = { install = "printf '#!/usr/bin/perl\\n' > $out; chmod +x $out" }
    [build.host]
    source = false
    phases = { install = "devenv --version; mkdir $out" }
    """
    app = builder.project("undeclared", manifest)
    error = app.failure("build", "script")
    assert error["slug"] == "interpreter-undeclared"
    assert "`perl`" in error["hint"]
    error = app.failure("build", "host")
    assert error["slug"] == "build-failed"
    assert error["hint"].startswith("add the package that has `devenv` to `tools`")


def test_collected(builder: Builder) -> None:
    """Links keep what they lead to; without them it goes, and is built again when it is asked for."""
    app = builder.project("collected", COPY + TOOL.replace("tool >", "other tool >"), {"message": "hi"})
    app.devenv("build", "app")
    tool = app.report("build", "tool", "--no-link")["builds"][0]["path"]
    assert "record" not in app.devenv("gc").text
    assert link(app) in app.objects()
    assert tool not in app.objects()
    assert app.devenv("build", "app").text.startswith("kept ")
    assert app.devenv("build", "tool", "--no-link").text == f"built tool {tool}\n"


def test_old_logs_go(builder: Builder) -> None:
    """`devenv gc` removes records of builds that nobody ran for months, and says so; a dry run leaves them."""
    app = builder.project("logs", "[build.old]\nsource = false\nphases = { install = 'echo old > $out' }")
    app.devenv("build")
    log = app.devenv("log", "old").output
    for path in (app.settings.base / "logs").iterdir():
        os.utime(path, (1e9, 1e9))
    assert "record" not in app.devenv("gc", "--dry-run").text
    assert app.devenv("log", "old").output == log
    assert "old records of builds" in app.devenv("gc").text
    assert app.call("log", "old").status == 2
    assert app.devenv("build").text.startswith("kept ")


def test_completion(builder: Builder) -> None:
    """Names of builds, packages and checks are completed, each where it can stand."""
    manifest = COPY + '[packages]\nhello = { input = "source" }\n[checks]\napt = "true"\n'
    app = builder.project("completion", manifest, {"message": "hi"})
    for words, expected in (
        ("build ", {"app", "hello"}),
        ("build h", {"hello"}),
        ("check a", {"apt"}),
        ("log a", {"app", "apt"}),
        ("derivation show ", {"app", "hello"}),
    ):
        count = str(len(f"devenv {words}x".split()) - 1)
        asking = app.having(COMP_WORDS=f"devenv {words}", COMP_CWORD=count, _DEVENV_COMPLETE="bash_complete")
        assert {line.partition(",")[2] for line in asking.call().text.splitlines()} == expected, words
