"""What programs get that the front starts: the same as from the program, byte for byte."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devenv.activation.environ import apply_activation
from devenv.activation.model import Activation, Entries
from devenv.activation.state import leave_inherited
from tests.functional.front.front import Front, find_shells, without_session
from tests.homes import temporary_home

VALUES = {
    "quotes": "'\"`''\"\"",
    "backslashes": "\\ a\\ \\' \\\\",
    "code": "$(touch x) `touch x` ${x:=y} $x !! ; touch x & | > x",
    "apostrophes": "'; touch x; '",
    "whitespace": " \t\n\r\v\f ",
    "newline at the end": "a\n\n",
    "control": "".join(map(chr, range(1, 32))) + "\x7f",
    "dash's own": "".join(map(chr, range(0x80, 0xA0))),
    "formats": "%s %d %% %n",
    "encoded": "naïve – 日本 🦆",
    "bytes": os.fsdecode(bytes(range(0x80, 0x100))),
    "option": "-n",
    "empty": "",
    "pattern": "* ? [a-z] ~ {a,b}",
    "long": "x'" * (32 << 10),
}

TEXTS = st.sampled_from(["", "x", "a b", "$x", "é", "\udcff", "it's", "line\nbreak", ":", "*"])
PLAIN, LISTS = ["PLAIN", "OTHER", "GONE"], ["PATH", "MANPATH", "XDG_DATA_DIRS", "CPATH"]
ENTRIES = st.lists(st.sampled_from(["/a", "/b", "/c d", "/it's"]), max_size=3, unique=True).map(tuple)
ADDITIONS = st.builds(Entries, ENTRIES, ENTRIES).filter(lambda entries: bool(entries.before or entries.after))
DIRECTORIES = st.lists(st.sampled_from(["", "/u", "/v", "/a", "relative"]), max_size=4).map(":".join)
BEFORE = st.dictionaries(st.sampled_from([*PLAIN, "UNRELATED", "DEVENV_WAS_PLAIN"]), TEXTS)
LISTS_BEFORE = st.dictionaries(st.sampled_from(LISTS[1:]), DIRECTORIES)


@pytest.mark.parametrize("name", VALUES)
def test_values_arrive_byte_for_byte(front: Front, name: str) -> None:
    """M-01: whatever bytes a variable has, a program gets them, and also those that it had before."""
    value = VALUES[name]
    project = front.project()
    front.activate(project, name=value, variables={"VALUE": value, "BEFORE": "other"})
    environ = front.call("run", "env", "-0", at=project, environ=front.environ(BEFORE=value)).environ
    assert (environ["VALUE"], environ["DEVENV_WAS_BEFORE"], environ["DEVENV_NAME"]) == (value, value, value)
    assert not (project / "x").exists()


@pytest.mark.parametrize(
    "name", ["it's", 'a "b"', "$(touch x)", "`touch x`", "; touch x", "a\nb\n", "%s", "\\", " ", "*", "ü"]
)
def test_paths_of_any_kind(front: Front, name: str) -> None:
    """M-02: a project's path may hold whatever a path can."""
    project = front.project(f"top/{name}/api")
    front.activate(project, variables={"INSIDE": "api"})
    assert front.call("run", "env", "-0", at=project).environ["DEVENV_PROJECT"] == str(project)
    assert front.call("exec", str(project), "env", "-0", at=front.home).environ["DEVENV_PROJECT"] == str(project)
    if "\n" not in name:
        front.activate(project, lists={"PATH": Entries((str(project / "bin"),))})
        outcome = front.call("run", "env", "-0", at=project)
        # In PATH, dash takes `%` for something else.
        assert outcome.fell_back if "%" in name else outcome.environ["PATH"].startswith(f"{project}/bin:")
    assert not list(front.home.rglob("x"))


@pytest.fixture(scope="module", params=find_shells())
def lasting(request: pytest.FixtureRequest) -> Iterator[tuple[Front, Path]]:
    """A front and a project for many examples."""
    with temporary_home() as home:
        front = Front(home, find_shells()[request.param])
        yield front, front.project()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    variables=st.dictionaries(st.sampled_from(PLAIN), st.none() | TEXTS),
    lists=st.dictionaries(st.sampled_from(LISTS), ADDITIONS),
    before=st.builds(lambda plain, lists: {**plain, **lists}, BEFORE, LISTS_BEFORE),
    changes=st.dictionaries(st.sampled_from([*PLAIN, *LISTS[1:], "UNRELATED"]), st.none() | TEXTS, max_size=1),
)
def test_same_as_the_program(
    lasting: tuple[Front, Path],
    variables: dict[str, str | None],
    lists: dict[str, Entries],
    before: dict[str, str],
    changes: dict[str, str | None],
) -> None:
    """Outside, and inside the same environment, the front gives what the program gives, or leaves it to the program."""
    front, project = lasting
    activation = front.activate(project, variables=variables, lists=lists)
    if "PLAIN" not in variables:
        # A claim about what nobody sets: it means nothing, and `sh` has no way to find it.
        before.pop("DEVENV_WAS_PLAIN", None)
    outside = front.environ(**before)
    inside = apply_activation(activation, outside)
    both: dict[str, str | None] = {**inside, **changes}
    changed = {name: value for name, value in both.items() if value is not None}
    assert call(front, activation, outside) == expected(front, activation, outside)
    assert call(front, activation, inside) == expected(front, activation, inside)
    assert call(front, activation, changed) in (expected(front, activation, changed), None)


def call(front: Front, activation: Activation, environ: dict[str, str]) -> dict[str, str] | None:
    """What a program gets; None: it was left to the program."""
    outcome = front.call("run", shutil.which("env") or "env", "-0", at=activation.project, environ=environ)
    return None if outcome.fell_back else outcome.environ


def expected(front: Front, activation: Activation, environ: dict[str, str]) -> dict[str, str]:
    return without_session(apply_activation(activation, leave_inherited(front.settings, environ)))


def test_working_directory_stays(front: Front, api: Path) -> None:
    """`run` and `exec` leave the directory and what shells know of it as they are, also behind a link."""
    (front.home / "link").symlink_to(api)
    (api / "src").mkdir()
    environ = front.environ(PWD=str(front.home / "link"), OLDPWD="/usr")
    places = ["sh", "-c", 'pwd; echo "$PWD $OLDPWD $INSIDE"']
    for verb, at in itertools.product((["run"], ["exec", "."], ["exec", "src"]), (front.home / "link",)):
        outcome = front.call(*verb, *places, at=at, environ=environ)
        assert outcome.output.decode() == f"{at}\n{at} /usr api\n"
    outcome = front.call("exec", "link/src", "--", "env", at=front.home)
    assert b"OLDPWD" not in outcome.output
    assert f"PWD={front.home}\n".encode() in outcome.output


def test_arguments_arrive_byte_for_byte(front: Front, api: Path) -> None:
    """Options, separators, quotes, nothing, bytes of no encoding: all are the command's, on both ways."""
    arguments = ["", "-v", "--", "a b", "$(touch x)", "it's", "\\n", "line\nbreak\n", "*", os.fsdecode(b"\xff\xfe")]
    printed = b"".join(os.fsencode(argument) + b"|" for argument in arguments)
    for start in (["run"], ["run", "--"], ["exec", str(api)], ["exec", str(api), "--"]):
        assert front.call(*start, "printf", "%s|", *arguments, at=api).output == printed
    outcome = front.call("status", *arguments, at=api)
    assert outcome.fell_back
    lines = b"".join(b":" + os.fsencode(each) + b"\n" for each in (str(front.program), "status", *arguments))
    assert b"".join(b":" + line for line in outcome.output.split(b":")[1:]).count(b"\n") == lines.count(b"\n")
    for each in arguments:
        assert b":" + os.fsencode(each) + b"\n" in outcome.output
