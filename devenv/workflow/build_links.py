"""Links that keep what was built: `result` beside the manifest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.store.root_links import add_root_link
from devenv.store_path import StorePath
from devenv.workflow.tools import Tools

LINK_NAME = "result"


@dataclass(frozen=True, slots=True)
class LinkChoice:
    """Where links go: at `place`, by default at `result` in the project; with several, `-NAME` is appended."""

    place: Path | None = None
    none: bool = False
    """There are to be none."""


def link_builds(tools: Tools, project: Path, objects: Mapping[str, StorePath], choice: LinkChoice) -> dict[str, Path]:
    """Make the links; returns them by name. Raises UsageError (`link-occupied`)."""
    if choice.none:
        return {}
    place = project / LINK_NAME if choice.place is None else Path(os.path.abspath(choice.place))
    links = {}
    for name, path in objects.items():
        links[name] = place if len(objects) == 1 else place.with_name(f"{place.name}-{name}")
        add_root_link(tools.store, links[name], path)
    return links
