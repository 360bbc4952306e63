"""Translates what other tools write for versions into requests of manifests (`devenv.packages.versions`).

Manifests have no "or": what a tool writes with one becomes alternatives, of which `propose` takes one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from devenv.detect.model import ANY, Wish

TEXT_LIMIT = 200
"""Characters of a version; longer ones are not understood."""
ALTERNATIVES_LIMIT = 16
NUMBER = r"[0-9]{1,9}"
PIN = re.compile(
    rf"=?\s*v?({NUMBER}(?:\.{NUMBER}){{0,3}})((?:[-+.]?[A-Za-z][A-Za-z0-9.+-]*|[-+][0-9A-Za-z.+-]+)?)", re.ASCII
)
WILDCARD = re.compile(rf"=?\s*v?({NUMBER}(?:\.{NUMBER}){{0,2}})(?:\.[xX*])+", re.ASCII)
COMPARATOR = re.compile(
    rf"(\^|~>|~|>=|<=|>|<|==|!=|=)?\s*v?({NUMBER}(?:\.{NUMBER}){{0,3}})((?:\.[xX*])*)(?:[-+@][0-9A-Za-z.+-]*)?",
    re.ASCII,
)
NEWEST = frozenset({"*", "x", "X", "latest", ""})

Numbers = tuple[int, ...]


def translate_pin(text: str) -> Wish:
    """One version, whole or its beginning: `v20.11.1`, `3.12`, `20.x`, `latest`, `latest:20`."""
    text = text.strip()[:TEXT_LIMIT]
    text = re.sub(r"^(?:latest|prefix):", "", text)
    if text in NEWEST:
        return Wish((ANY,))
    if match := WILDCARD.fullmatch(text):
        return Wish((match[1],))
    match = PIN.fullmatch(text)
    if match is None:
        return Wish((), f"`{text}` is no version that devenv could ask for")
    note = f"without `{match[2]}`, which devenv's versions do not have" if match[2] else ""
    return Wish((_plain(_numbers(match[1])),), note)


def translate_npm(text: str) -> Wish:
    """A range of npm: `^18.2 || >=20 <23`, `18 - 20`, `20.x`."""
    return _translate_alternatives(text, r"\|\|", _npm_range)


def translate_composer(text: str) -> Wish:
    """A constraint of Composer: `^8.2`, `~8.2.0`, `>=8.1,<8.4`, `8.1.* | 8.2.*`."""
    return _translate_alternatives(text, r"\|\|?", lambda each: _npm_range(each, _pessimistic))


def translate_ruby(texts: Sequence[str]) -> Wish:
    """Requirements of RubyGems, all of which hold: `~> 3.2`, `>= 3.1`."""
    return _translate_alternatives(",".join(texts), r"\n", lambda each: _npm_range(each, _pessimistic))


def translate_poetry(text: str) -> Wish:
    """A constraint of Poetry: `^3.11`, `~3.11`, `>=3.11,<3.14`, `^3.9 || ^3.11`."""
    return _translate_alternatives(text, r"\|\|?", _npm_range)


def translate_python(text: str) -> Wish:
    """Specifiers of the packaging standards, which are requests already."""
    from devenv.packages.versions import parse_version_request

    text = text.strip()
    if text in NEWEST:
        return Wish((ANY,))
    try:
        parsed = parse_version_request(",".join(part.strip() for part in text.split(",") if part.strip()))
    except ValueError:
        return Wish((), f"`{text[:TEXT_LIMIT]}` is no version that devenv could ask for")
    if parsed.plain is not None:
        return Wish((), f"`{text[:TEXT_LIMIT]}` has no operator, which Python's packaging wants")
    return Wish((parsed.text.replace(" ", ""),))


def translate_minimum(text: str) -> Wish:
    """The oldest version that will do."""
    wish = translate_pin(text)
    return wish if wish.requests in ((), (ANY,)) else Wish((f">={wish.requests[0]}",), wish.note)


def _translate_alternatives(text: str, separator: str, translate: Callable[[str], str]) -> Wish:
    if len(text) > TEXT_LIMIT:
        return Wish((), "the version is too long to be understood")
    try:
        requests = [translate(each.strip()) for each in re.split(separator, text)[:ALTERNATIVES_LIMIT]]
    except ValueError:
        return Wish((), f"`{text}` is no version that devenv could ask for")
    # The newest first: people write them from the oldest to the newest.
    return Wish(tuple(dict.fromkeys(sorted(requests, key=_first_number, reverse=True))))


def _first_number(request: str) -> Numbers:
    match = re.search(rf"{NUMBER}(?:\.{NUMBER})*", request)
    return _numbers(match[0]) if match else (1 << 32,)


def _npm_range(text: str, tilde: Callable[[Numbers], Numbers] | None = None) -> str:
    """The request for comparators of which all hold. Raises ValueError."""
    if text in NEWEST:
        return ANY
    if match := re.fullmatch(rf"v?({NUMBER}(?:\.{NUMBER})*)\s+-\s+v?({NUMBER}(?:\.{NUMBER})*)", text, re.ASCII):
        return f">={match[1]},{_comparator('<=', _numbers(match[2]))}"
    requests: list[str] = []
    place = 0
    while place < len(text):
        comparator = COMPARATOR.match(text, place)
        if comparator is None:
            raise ValueError(text)
        operator, numbers = comparator[1] or "", _numbers(comparator[2])
        if operator == "^":
            requests.append(_between(numbers, _caret(numbers)))
        elif operator in {"~", "~>"}:
            requests.append(_between(numbers, (tilde or _tilde)(numbers)))
        else:
            requests.append(_comparator(operator, numbers))
        place = comparator.end()
        separator = re.compile(r"[\s,]*").match(text, place)
        assert separator is not None
        if place < len(text) and separator.end() == place:
            raise ValueError(text)
        place = separator.end()
    if len(requests) == 1:
        return requests[0]
    return ",".join(_as_specifier(each) for each in dict.fromkeys(requests))


def _comparator(operator: str, numbers: Numbers) -> str:
    """`>` and `<=` of a part of a version are about all that begins with it."""
    if operator in {"", "=", "=="}:
        return _plain(numbers)
    if operator == "!=":
        return f"!={_plain(numbers)}" if len(numbers) > 2 else f"!={_plain(numbers)}.*"
    if len(numbers) < 3 and operator in {">", "<="}:
        return f"{'>=' if operator == '>' else '<'}{_plain(_bump(numbers, len(numbers) - 1))}"
    return f"{operator}{_plain(numbers)}"


def _as_specifier(request: str) -> str:
    if not request[0].isdigit():
        return request
    return f"=={request}" if request.count(".") > 1 else f"=={request}.*"


def _caret(numbers: Numbers) -> Numbers:
    """What is beyond the changes that leave the first number that is not 0."""
    return _bump(numbers, next((index for index, number in enumerate(numbers) if number), len(numbers) - 1))


def _tilde(numbers: Numbers) -> Numbers:
    return _bump(numbers, min(1, len(numbers) - 1))


def _pessimistic(numbers: Numbers) -> Numbers:
    return _bump(numbers, max(0, len(numbers) - 2))


def _bump(numbers: Numbers, index: int) -> Numbers:
    return (*numbers[:index], numbers[index] + 1)


def _between(lower: Numbers, upper: Numbers) -> str:
    if upper == _bump(lower, len(lower) - 1):
        return _plain(lower)
    return f">={_plain(lower)},<{_plain(upper)}"


def _numbers(text: str) -> Numbers:
    return tuple(map(int, text.split(".")))


def _plain(numbers: Numbers) -> str:
    return ".".join(map(str, numbers))
