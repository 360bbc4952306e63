"""Real shells, and what does the same to a mapping, against the model of leaving."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from devenv.activation.environ import apply_activation, revert_activation
from devenv.activation.model import Activation, Interactive
from tests.shells.drivers import Shell
from tests.shells.model import (
    ALIASES,
    CALLED,
    FUNCTIONS,
    NAMES,
    Case,
    cases,
    changed,
    expected,
    expected_called,
    inside,
)
from tests.shells.workspace import Workspace

EXAMPLES = 60


@pytest.fixture
def shell(workspace: Workspace, kind: str) -> Iterator[Shell]:
    """One shell for all examples, beside a project."""
    workspace.project("project")
    with workspace.shell(kind) as shell:
        yield shell


def possible(shell: Shell, case: Case) -> Case:
    """The case, but for empty elements of PATH where a shell does not have them: in fish they become `.`."""
    if shell.kind != "fish":
        return case

    def fill(text: str) -> str:
        return ":".join(element or "/empty" for element in text.split(":"))

    before, changes = dict(case.before), dict(case.changes)
    before["PATH"] = fill(before.get("PATH", ""))
    change = changes.get("PATH", "-")
    if change.startswith("="):
        changes["PATH"] = f"={fill(change[1:])}"
    elif change != "-":
        changes["PATH"] = change.replace("<:", "</first:").replace(">:", ">:/last") if len(change) == 2 else change
    return replace(case, before=before, changes=changes)


def user_change(shell: Shell, name: str, change: str) -> str:
    """The user's change, as typed."""
    if change == "-":
        return shell.unset(name)
    if change.startswith("="):
        return shell.assign(name, change[1:])
    return shell.surround(name, change[1:], "") if change.startswith("<") else shell.surround(name, "", change[1:])


def define(shell: Shell, name: str, word: str) -> str:
    """An alias or function that prints `word`."""
    return shell.alias(name, printing(word)) if name in ALIASES else shell.function(name, printing(word))


def printing(word: str) -> str:
    return f'printf %s "{word}"'


def remove(shell: Shell, name: str) -> str:
    """Take an alias or function away, if it is there."""
    command = shell.unalias(name) if name in ALIASES else shell.remove_function(name)
    return f"{command} 2>/dev/null; true"


def observe(workspace: Workspace, shell: Shell) -> tuple[dict[str, str | None], set[str], dict[str, str | None]]:
    """Each variable's value, which of them are exported, and what aliases and functions print."""
    files = [workspace.home / f"observed.{number}" for number in (1, 2, 3)]
    first, second, third = (shell.word(str(file)) for file in files)
    for file in files:
        file.write_bytes(b"")
    lines = []
    for name in NAMES:
        lines += [f"true; {shell.show(name)} >> {first}" if shell.kind != "fish" else "", ""]
        if shell.kind == "fish":
            lines[-1] = f"begin; {shell.show(name)}; end >> {first}"
        lines.append(f"printf '\\0' >> {first}")
    lines.append(f"/usr/bin/env -0 > {second}")
    for name in CALLED:
        lines += [f"type {name} >/dev/null 2>&1 && {name} >> {third}", f"printf '\\0' >> {third}"]
    assert shell.source(lines) == ""
    values, exported, called = (os.fsdecode(file.read_bytes()).split("\0")[:-1] for file in files)
    assert (len(values), len(called)) == (len(NAMES), len(CALLED))
    return (
        {name: value.removeprefix("=") if value else None for name, value in zip(NAMES, values, strict=True)},
        {entry.split("=", 1)[0] for entry in exported},
        {name: word or None for name, word in zip(CALLED, called, strict=True)},
    )


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases)
def test_leaving_undoes_exactly_what_is_ours(workspace: Workspace, shell: Shell, case: Case) -> None:
    """Invariant 8, L-12: after leaving, every variable, alias and function is what the law says, exported or not."""
    case = possible(shell, case)
    workspace.activate(
        workspace.home / "project",
        variables=case.variables,
        lists=case.lists,
        interactive={
            shell.kind: Interactive(
                aliases={name: printing(case.called[name]) for name in ALIASES if name in case.called},
                functions={name: printing(case.called[name]) for name in FUNCTIONS if name in case.called},
            )
        },
    )
    shell.source(
        [f"builtin cd {shell.word(str(workspace.home))}"]
    )  # where an example failed before, it is still inside
    lines = [shell.unset(name) for name in NAMES]
    for name, value in case.before.items():
        lines.append(shell.export(name, value) if name in case.exported else shell.assign(name, value))
    if shell.kind == "zsh":  # PATH and MANPATH stay exported there, though they were unset meanwhile
        lines += [f"typeset +x {name}" for name in case.before.keys() - case.exported]
    lines += [remove(shell, name) for name in CALLED]
    lines += [define(shell, name, word) for name, word in case.called_before.items()]
    shell.source([*lines, "builtin cd project"])
    found, exported, _ = observe(workspace, shell)
    assert found == {name: inside(case, name) for name in NAMES}
    assert {name for name in (*case.variables, *case.lists) if found[name] is not None} <= exported
    changes = [user_change(shell, name, change) for name, change in case.changes.items()]
    for name, change in case.called_changes.items():
        changes.append(remove(shell, name) if change == "-" else define(shell, name, change[1:]))
    shell.source(changes)
    shell.source(["builtin cd .."])
    found, exported, called = observe(workspace, shell)
    assert found == {name: expected(case, name) for name in NAMES}
    assert called == {name: expected_called(case, name) for name in CALLED}
    unchanged = [name for name in NAMES if name not in case.changes]
    assert {name for name in unchanged if name in exported} == set(unchanged) & case.before.keys() & case.exported
    assert not [name for name in exported if name.startswith("DEVENV_")]


@given(case=cases)
def test_the_same_law_for_programs(case: Case) -> None:
    """Invariant 8: what `devenv run` takes back out of an environment follows the same law as the hooks."""
    activation = Activation(Path("/project"), Path("/generation"), "project", case.variables, case.lists)
    environ = apply_activation(activation, case.before)
    for name, change in case.changes.items():
        value = changed(environ.get(name), change)
        if value is None:
            environ.pop(name, None)
        else:
            environ[name] = value
    after = {name: expected(case, name) for name in NAMES}
    assert revert_activation(activation, environ) == {n: value for n, value in after.items() if value is not None}
