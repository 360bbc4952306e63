"""Git repositories as trees: what a ref is now, and the files of one commit, with no work tree in between.

Each repository has a bare mirror of our own below the cache directory, one commit deep; it may be deleted at any time.
The files come out of git's objects (`git ls-tree`, `git cat-file`), not of a checkout or `git archive`: no attribute,
filter, hook or LFS pointer acts, and all machines get the same bytes (FAULTS H-05, H-06, H-08). Refs are resolved to
full ids, which are compared with what git has afterwards (H-03).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from blake3 import blake3

from devenv.errors import FetchError
from devenv.fetch.trees.git_objects import iter_commit
from devenv.fetch.trees.git_program import FETCH_LIMIT, Git
from devenv.fsutil import locked, make_private_directory
from devenv.manifest.locators import OBJECT_ID, TreeLocator
from devenv.manifest.wording import format_names
from devenv.nar.nodes import Node

REF_LINE = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64})\t([^\s\x00-\x1f\x7f]{1,1000})")
SHOWN_REFS = 8
KEPT = "refs/devenv/"
"""Where the mirror keeps what was fetched: one ref for each commit, so that none of them is lost."""


@dataclass(frozen=True, slots=True)
class GitRevision:
    """A commit: its full id, and when it was made (`YYYY-MM-DDTHH:MM:SSZ`)."""

    id: str
    date: str


class GitMirror:
    """A bare mirror of one repository, below `directory`. Safe for several processes at once."""

    def __init__(self, git: Git, locator: TreeLocator, directory: Path) -> None:
        self._git = git
        self._locator = locator
        self._directory = directory
        self._place = directory / blake3(locator.address.encode()).hexdigest()[:40]

    @property
    def _lock(self) -> Path:
        """Held by whoever changes the mirror or reads it."""
        return self._directory / f"{self._place.name}.lock"

    def resolve(self) -> GitRevision:
        """The commit that the locator means now, fetched.

        Raises FetchError (`ref-unknown`, `revision-missing`, `git-fetch-failed`, `input-foreign`).
        """
        if self._locator.revision is not None:
            return self.require(self._locator.revision)
        with self._held() as place:
            name, advertised = self._find_ref(place)
            kept = f"{KEPT}{advertised}"
            self._fetch(place, f"+{name}:{kept}")
            # It may have moved since it was asked for: what is here decides, and what is here is looked at.
            return self._describe(place, self._commit(place, kept))

    def require(self, revision: str) -> GitRevision:
        """The commit with this full id, fetched where the mirror lacks it. Raises FetchError (`revision-missing`)."""
        if OBJECT_ID.fullmatch(revision) is None:
            raise ValueError(f"{revision[:100]!r} is no full id")
        with self._held() as place:
            if not self._has(place, revision):
                self._fetch_revision(place, revision)
            found = self._commit(place, revision)
            if found != revision:
                raise self._missing(revision, "the repository calls another commit so")
            return self._describe(place, revision)

    def has(self, revision: str) -> bool:
        """Whether the commit is in the mirror: then no server is asked for it."""
        return self._place.is_dir() and self._has(self._place, revision)

    def nodes(self, revision: str) -> Iterator[Node]:
        """The files of a commit that the mirror has, or those of the locator's directory in it, as nodes.

        Raises FetchError (`input-tree-invalid`, `input-directory-missing`).
        """
        with locked(self._lock, shared=True):
            yield from iter_commit(self._git, self._place, revision, self._locator)

    @contextlib.contextmanager
    def _held(self) -> Iterator[Path]:
        """The mirror, made where it is not there, while nobody else changes it."""
        if self._locator.protocol == "file":
            _require_own(Path(unquote(self._locator.address.removeprefix("file://"))))
        try:
            make_private_directory(self._directory)
            with locked(self._lock):
                os.utime(self._lock)
                yield self._place
        except OSError as error:
            raise FetchError(
                f"the mirror of a git repository cannot be written: {error.strerror}",
                details=(str(self._place),),
                hint="make room there, or move `cache` elsewhere in devenv's settings",
                slug="cache-unwritable",
            ) from error

    def _make(self, place: Path, object_format: str) -> None:
        if not (place / "HEAD").exists():
            self._git.run(place, "init", "--quiet", "--bare", "--template=", f"--object-format={object_format}")

    def _find_ref(self, place: Path) -> tuple[str, str]:
        """The full name of the ref, and the object that it is. One name for a branch and a tag is refused."""
        wanted = self._locator.ref
        names = ["HEAD"] if wanted is None else [wanted, f"refs/heads/{wanted}", f"refs/tags/{wanted}"]
        if wanted is not None and not wanted.startswith("refs/"):
            names = names[1:]
        found = self._list_refs(place, names)
        if len(found) > 1:
            raise FetchError(
                f"`{wanted}` is a branch and a tag of `{self._locator.address}`",
                hint=f"write `ref=refs/heads/{wanted}` or `ref=refs/tags/{wanted}`",
                slug="ref-unknown",
            )
        if not found:
            raise self._unknown_ref(place)
        ((name, target),) = found.items()
        self._make(place, "sha1" if len(target) == 40 else "sha256")
        return name, target

    def _list_refs(self, place: Path, names: list[str]) -> dict[str, str]:
        try:
            text = self._git.run(place, "ls-remote", "--quiet", "--", self._locator.address, *names, limit=FETCH_LIMIT)
        except FetchError as error:
            raise self._unreachable(error) from error
        matches = (REF_LINE.fullmatch(line) for line in text.splitlines())
        every = {match[2].decode(errors="replace"): match[1].decode() for match in matches if match is not None}
        return {name: every[name] for name in names if name in every} if names else every

    def _unknown_ref(self, place: Path) -> FetchError:
        if self._locator.ref is None:
            return FetchError(
                f"`{self._locator.address}` has no branch of its own that would be meant",
                hint="write `?ref=` and the name of one",
                slug="ref-unknown",
            )
        every = self._list_refs(place, [])
        short = {re.sub(r"^refs/(?:heads|tags)/", "", name) for name in every if "^" not in name}
        shown = sorted(name for name in short if not name.startswith("refs/") and name != "HEAD")[:SHOWN_REFS]
        return FetchError(
            f"`{self._locator.address}` has no branch or tag `{self._locator.ref}`",
            hint=f"it has {format_names(shown)}" if shown else "look at its branches and tags",
            slug="ref-unknown",
        )

    def _fetch(self, place: Path, refspec: str, *, depth: int = 1) -> None:
        try:
            self._git.run(
                place, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--force",
                f"--depth={depth}", "--", self._locator.address, refspec, limit=FETCH_LIMIT,
            )  # fmt: skip
        except FetchError as error:
            raise self._unreachable(error) from error

    def _fetch_revision(self, place: Path, revision: str) -> None:
        self._make(place, "sha1" if len(revision) == 40 else "sha256")
        try:
            self._fetch(place, f"+{revision}:{KEPT}{revision}")
        except FetchError:
            # Some servers give a commit only as part of a branch or tag.
            self._fetch(place, f"+refs/*:{KEPT}all/*", depth=2**31 - 1)
            if not self._has(place, revision):
                raise self._missing(revision, "no branch or tag has it any more") from None

    def _has(self, place: Path, revision: str) -> bool:
        try:
            return (place / "HEAD").exists() and self._commit(place, revision) == revision
        except FetchError:
            return False

    def _commit(self, place: Path, name: str) -> str:
        """The full id of the commit that `name`, a ref of ours or an id, is or leads to."""
        text = self._git.run(place, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        found = text.decode(errors="replace").strip()
        if OBJECT_ID.fullmatch(found) is None:
            raise FetchError(f"git names no commit for `{name}`", slug="git-fetch-failed")
        return found

    def _describe(self, place: Path, revision: str) -> GitRevision:
        # A ref of our own keeps the commit, whatever led to it.
        self._git.run(place, "update-ref", "--end-of-options", f"{KEPT}{revision}", revision)
        text = self._git.run(place, "rev-list", "--max-count=1", "--timestamp", "--end-of-options", revision)
        try:
            moment = datetime.fromtimestamp(int(text.split()[0]), UTC)
        except (ValueError, IndexError, OverflowError, OSError):
            moment = datetime.fromtimestamp(0, UTC)
        return GitRevision(revision, moment.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def _missing(self, revision: str, reason: str) -> FetchError:
        return FetchError(
            f"`{self._locator.address}` has no commit `{revision}`",
            details=(reason,),
            hint="look whether its history was rewritten; `devenv update` pins what it has now",
            slug="revision-missing",
        )

    def _unreachable(self, error: FetchError) -> FetchError:
        return FetchError(
            f"git cannot fetch `{self._locator.address}`",
            details=error.details or (error.message,),
            hint="look whether you reach it: `git ls-remote` and the address; git asks your credential helper and "
            "ssh agent, and nobody at the terminal",
            slug="git-fetch-failed",
            transient=error.transient,
        )


def _require_own(directory: Path) -> None:
    """Raise FetchError where another user could have written what git reads there (FAULTS H-07)."""
    for place in (directory, directory / ".git", directory / "config", directory / ".git" / "config"):
        try:
            owner = place.stat().st_uid
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise FetchError(f"`{place}` cannot be looked at: {error.strerror}", slug="git-fetch-failed") from error
        if owner not in {os.geteuid(), 0}:
            raise FetchError(
                f"`{place}` belongs to another user, and what a repository's configuration says, git does",
                hint="clone it yourself, and name the clone",
                slug="input-foreign",
            )
