"""The references are complete: every error in `docs/errors.md`, every verb and option in `docs/commands.md`."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import devenv
from devenv.cli import devenv_command
from devenv.errors import DevenvError
from devenv.sandbox.model import LIMIT_SLUGS

ROOT = Path(__file__).parents[3]
ERRORS = (ROOT / "docs/errors.md").read_text()
COMMANDS = (ROOT / "docs/commands.md").read_text()
ERROR_ROW = re.compile(r"^\| `([a-z-]+)` \| ([0-9, ]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def iter_error_classes(top: type[DevenvError] = DevenvError) -> Iterator[type[DevenvError]]:
    """All classes of errors, those of single modules included."""
    yield top
    for each in top.__subclasses__():
        yield from iter_error_classes(each)


for _module in pkgutil.walk_packages(devenv.__path__, "devenv."):
    importlib.import_module(_module.name)
CLASSES = {each.__name__: each for each in iter_error_classes()}


def find_slugs() -> dict[str, set[int]]:
    """Every slug in the source, with the exit codes of the classes that it is raised with."""
    found: dict[str, set[int]] = defaultdict(set)
    for error_class in CLASSES.values():
        found[error_class.slug].add(error_class.exit_code)
    for path in (ROOT / "devenv").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            for keyword in node.keywords:
                if keyword.arg == "slug" and isinstance(keyword.value, ast.Constant):
                    found[str(keyword.value.value)].add(CLASSES[node.func.id].exit_code)
    return found


def test_every_slug_is_documented_and_every_documented_slug_exists() -> None:
    """A script's author finds each slug with the right exit codes, and none that is never raised."""
    rows = ERROR_ROW.findall(ERRORS)
    documented = {slug: {int(code) for code in codes.split(",")} for slug, codes, _, _ in rows}
    assert len(rows) == len(documented), "a slug has two rows"
    # The recipe evaluator and whoever watches a build choose a slug before they raise.
    assert documented == find_slugs() | {"recipe-limit": {10}} | {slug: {12} for slug in LIMIT_SLUGS}
    assert [row for row in ERRORS.splitlines() if row.startswith("| `")] == [
        line for line in ERRORS.splitlines() if ERROR_ROW.fullmatch(line)
    ]


def test_docstrings_name_slugs_that_exist() -> None:
    """What the error classes say of their slugs is true."""
    known = find_slugs()
    for error_class in CLASSES.values():
        for slug in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", error_class.__doc__ or ""):
            assert slug in known, f"{error_class.__name__} speaks of `{slug}`"


def test_domains_are_documented() -> None:
    """The table of domains has each domain with its exit code."""
    domains = {each.domain: each.exit_code for each in CLASSES.values() if "domain" in vars(each)}
    rows = re.findall(r"^\| ([a-z]+) \| ([0-9]+) \| ", ERRORS, re.MULTILINE)
    assert {name: int(code) for name, code in rows} == domains


def section_of(verb: str) -> str:
    """The section of `docs/commands.md` about a verb."""
    match = re.search(rf"^### devenv {verb}\n(.*?)(?=^##)", COMMANDS, re.MULTILINE | re.DOTALL)
    assert match, f"`devenv {verb}` has no section"
    return match[1]


def iter_verbs(context: click.Context) -> Iterator[click.Context]:
    """All verbs that people call, those of groups included, in the order of the help."""
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        own = click.Context(command, parent=context, info_name=name, **command.context_settings)
        yield own
        if isinstance(command, click.Group):
            yield from iter_verbs(own)


VERBS = list(iter_verbs(click.Context(devenv_command, info_name="devenv", **devenv_command.context_settings)))


@pytest.mark.parametrize("context", VERBS, ids=lambda context: context.command_path)
def test_verb_is_documented(context: click.Context) -> None:
    """Each verb has a section with its usage as the help says it, and with its own options."""
    usage = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    section = section_of(context.command_path.removeprefix("devenv "))
    assert f"`{usage}`" in section
    shared = set(re.findall(r"`(-{1,2}[a-z]+)`", COMMANDS.partition("## Start")[0]))
    own = {name for option in context.command.get_params(context) for name in option.opts if name.startswith("-")}
    assert set(re.findall(r"`(-{1,2}[a-z][a-z-]*)(?= |`)", section)) == own - shared


def test_no_other_verb_is_documented() -> None:
    """The reference has no section about a verb that does not exist."""
    sections = re.findall(r"^### (devenv .*)$", COMMANDS, re.MULTILINE)
    assert sections == [context.command_path for context in VERBS]


def test_shared_options_are_those_of_the_verbs() -> None:
    """The options in the table at the top are those that verbs share."""
    context = click.Context(devenv_command, **devenv_command.context_settings)
    command = devenv_command.get_command(context, "env")
    assert command is not None
    options = [*command.get_params(click.Context(command, context)), *devenv_command.get_params(context)]
    forms = {"--dotenv", "--github", "--direnv"}
    names = {name for option in options for name in option.opts} - forms
    assert set(re.findall(r"`(-{1,2}[A-Za-z]+)`", COMMANDS.partition("## Start")[0])) == names


def test_every_reason_of_a_lock_is_documented() -> None:
    """`lock --check` names the ways in which a lock may not answer, and the guide tells what each means."""
    from typing import get_args

    from devenv.lock import satisfies

    made = {re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower() for kind in get_args(satisfies.Unsatisfied)}
    guide = (ROOT / "docs/lock.md").read_text()
    table = guide[guide.index("| kind |") :].partition("\n\n")[0]
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE))
    # What is unsatisfied in an environment is told by its own kind.
    assert documented == made - {"environment-unsatisfied"} | {"version-wrong"}
