"""The layers of the package (DESIGN section 9): imports point downwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "devenv"

LAYERS = (
    (
        "compression",
        "dates",
        "errors",
        "events",
        "digest",
        "project_names",
        "durations",
        "system",
        "store_path",
        "fault_points",
        "fsutil",
        "mounts",
        "ranking",
        "resources",
        "settings",
        "sizes",
        "workers",
    ),
    ("debian", "detect", "elf", "nar", "manifest", "lock", "packages", "resolve", "derivation"),
    ("store", "fetch", "sandbox"),
    ("build", "activation", "environment", "generations", "workflow"),
    ("ui",),
    ("cli",),
    ("__main__",),
)
"""From the bottom up; a module may import from its own layer and from those below."""

ORDER_WITHIN = {
    "activation": {"build", "environment", "generations", "workflow"},
    "build": {"activation", "environment", "generations", "workflow"},
    "debian": {"elf", "nar", "manifest", "lock", "packages", "resolve", "derivation"},
    "elf": {"debian", "lock", "manifest", "nar", "packages", "resolve", "derivation"},
    "environment": {"generations", "workflow"},
    "fetch": {"store", "sandbox"},
    "generations": {"workflow"},
    "lock": {"packages", "resolve", "derivation", "nar"},
    "manifest": {"lock", "resolve", "derivation", "nar"},
    "nar": {"manifest", "lock", "packages", "resolve", "derivation"},
    "packages": {"manifest", "lock", "resolve", "derivation", "nar"},
    "sandbox": {"store", "fetch"},
    "store": {"fetch", "sandbox"},
}
"""Within a layer: what a part must not import."""

RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}


def part_of(module: str) -> str | None:
    """`devenv.store.tree` → `store`; None for the package itself and for foreign modules."""
    names = module.split(".")
    return names[1] if names[0] == "devenv" and len(names) > 1 else None


def iter_imports(path: Path) -> Iterator[str]:
    """All modules that a file imports, at its top or anywhere inside."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    """Each part of the package imports only parts of its own layer or of layers below."""
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__init__":
        return
    for module in iter_imports(path):
        other = part_of(module)
        if other in {None, own, "__version__"}:
            continue
        assert other is not None
        assert RANK[other] <= RANK[own], f"{path} imports {module} from a layer above"
        assert other not in ORDER_WITHIN.get(own, set()), f"{path} imports {module}, which stands beside and above"


def test_every_part_has_a_layer() -> None:
    """A new part of the package finds its place in the layers before anything imports it."""
    parts = {
        path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.name not in {"__init__.py", "py.typed"}
    }
    assert parts - {"__pycache__"} == set(RANK)


def test_only_the_interface_prints() -> None:
    """The core reports through events; printing is left to `ui` and `cli`."""
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in {"ui", "cli", "__main__.py"}:
            continue
        calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        assert not [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"], path
