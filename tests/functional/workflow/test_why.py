"""`devenv why NAME`: packages, files and programs of a project, with question and answer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.errors import DevenvError
from devenv.store.root_links import add_root_link
from devenv.ui.lines import iter_lines
from devenv.ui.terminal import Painter
from devenv.workflow.closure.results import Named, Origin
from devenv.workflow.closure.why import explain_name
from devenv.workflow.store_results import WhyResult
from devenv.workflow.tools import Tools
from tests.closures import KEPT, OTHER, make_project, store_path, tools_with_everything


@pytest.fixture
def tools() -> Iterator[Tools]:
    """Those of a user who has all of a lock in the store."""
    with tools_with_everything() as tools:
        yield tools


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a lock."""
    return make_project(tmp_path / "api")


def explain(tools: Tools, project: Path, name: str) -> WhyResult:
    return explain_name(tools, project, name, "default")


def only(result: WhyResult) -> Origin:
    (origin,) = result.origins
    return origin


def text_of(result: WhyResult) -> str:
    lines = list(iter_lines(result, Painter(io.StringIO(), {})))
    assert max(map(len, lines)) <= 80
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "kind", "member"),
    [
        ("jq", "package", "jq"),
        ("debian:jq", "package", "jq"),
        ("make", "dependency", "make"),
        ("runtime", "runtime", "runtime"),
        ("libc_1.0-1_amd64.deb", "file", "runtime"),
        ("libc", "file", "runtime"),
        ("debian:pool/main/x/libc_1.0-1_amd64.deb", "file", "runtime"),
        ("e" * 64, "file", "nodejs"),
        ("shared", "file", None),
    ],
)
def test_names(tools: Tools, project: Path, name: str, kind: str, member: str | None) -> None:
    """A package, a dependency, the runtime, and files by name, locator, digest or what is in them."""
    origin = only(explain(tools, project, name))
    assert (origin.kind, None if origin.member is None else origin.member.name) == (kind, member)


def test_programs(tools: Tools, project: Path) -> None:
    """A program is found in the package that has it, and nothing outside of that is looked at."""
    (tools.store.path(store_path("git-1.0")) / "bin" / "git-shell").touch()
    origin = only(explain(tools, project, "git-shell"))
    assert (origin.kind, origin.program) == ("program", "bin/git-shell")
    assert origin.member is not None
    assert origin.member.name == "git"
    for name in ("..", "../bin/git-shell", "bin"):
        with pytest.raises(DevenvError) as caught:
            explain(tools, project, name)
        assert caught.value.slug == "object-unknown"


def test_users(tools: Tools, project: Path) -> None:
    """Each package that was asked for and needs it, with the shortest way; a file of several packages has many."""
    runtime = only(explain(tools, project, "runtime"))
    assert [[each.name for each in chain] for chain in runtime.users] == [["nodejs", "runtime"]]
    shared = only(explain(tools, project, "shared"))
    assert sorted(chain[0].name for chain in shared.users) == ["git", "jq"]
    assert only(explain(tools, project, "jq")).users == ((Named("jq", "1.0", KEPT["jq"]),),)


def test_text(tools: Tools, project: Path) -> None:
    """It has question, answer, revision, date, derivation, object, sizes, files and needs, in 80 columns."""
    text = text_of(explain(tools, project, "jq"))
    for line in (
        "what        a package that api asks for",
        'question    jq = ">=1,<2" of base (builtin:base)',
        "answer      1.0 by debian (debian:trixie), 2026-11-26T02:14:46Z",
        "revision    blake3:0000000000000000",
        f"object      {store_path('jq-1.0')}",
        "size        2.0 KiB",
        "files       1000 B  jq_1.0-1_amd64.deb".replace("1000 B", " 1.0 KiB"),
        "             100 B  shared_1.0-1_amd64.deb",
    ):
        assert line in text, text
    assert "nothing keeps" in text
    assert "59 KiB itself, 59 KiB with all it needs" in text_of(explain(tools, project, "nodejs"))
    assert "extra-1.0, 50 B" in text_of(explain(tools, project, "nodejs"))
    assert "nodejs 1.0 → runtime 1.0" in text_of(explain(tools, project, "libc"))


def test_what_keeps_it(tools: Tools, project: Path, tmp_path: Path) -> None:
    """What a package is in the store has its root and chain, as every object has."""
    add_root_link(tools.store, tmp_path / "result", store_path("nodejs-1.0"))
    result = explain(tools, project, "runtime")
    assert result.root is not None
    assert (result.root.name, result.path) == (str(tmp_path / "result"), store_path("runtime-1.0"))
    assert result.chain == (store_path("nodejs-1.0"), store_path("runtime-1.0"))
    assert explain(tools, project, "libc").path is None


def test_objects(tools: Tools, project: Path, tmp_path: Path) -> None:
    """Paths, digests and names that are none of the project's are objects of the store, in a project or not."""
    extra = store_path("extra-1.0")
    for name in (str(tools.store.path(extra)), str(extra), extra.digest, "extra-1.0"):
        assert (explain(tools, project, name).path, explain(tools, project, name).origins) == (extra, ())
    assert explain(tools, tmp_path, "jq").origins == ()
    assert explain(tools, tmp_path, "jq").path == store_path("jq-1.0")


def test_other_systems(tools: Tools, project: Path) -> None:
    """Of another system it tells what the lock says, and nothing of this machine's store."""
    result = explain_name(tools, project, "jq", "default", OTHER)
    assert (result.path, only(result).system) == (None, OTHER)


def test_a_damaged_lock_hides_no_objects(tools: Tools, project: Path) -> None:
    """Objects can be asked about in a project whose lock cannot be read; only else is that what is said."""
    (project / "devenv.lock").write_text("<<<<<<<")
    assert explain(tools, project, "jq").path == store_path("jq-1.0")
    with pytest.raises(DevenvError) as caught:
        explain(tools, project, "libc")
    assert caught.value.slug.startswith("lock")
