"""A proposal as a manifest: each line with where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from devenv.detect.model import Finding
from devenv.detect.propose import Proposal
from devenv.manifest.wording import format_shown

HEAD = """\
# What this project needs, from what its files say. `devenv add NAME` adds a package, `devenv search WORD` finds one;
# after editing by hand, `devenv lock` pins the versions and `devenv allow` puts the change to use.
"""
BARE_KEY = re.compile(r"[a-z0-9-]+")


def format_manifest(name: str, proposal: Proposal) -> str:
    """The text of `devenv.toml` for a project called `name`."""
    return "\n".join([HEAD, "[project]", f'name = "{name}"', "", "[packages]", *_iter_packages(proposal), ""])


def _iter_packages(proposal: Proposal) -> Iterator[str]:
    for package in proposal.packages:
        for reason in package.reasons:
            yield f"# {format_reason(reason)}"
        for note in package.notes:
            yield f"#   {format_note(note)}"
        for each in proposal.contradictions:
            if each.package == package.name:
                yield f"#   `{each.counts.file}` and `{each.against.file}` contradict each other; the first counts"
        key = package.name if BARE_KEY.fullmatch(package.name) else f'"{package.name}"'
        yield f'{key} = "{package.version}"'
    absent = [each for each in proposal.lacking if each.finding.package not in {p.name for p in proposal.packages}]
    if absent:
        yield ""
        yield "# Not in the base set:"
    for lacking in absent:
        nearest = f" ({lacking.nearest})" if lacking.nearest else ""
        yield f"#   {format_note(lacking.finding.tool)}: {format_reason(lacking.finding)}{nearest}"


def format_reason(finding: Finding) -> str:
    """Where a line comes from, in words."""
    if not finding.asked:
        return f"{finding.where} needs {format_shown(finding.tool)}"
    return f"{finding.where} asks for {format_shown(finding.tool)} {format_shown(finding.asked)}"


def format_note(note: str) -> str:
    """A note for a comment: one line."""
    return "".join(character if character.isprintable() else "�" for character in note)
