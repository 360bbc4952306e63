"""Which interpreters the scripts of an output get."""

from __future__ import annotations

import os

import pytest

from devenv.build.script.scripts import MAX_LINE_BYTES
from devenv.errors import BuildError
from tests.trees import Link, Script, Tree
from tests.unit.build.script.world import World

PROGRAM = Script(b"")
SCRIPT = b'\necho "$0"\n#!/bin/sh\n'


def fix_script(world: World, line: bytes, *inputs: Tree, own: Tree | None = None) -> bytes:
    """The first line that the script `bin/s` gets; `I0`, `I1` and `OUT` stand for objects."""
    places = [world.put(f"input{number}-1", {b"bin": programs}) for number, programs in enumerate(inputs)]
    assert own is None or isinstance(own, dict)
    fixed = world.fix({b"bin": {**(own or {}), b"s": Script(line + SCRIPT)}}, inputs=tuple(places))[b"bin/s"]
    assert isinstance(fixed, Script)
    first, end, rest = fixed.content.partition(b"\n")
    assert end + rest == SCRIPT
    for number, place in enumerate(places):
        first = first.replace(os.fsencode(place), b"I%d" % number)
    return first.replace(os.fsencode(world.out), b"OUT")


TOOLS: Tree = {b"bash": PROGRAM, b"perl": PROGRAM, b"python3": PROGRAM, b"env": PROGRAM, b"data": b""}


@pytest.mark.parametrize(
    ("line", "fixed"),
    [
        (b"#!/bin/bash", b"#!I0/bin/bash"),
        (b"#! /bin/bash -e", b"#!I0/bin/bash -e"),
        (b"#!\t/bin/bash  -e -u  ", b"#!I0/bin/bash -e -u"),
        (b"#!/bin/sh", b"#!I0/bin/bash"),
        (b"#!/usr/bin/perl -w", b"#!I0/bin/perl -w"),
        (b"#!/usr/local/bin/perl", b"#!I0/bin/perl"),
        (b"#!/usr/bin/env python3", b"#!I0/bin/python3"),
        (b"#!/usr/bin/env python3 -u", b"#!I0/bin/python3 -u"),
        (b"#!/bin/env -S python3", b"#!I0/bin/python3"),
        (b"#!/usr/bin/env -S python3 -u", b"#!I0/bin/python3 -u"),
        (b"#!/usr/bin/env -Spython3 -u", b"#!I0/bin/python3 -u"),
        (b"#!/usr/bin/env -S /usr/bin/perl -w", b"#!I0/bin/perl -w"),
        (b"#!/usr/bin/env", b"#!I0/bin/env"),
    ],
)
def test_interpreters_of_inputs(world: World, line: bytes, fixed: bytes) -> None:
    """What stands in the sysroot, or is looked for by `env`, is an input's; arguments stay what they were."""
    assert fix_script(world, line, TOOLS) == fixed


@pytest.mark.parametrize(
    "line",
    [b"#!", b"#! ", b"#![feature(test)]", b"#!sh", b"# /bin/sh", b"echo", b"#!relative/sh", b"\xff#!/bin/sh"],
)
def test_what_is_no_script(world: World, line: bytes) -> None:
    """Without a mark and an absolute path no kernel runs an interpreter: the file stays as it is."""
    assert fix_script(world, line) == line


def test_files_that_cannot_be_run(world: World) -> None:
    """What is not executable is read by something else, and stays as it is."""
    content = b"#!/usr/bin/tclsh\n"
    assert world.fix({b"s": content})[b"s"] == content


def test_first_input_wins(world: World) -> None:
    """Of several inputs the first that has a program counts, and the output's own program before all of them."""
    assert fix_script(world, b"#!/bin/sh", {b"dash": PROGRAM}, {b"sh": PROGRAM}) == b"#!I0/bin/dash"
    world.tree.joinpath("bin/s").unlink()
    world.tree.joinpath("bin").rmdir()
    world.tree.rmdir()
    own: Tree = {b"perl5": PROGRAM, b"perl": Link(b"perl5")}
    assert fix_script(world, b"#!/usr/bin/perl", own=own) == b"#!OUT/bin/perl"


@pytest.mark.parametrize("own", [{b"perl": b""}, {b"perl": Link(b"missing")}, {b"perl": {}}])
def test_own_things_that_are_no_programs(world: World, own: Tree) -> None:
    """A file that cannot be run, or a link to nothing, is no interpreter."""
    with pytest.raises(BuildError) as caught:
        fix_script(world, b"#!/usr/bin/perl", own=own)
    assert caught.value.slug == "interpreter-undeclared"


def test_script_does_not_run_itself(world: World) -> None:
    """A script called like its interpreter is not led to itself."""
    assert fix_script(world, b"#!/usr/bin/env s", {b"s": PROGRAM}) == b"#!I0/bin/s"


def test_interpreters_that_stay(world: World) -> None:
    """What is named by a path that is there at run time stays, whatever else has that name."""
    package = world.put("perl-5", {b"bin": {b"perl": PROGRAM}, b"libexec": {b"perl": PROGRAM}})
    scripts = {
        name: Script(b"#!" + os.fsencode(path) + b" -w\n")
        for name, path in ((b"a", package / "libexec/perl"), (b"b", world.out / "libexec/own"))
    }
    fixed = world.fix(scripts, inputs=(package,))
    assert {name: fixed[name] for name in scripts} == scripts


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"#!/bin/sh", "/bin/sh"),
        (b"#!/usr/bin/env ruby", "ruby"),
        (b"#!/bin/data", "/bin/data"),
        (b"#!/bin/bash\r", r"/bin/bash\r"),
        (b"#!/bin/\x1b[2J", r"/bin/\x1b[2J"),
    ],
)
def test_undeclared_interpreters(world: World, line: bytes, shown: str) -> None:
    """A script whose interpreter no input has is named, with what it wants and the next step (J-12)."""
    with pytest.raises(BuildError) as caught:
        fix_script(world, line, {b"perl": PROGRAM, b"data": b"", b"bash5": PROGRAM})
    assert caught.value.slug == "interpreter-undeclared"
    assert caught.value.message.startswith("`bin/s` of `thing` is a script for `")
    assert shown in caught.value.message
    assert caught.value.hint is not None
    assert "`inputs`" in caught.value.hint


@pytest.mark.parametrize("command", [b"-S perl -w -x", b"-S A=b perl", b"-S -i perl", b"-S perl '-w'", b"A=b perl"])
def test_more_than_looking_for_a_program(world: World, command: bytes) -> None:
    """What `env` does besides finding a program needs two long paths, and is an error with the next step."""
    with pytest.raises(BuildError) as caught:
        fix_script(world, b"#!/usr/bin/env " + command, TOOLS)
    assert caught.value.slug == "interpreter-too-long"
    assert "a script of `sh`" in (caught.value.hint or "")


def test_interpreter_of_a_tool(world: World) -> None:
    """A tool's interpreter is replaced by an input's of the same name."""
    tool = world.put("perl-tool", {b"bin": {b"perl": PROGRAM}})
    package = world.put("perl-5", {b"bin": {b"perl": PROGRAM}})
    line = b"#!" + os.fsencode(tool) + b"/bin/perl -w\n"
    fixed = world.fix({b"s": Script(line)}, tools=(tool,), inputs=(package,))
    assert fixed[b"s"] == Script(b"#!" + os.fsencode(package) + b"/bin/perl -w\n")
    with pytest.raises(BuildError) as caught:
        world.fix(tools=(tool,))
    assert caught.value.slug == "interpreter-undeclared"


def test_length_of_the_line(world: World) -> None:
    """A line that the kernel would cut off is an error now, and not on the first call."""
    name = b"n" * 120
    rest = MAX_LINE_BYTES - len(b"#!") - len(os.fsencode(world.put("p-1", {}))) - len("/bin/") - len(name) - 1
    package = world.put("p-2", {b"bin": {name: PROGRAM}})
    fits = b"#!/bin/" + name + b" " + b"a" * rest
    (world.tree).mkdir()
    for line, is_right in ((fits, True), (fits + b"a", False), (b"#!/bin/" + name + b" " * 600, False)):
        script = world.tree / "s"
        script.write_bytes(line + SCRIPT)
        script.chmod(0o755)
        if is_right:
            fixed = world.fix(inputs=(package,))[b"s"]
            assert isinstance(fixed, Script)
            assert len(fixed.content.partition(b"\n")[0]) == MAX_LINE_BYTES
        else:
            with pytest.raises(BuildError) as caught:
                world.fix(inputs=(package,))
            assert caught.value.slug == "interpreter-too-long"


@pytest.mark.parametrize("end", [b"", b"\n", b"\0PK", b"\n" + bytes(5000)])
def test_end_of_the_line(world: World, end: bytes) -> None:
    """The line ends at a line feed, at a NUL, or with the file; what comes behind it stays."""
    package = world.put("dash-1", {b"bin": {b"sh": PROGRAM}})
    fixed = world.fix({b"s": Script(b"#!/bin/sh -e" + end)}, inputs=(package,))
    assert fixed[b"s"] == Script(b"#!" + os.fsencode(package) + b"/bin/sh -e" + end)
