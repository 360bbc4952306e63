"""An environment as one HTML file that needs nothing else: a treemap to look into, made by `page.js`.

Everything that is told stands as JSON in an element that is no script. The policy in the page lets a browser run and
apply the two texts that are shipped here, by their hashes, and load nothing at all: https://www.w3.org/TR/CSP3/
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devenv.ui.envelope import plain_data
from devenv.ui.terminal import make_visible
from devenv.workflow.closure.contents import Content
from devenv.workflow.closure.results import ClosureResult, Member

PLACE = Path(__file__).parent


def format_page(closure: ClosureResult, contents: Mapping[str, Content]) -> bytes:
    """The page (UTF-8). `contents` are what members consist of in the store, by their keys."""
    style, script = (_read(name) for name in ("page.css", "page.js"))
    nothing = "; ".join(f"{each} 'none'" for each in ("default-src", "base-uri", "form-action"))
    policy = f"{nothing}; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    parts = {
        "policy": html.escape(policy),
        "title": html.escape(make_visible(f"{closure.project.name} ({closure.system})")),
        "style": style,
        "data": _format_data(_page_data(closure, contents)),
        "script": script,
    }
    page = _read("page.html")
    # Each mark stands once, and what was filled in is not looked at again.
    for name in ("policy", "title", "style", "data", "script"):
        head, mark, tail = page.partition(f"{{{{{name}}}}}")
        assert mark, name
        parts[name] = head + parts[name]
        page = tail
    return ("".join(parts.values()) + page).encode()


def _read(name: str) -> str:
    return (PLACE / name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _format_data(data: Any) -> str:
    """JSON in which nothing can end the element that it stands in."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _page_data(closure: ClosureResult, contents: Mapping[str, Content]) -> dict[str, Any]:
    return {
        "project": make_visible(closure.project.name),
        "environment": closure.environment,
        "system": str(closure.system),
        "download": closure.download,
        "installed": closure.installed,
        "asked": list(closure.asked),
        "lacking": {name: make_visible(reason) for name, reason in closure.lacking.items()},
        "members": [_member_data(each) for each in closure.members.values()],
        "contents": {key: _content_data(each) for key, each in contents.items()},
    }


def _member_data(member: Member) -> dict[str, Any]:
    data: dict[str, Any] = plain_data(member)
    for file in data["files"]:
        file["name"] = make_visible(file["name"])
    return data


def _content_data(content: Content) -> list[Any]:
    """Name, bytes, and what is in it where there is something."""
    data: list[Any] = [make_visible(content.name), content.size]
    return [*data, [_content_data(each) for each in content.children]] if content.children else data
