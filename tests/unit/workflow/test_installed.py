"""What is installed in a virtual environment, as `pip install -r` takes it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from devenv.workflow.installed import format_requirements


def install(venv: Path, name: str, origin: Any = None) -> Path:
    directory = venv / "lib" / "python3.9" / "site-packages" / f"{name}.dist-info"
    directory.mkdir(parents=True)
    if origin is not None:
        (directory / "direct_url.json").write_text(json.dumps(origin))
    return directory


@pytest.mark.parametrize(("name", "origin", "expected"), [
    ("idna-3.10", None, "idna==3.10\n"),
    ("my_tool-1.0.post1+local", None, "my_tool==1.0.post1+local\n"),
    # The examples of PEP 610 and of the specification of direct URLs.
    ("a-1", {"url": "https://x.example/a-1.zip", "archive_info": {}}, "a @ https://x.example/a-1.zip\n"),
    ("a-1", {"url": "https://x.example/a.git", "vcs_info": {"vcs": "git", "commit_id": "7921be1"}},
        "a @ git+https://x.example/a.git@7921be1\n"),
    ("a-1", {"url": "file:///home/user/a", "dir_info": {"editable": True}}, "-e /home/user/a\n"),
    ("a-1", {"url": "file:///home/user/a", "dir_info": {}}, "a @ file:///home/user/a\n"),
    # What nobody should have written.
    ("a-1", [], "a==1\n"), ("a-1", {"url": 1}, "a==1\n"), ("a-1", {"url": "x\n-r /evil"}, "a==1\n"),
    ("a-1", {"url": "file:///x", "dir_info": 1}, "a==1\n"),
    ("a-1", {"url": "file:///a%0A-r%20/evil", "dir_info": {"editable": True}}, "a==1\n"),
    ("a-1", {"url": "http://[", "archive_info": {}}, "a==1\n"),
    ("a-1", {"url": "http://x", "vcs_info": {"vcs": "git", "commit_id": "1\n-r /evil"}}, "a==1\n"),
    ("pip-24.0", None, ""), ("pkg_resources-0.0.0", None, ""), ("no name-1", None, ""), ("x", None, ""),
])  # fmt: skip
def test_requirements(tmp_path: Path, name: str, origin: Any, expected: str) -> None:
    """Names and versions, or where a package came from; nothing in a file can become a line of its own."""
    install(tmp_path, name, origin)
    assert format_requirements(tmp_path) == expected


def test_hostile_files(tmp_path: Path) -> None:
    """A FIFO, a huge file or bytes of no encoding in a record's place take no time and give the version."""
    os.mkfifo(install(tmp_path, "a-1") / "direct_url.json")
    (install(tmp_path, "b-1") / "direct_url.json").write_bytes(b"[" * 60_000)
    (install(tmp_path, "c-1") / "direct_url.json").write_bytes(b"\xff")
    assert format_requirements(tmp_path) == "a==1\nb==1\nc==1\n"
    assert format_requirements(tmp_path / "missing") == ""
