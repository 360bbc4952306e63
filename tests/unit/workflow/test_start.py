"""`devenv init` without a network: names, files and `.gitignore` of projects made from the shipped templates."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devenv.errors import UsageError
from devenv.events import Event, Notice, ignore
from devenv.manifest.grammar import PROJECT_NAME
from devenv.manifest.parse import parse_manifest
from devenv.resources import resource_path
from devenv.settings import default_settings
from devenv.workflow.results import InitResult
from devenv.workflow.start import (
    NAME_LIMIT,
    TEMPLATE_DEPTH_LIMIT,
    TEMPLATE_FILES_LIMIT,
    TEMPLATE_LIMIT,
    Template,
    find_templates,
    init_project,
    make_from_template,
    make_project_name,
)
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

    assert not [path for path in project.rglob("*") if path.is_file() and re.search(b"@[A-Z]+@", path.read_bytes())]


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


@pytest.mark.parametrize(("directory", "name"), [("web_v2.1", "web_v2-1"), ("2048", "app-2048")])
def test_crate_is_called_as_cargo_allows(home: Path, directory: str, name: str) -> None:
    """Cargo refuses names with dots and those that begin with a digit."""
    project = init(home, "rust", directory)

    assert tomllib.loads((project / "Cargo.toml").read_text())["package"]["name"] == name


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


def test_files_that_say_what_is_needed_are_mentioned(home: Path) -> None:
    """In a directory that has a `package.json`, `init` leads to `--detect`; a template's own files do not count."""
    (home / "api").mkdir()
    (home / "api" / "package.json").write_text("{}")
    events: list[Event] = []

    with Tools(default_settings(home), {}, events.append) as tools:
        init_project(tools, home / "api", "minimal")
        init_project(tools, home / "other", "node")

    assert [each.text for each in events if isinstance(each, Notice)] == [
        "`package.json` may say what the project needs: `devenv init --detect --dry-run` shows it"
    ]


def from_template(home: Path, template: Path) -> Path:
    with Tools(default_settings(home), {}, ignore) as tools:
        return make_from_template(tools, home / "api", Template("theirs", template), allow=False).project


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Somebody's directory with a manifest."""
    directory = tmp_path / "template"
    directory.mkdir()
    (directory / "devenv.toml").write_text('[project]\nname = "@NAME@"\n')
    return directory


def test_any_directory_can_be_a_template(home: Path, template: Path) -> None:
    """Another project's template makes a project, which is not allowed: its content is not devenv's."""
    (template / "bin").mkdir()
    (template / "bin" / "start").write_text("echo @NAME@\n")
    (template / "bin" / "start").chmod(0o700)

    project = from_template(home, template)

    assert parse_manifest((project / "devenv.toml").read_bytes()).name == "api"
    assert (project / "bin" / "start").read_text() == "echo api\n"
    assert (project / "bin" / "start").stat().st_mode & 0o777 == 0o755
    assert not list(default_settings(home).state.rglob("*")), "nothing was recorded"


@pytest.mark.parametrize("spoil", ["link", "directory link", "fifo", "git", "flood", "many", "deep", "no manifest"])
def test_hostile_templates_are_refused_and_write_nothing(home: Path, template: Path, spoil: str) -> None:
    """A template cannot bring in the user's files, hang, fill the disk or hide hooks of git (D-12, J-07, K-05)."""
    if spoil == "link":
        (template / "passwd").symlink_to("/etc/passwd")
    elif spoil == "directory link":
        (template / "etc").symlink_to("/etc")
    elif spoil == "fifo":
        os.mkfifo(template / "fifo")
    elif spoil == "git":
        (template / "sub" / ".git").mkdir(parents=True)
    elif spoil == "flood":
        with (template / "flood").open("wb") as file:
            file.truncate(TEMPLATE_LIMIT + 1)
    elif spoil == "many":
        for number in range(TEMPLATE_FILES_LIMIT + 1):
            (template / str(number)).touch()
    elif spoil == "deep":
        (template / "/".join("d" * (TEMPLATE_DEPTH_LIMIT + 2))).mkdir(parents=True)
    else:
        (template / "devenv.toml").unlink()

    with pytest.raises(UsageError) as raised:
        from_template(home, template)

    assert raised.value.slug == "template-invalid"
    assert not (home / "api").exists()


def test_no_file_of_a_template_gets_through_a_link(home: Path, template: Path) -> None:
    """Where a directory of the template is a link in the project, nothing is written (D-12)."""
    (template / "src").mkdir()
    (template / "src" / "main").touch()
    (home / "elsewhere").mkdir()
    (home / "api").mkdir()
    (home / "api" / "src").symlink_to(home / "elsewhere")

    with pytest.raises(UsageError) as raised:
        from_template(home, template)

    assert raised.value.slug == "file-exists"
    assert not list((home / "elsewhere").iterdir())
