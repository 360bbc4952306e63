"""Bundles of made packages, as trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.elf.image import is_elf
from devenv.nar.nodes import Directory, File
from tests.debs import TarEntry, make_deb
from tests.trees import Link, Script, Tree

Built = dict[bytes, Tree]
"""Path in the object → what lies there; directories are left out."""
Bundle = Callable[..., Built]

OUT = b"/s/00000000000000000000000000000000-tool"


def package(name: str, entries: Sequence[TarEntry], **control: str) -> bytes:
    """A package of that name; `postinst` is its script, other arguments are fields of its control file."""
    script = control.pop("postinst", "")
    text = "".join(f"{field}: {value}\n" for field, value in ({"Package": name} | control).items())
    return make_deb(entries, {"control": text.encode(), "postinst": script.encode()}, compression="")


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """Builds a bundle of packages by name, all of them shown; paths of the object in texts begin with `OUT`."""

    def run(packages: Mapping[str, Sequence[TarEntry] | bytes], **arguments: Any) -> Built:
        sources = []
        for name, deb in packages.items():
            sources.append(tmp_path / name)
            sources[-1].write_bytes(deb if isinstance(deb, bytes) else package(name, deb))
        given = {"architecture": "amd64", "debs": list(packages), "own": list(packages)} | arguments
        out = tmp_path / OUT.decode().rpartition("/")[2]
        request = BuilderRequest("tool", given, tuple(sources), (), out)
        built: Built = {}
        for node in BUILDERS["bundle/1"](request):
            path = b"/".join(node.path)
            if isinstance(node, File):
                content = b"".join(node.content)
                assert len(content) == node.size
                # In an image, text of another length would damage the rest.
                content = content if is_elf(content) else content.replace(bytes(out), OUT)
                built[path] = Script(content) if node.executable else content
            elif not isinstance(node, Directory):
                built[path] = Link(node.target)
        return built

    return run
