"""The files that are looked for, in the order in which they count."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from devenv.detect.composer import parse_composer
from devenv.detect.devbox import parse_devbox
from devenv.detect.gemfile import parse_gemfile
from devenv.detect.go_mod import parse_go_mod
from devenv.detect.gradle import parse_gradle
from devenv.detect.model import Finding
from devenv.detect.package_json import parse_package_json
from devenv.detect.pom import parse_pom
from devenv.detect.pyproject import parse_pyproject
from devenv.detect.rust_files import parse_cargo, parse_rust_toolchain
from devenv.detect.tool_versions import parse_mise, parse_tool_versions
from devenv.detect.version_files import TOOLS, parse_version_file

Parse = Callable[[str, str], Iterable[Finding]]
"""From the text of a file and its name to what it says. Raises UnreadableError."""

KINDS: dict[str, Parse] = {
    **dict.fromkeys(TOOLS, parse_version_file),
    "rust-toolchain.toml": parse_rust_toolchain,
    "rust-toolchain": parse_rust_toolchain,
    ".tool-versions": parse_tool_versions,
    "mise.toml": parse_mise,
    ".mise.toml": parse_mise,
    "devbox.json": parse_devbox,
    "package.json": parse_package_json,
    "pyproject.toml": parse_pyproject,
    "go.mod": parse_go_mod,
    "Cargo.toml": parse_cargo,
    "Gemfile": parse_gemfile,
    "composer.json": parse_composer,
    "pom.xml": parse_pom,
    "build.gradle": parse_gradle,
    "build.gradle.kts": parse_gradle,
}
