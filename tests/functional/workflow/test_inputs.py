"""Inputs that are trees: locked by revision and tree, realized from store, substituter or locator (FAULTS group H)."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.environment.project import read_project
from devenv.errors import FetchError, LockError
from devenv.events import ignore
from devenv.fetch.trees.git_program import find_git
from devenv.fsutil import delete_tree
from devenv.lock.model import Lock, LockedInput
from devenv.lock.parse import parse_lock
from devenv.packages import package_set
from devenv.settings import Settings
from devenv.store_path import StorePath
from devenv.system import host_system
from devenv.workflow.enter import realize_project
from devenv.workflow.tools import Tools
from devenv.workflow.trees import Trees
from tests.functional.catalogue import Catalogue
from tests.functional.loopback import Registry
from tests.functional.workflow.building import Builder
from tests.functional.workflow.command import User
from tests.functional.workflow.conftest import MakeUser
from tests.repositories import COMMIT_DATE, Repository

pytestmark = pytest.mark.skipif(find_git(os.environ) is None, reason="there is no git here")

RECIPE = b"""load("//std", "package", "pypi", "unpack")
load("//lib/names", "PROJECT")

task = package(
    summary = "Runs tasks",
    license = "CC0-1.0",
    versions = pypi(PROJECT),
    build = lambda p: unpack(p.source, keep = ["bin"]),
)
"""
FILES = {b"packages": {b"task.star": RECIPE}, b"lib": {b"names.star": b'PROJECT = "rust-just"\n'}}
MANIFEST = """[inputs]
tools = "{locator}"
[packages]
task = {{ version = "*", input = "tools" }}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with a set of one package, `task`."""
    repository = Repository(tmp_path / "tools.git")
    repository.commit(FILES)
    return repository


def project_with(user: User, locator: str, name: str = "app") -> User:
    """A project that uses `task` of the set at `locator`."""
    app = user.at(name)
    (app.directory / "devenv.toml").write_text(MANIFEST.format(locator=locator))
    return app


def lock_of(user: User) -> Lock:
    """The lock in the user's directory."""
    return parse_lock((user.directory / "devenv.lock").read_bytes(), "devenv.lock")


def test_git_input(user: User, make_user: MakeUser, repository: Repository, catalogue: Catalogue) -> None:
    """A set in a git repository is pinned by commit and tree; another machine gets the same objects from the lock."""
    app = project_with(user, f"{repository.locator}?ref=main")
    app.devenv("lock")
    locked = lock_of(app)
    pin = locked.inputs["tools"]
    assert locked.version == 4
    assert pin.revision == "git:" + repository.git("rev-parse", "main")
    assert pin.date == COMMIT_DATE
    assert set(locked.inputs) == {"base", "tools"}
    app.devenv("allow")
    assert app.devenv("run", "just").text == "just 1.42.0\n"
    # The branch moves on; the lock does not, and is as it was.
    repository.commit({**FILES, b"more": b"x"})
    before = (app.directory / "devenv.lock").read_bytes()
    app.devenv("lock")
    assert (app.directory / "devenv.lock").read_bytes() == before
    other = make_user().at("checkout")
    for name in ("devenv.toml", "devenv.lock"):
        shutil.copy(app.directory / name, other.directory / name)
    catalogue.registry.index_enabled = False
    other.devenv("allow")
    assert other.objects() == app.objects()


def test_path_input(user: User, tmp_path: Path) -> None:
    """A directory is pinned by its tree: changed since, it is not what the lock means, unless the store has that."""
    write_set(user.directory / "tools")
    app = project_with(user, "path:../tools")
    app.devenv("lock")
    app.devenv("allow")
    (user.directory / "tools" / "more").write_text("x")
    # The store has what was pinned.
    app.devenv("run", "just")
    delete_tree(app.settings.base)
    error = app.failure("reload")
    assert error["slug"] == "tree-changed"
    assert "devenv update tools" in error["hint"]


def write_set(directory: Path) -> None:
    """The set as files."""
    for path, text in {"packages/task.star": RECIPE, "lib/names.star": FILES[b"lib"][b"names.star"]}.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(text)


@pytest.mark.parametrize("kind", ["pax", "gnu"])
def test_archive_input(user: User, tmp_path: Path, catalogue: Catalogue, kind: str) -> None:
    """An archive is pinned by its hash; changed at its address, it is refused and not kept (H-01, H-02)."""
    registry: Registry = catalogue.registry
    write_set(tmp_path / "tools-1.0")
    (tmp_path / "tools-1.0" / ("long-" * 40)).write_text("x")
    archive = tmp_path / "tools-1.0.tar.gz"
    form = tarfile.PAX_FORMAT if kind == "pax" else tarfile.GNU_FORMAT
    with tarfile.open(
        archive, "w:gz", format=form, pax_headers={"comment": "1" * 40} if kind == "pax" else None
    ) as tar:
        tar.add(tmp_path / "tools-1.0", "tools-1.0")
    registry.put("/archives/tools-1.0.tar.gz", archive.read_bytes())
    address = f"{registry.files.rstrip('/')}/archives/tools-1.0.tar.gz"
    app = project_with(user, address)
    app.devenv("lock")
    pin = lock_of(app).inputs["tools"]
    assert pin.revision.startswith("sha256:")
    assert (app.directory / "devenv.lock").read_text().count("tools-1.0") == 2
    app.devenv("allow")
    assert app.devenv("run", "just").text == "just 1.42.0\n"
    registry.put("/archives/tools-1.0.tar.gz", archive.read_bytes() + b"x")
    delete_tree(app.settings.base)
    error = app.failure("reload")
    assert error["slug"] == "hash-mismatch"
    assert {each.partition(":")[0] for each in error["details"]} >= {"expected", "got"}


def test_missing_tree_is_named(user: User, repository: Repository) -> None:
    """A tree that is nowhere to be had any more is named, with where it was looked for (H-03)."""
    app = project_with(user, repository.locator)
    app.devenv("lock")
    app.devenv("allow")
    delete_tree(app.settings.base)
    delete_tree(app.settings.cache)
    delete_tree(repository.path)
    error = app.failure("reload")
    assert error["slug"] == "tree-missing"
    assert str(lock_of(app).inputs["tools"].tree) in "\n".join(error["details"])


def test_tree_from_a_substituter(user: User, make_user: MakeUser, repository: Repository) -> None:
    """A pinned tree comes from a store that the settings name, where its repository is gone."""
    app = project_with(user, repository.locator)
    app.devenv("lock")
    app.devenv("allow")
    delete_tree(repository.path)
    other = make_user().at("checkout")
    settings = other.home / ".config/devenv/settings.toml"
    settings.write_text(f'substituters = ["{user.settings.base}"]\n{settings.read_text()}')
    for name in ("devenv.toml", "devenv.lock"):
        shutil.copy(app.directory / name, other.directory / name)
    other.devenv("allow")
    assert other.devenv("run", "just").text == "just 1.42.0\n"


def test_collection_keeps_inputs(user: User, repository: Repository) -> None:
    """What the lock of a generation is evaluated with stays in the store as long as the generation does."""
    app = project_with(user, repository.locator)
    app.devenv("lock")
    app.devenv("allow")
    tree = lock_of(app).inputs["tools"].tree
    app.devenv("gc")
    assert (app.settings.base / "store").is_dir()
    assert list((app.settings.base / "store").glob(f"*/{tree}"))


def test_hostile_recipes(user: User) -> None:
    """A recipe that would overflow the evaluator's stack is an error at its line, and so is a set without packages."""
    directory = user.directory / "tools"
    write_set(directory)
    (directory / "packages/task.star").write_bytes(RECIPE + b"x = " + b"not " * 20000 + b"True\n")
    app = project_with(user, "path:../tools")
    error = app.failure("lock")
    assert error["slug"] == "recipe-limit"
    shutil.rmtree(directory / "packages")
    assert app.failure("lock")["slug"] == "input-empty"


def test_special_files(user: User) -> None:
    """A FIFO in a directory is named, and `.git` is none of it (H-11)."""
    directory = user.directory / "tools"
    write_set(directory)
    os.mkfifo(directory / "pipe")
    app = project_with(user, "path:../tools")
    error = app.failure("lock")
    assert error["slug"] == "source-invalid"
    assert "pipe" in error["message"]


def test_lock_of_another_base_set(
    user: User, make_user: MakeUser, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock is realized with the `builtin:base` that it was made with, which came in an archive or a substituter has.

    The program's own set is another one here, as after an update of devenv. Where the old one is nowhere, the error
    names it.
    """
    api = user.project("api", "just")
    revision = lock_of(api).inputs["base"].revision
    archive = api.devenv("store", "export").output
    own = package_set._iter_files

    def changed(directory: str, pattern: str) -> Iterator[tuple[str, str]]:
        return ((path, text.replace('["bin"]', '["bin", "share"]')) for path, text in own(directory, pattern))

    monkeypatch.setattr(package_set, "_iter_files", changed)
    assert package_set.read_base_set().revision != revision

    def realize(someone: User, settings: Settings) -> StorePath:
        with Tools(settings, someone.environ, ignore) as tools:
            return realize_project(tools, read_project(api.directory), host_libraries=False).path

    one, other = make_user(), make_user()
    with pytest.raises(LockError) as caught:
        realize(one, one.settings)
    assert caught.value.slug == "lock-recipe-changed"
    assert revision in "\n".join(caught.value.details)
    one.devenv("store", "import", stdin=archive)
    expected = realize(user, user.settings)
    assert realize(one, one.settings) == expected
    assert realize(other, replace(other.settings, substituters=(str(user.settings.base),))) == expected


def test_update_moves_a_tree(user: User, repository: Repository) -> None:
    """`devenv update INPUT` takes what the locator has now, and what is locked of it; `update PACKAGE` does not."""
    app = project_with(user, repository.locator)
    app.devenv("lock")
    before = lock_of(app).inputs["tools"]
    after = repository.commit({**FILES, b"more": b"x"})
    app.devenv("update", "task")
    assert lock_of(app).inputs["tools"] == before
    app.devenv("update", "tools")
    assert lock_of(app).inputs["tools"].revision == f"git:{after}"
    # What stands before a package on the command line is the input's name.
    app.manifest.write_text(f'[inputs]\ntools = "{repository.locator}"\n')
    app.devenv("add", "tools:task")
    assert 'task = { version = "*", input = "tools" }' in app.manifest.read_text()
    assert app.failure("add", "tools:tisk")["slug"] == "package-unknown"


def test_offline(user: User, repository: Repository) -> None:
    """Offline, what is pinned is had from the store, or from the mirror where the store has gone (G-21)."""
    app = project_with(user, repository.locator)
    app.devenv("lock")
    app.devenv("allow")
    locked = lock_of(app)
    with Tools(replace(app.settings, offline=True), app.environ, ignore) as tools:
        sets = tools.package_sets(read_project(app.directory).manifest, app.directory, locked, realizing=True)
        assert sets["tools"].has("task")
    far = LockedInput("far", "git+https://forge.example/a", "git:" + "1" * 40, tree=StorePath("1" * 32, "a"))
    with Tools(replace(app.settings, offline=True), app.environ, ignore) as tools, pytest.raises(FetchError) as caught:
        Trees(tools, app.directory).find(far)
    assert caught.value.slug == "tree-missing"
    assert "devenv is offline" in "\n".join(caught.value.details)


def test_project_as_input(user: User, make_user: MakeUser, catalogue: Catalogue) -> None:
    """A project's packages come as its own lock pins them, whatever the index has meanwhile; without its index too."""
    library = user.project("library", "just@1.40", "nodejs@24.1")
    app = user.at("app")
    (app.directory / "devenv.toml").write_text(
        '[inputs]\nlibrary = "path:../library"\n[packages]\njust = { input = "library" }\n'
        'nodejs = { version = "24", input = "library" }\n'
    )
    catalogue.registry.index_enabled = False
    app.devenv("lock")
    locked = lock_of(app)
    theirs = lock_of(library)
    assert {name: each.version for name, each in locked.packages.items()} == {"just": "1.40.0", "nodejs": "24.1.0"}
    host = host_system()
    for name, each in locked.packages.items():
        assert each.systems[host].derivation == theirs.packages[name].systems[host].derivation
        assert each.systems[host].artifacts == theirs.packages[name].systems[host].artifacts
    app.devenv("allow")
    assert app.devenv("run", "just").text == "just 1.40.0\n"
    # Another version is an answer of theirs to give.
    text = (app.directory / "devenv.toml").read_text()
    (app.directory / "devenv.toml").write_text(text.replace('"24"', '"22"'))
    error = app.failure("lock")
    assert error["slug"] == "version-unknown"
    assert "24.1.0" in error["message"]


def test_project_that_follows(user: User, catalogue: Catalogue) -> None:
    """An input of a project that follows one of ours is answered by ours: the newest version, not the one pinned."""
    user.project("library", "just@1.40")
    app = user.at("app")
    (app.directory / "devenv.toml").write_text(
        '[inputs.library]\nlocator = "path:../library"\nfollows = { base = "base" }\n'
        '[packages]\njust = { input = "library" }\n'
    )
    app.devenv("lock")
    locked = lock_of(app)
    assert locked.packages["just"].version == "1.42.0"
    assert locked.inputs["library"].follows == {"base": "base"}
    app.devenv("allow")
    assert app.devenv("run", "just").text == "just 1.42.0\n"


def test_project_inputs_that_reach_out(user: User) -> None:
    """A project as an input that itself names places of its machine is refused, and so is one without a lock."""
    library = user.project("library", "just")
    app = user.at("app")
    (app.directory / "devenv.toml").write_text(
        '[inputs]\nlibrary = "path:../library"\n[packages]\njust = { input = "library" }\n'
    )
    text = (library.directory / "devenv.toml").read_text()
    (library.directory / "devenv.toml").write_text(f'{text}\n[inputs]\nown = "path:../../.ssh"\n')
    assert app.failure("lock")["slug"] == "input-outside"
    (library.directory / "devenv.toml").write_text(text)
    (library.directory / "devenv.lock").unlink()
    assert app.failure("lock")["slug"] == "lock-missing"


def test_build_of_another_project(builder: Builder) -> None:
    """What another project builds is a package here: the very object that it is there, built of what it names."""
    text = (
        '[build.app]\nversion = "1.0"\ninputs = ["tool"]\n'
        "phases = { install = 'install -D message $out/share/message' }\n"
        "[build.tool]\nversion = '2'\nsource = false\nphases = { install = 'mkdir -p $out; echo tool > $out/tool' }\n"
    )
    library = builder.project("library", text, {"message": "hi"})
    library.devenv("build", "app")
    using = builder.project(
        "using", '[inputs]\nlibrary = "path:../library"\n[packages]\napp = { input = "library" }\n', allow=False
    )
    locked = lock_of(using)
    assert locked.packages["app"].version == "1.0"
    assert set(locked.dependencies) == {"bubblewrap", "sysroot", "tool"}
    using.devenv("allow")
    built = library.directory / "result"
    assert os.path.basename(os.readlink(built)) in using.objects()
    assert locked.packages["app"].systems[host_system()].derivation == derivation_of(library, "app")


def derivation_of(there: User, name: str) -> str:
    """The derivation of a build."""
    (built,) = there.report("build", name)["builds"]
    return str(built["derivation"])


def test_templates_of_somebody_else(user: User, repository: Repository) -> None:
    """`init --from` writes a template of a tree and allows nothing; what is wrong with a locator is not repeated."""
    manifest = b'[project]\nname = "@NAME@"\n[packages]\njust = "*"\n[shell]\nhook = "touch /evil"\n'
    repository.commit(
        {b"templates": {b"api": {b"devenv.toml": manifest, b"src": {b"main": b"x"}}, b"web": {b"a": b""}}}
    )
    listed = user.report("init", "--from", repository.locator, "--list")
    assert listed["templates"] == ["api", "web"]
    made = user.report("init", "--from", repository.locator, "--template", "api", "mine")
    assert (made["template"], made["allowed"]) == ("api", False)
    mine = user.at("mine")
    assert b'name = "mine"' in (mine.directory / "devenv.toml").read_bytes()
    assert (mine.directory / "src/main").read_text() == "x"
    assert mine.report("status")["trust"] != "allowed"
    assert user.failure("init", "--from", repository.locator, "other")["slug"] == "template-unknown"
    error = user.failure("init", "--from", "git+https://user:secret@forge.example/a", "other")
    assert error["slug"] == "locator-invalid"
    assert "secret" not in str(error)
    assert not (user.directory / "other").exists()


def test_project_as_template(user: User, tmp_path: Path) -> None:
    """A tree without templates is one itself where it is a project."""
    repository = Repository(tmp_path / "project.git")
    repository.commit({b"devenv.toml": b"[packages]\n", b"README": b"hi\n"})
    made = user.report("init", "--from", repository.locator, "copy")
    assert set(made["files"]) == {".gitignore", "README", "devenv.toml"}


def test_environment_of_another_project(user: User, catalogue: Catalogue) -> None:
    """`from` gives a named environment the packages of another project's, but for those that it names or leaves out."""
    library = user.at("library")
    library.manifest.write_text(
        '[packages]\njust = "1.40"\nnodejs = "24.1"\n[environments.ci.packages]\njust = "1.42"\nripgrep = "14"\n'
    )
    library.devenv("lock")
    app = user.at("app")
    text = '[inputs]\nlibrary = "path:../library"\n[packages]\nuv = "*"\n[environments.ci]\nfrom = "library/ci"\n'
    app.manifest.write_text(f'{text}without = ["nodejs"]\n')
    catalogue.registry.index_enabled = True
    app.devenv("lock")
    manifest = read_project(app.directory).manifest
    chosen = lock_of(app).select("ci", manifest)
    assert {name: each.version for name, each in chosen.packages.items()} == {
        "just": "1.42.0", "ripgrep": "14.1.1", "uv": "0.9.2",
    }  # fmt: skip
    assert set(lock_of(app).packages) == {"uv"}
    before = (app.directory / "devenv.lock").read_bytes()
    app.devenv("lock")
    assert (app.directory / "devenv.lock").read_bytes() == before
    app.devenv("lock", "--check")
    # What is left out changes what the lock answers, and so does another environment.
    app.manifest.write_text(text)
    assert app.call("lock", "--check").status == 10
    app.devenv("lock")
    chosen = lock_of(app).select("ci", read_project(app.directory).manifest)
    assert chosen.packages["nodejs"].version == "24.1.0"
    app.devenv("allow")
    assert app.devenv("run", "-e", "ci", "rg").text == "rg 14.1.1\n"
    app.manifest.write_text(text.replace("library/ci", "library/nothing"))
    assert app.failure("lock")["slug"] == "environment-unknown"
    app.manifest.write_text(text.replace("library/ci", "base"))
    assert app.failure("lock")["slug"] == "manifest-invalid"
