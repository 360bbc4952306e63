"""`devenv init` without a network: names, files and `.gitignore` of projects made from the shipped templates."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devenv.events import ignore
from devenv.manifest.grammar import PROJECT_NAME
from devenv.manifest.parse import parse_manifest
from devenv.resources import resource_path
from devenv.settings import default_settings
from devenv.workflow.results import InitResult
from devenv.workflow.start import NAME_LIMIT, NAME_PLACEHOLDER, find_templates, init_project, make_project_name
from devenv.workflow.tools import Tools

TEMPLATES = find_templates().templates


@pytest.fixture
def home(tmp_path: Path) -> Path:
    directory = tmp_path / "home"
    directory.mkdir()
    return directory


def init(home: Path, template: str, name: str = "api") -> Path:
    with Tools(default_settings(home), {}, ignore) as tools:
        return init_project(tools, home / name, template).project


@pytest.mark.parametrize("template", TEMPLATES)
def test_manifest_of_each_template_is_valid(home: Path, template: str) -> None:
    """What a template makes is a manifest without faults, named for its directory."""
    manifest = init(home, template) / "devenv.toml"

    assert parse_manifest(manifest.read_bytes(), str(manifest)).name == "api"


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_says_what_its_manifest_is_for(template: str) -> None:
    """A newcomer finds the next commands in the manifest, the same in each template."""
    first, second, *_ = (resource_path("templates", template) / "devenv.toml").read_text().splitlines()

    assert first.startswith("# What this project needs. `devenv add NAME` adds a package")
    assert "`devenv lock`" in second
    assert "`devenv allow`" in second


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_placeholder_is_left(home: Path, template: str) -> None:
    """A project holds its own name everywhere that the template asked for it."""
    project = init(home, template)

    assert not [path for path in project.rglob("*") if path.is_file() and NAME_PLACEHOLDER in path.read_bytes()]


def test_result_names_what_was_written(home: Path) -> None:
    """`init` reports every file that it made, `.gitignore` included, and made nothing else."""
    with Tools(default_settings(home), {}, ignore) as tools:
        result: InitResult = init_project(tools, home / "api", "node")

    assert list(result.files) == sorted(path.name for path in result.project.iterdir())
    assert ".gitignore" in result.files


@example("Ünïcode Project!")
@example("_x")
@example("-.-")
@example("C++")
@example('"; rm -rf / #')
@example("a" * NAME_LIMIT + "-b")
@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=200))
def test_project_name_is_one_that_all_languages_take(directory: str) -> None:
    """Whatever a directory is called, the name put into its files fits a manifest, npm and a Go module path (K-03)."""
    name = make_project_name(directory)

    assert PROJECT_NAME.require(name) == name
    assert re.fullmatch(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", name), "no capitals, no punctuation at either end"
    assert len(name) <= NAME_LIMIT


@pytest.mark.parametrize(
    ("directory", "name"),
    [("api", "api"), ("MyApp", "myapp"), ("my app (2)", "my-app-2"), ("web_v2.1", "web_v2.1"), ("日本", "project")],
)
def test_project_name_stays_near_the_directory_name(directory: str, name: str) -> None:
    """The name is the directory's where that will do, else one that its user recognises."""
    assert make_project_name(directory) == name


def test_hostile_directory_name_stays_out_of_the_files(home: Path) -> None:
    """A directory name with quotes and code leaves every file of a template well formed (K-07, M-02)."""
    project = init(home, "node", 'x"; process.exit(1); $(touch y)')

    assert json.loads((project / "package.json").read_text())["name"] == "x-process.exit-1-touch-y"
    assert tomllib.loads((project / "devenv.toml").read_text())["project"]["name"] == "x-process.exit-1-touch-y"


def test_gitignore_is_added_to(home: Path) -> None:
    """An existing `.gitignore`, of whatever encoding and without a final newline, keeps its lines."""
    (home / "api").mkdir()
    (home / "api" / ".gitignore").write_bytes(b"caf\xe9\n/node_modules/")

    project = init(home, "node")

    assert (project / ".gitignore").read_bytes() == b"caf\xe9\n/node_modules/\n/.devenv/\n"


def test_complete_gitignore_is_left_alone(home: Path) -> None:
    """A `.gitignore` that has all lines already is not written and not reported."""
    (home / "api").mkdir()
    content = b"/.devenv/\r\n/node_modules/\r\n"
    (home / "api" / ".gitignore").write_bytes(content)

    with Tools(default_settings(home), {}, ignore) as tools:
        result = init_project(tools, home / "api", "node")

    assert ".gitignore" not in result.files
    assert (home / "api" / ".gitignore").read_bytes() == content
