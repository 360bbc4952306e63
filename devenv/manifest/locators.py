"""Locators of trees: where the files of an input lie, as `[inputs]` and locks write it (docs/inputs.md).

    path:../tools
    git+https://host/path?ref=main&rev=<40 or 64 hex>&dir=sub      also git+ssh://, git+file:///
    https://host/path/tools-1.2.tar.gz?dir=sub                     also http://

They get into commands, messages and locks: a password in one is refused here, before anything could show or run it
(FAULTS H-04, H-10). What is refused is never repeated in a message, for it may hold one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from devenv.manifest.wording import format_shown

TreeKind = Literal["path", "git", "archive"]

QUERIES: Mapping[TreeKind, tuple[str, ...]] = {"path": ("dir",), "git": ("ref", "rev", "dir"), "archive": ("dir",)}
"""What may stand behind the question mark."""

LOCATOR_LIMIT = 1024
SCHEME = re.compile(r"([a-z][a-z0-9+]{0,20}):")
GIT_SCHEMES = ("git+https", "git+ssh", "git+file")
ARCHIVE_SCHEMES = ("https", "http")
TREE_SCHEMES = frozenset({"path", *GIT_SCHEMES, *ARCHIVE_SCHEMES})
ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst")

HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
"""Beginning with no `-`: what runs programs with it must not take it for an option."""
NAME = r"(?!\.{1,2}(?:[/?]|$))(?:[A-Za-z0-9._~!$'()*+,;=:@-]|%(?![01]|2[EeFf]|5[Cc]|7[Ff])[0-9A-Fa-f]{2})+"
PATH = rf"(?:/{NAME})+/?"
USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
SUFFIX = r"(?:\.tar(?:\.gz|\.xz|\.zst)?|\.tgz|\.txz)"
ADDRESSES = {
    "git+https": rf"https://{HOST}{PATH}",
    "git+ssh": rf"ssh://(?:{USER}@)?{HOST}{PATH}",
    "git+file": rf"file://{PATH}",
    "https": rf"https://{HOST}(?=[^?]*{SUFFIX}(?:\?|$)){PATH}",
    "http": rf"http://{HOST}(?=[^?]*{SUFFIX}(?:\?|$)){PATH}",
}
FORMS = {
    "git+https": "git+https://HOST/PATH",
    "git+ssh": "git+ssh://git@HOST/PATH",
    "git+file": "git+file:///PATH",
    "https": "https://HOST/PATH.tar.gz",
    "http": "http://HOST/PATH.tar.gz",
}

LOCAL_NAME = r"(?!\.{1,2}(?:[/?]|$))[A-Za-z0-9 ._~+@=,:-]{1,255}"
LOCAL_PATH = rf"(?:\.|(?:\.\./)*\.\.|/|(?:/|(?:\.\./)*)(?!~){LOCAL_NAME}(?:/{LOCAL_NAME})*)"

REF = (
    r"(?![^&]*(?:\.\.|//|/\.|@\{|\.lock(?:[/&]|$)))(?!(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})(?:&|$))"
    r"[A-Za-z0-9][A-Za-z0-9._/+@=,-]{0,199}(?<![./])"
)
"""What git takes for a ref, without the characters that mean something to queries, shells or git's own syntax; and
nothing that looks like the id of a commit (FAULTS H-03)."""
REVISION = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
DIRECTORY_NAME = r"(?!(?:\.{1,2}|\.[Gg][Ii][Tt])(?:[/&]|$))[A-Za-z0-9._~+@=,-]{1,255}"
DIRECTORY = rf"(?=[^&]{{1,500}}(?:&|$)){DIRECTORY_NAME}(?:/{DIRECTORY_NAME})*"
VALUES = {"ref": REF, "rev": REVISION, "dir": DIRECTORY}

OBJECT_ID = re.compile(REVISION, re.ASCII)
HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{4,64}", re.ASCII)


class LocatorError(ValueError):
    """A text that is no locator of a tree: a message without what may be secret, and the next step."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class TreeLocator:
    """Where a tree lies. `str` gives the text that manifests and locks hold."""

    kind: TreeKind
    address: str
    """An address without query (`https://…`, `ssh://…`, `file:///…`); of a path that path."""
    ref: str | None = None
    """A branch or tag; None: the repository's own default."""
    revision: str | None = None
    """The full id of a commit; None: what `ref` is now."""
    directory: str | None = None
    """The part of the tree that is meant; None: all of it."""

    def __str__(self) -> str:
        options = (("ref", self.ref), ("rev", self.revision), ("dir", self.directory))
        query = "&".join(f"{name}={value}" for name, value in options if value is not None)
        prefix = {"path": "path:", "git": "git+", "archive": ""}[self.kind]
        return prefix + self.address + (f"?{query}" if query else "")

    @property
    def protocol(self) -> str:
        """`https`, `ssh`, `file`, `http` or, of a path, `path`."""
        return "path" if self.kind == "path" else self.address.partition(":")[0]

    @property
    def name(self) -> str:
        """What the tree may be called: the last name of its address."""
        last = re.split(r"[/:]", self.address.rstrip("/"))[-1]
        for suffix in (".git", *ARCHIVE_SUFFIXES):
            last = last.removesuffix(suffix)
        plain = re.sub(r"[^A-Za-z0-9+._=-]", "_", last).lstrip(".")[:80]
        return plain or "tree"


def is_tree_locator(text: str) -> bool:
    """Whether `text` means to be the locator of a tree."""
    scheme = SCHEME.match(text)
    return scheme is not None and scheme[1] in TREE_SCHEMES


def parse_tree_locator(text: str) -> TreeLocator:
    """Take the locator of a tree apart. Raises LocatorError; its message repeats nothing that may be secret."""
    scheme = SCHEME.match(text)
    if scheme is None or scheme[1] not in TREE_SCHEMES:
        raise LocatorError("this is not the locator of a tree", "write `git+https://HOST/PATH?ref=main`")
    if len(text) > LOCATOR_LIMIT:
        raise LocatorError("the locator is too long", f"a locator has at most {LOCATOR_LIMIT} characters")
    base, mark, query = text.partition("?")
    if scheme[1] == "path":
        kind: TreeKind = "path"
        address = _parse_path(base.removeprefix("path:"))
    else:
        kind = "git" if scheme[1] in GIT_SCHEMES else "archive"
        address = _parse_address(scheme[1], base)
    options = _parse_query(query, QUERIES[kind]) if mark else {}
    return TreeLocator(kind, address, options.get("ref"), options.get("rev"), options.get("dir"))


def _parse_path(text: str) -> str:
    names = [name for name in text.split("/") if name not in {"", "."}]
    plain = ("/" if text.startswith("/") else "") + "/".join(names) or "."
    if not text or not _matches(LOCAL_PATH, plain):
        roundabout = ".." in names
        raise LocatorError(
            f"`path:{format_shown(text)}` is not a path that an input can have",
            "write `..` at its beginning only, as in `path:../tools`"
            if roundabout
            else "write it relative to the project's directory, of letters, digits, spaces and `. _ ~ + @ = , : -`",
        )
    return plain


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text, re.ASCII) is not None


def _parse_address(scheme: str, base: str) -> str:
    address = base.removeprefix("git+")
    authority = address.partition("://")[2].partition("/")[0]
    if "@" in authority and (scheme != "git+ssh" or ":" in authority.rpartition("@")[0]):
        raise LocatorError(
            f"this `{scheme}:` locator holds a user name or a password",
            "leave it out: git asks your credential helper, and other downloads read `~/.netrc`",
        )
    if scheme in ARCHIVE_SCHEMES and not address.endswith(ARCHIVE_SUFFIXES):
        raise LocatorError(
            f"this `{scheme}:` locator names no tar archive",
            f"such names end in {', '.join(f'`{each}`' for each in ARCHIVE_SUFFIXES)}; "
            "write `git+https:` for a repository",
        )
    if not _matches(ADDRESSES[scheme], address):
        raise LocatorError(f"this `{scheme}:` locator is not an address", f"write `{FORMS[scheme]}`")
    return address


def _parse_query(query: str, known: tuple[str, ...]) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name not in known or name in options:
            # Other queries are tokens, signatures, or mean something that no lock can pin.
            raise LocatorError(
                "the query of this locator is not one that inputs have",
                f"behind `?` there may stand, once each, {', '.join(f'`{each}=`' for each in known)}",
            )
        options[name] = value
    for name, value in options.items():
        if not _matches(VALUES[name], value):
            raise _invalid_option(name, value)
    return options


def _invalid_option(name: str, value: str) -> LocatorError:
    shown = f"`{name}={format_shown(value)}`"
    if name == "dir":
        return LocatorError(f"{shown} is not a directory in a tree", "write it as in `dir=sub/directory`")
    if name == "ref":
        if OBJECT_ID.fullmatch(value.lower()):
            return LocatorError(f"{shown} looks like a revision", "write `rev=` for the id of a commit")
        return LocatorError(f"{shown} is not the name of a branch or tag", "write it as in `ref=main`")
    if HEXADECIMAL.fullmatch(value):
        return LocatorError(
            f"{shown} is not a full revision: short ones mean another commit one day",
            "write all 40 (or 64) digits in lower case, as `git rev-parse` prints them",
        )
    return LocatorError(f"{shown} is not the id of a commit", "write `ref=` for a branch or tag")


def locator_pattern() -> str:
    """The pattern of all texts that locators have in locks, as `lockfile/schema.json` has it."""
    queries = {"git": ("ref", "rev", "dir"), "one": ("dir",)}
    git, one = (_query_pattern(names) for names in queries.values())
    repositories = "|".join(ADDRESSES[scheme] for scheme in GIT_SCHEMES)
    archives = "|".join(ADDRESSES[scheme] for scheme in ARCHIVE_SCHEMES)
    return rf"(?=.{{1,{LOCATOR_LIMIT}}}$)(?:path:{LOCAL_PATH}{one}|git\+(?:{repositories}){git}|(?:{archives}){one})"


def _query_pattern(names: tuple[str, ...]) -> str:
    """An optional query with some of `names`, in this order."""
    ways = [
        f"{name}={VALUES[name]}" + "".join(f"(?:&{later}={VALUES[later]})?" for later in names[number + 1 :])
        for number, name in enumerate(names)
    ]
    return rf"(?:\?(?:{'|'.join(ways)}))?"
