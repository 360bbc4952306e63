"""Requests that cannot be met: they change nothing, and the answer says what could be done instead."""

from __future__ import annotations

import pytest

from tests.functional.catalogue import Catalogue
from tests.functional.workflow.command import User


@pytest.mark.parametrize(
    ("arguments", "slug", "status"),
    [
        (("add", "ripgrap"), "package-unknown", 10),
        (("add", "just", "nodejs@99"), "version-unknown", 10),
        (("add", "nodejs@>="), "package-invalid", 2),
        (("add", "nodejs@"), "version-missing", 2),
        (("add", "../evil"), "package-invalid", 2),
        (("add", "jq", "debian:jq"), "package-repeated", 2),
        (("remove", "ripgrep"), "package-absent", 2),
        (("remove", "debian:just"), "package-absent", 2),
        (("init", ""), "usage", 2),
        (("artifacts", "mirror", ""), "usage", 2),
        (("allow", ""), "usage", 2),
        (("add", "deno"), "project-unknown", 11),
        (("add",), "usage", 2),
        (("init",), "file-exists", 2),
        (("init", "--template", "cobol", "x"), "template-unknown", 2),
        (("info", "nodej"), "package-unknown", 10),
        (("info", "--frobnicate"), "usage", 2),
        (("search", "--frobnicate"), "usage", 2),
    ],
)
def test_request_that_cannot_be_met(user: User, arguments: tuple[str, ...], slug: str, status: int) -> None:
    """An impossible request ends with its slug and status; manifest, lock and store are byte for byte as before."""
    api = user.project("api", "just@1.40.0")
    before, objects = api.files(), api.objects()
    error = api.failure(*arguments)
    assert (error["slug"], error["exit_code"]) == (slug, status)
    assert error["message"]
    assert not error["message"].endswith(".")
    assert error["hint"]
    assert (api.files(), api.objects()) == (before, objects)


def test_unknown_package_is_answered_with_a_suggestion(user: User) -> None:
    """A name with a slip gets the right one suggested, ready to type."""
    outcome = user.project("api").call("add", "ripgrap")
    assert outcome.output == b""
    assert "`ripgrep`" in outcome.messages
    assert "hint: " in outcome.messages


def test_unknown_version_is_answered_with_versions(user: User) -> None:
    """A version that does not exist is answered with those that do, the nearest ones first."""
    error = user.project("api").failure("add", "nodejs@24.9")
    assert "24.2.0" in str(error["details"]) + error["hint"]


def test_unknown_verb_is_answered_with_a_suggestion(user: User) -> None:
    """A verb with a slip gets the right one suggested."""
    outcome = user.call("stauts")
    assert outcome.status == 2
    assert "`status`" in outcome.messages


def test_no_project(user: User) -> None:
    """Outside of any project every verb that needs one says how to make one."""
    for verb in (["add", "just"], ["status"], ["deny"]):
        error = user.failure(*verb)
        assert error["slug"] == "project-missing"
        assert "`devenv init`" in error["hint"]
    assert user.call("run", "true").status == 2


def test_collision_of_programs(user: User, catalogue: Catalogue) -> None:
    """Two packages with one program: the error names both and the program, nothing is changed."""
    from tests.functional.catalogue import program
    from tests.functional.wheels import make_wheel

    scripts = {"uv": program("other uv"), "ruff": program("ruff")}
    catalogue.registry.add(make_wheel("ruff", "1.0", "py3-none-manylinux_2_17_x86_64", scripts=scripts))
    api = user.project("api", "uv")
    before = api.files()
    error = api.failure("add", "ruff")
    assert error["slug"] == "compose-collision"
    assert "bin/uv" in error["message"]
    assert api.files() == before


def test_manifest_error_shows_its_place(user: User) -> None:
    """What is wrong in the manifest is shown with file, line and column, by every verb that reads it."""
    api = user.project("api")
    api.manifest.write_text('[packages]\njust = "1"\n\n[pakages]\n')
    for verb in (["lock"], ["remove", "just"], ["allow"]):
        error = api.failure(*verb)
        assert error["slug"] == "manifest-invalid"
        assert (error["place"]["line"], error["place"]["column"]) == (4, 2)
        assert "`packages`" in error["message"] + error["hint"]
    assert f"{api.manifest}:4:2" in api.call("lock").messages
