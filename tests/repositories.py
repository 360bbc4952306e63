"""Git repositories for tests, made by git's own plumbing: those of people, and those that no work tree could be."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.trees import Link, Script, Tree

ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@devenv.example",
    "GIT_AUTHOR_DATE": "1763000000 +0000",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@devenv.example",
    "GIT_COMMITTER_DATE": "1763000000 +0000",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "PATH": os.environ.get("PATH", os.defpath),
}
COMMIT_DATE = "2025-11-13T02:13:20Z"

RawEntry = tuple[str, bytes, str]
"""Mode, name, id."""


class Repository:
    """A bare repository at `path`."""

    def __init__(self, path: Path, *, object_format: str = "sha1") -> None:
        self.path = path
        self.git("init", "--quiet", "--bare", "--initial-branch=main", f"--object-format={object_format}", str(path))

    @property
    def locator(self) -> str:
        """Its address, without a query."""
        return f"git+file://{self.path}"

    def git(self, *words: str, text: bytes = b"") -> str:
        """What git prints, without the last end of line."""
        options = [] if words[0] == "init" else ["--git-dir", str(self.path)]
        done = subprocess.run(["git", *options, *words], env=ENVIRONMENT, input=text, capture_output=True, check=True)
        return done.stdout.decode().rstrip("\n")

    def write_object(self, kind: str, content: bytes) -> str:
        """The id of an object with exactly this content, valid or not."""
        return self.git("hash-object", "-w", "--literally", "-t", kind, "--stdin", text=content)

    def write_raw_tree(self, entries: Sequence[RawEntry]) -> str:
        """The id of a tree with these entries as they stand."""
        return self.write_object(
            "tree", b"".join(b"%s %s\0%s" % (mode.encode(), name, bytes.fromhex(each)) for mode, name, each in entries)
        )

    def write_tree(self, tree: Mapping[bytes, Tree]) -> str:
        """The id of a tree."""
        entries = []
        for name, content in tree.items():
            match content:
                case bytes():
                    entries.append(("100644", name, self.write_object("blob", content)))
                case Script(text):
                    entries.append(("100755", name, self.write_object("blob", text)))
                case Link(target):
                    entries.append(("120000", name, self.write_object("blob", target)))
                case _:
                    entries.append(("40000", name, self.write_tree(content)))
        return self.write_raw_tree(sorted(entries, key=lambda each: each[1] + (b"/" if each[0] == "40000" else b"")))

    def commit_tree(self, tree: str, ref: str | None = "refs/heads/main") -> str:
        """The id of a new commit, which `ref` is then."""
        commit = self.git("commit-tree", tree, "-m", "a change")
        if ref is not None:
            self.git("update-ref", ref, commit)
        return commit

    def commit(self, tree: Mapping[bytes, Tree], ref: str | None = "refs/heads/main") -> str:
        """The id of a new commit with these files, which `ref` is then."""
        return self.commit_tree(self.write_tree(tree), ref)
