"""`pom.xml`: the Java that a project is compiled for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from devenv.detect.model import Finding, Strength, UnreadableError
from devenv.detect.version_files import translate_java

DEPTH_LIMIT = 100
TEXT_LIMIT = 1000
"""Characters of one element that are kept."""
PROPERTIES = ("maven.compiler.release", "java.version", "maven.compiler.target", "maven.compiler.source")
"""The first that is there counts."""
CONFIGURATION = ("release", "target", "source")
"""The same in the configuration of the compiler's plugin."""


class _Reader:
    """Collects the versions while the parser goes through; entities and document types are refused."""

    def __init__(self) -> None:
        from xml.parsers import expat

        self.found: dict[str, tuple[int, str]] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._add

    def read(self, text: str) -> None:
        from xml.parsers import expat

        try:
            self._parser.Parse(text.encode(), True)
        except (expat.ExpatError, ValueError) as error:
            if isinstance(error, UnreadableError):
                raise
            raise UnreadableError(f"no valid XML ({str(error)[:100]})") from error

    def _refuse(self, *_: Any) -> None:
        raise UnreadableError("XML with a document type, which is not read")

    def _start(self, name: str, _: Any) -> None:
        self._path.append(name.rpartition(":")[2])
        if len(self._path) > DEPTH_LIMIT:
            raise UnreadableError("nested too deep")
        self._text = []

    def _add(self, text: str) -> None:
        if sum(map(len, self._text)) < TEXT_LIMIT:
            self._text.append(text)

    def _end(self, _: str) -> None:
        path = "/".join(self._path)
        self._path.pop()
        text = "".join(self._text).strip()[:TEXT_LIMIT]
        self._text = []
        property_name = path.removeprefix("project/properties/")
        if property_name in PROPERTIES:
            self.found.setdefault(property_name, (self._parser.CurrentLineNumber, text))
        name = path.rpartition("/")[2]
        if name in CONFIGURATION and path.endswith(f"plugin/configuration/{name}"):
            self.found.setdefault(f"plugin {name}", (self._parser.CurrentLineNumber, text))


def parse_pom(text: str, file: str) -> Iterator[Finding]:
    """Maven itself, and the JDK. Raises UnreadableError."""
    reader = _Reader()
    reader.read(text)
    yield Finding(file, 1, "maven", "", "maven")
    found = reader.found
    for name in (*PROPERTIES, *(f"plugin {each}" for each in CONFIGURATION)):
        line, asked = found.get(name, (1, ""))
        if reference := re.fullmatch(r"\$\{([a-z.]{1,60})\}", asked):
            line, asked = found.get(reference[1], (1, ""))
        if asked and "$" not in asked:
            yield Finding(file, line, "java", asked, "openjdk", translate_java(asked), Strength.RANGE)
            return
    yield Finding(file, 1, "java", "", "openjdk")
