"""apt's lists of sources in both of their formats (sources.list(5)): one line an entry, or a stanza (deb822). Pure.

Foreign files: what is not understood is left out, and said, but stops nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

NEGATIVE = {"no", "false", "without", "off", "disable", "0"}
"""The words by which apt means no."""

POSITIVE = {"yes", "true", "with", "on", "enable", "1"}
"""Those by which it means yes."""

ONE_LINE = re.compile(r"(?P<types>deb(?:-src)?)\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<rest>\S.*)", re.ASCII)
OPTION = re.compile(r"([A-Za-z-]+)[+-]?=(\S*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class AptEntry:
    """An enabled source of binary packages."""

    addresses: tuple[str, ...] = field(repr=False)
    """As they are written: they may hold passwords."""
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    """Paths, fingerprints, or a whole armoured key; empty: not said."""
    check_valid_until: bool | None = None
    """None: as apt's options say."""
    check_date: bool | None = None
    """None: as apt's options say."""
    file: str = ""
    """Where it stands, for messages."""


def parse_one_line_sources(text: str, file: str) -> Iterator[AptEntry | str]:
    """The entries of a `.list` file; of a line that is none, what is wrong with it."""
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        match = ONE_LINE.fullmatch(content)
        if match is None:
            yield f"line {number} of `{file}` is no source"
        elif match["types"] == "deb":
            options = {name.lower(): value.replace(",", " ") for name, value in OPTION.findall(match["options"] or "")}
            address, *rest = _split(match["rest"])
            fields = {"uris": address, "suites": " ".join(rest[:1]), "components": " ".join(rest[1:])}
            yield _make_entry(options | fields, file)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def parse_stanza_sources(text: str, file: str) -> Iterator[AptEntry | str]:
    """The entries of a `.sources` file; of a stanza that is none, what is wrong with it."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n(?:[ \t]*\n)+", "\n".join(lines)):
        if not stanza.strip():
            continue
        fields = parse_stanza(stanza)
        if not fields.get("uris") or not fields.get("suites"):
            yield f"a stanza of `{file}` names no `URIs` or no `Suites`"
        elif fields.get("enabled", "yes").lower() not in NEGATIVE and "deb" in fields.get("types", "").split():
            yield _make_entry(fields, file)


def parse_stanza(stanza: str) -> dict[str, str]:
    """The fields of a stanza by their names in lower case; lines that belong to no field are dropped."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1] in {" ", "\t"}:
            if name:
                # An empty line of a key is written as a dot.
                fields[name] += "\n" + ("" if line.strip() == "." else line.strip())
        else:
            head, colon, value = line.partition(":")
            name = head.strip().lower() if colon else ""
            if name:
                fields[name] = value.strip()
    return fields


def _make_entry(fields: Mapping[str, str], file: str) -> AptEntry:
    return AptEntry(
        tuple(fields.get("uris", "").split()),
        tuple(fields.get("suites", "").split()),
        tuple(fields.get("components", "").split()),
        fields.get("signed-by", "").strip(),
        _read_choice(fields.get("check-valid-until", "")),
        _read_choice(fields.get("check-date", "")),
        file,
    )


def _read_choice(word: str) -> bool | None:
    """Yes or no; None where it is neither."""
    return word.lower() in POSITIVE if word.lower() in POSITIVE | NEGATIVE else None
