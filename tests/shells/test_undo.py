"""The three-way undo against a model: any environment, any activation, any changes in between."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devenv.activation.environ import apply_activation, revert_activation
from devenv.activation.hook import format_hook
from devenv.activation.model import DEFAULT_TAILS, Activation, Entries, join_entries
from devenv.activation.quoting import quote_bash
from tests.shells.workspace import Workspace

PLAIN, LISTS = ("A", "B", "C"), ("PATH", "MANPATH", "XDG_DATA_DIRS", "CPATH")
NAMES = (*PLAIN, *LISTS)
DIRECTORIES = ("/a", "/b", "/c é", "/usr/local/share", "/usr/share")

values = st.sampled_from(["", "x", "X", "x y", "é\udcff", "'\n\\"])
lists = st.lists(st.sampled_from(["", *DIRECTORIES]), max_size=5).map(":".join)
entries = st.lists(st.sampled_from(DIRECTORIES), min_size=1, max_size=3).map(tuple)


def environments(some: st.SearchStrategy[str], others: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    """Values for some of the names."""
    return st.fixed_dictionaries({}, optional={**dict.fromkeys(PLAIN, some), **dict.fromkeys(LISTS, others)})


changes = environments(
    values.map(lambda value: f"={value}") | st.just("-"),
    st.sampled_from(["-", "</first:", ">:/last", "<:", ">:", "</a:", ">:/b"]) | lists.map(lambda value: f"={value}"),
)
"""What the user does to a variable: `=` sets, `-` unsets, `<` puts something in front and `>` at the end."""


@dataclass(frozen=True)
class Case:
    before: Mapping[str, str]
    exported: frozenset[str]
    variables: Mapping[str, str]
    paths: Mapping[str, tuple[str, ...]]
    changes: Mapping[str, str]


cases = st.builds(
    Case,
    environments(values, lists),
    st.frozensets(st.sampled_from(NAMES)),
    st.fixed_dictionaries({}, optional=dict.fromkeys(PLAIN, values)),
    st.fixed_dictionaries({}, optional=dict.fromkeys(LISTS, entries)),
    changes,
)


def changed(value: str | None, change: str | None) -> str | None:
    """The value after what the user did."""
    if change is None:
        return value
    if change.startswith("<"):
        return change[1:] + (value or "")
    if change.startswith(">"):
        return (value or "") + change[1:]
    return change[1:] if change.startswith("=") else None


def expected(case: Case, name: str) -> str | None:
    """The value of `name` after entering, the user's change, and leaving: the rule of the three values, plainly."""
    before = case.before.get(name)
    if name in case.variables:
        ours: str | None = case.variables[name]
    elif name in case.paths:
        ours = join_entries(name, Entries(case.paths[name]), before)
    else:
        return changed(before, case.changes.get(name))
    now = changed(ours, case.changes.get(name))
    if now == ours:
        return before
    if name in case.variables or now is None:
        return now
    parts = now.split(":")
    for entry in case.paths[name]:
        if entry in parts:
            parts.remove(entry)
    is_default = not before and ":".join(parts) == ":".join(DEFAULT_TAILS.get(name, ()))
    return before if is_default else ":".join(parts)


class Shell:
    """One bash for all examples: it has the hook's functions, and is told on its standard input what to do."""

    def __init__(self, workspace: Workspace) -> None:
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            cwd=workspace.home,
        )
        state, program = quote_bash(str(workspace.settings.state)), quote_bash(str(workspace.program))
        hook = format_hook("bash", workspace.settings, workspace.program).decode("utf-8", "surrogateescape")
        self._write(f"{hook}\n__devenv_install {state} {program}\n")

    def run(self, lines: list[str]) -> dict[str, tuple[str | None, bool]]:
        """Run `lines`; then the value of each name, and whether it is exported."""
        show = [f'printf \'%s\\0%s\\0%s\\0\' "${{{name}+set}}" "${{{name}-}}" "${{{name}@a}}"' for name in NAMES]
        self._write("\n".join([*lines, *show, ""]))
        fields = iter([os.fsdecode(self._read()) for _ in range(3 * len(NAMES))])
        result: dict[str, tuple[str | None, bool]] = {}
        for name in NAMES:
            is_set, value, attributes = next(fields), next(fields), next(fields)
            result[name] = (value if is_set else None, "x" in attributes)
        return result

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)

    def _write(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(os.fsencode(text))
        self._process.stdin.flush()

    def _read(self) -> bytes:
        assert self._process.stdout is not None
        field = b""
        while (byte := self._process.stdout.read(1)) != b"\0":
            assert byte, "the shell ended"
            field += byte
        return field


@pytest.fixture
def shell(workspace: Workspace) -> Iterator[Shell]:
    shell = Shell(workspace)
    yield shell
    shell.close()


def user_command(name: str, change: str) -> str:
    """The user's change, as typed."""
    if change == "-":
        return f"unset -v {name}"
    word = quote_bash(change[1:])
    return {"=": f"{name}={word}", "<": f"{name}={word}${name}", ">": f"{name}=${name}{word}"}[change[0]]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases)
def test_leaving_undoes_exactly_what_is_ours(workspace: Workspace, shell: Shell, case: Case) -> None:
    """Invariant 8, L-12: after leaving, every variable is what the rule says, and exported if it was before."""
    project = workspace.home / "project"
    if not project.exists():
        workspace.project("project")
    workspace.activate(project, variables=case.variables, paths=case.paths)
    lines = [f"unset -v {' '.join(NAMES)}"]
    lines += [f"{name}={quote_bash(value)}" for name, value in case.before.items()]
    lines += [f"export {name}" for name in case.before if name in case.exported]
    lines += ["builtin cd project; __devenv_prompt 2>/dev/null"]
    lines += [user_command(name, change) for name, change in case.changes.items()]
    lines += ["builtin cd ..; __devenv_prompt"]
    found = shell.run(lines)
    for name in NAMES:
        value, exported = found[name]
        assert value == expected(case, name), name
        if name not in case.changes:
            assert exported == (name in case.before and name in case.exported), name


@given(case=cases)
def test_the_same_rule_for_programs(case: Case) -> None:
    """Invariant 8: what `devenv run` takes back out of an environment follows the same rule as the hook."""
    lists = {name: Entries(entries) for name, entries in case.paths.items()}
    activation = Activation(Path("/project"), Path("/generation"), "project", case.variables, lists)
    inside = apply_activation(activation, case.before)
    for name, change in case.changes.items():
        value = changed(inside.get(name), change)
        if value is None:
            inside.pop(name, None)
        else:
            inside[name] = value
    after = {name: expected(case, name) for name in NAMES}
    assert revert_activation(activation, inside) == {name: value for name, value in after.items() if value is not None}
