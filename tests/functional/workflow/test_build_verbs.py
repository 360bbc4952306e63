"""`devenv check`, `log`, `derivation show`, `why-rebuild`, and a sandbox where the machine has none to offer."""

from __future__ import annotations

import json
from pathlib import Path

from devenv.digest import canonical_json_key
from tests.functional.workflow.building import Builder, relock, write

CHECKS = """
[packages]
hello = { input = "source" }

[env]
GREETING = "a 'b' $(c)"

[checks]
good = "test -f data && grep -q hello $input_environment/share/hello"
greeting = '''test "$GREETING" = "a 'b' \\$(c)"'''
bad = "echo a line; cat data; exit 3"
"""
BUILDS = """
[build.lower]
version = "1"
source = "lower"
env = {{ LEVEL = "{level}" }}
phases = {{ install = "echo $LEVEL > $out; cat data >> $out" }}
[build.upper]
source = false
inputs = ["lower"]
phases = {{ install = "cat $input_lower > $out; echo above >> $out" }}
"""


def test_checks(builder: Builder) -> None:
    """All checks run, in the environment and on a copy of the source; what passed is not run again."""
    app = builder.project("checks", CHECKS, {"data": "1\n"})
    outcome = app.call("check")
    assert outcome.status == 15
    lines = outcome.text.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [
        "failed bad: its script ended with status 3",
        "passed good",
        "passed greeting",
    ]
    assert "    a line" in lines
    assert "building check-bad\n" in outcome.messages
    outcome = app.call("check")
    assert "passed good (on the same content before)" in outcome.text
    assert "building check-good" not in outcome.messages
    assert "building check-bad" in outcome.messages
    assert app.devenv("check", "good", "greeting").text.count("passed") == 2
    assert app.devenv("log", "bad").text == "a line\n1\n"
    write(app, data="2\n")
    assert app.devenv("check", "good").text == "passed good\n"
    assert (app.directory / "data").read_text() == "2\n"
    error = app.failure("check", "goood")
    assert (error["slug"], error["exit_code"]) == ("target-unknown", 2)
    checks = app.call("check", "--json").result["checks"]
    assert [(each["name"], each["passed"]) for each in checks] == [("bad", False), ("good", True), ("greeting", True)]


def test_derivation_show(builder: Builder) -> None:
    """The tree of inputs is shown with keys that the other verbs take; as JSON there is what the key is made of."""
    app = builder.project("show", BUILDS.format(level=1), {"lower/data": "1\n"})
    lines = app.devenv("derivation", "show", "upper").text.splitlines()
    assert lines[0].startswith("upper ")
    assert "in the store" not in lines[0]
    assert lines[1].startswith("├─ sysroot sysroot-14.2.0 ")
    assert lines[3].startswith("└─ input lower-1 ")
    assert lines[6].startswith("   └─ source lower ")
    shown = app.report("derivation", "show", "upper")
    key = shown["tree"]["key"]
    assert canonical_json_key(shown["document"]) == key
    assert lines[0].split(" ")[1] == key.removeprefix("blake3:")[:12]
    built = app.report("build", "upper")["builds"][0]
    assert built["derivation"] == key
    assert "in the store" in app.devenv("derivation", "show", "upper").text.splitlines()[0]
    assert app.failure("derivation", "show", "lowwer")["hint"] == "did you mean `lower`?"


def test_why_rebuild(builder: Builder) -> None:
    """What made two builds differ is told with the way to it: variables, files, also before anything was built."""
    app = builder.project("why", BUILDS.format(level=1), {"lower/data": "1\n"})
    first = app.report("build", "upper")["builds"][0]["derivation"]
    relock(app, BUILDS.format(level=2))
    second = app.report("derivation", "show", "upper")["tree"]["key"]
    text = app.devenv("why-rebuild", first, second).text
    assert text == "lower: the variable LEVEL differs\n  -  1\n  +  2\n"
    app.devenv("build", "upper")
    write(app, **{"lower/data": "2\n"})
    third = app.report("build", "upper")["builds"][0]["derivation"]
    (difference,) = app.report("why-rebuild", second[:20], "upper")["differences"]
    assert (difference["path"], difference["what"]) == (["lower", "source"], "the content")
    assert app.devenv("why-rebuild", third, "upper").text.startswith("same ")
    assert app.failure("why-rebuild", "0" * 12, third)["slug"] == "build-unknown"


def test_log(builder: Builder) -> None:
    """The log is printed as it was written, by name or key; what has none says so, what is unknown as well."""
    app = builder.project(
        "log", "[build.talks]\nsource = false\nphases = { install = \"printf 'a\\\\r\\\\377'; echo > $out\" }"
    )
    key = app.report("build")["builds"][0]["derivation"]
    log = app.devenv("log", "talks").output
    assert b"\na\r\xff" in log
    assert app.devenv("log", key).output == app.devenv("log", key.removeprefix("blake3:")[:10]).output == log
    outcome = app.call("log", "sysroot")
    assert outcome.status == 2
    assert "`sysroot-14.2.0` has no log: no program was run to make it" in outcome.messages


def test_sandbox_of_the_lock(builder: Builder, tmp_path: Path) -> None:
    """Where the machine has no bubblewrap, the one that the lock pins makes the sandbox."""
    app = builder.project("pinned", "[build.app]\nsource = false\nphases = { install = 'echo $$ > $out' }\n")
    there = app.having(PATH=str(tmp_path))
    outcome = there.devenv("build")
    assert "building bubblewrap-14.2.0\n" in outcome.messages
    assert int((app.directory / "result").read_text()) < 10
    assert json.loads(there.devenv("build", "--json").output)["result"]["builds"][0]["fresh"] is False


def test_ci_runs_the_checks(builder: Builder) -> None:
    """A check that fails has a status of its own, and its log is shown; what passed is not evaluated again."""
    app = builder.project("ci", CHECKS.replace("exit 3", "test ! -e wrong"), {"data": "1\n", "wrong": ""}, allow=False)
    outcome = app.call("ci", "--json")
    assert outcome.status == 15
    assert outcome.result["failure"]["slug"] == "check-failed"
    assert {each["name"]: each["passed"] for each in outcome.result["checks"]} == {
        "bad": False,
        "good": True,
        "greeting": True,
    }
    assert "== bad failed\n  a line\n  1\n" in outcome.messages
    (app.directory / "wrong").unlink()
    assert app.devenv("ci").text.count("passed  check ") == 3
    again = app.devenv("ci")
    assert again.text.count("(on the same content before)") == 3
    write(app, wrong="")
    assert app.call("ci").status == 15
    assert app.failure("check")["slug"] == "not-allowed"
