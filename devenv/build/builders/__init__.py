"""The builders that run no foreign code, in our own process.

Each is a deterministic function from a request to a stream of nodes. The version in a builder's name is part of every
key: a builder that comes to give other bytes gets a new version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from devenv.build.builders.bundle import build_bundle
from devenv.build.builders.compose import build_compose
from devenv.build.builders.fetch import build_fetch
from devenv.build.builders.request import BuilderRequest
from devenv.build.builders.sysroot import build_sysroot
from devenv.build.builders.text import build_text
from devenv.build.builders.unpack import build_unpack
from devenv.nar.nodes import Node

BUILDERS: Mapping[str, Callable[[BuilderRequest], Iterator[Node]]] = {
    "bundle/1": build_bundle,
    "compose/1": build_compose,
    "fetch/1": build_fetch,
    "sysroot/1": build_sysroot,
    "text/1": build_text,
    "unpack/1": build_unpack,
}
