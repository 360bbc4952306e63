"""What other tools call the packages of `builtin:base`."""

from __future__ import annotations

import re

ALIASES = {
    "node": "nodejs",
    "golang": "go",
    "java": "openjdk",
    "jdk": "openjdk",
    "temurin": "openjdk",
    "postgres": "postgresql",
    "psql": "postgresql",
    "rustup": "rust",
    "rustc": "rust",
    "cargo": "rust",
    "python3": "python",
    "kubernetes-cli": "kubectl",
    "github-cli": "gh",
    "gnumake": "make",
    "gnused": "sed",
    "gnugrep": "grep",
    "gnutar": "tar",
    "awscli2": "awscli",
    "aws-cli": "awscli",
    "protobuf": "protoc",
    "yq-go": "yq",
    "openssl-dev": "openssl",
    "vips": "libvips",
    "ninja-build": "ninja",
}
VERSIONED = re.compile(
    r"(?P<name>[a-z][a-z+-]*?)[-_]?(?P<version>[0-9]+(?:_[0-9]+)*)(?:packages|full|-headless|_headless)?", re.ASCII
)
"""How Nix calls one line of versions: `nodejs_20`, `postgresql_16`, `python312`, `go_1_22`, `jdk17`, `php83`."""
TWO_PART = frozenset({"python", "php", "ruby"})
"""Languages whose two numbers Nix writes as one: `python312` is 3.12."""


def find_package(tool: str) -> str:
    """The name that `builtin:base` would have for it."""
    tool = tool.lower()
    return ALIASES.get(tool, tool)


def split_versioned(name: str) -> tuple[str, str]:
    """The package, and the version that stands in the name (`python312` → `python`, `3.12`); empty where none does."""
    match = VERSIONED.fullmatch(name)
    if match is None:
        return find_package(name), ""
    package, version = find_package(match["name"]), match["version"].replace("_", ".")
    if package in TWO_PART and "." not in version and len(version) > 1:
        version = f"{version[0]}.{version[1:]}"
    return package, version


STAND_INS = {
    "pnpm": "`corepack pnpm` of `nodejs` up to 24 runs it",
    "yarn": "`corepack yarn` of `nodejs` up to 24 runs it",
    "bun": "there are `nodejs` and `deno`",
    "gradle": "the project's own `gradlew` brings it",
    "poetry": "there is `uv`",
    "pdm": "there is `uv`",
    "pipenv": "there is `uv`",
    "pipx": "there is `uv`, whose `uv tool` does the same",
    "mysql": "there is `mariadb`",
    "eslint": "`npx eslint` of `nodejs` runs it",
    "prettier": "`npx prettier` of `nodejs` runs it",
    "nvm": "devenv does what it does",
    "rvm": "devenv does what it does",
    "asdf": "devenv does what it does",
}
"""What comes nearest to tools that the base set lacks, in words."""
