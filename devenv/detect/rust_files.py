"""`rust-toolchain.toml`, `rust-toolchain` and `Cargo.toml`: which Rust a project is built with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from devenv.detect.documents import lookup, parse_toml, value_line
from devenv.detect.model import ANY, Finding, Strength, Wish
from devenv.detect.requests import translate_minimum, translate_pin

CHANNEL = re.compile(r"(nightly|beta)(?:-\S*)?")


def parse_rust_toolchain(text: str, file: str) -> Iterator[Finding]:
    """Both forms: a TOML document, or the name of a toolchain alone. Raises UnreadableError."""
    if "[" in text:
        document = parse_toml(text, file)
        asked = lookup(document.data, "toolchain", "channel")
        line = value_line(document, "toolchain", "channel")
    else:
        line, asked = next(
            ((number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()), (1, None)
        )
    if isinstance(asked, str) and asked:
        yield Finding(file, line, "rust", asked, "rust", translate_channel(asked), Strength.PINNED)
    else:
        yield Finding(file, 1, "rust", "", "rust")


def parse_cargo(text: str, file: str) -> Iterator[Finding]:
    """`rust-version` is the oldest Rust that will do. Raises UnreadableError."""
    document = parse_toml(text, file)
    for path in (("package", "rust-version"), ("workspace", "package", "rust-version")):
        asked = lookup(document.data, *path)
        if isinstance(asked, str):
            line = value_line(document, *path)
            yield Finding(file, line, "rust", asked, "rust", translate_minimum(asked), Strength.RANGE)
            return
    yield Finding(file, 1, "rust", "", "rust")


def translate_channel(asked: str) -> Wish:
    """A toolchain of rustup: `stable`, `1.85.0`, `nightly-2026-01-01`, with or without the system behind it."""
    name = re.sub(r"-(?:x86_64|aarch64|i686|arm)[a-z0-9_]*-.*$", "", asked)
    if name == "stable":
        return Wish((ANY,))
    if match := CHANNEL.fullmatch(name):
        return Wish((), f"there are releases of Rust only, nothing of `{match[1]}`")
    return translate_pin(name)
