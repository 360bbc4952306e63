"""What is installed in a virtual environment, as `pip install -r` takes it: read from its files, without its Python.

Recorded by installers as `*.dist-info` directories (PyPA's "Recording installed projects"), with `direct_url.json`
(PEP 610) for what did not come from an index.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from devenv import fsutil

NAME = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)-(?P<version>[A-Za-z0-9.!+_]+)\.dist-info")
COUNT_LIMIT = 5000
URL_LIMIT = 1 << 16
BROUGHT_ALONG = frozenset({"pip", "pkg-resources", "setuptools", "wheel"})
"""What a virtual environment may have from the beginning."""


def format_requirements(virtual_environment: Path) -> str:
    """Requirements, a line each, sorted; empty where nothing is installed or there is no such environment."""
    lines = set()
    for directory in sorted(virtual_environment.glob("lib/python3.*/site-packages")):
        for name in sorted(os.listdir(directory))[:COUNT_LIMIT]:
            match = NAME.fullmatch(name)
            if match is not None and match["name"].lower().replace("_", "-") not in BROUGHT_ALONG:
                lines.add(_format_requirement(directory / name, match["name"], match["version"]))
    return "".join(f"{line}\n" for line in sorted(lines))


def _format_requirement(directory: Path, name: str, version: str) -> str:
    """One line, whatever the record of where it came from holds."""
    plain = f"{name}=={version}"
    try:
        line = _format_origin(name, json.loads(fsutil.read_regular(directory / "direct_url.json", URL_LIMIT)))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return plain
    return line if line.isprintable() else plain


def _format_origin(name: str, origin: Any) -> str:
    """By PEP 610; raises all that comes of reading what somebody else wrote."""
    url = origin["url"]
    parts = urlsplit(url)
    if parts.scheme == "file" and origin.get("dir_info", {}).get("editable"):
        return f"-e {unquote(parts.path)}"
    if "vcs_info" in origin:
        url = f"{origin['vcs_info']['vcs']}+{url}@{origin['vcs_info']['commit_id']}"
    if " " in url:
        raise ValueError("no address")
    return f"{name} @ {url}"
