"""`devenv init --detect` without a network: what other tools' files make of a manifest."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click
import pytest

from devenv.cli.init import command
from devenv.errors import UsageError
from devenv.events import ignore
from devenv.manifest.parse import parse_manifest
from devenv.settings import default_settings
from devenv.ui.envelope import format_result
from devenv.ui.lines import iter_lines
from devenv.ui.terminal import Painter
from devenv.workflow.detect import detect_project
from devenv.workflow.detect_results import DetectResult
from devenv.workflow.tools import Tools


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "home" / "api"
    directory.mkdir(parents=True)
    return directory


def detect(project: Path, files: Mapping[str, str] | None = None, *, dry_run: bool = True) -> DetectResult:
    """Detect in a project with the files, by name."""
    for name, text in (files or {}).items():
        (project / name).write_text(text)
    with Tools(replace(default_settings(project.parent), offline=True), {}, ignore) as tools:
        return detect_project(tools, project, dry_run=dry_run)


def read_packages(result: DetectResult) -> dict[str, str]:
    """What the manifest asks for, as devenv reads it."""
    return {name: each.version for name, each in parse_manifest(result.manifest.encode()).packages.items()}


def test_writes_a_manifest_that_says_why(project: Path) -> None:
    """The manifest has each package with the file and the line that ask for it, and is allowed at once."""
    result = detect(
        project, {".nvmrc": "v20.11.1\n", "package.json": '{\n"engines": {\n"node": ">=18"}}'}, dry_run=False
    )

    manifest = (project / "devenv.toml").read_text()
    assert manifest == result.manifest
    assert read_packages(result) == {"nodejs": "20.11.1"}
    assert "# .nvmrc:1 asks for node v20.11.1\n# package.json:3 asks for node >=18\nnodejs = " in manifest
    assert result.files == (".gitignore", "devenv.toml")


@pytest.mark.parametrize(
    ("name", "text", "packages"),
    [
        (".node-version", "22", {"nodejs": "22"}),
        (".nvmrc", "lts/iron", {"nodejs": "20"}),
        (".nvmrc", "stable", {"nodejs": "*"}),
        (".nvmrc", "# ours\n\n18.x", {"nodejs": "18"}),
        ("package.json", '{"engines": {"node": "^18.2 || ^20"}}', {"nodejs": "20"}),
        ("package.json", '{"engines": {"node": "^20.10"}}', {"nodejs": ">=20.10,<21"}),
        ("package.json", "{}", {"nodejs": "*"}),
        ("package.json", '{"devEngines": {"runtime": {"name": "node", "version": "^22.1"}}}', {"nodejs": ">=22.1,<23"}),
        (".python-version", "3.13.2\n3.11\n", {"python": "3.13"}),
        ("pyproject.toml", '[project]\nrequires-python = ">=3.11, <3.14"\n', {"python": ">=3.11,<3.14"}),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\n', {"python": ">=3.11,<4"}),
        ("pyproject.toml", "[tool.ruff]\n", {"python": "*", "ruff": "*"}),
        ("go.mod", "module a\n\ngo 1.24.1\n", {"go": ">=1.24.1"}),
        ("go.mod", "module a\ngo 1.22 // ours\ntoolchain go1.24.1\n", {"go": ">=1.22,>=1.24.1"}),
        ("rust-toolchain", "stable\n", {"rust": "*"}),
        ("rust-toolchain.toml", '[toolchain]\nchannel = "1.85.1"\n', {"rust": "1.85"}),
        (".tool-versions", "nodejs 20.11.1\npython 3.13.1 3.11 # ours\njq latest\njava temurin-21.0.2+13.0.LTS\n",
         {"nodejs": "20.11.1", "python": "3.13", "jq": "*", "openjdk": "21"}),
        ("mise.toml", '[tools]\nnode = "lts"\npython = ["3.13", "3.11"]\n"aqua:jqlang/jq" = { version = "1.7" }\n',
         {"nodejs": "24", "python": "3.13", "jq": "1.7"}),
        ("devbox.json", '{ // ours\n"packages": ["nodejs_22@latest", "python@3.11.4", "go@1.24", ], }',
         {"nodejs": "22", "python": "3.11", "go": "1.24"}),
        ("devbox.json", '{"packages": {"jdk17": "latest", "postgresql_15": {"version": ""}}}',
         {"openjdk": "17", "postgresql": "15"}),
        ("Gemfile", "source 'https://gems.example'\nruby '~> 3.1', '>= 3.1.2' # ours\n", {"ruby": ">=3.1,<4,>=3.1.2"}),
        ("Gemfile", 'ruby "3.3.1", patchlevel: "0"\n', {"ruby": "3.3"}),
        ("Gemfile", "ruby file: '.ruby-version'\n", {"ruby": "*"}),
        ("composer.json", '{"require": {"php": "^8.1 || ^8.3", "ext-json": "*"}}',
         {"composer": "*", "php": ">=8.3,<9"}),
        ("composer.json", '{"require": {"php": "~8.2.3"}}', {"composer": "*", "php": ">=8.2.3,<8.3"}),
        ("pom.xml", "<project><properties><maven.compiler.release>17</maven.compiler.release></properties></project>",
         {"maven": "*", "openjdk": "17"}),
        ("pom.xml", '<project xmlns="urn:x"><properties><java.version>1.8</java.version></properties></project>',
         {"maven": "*", "openjdk": "11"}),
        ("build.gradle", "// sourceCompatibility = 11\nsourceCompatibility = '17'\n", {"openjdk": "17"}),
        ("build.gradle.kts", "java { toolchain { languageVersion = JavaLanguageVersion.of(21) } }", {"openjdk": "21"}),
        ("Cargo.toml", '[package]\nname = "a"\nrust-version = "1.70"\n', {"rust": ">=1.70"}),
    ],
)  # fmt: skip
def test_a_file_alone(project: Path, name: str, text: str, packages: dict[str, str]) -> None:
    """Each kind of file is understood in its own grammar."""
    assert read_packages(detect(project, {name: text})) == packages


def test_what_is_lacking_is_said_with_the_nearest(project: Path) -> None:
    """A version that the base set does not have is replaced by the next one that suits the other files."""
    result = detect(project, {".python-version": "3.12.4\n"})

    assert read_packages(result) == {"python": "3.13"}
    assert [each.nearest for each in result.lacking] == ["`python` 3.13"]
    assert "there is no 3.12.4: 3.13 comes nearest" in result.manifest


def test_contradictions_are_named(project: Path) -> None:
    """Files that cannot both be satisfied are named, with what counts; the one that does not decides nothing."""
    result = detect(project, {".python-version": "3.10\n", "pyproject.toml": '[project]\nrequires-python = ">=3.12"\n'})

    assert read_packages(result) == {"python": "3.11"}
    (contradiction,) = result.contradictions
    assert (contradiction.counts.where, contradiction.against.where) == (".python-version:1", "pyproject.toml:2")
    assert "`.python-version` and `pyproject.toml` contradict each other" in result.manifest


def test_files_that_agree_narrow_each_other(project: Path) -> None:
    """A range is narrowed by another one; of alternatives, the one that suits the other file is taken."""
    files = {
        "package.json": '{"engines": {"node": "18 || 20 || 22"}, "volta": {}}',
        "pyproject.toml": '[project]\nrequires-python = ">=3.11"\n[tool.poetry.dependencies]\npython = "<3.14"\n',
        "composer.json": '{"require": {"php": "^8.1 || ^8.3"}}',
        "mise.toml": '[tools]\nphp = "8.2"\n',
        ".nvmrc": "20",
    }

    assert read_packages(detect(project, files)) == {
        "composer": "*",
        "nodejs": "20",
        "php": "8.2",
        "python": ">=3.11,<3.14",
    }


def test_what_the_base_set_lacks_is_named(project: Path) -> None:
    """Tools without a package stand in the result and in the manifest's comments, with what comes nearest."""
    result = detect(project, {".tool-versions": "terraform 1.9\nbun 1.1\nripgreb 14\n", "go.mod": "go 1.24\n"})

    lacking = {each.finding.tool: each.nearest for each in result.lacking}
    assert lacking.keys() == {"terraform", "bun", "ripgreb"}
    assert "`deno`" in lacking["bun"]
    assert "`ripgrep`" in lacking["ripgreb"]
    assert "#   terraform: .tool-versions:1 asks for terraform 1.9" in result.manifest
    assert read_packages(result) == {"go": ">=1.24"}


def test_text_and_json_tell_the_same(project: Path) -> None:
    """People and programs are told of packages, contradictions, gaps and files that were left out."""
    (project / "Gemfile").symlink_to("/etc/passwd")
    result = detect(
        project, {".nvmrc": "18", "package.json": '{"engines": {"node": ">=20"}, "packageManager": "yarn@4"}'}
    )

    lines = "\n".join(iter_lines(result, Painter(io.StringIO(), {})))
    told = json.loads(format_result("init", result))["result"]

    assert "nodejs 18\n  .nvmrc:1 asks for node 18" in lines
    assert "contradiction: .nvmrc:1 asks for node 18, package.json:1 asks for node >=20" in lines
    assert "lacking: package.json:1 asks for yarn 4" in lines
    assert "not used: `Gemfile` is a symbolic link" in lines
    assert [each["name"] for each in told["packages"]] == ["nodejs"]
    assert told["packages"][0]["reasons"][0]["strength"] == "pinned"
    assert told["unread"] == [{"file": "Gemfile", "reason": "a symbolic link"}]


def test_a_manifest_is_never_overwritten(project: Path) -> None:
    """Where there is a manifest it stays as it is, and a dry run still shows the proposal."""
    (project / "devenv.toml").write_text("# mine\n")

    with pytest.raises(UsageError) as raised:
        detect(project, {".nvmrc": "20\n"}, dry_run=False)

    assert raised.value.slug == "file-exists"
    assert (project / "devenv.toml").read_text() == "# mine\n"
    assert read_packages(detect(project)) == {"nodejs": "20"}


def test_nothing_there(project: Path) -> None:
    """A directory without any such file leads to the templates."""
    with pytest.raises(UsageError) as raised:
        detect(project)

    assert raised.value.slug == "nothing-detected"


def test_hostile_files_are_named_and_left_out(project: Path) -> None:
    """A FIFO, a link, a directory, a flood and nonsense neither hang nor stop what the other files say (K-05)."""
    os.mkfifo(project / ".nvmrc")
    (project / ".node-version").symlink_to("/etc/passwd")
    (project / "go.mod").mkdir()
    (project / ".python-version").write_bytes(b"3" * (2 << 20))
    (project / ".ruby-version").write_bytes(b"\xff\xfe")

    result = detect(project, {"package.json": "[" * 100_000, "pyproject.toml": "a = ", "rust-toolchain": "1.85"})

    assert read_packages(result) == {"rust": "1.85"}
    assert [each.file for each in result.unread] == [
        *(".nvmrc", ".node-version", ".python-version", ".ruby-version", "package.json", "pyproject.toml", "go.mod")
    ]


def test_no_file_gets_out_of_its_comment(project: Path) -> None:
    """What a file says cannot become a line of the manifest, nor move a terminal's cursor (K-07)."""
    hostile = '{"engines": {"node": "\\n[env]\\nA = \\"1\\"", "\\u001b[2J\\nevil": "1"}, "packageManager": "pnpm\\n@9"}'

    manifest = parse_manifest(detect(project, {"package.json": hostile}).manifest.encode())

    assert not manifest.env
    assert set(manifest.packages) == {"nodejs"}


@pytest.mark.parametrize("arguments", [["--detect", "--template", "node"], ["--dry-run"], ["--dry-run", "--list"]])
def test_options_that_do_not_go_together(arguments: list[str]) -> None:
    """Nothing is made of a call that contradicts itself."""
    with pytest.raises(click.UsageError):
        command.main(arguments, standalone_mode=False)
