"""What the documentation shows is true: examples are accepted by the code that they are about, links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.lock.parse import parse_lock
from devenv.manifest.parse import parse_manifest
from devenv.packages.package_set import PackageSet, read_base_set
from devenv.settings import parse_settings

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("lockfile/*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
SETTINGS_KEYS = {"artifact_stores", "base", "state", "cache", "registries", "runtime"}


def iter_blocks(language: str) -> Iterator[tuple[str, str]]:
    """Each fenced block of that language with the name of its document."""
    for document in DOCUMENTS:
        for match in BLOCK.finditer(document.read_text()):
            if match[1] == language:
                yield str(document.relative_to(ROOT)), match[2]


@pytest.mark.parametrize(("document", "text"), list(iter_blocks("toml")))
def test_toml_examples_are_accepted(document: str, text: str) -> None:
    """Every TOML example is a manifest, a lock or a settings file that devenv takes as it stands."""
    keys = set(tomllib.loads(text))
    if "fingerprint" in keys:
        parse_lock(text.encode(), document)
    elif keys & SETTINGS_KEYS:
        parse_settings(text.encode(), Path("/home/reader"))
    else:
        parse_manifest(text.encode(), document)


def find_packages(text: str) -> list[str]:
    """The names of the packages that a recipe defines."""
    symbols = re.findall(r"^(\w+) = (?:package|override)\(", text, re.MULTILINE)
    return [symbol.replace("_", "-") for symbol in symbols]


@pytest.mark.parametrize(("document", "text"), list(iter_blocks("python")))
def test_recipe_examples_evaluate(document: str, text: str) -> None:
    """Every recipe that the documentation shows evaluates as a package of a set, beside those shown with it."""
    shared = {path.name: path.read_text() for path in (ROOT / "devenv/packages").glob("*/*.star")}
    for place, other in iter_blocks("python"):
        shared |= {f"packages/{name}.star": other for name in find_packages(other) if place == document}
    names = find_packages(text)
    assert names, f"{document} shows Python that is no recipe"
    for name in names:
        packages = PackageSet(document, {**shared, f"packages/{name}.star": text})
        assert packages.package(name).summary


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    """Every relative link in the documentation leads to a file of the repository."""
    for target in LINK.findall(document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_packages_that_the_readme_names_exist() -> None:
    """A newcomer who types what the README says finds the packages."""
    commands = re.findall(r"^\$ devenv add ([^#\n]*)", (ROOT / "README.md").read_text(), re.MULTILINE)
    names = {word.partition("@")[0] for command in commands for word in command.split()}
    curated = {name for name in names if not name.startswith("debian:")}
    assert {"nodejs", "postgresql"} <= curated <= set(read_base_set().names())
