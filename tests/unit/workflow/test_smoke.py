"""What the loader tells of a smoke command: which objects it loaded, and which of them count."""

from __future__ import annotations

from pathlib import Path

from devenv.workflow.smoke import take_loaded

STORE = "/home/ada/store/"


def tell(program: str, *objects: str, later: tuple[str, ...] = ()) -> str:
    """What ld.so writes about one program; some objects come with `dlopen`."""
    lines = [f"      77:\tcalling init: {each}" for each in objects]
    lines += [f"      77:\tinitialize program: {program}", f"      77:\ttransferring control: {program}"]
    lines += [f"      77:\tcalling init: {each}" for each in later]
    return "\n".join([*lines, "      77:\tcalling fini: x [0]", ""])


def take(tmp_path: Path, *processes: str) -> set[str]:
    for number, text in enumerate(processes):
        (tmp_path / f"loader.{number}").write_text(text)
    return take_loaded(tmp_path)


def test_objects_of_all_processes(tmp_path: Path) -> None:
    """What any process of a command loads counts, at its start and later, and is told of once."""
    loaded = take(tmp_path, tell("git", f"{STORE}libc.so.6"), tell("bash", "/lib/libc.so.6", later=("/lib/libnss.so",)))
    assert loaded == {f"{STORE}libc.so.6", "/lib/libc.so.6", "/lib/libnss.so"}
    assert take_loaded(tmp_path) == set()


def test_look_up_of_an_interpreter(tmp_path: Path) -> None:
    """`#!/usr/bin/env node` runs the host's `env`, whose libraries do not count; those of what it starts do."""
    env = tell("/usr/bin/env", "/lib/libc.so.6")
    assert take(tmp_path, env + tell("node", f"{STORE}libc.so.6")) == {f"{STORE}libc.so.6"}
    assert take(tmp_path, env + tell("node", "/lib/libm.so.6")) == {"/lib/libm.so.6"}
    assert take(tmp_path, tell("env", "/lib/libc.so.6")) == {"/lib/libc.so.6"}


def test_shell_of_the_system(tmp_path: Path) -> None:
    """The C library's system(3) calls the host's `/bin/sh`, as on every system; what that starts counts."""
    shell = tell("sh", "/lib/libc.so.6")
    assert take(tmp_path, shell + tell("ps", f"{STORE}libc.so.6")) == {f"{STORE}libc.so.6"}
    assert take(tmp_path, shell + tell("ps", "/lib/libproc.so.8")) == {"/lib/libproc.so.8"}
