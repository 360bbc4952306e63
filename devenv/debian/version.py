"""Debian's versions: their grammar and order (deb-version(7)), and the upstream version that they carry.

In `1:15.13-0+deb12u1` the epoch is 1, the upstream version 15.13, and the Debian revision 0+deb12u1.
"""

from __future__ import annotations

import re

VERSION_LIMIT = 96
"""Characters; real ones have up to 60. With the two that `upstream_version` may add they are read again as versions."""

OPERATORS = ("<<", "<=", "=", ">=", ">>")

VersionKey = tuple[int, tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]

VERSION_PATTERN = re.compile(
    r"(?:(?P<epoch>[0-9]{1,9}):)?(?P<upstream>[0-9A-Za-z][0-9A-Za-z.+~-]*?)(?:-(?P<revision>[0-9A-Za-z.+~]+))?(?<!-)",
    re.ASCII,
)
"""The revision is what follows the last hyphen; colons in upstream versions, allowed in theory, do not occur."""

PARTS_PATTERN = re.compile(r"([^0-9]*)([0-9]*)", re.ASCII)

# What is compared as text: the end of a part sorts after `~` and before everything else, letters before other signs.
END = "\x02"
ORDER = str.maketrans({"~": "\x01", **{sign: chr(0x100 + ord(sign)) for sign in "+-.:"}})

DEBIAN_MARK = re.compile(
    r"[+~.-]?(?:dfsg|ds(?![a-z])|repack)|[+~](?:deb|bpo|nmu)[0-9]|\+b[0-9]+$",
    re.ASCII,
)
"""Where Debian's own words begin: sources without their unfree parts, a rebuild."""

REALLY = re.compile(r".*[+~.-]really(?=[0-9])", re.ASCII)
"""What stands before the true version where a mistake was taken back (`2.0+really1.4`): it only makes it look newer."""

UPSTREAM_PATTERN = re.compile(r"(?P<release>[0-9]+(?:\.[0-9]+)*)?(?P<rest>.*)", re.ASCII)


def is_version(text: str) -> bool:
    """Whether `text` is a version that Debian's packages may have."""
    return len(text) <= VERSION_LIMIT and VERSION_PATTERN.fullmatch(text) is not None


def version_key(text: str) -> VersionKey:
    """What sorts versions as dpkg does. Raises ValueError where `text` is no version."""
    epoch, upstream, revision = _split(text)
    # An absent revision equals the revision 0.
    return epoch, _key_parts(upstream), _key_parts(revision or "0")


def compare_versions(first: str, second: str) -> int:
    """-1, 0 or 1: whether `first` is older than, as old as or newer than `second`.

    Raises ValueError where one is no version.
    """
    left, right = version_key(first), version_key(second)
    return (left > right) - (left < right)


def satisfies(version: str, operator: str, wanted: str) -> bool:
    """Whether `version` stands in the relation `operator` (`<<`, `<=`, `=`, `>=`, `>>`) to `wanted`.

    Raises ValueError where the versions are none or the operator is another.
    """
    order = compare_versions(version, wanted)
    match operator:
        case "<<":
            return order < 0
        case "<=":
            return order <= 0
        case "=":
            return order == 0
        case ">=":
            return order >= 0
        case ">>":
            return order > 0
    raise ValueError(f"`{operator[:10]}` is no relation between versions")


def upstream_version(text: str) -> str:
    """The upstream version in `text`, in words of the Python packaging standards (PEP 440).

    Epoch, Debian revision and the marks of repacked sources are left out; what follows the release number becomes a
    local part: `1.1.1w` is `1.1.1+w`. So is `1.0~rc1`, as `1.0+rc1`: a suite has one version of a package, which must
    answer those who ask for no particular one, as pre-releases do not. Keeps the order of versions as far as PEP 440
    can then express it. Raises ValueError where `text` is no version.
    """
    _, upstream, _ = _split(text)
    upstream = REALLY.sub("", upstream.lower())
    marks = DEBIAN_MARK.search(upstream, 1)
    match = UPSTREAM_PATTERN.fullmatch(upstream if marks is None else upstream[: marks.start()])
    assert match is not None
    public = match["release"] or "0"
    local = ".".join(re.findall(r"[0-9a-z]+", match["rest"]))
    return f"{public}+{local}" if local else public


def _split(text: str) -> tuple[int, str, str]:
    """Epoch (0 where none is given), upstream version and revision (empty where none is given)."""
    match = VERSION_PATTERN.fullmatch(text) if len(text) <= VERSION_LIMIT else None
    if match is None:
        raise ValueError(f"{text[:VERSION_LIMIT]!a} is no version of a Debian package")
    return int(match["epoch"] or "0"), match["upstream"], match["revision"] or ""


def _key_parts(text: str) -> tuple[tuple[str, int], ...]:
    """Pairs of what is no digits and of what is; the last pair is empty and marks the end."""
    return tuple((sign.translate(ORDER) + END, int(digits or "0")) for sign, digits in PARTS_PATTERN.findall(text))
