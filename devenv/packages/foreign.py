"""Recipe files of sets that devenv did not ship: read with bounds, and refused where evaluating them could end us.

The evaluator's parser and its values recurse, so that an expression of a few thousand nested parts overflows the stack
of this process. What real recipes nest is a fiftieth of the limit here, which is counted without parsing.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from devenv.errors import Place, RecipeError
from devenv.fsutil import read_regular

FILE_BYTES = 256 * 1024
FILE_COUNT = 2000
DIRECTORY_DEPTH = 8
SUFFIX = ".star"
NESTING_LIMIT = 500
"""Words and signs of an expression that are not over yet; the evaluator's stack ends somewhere above 1,000."""
INDENTATION_LIMIT = 100

TOKEN = re.compile(
    r'(?P<text>r?(?:"""(?:[^\\]|\\.)*?"""|\'\'\'(?:[^\\]|\\.)*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'))'
    r"|(?P<comment>#[^\n]*)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<end>[,;\n])|(?P<blank>[ \t\r\\]+)"
    r"|(?P<word>\w+)|(?P<sign>.)",
    re.DOTALL,
)


def read_recipes(tree: Path, label: str) -> dict[str, str]:
    """The recipe files below `tree`, by their paths in it. Links are not followed, hidden directories not looked into.

    Raises RecipeError (`recipe-limit`, `recipe-invalid`); OSError.
    """
    files: dict[str, str] = {}
    for path in _iter_paths(tree, "", DIRECTORY_DEPTH):
        place = Place(f"{label}/{path}")
        if len(files) == FILE_COUNT:
            raise RecipeError(f"the set has more than {FILE_COUNT} recipe files", place=place, slug="recipe-limit")
        try:
            text = read_regular(tree / path, FILE_BYTES).decode()
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"the recipe file cannot be read: {error}", place=place, slug="recipe-invalid") from error
        require_shallow(text, place)
        files[path] = text
    return files


def _iter_paths(tree: Path, below: str, depth: int) -> Iterator[str]:
    with os.scandir(tree / below) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        mode = entry.stat(follow_symlinks=False).st_mode
        if entry.name.startswith(".") or not entry.name.isascii():
            continue
        if stat.S_ISREG(mode) and entry.name.endswith(SUFFIX):
            yield f"{below}{entry.name}"
        elif stat.S_ISDIR(mode) and depth:
            yield from _iter_paths(tree, f"{below}{entry.name}/", depth - 1)


def require_shallow(text: str, place: Place) -> None:
    """Raises RecipeError (`recipe-limit`) where an expression or a block nests deeper than any recipe does."""
    counts = [0]
    """Of each bracket that is open: the words and signs since its last comma."""
    total = 0
    for token in TOKEN.finditer(text):
        match token.lastgroup:
            case "open":
                counts.append(0)
                total += 1
                counts[-2] += 1
            case "close" if len(counts) > 1:
                total -= counts.pop()
            case "end" if len(counts) == 1 or token[0] == ",":
                total -= counts[-1]
                counts[-1] = 0
            case "word" | "sign" | "text":
                counts[-1] += 1
                total += 1
        if total > NESTING_LIMIT:
            raise _too_deep(place, text, token.start())
    for match in re.finditer(rf"^[ \t]{{{INDENTATION_LIMIT},}}[^\s#]", text, re.MULTILINE):
        raise _too_deep(place, text, match.start())


def _too_deep(place: Place, text: str, offset: int) -> RecipeError:
    return RecipeError(
        "an expression or block of the recipe file nests deeper than recipes do",
        place=Place(place.file, text.count("\n", 0, offset) + 1),
        hint="split it into several statements",
        slug="recipe-limit",
    )
