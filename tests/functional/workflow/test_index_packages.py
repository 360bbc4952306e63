"""`pypi:` as a package set: programs that a project's wheels bring, without a recipe."""

from __future__ import annotations

import tomllib

from devenv.system import ALL_SYSTEMS
from tests.functional.catalogue import Catalogue
from tests.functional.wheels import make_wheel
from tests.functional.workflow.command import User


def test_program_of_a_wheel(user: User, catalogue: Catalogue) -> None:
    """A project of the index is added as the index spells it, locked for every system, and its program runs."""
    api = user.project("api")
    api.devenv("add", "pypi:Shfmt_Py@3.12", "pypi:uv")
    manifest = tomllib.loads(api.manifest.read_text())
    assert manifest["inputs"] == {"pypi": "pypi:"}
    assert manifest["packages"] == {
        "shfmt-py": {"version": "3.12", "input": "pypi"},
        "uv": {"version": "*", "input": "pypi"},
    }
    lock = tomllib.loads(api.lock.read_text())
    assert lock["version"] == 4
    assert set(lock["packages"]["uv"]["systems"]) == set(map(str, ALL_SYSTEMS))
    assert api.devenv("run", "shfmt").text == "shfmt 3.12.0.1\n"
    before = api.lock.read_bytes()
    catalogue.registry.index_enabled = False
    api.devenv("lock")
    assert api.lock.read_bytes() == before
    api.devenv("remove", "pypi:shfmt-py", "uv")
    assert "packages" not in tomllib.loads(api.lock.read_text())


def test_project_without_a_program(user: User, catalogue: Catalogue) -> None:
    """A library is told to be none, with where it belongs; nothing is written."""
    catalogue.registry.add(make_wheel("greeting", "1.0", files={"greeting.py": (b"HELLO = 1\n", False)}))
    api = user.project("api", "just")
    before = api.files()
    error = api.failure("add", "pypi:greeting")
    assert (error["slug"], error["exit_code"]) == ("member-missing", 12)
    assert "`[python]`" in error["hint"]
    assert api.files() == before
    for text in ("pypi:", "pypi:../x", "pypi:a+b", "pypi:-"):
        assert api.failure("add", text)["slug"] == "package-invalid"
