"""Named environments and packages restricted by system: what a manifest may say, and the plain manifests it means."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devenv.errors import DevenvError, UsageError
from devenv.manifest.model import Check, ListAdditions, Manifest, PackageRequest, ShellCode
from devenv.manifest.parse import parse_manifest
from devenv.system import System

Refusal = Callable[[str | bytes], DevenvError]


def parse(text: str) -> Manifest:
    return parse_manifest(text.encode())


MANIFEST = """
dotenv = [".env"]
[project]
systems = ["aarch64-linux", "x86_64-linux"]
[packages]
gdb = { version = "*", systems = ["x86_64-linux"] }
nodejs = "24"
python = "3.12"
[env]
A = "default"
B = { unset = true }
PATH = { prepend = ["bin"] }
[shell]
hook = "echo default"
aliases = { ll = "ls -l", t = "true" }
[shell.bash]
hook = "echo bash"
[build.app]
inputs = ["nodejs"]
[build.more]
inputs = ["app"]
[checks]
test = "pytest"
[environments.ci]
without = ["nodejs"]
dotenv = [".env.ci"]
packages = { python = "3.11", ruff = "*" }
[environments.ci.env]
B = "ci"
PATH = { prepend = ["ci/bin"], append = ["/opt"] }
[environments.ci.shell]
hook = "echo ci"
functions = { t = "false" }
[environments.ci.checks]
lint = "ruff check"
[environments.small]
extends = "ci"
systems = ["aarch64-linux"]
env = { A = { unset = true } }
"""


def test_environment_extends_the_default() -> None:
    """An environment is the default with what it says itself; the plain manifest of it knows no environments."""
    manifest = parse(MANIFEST).select("ci")
    assert dict(manifest.packages) == {
        "gdb": PackageRequest("gdb", systems=(System.X86_64_LINUX,)),
        "python": PackageRequest("python", "3.11"),
        "ruff": PackageRequest("ruff"),
    }
    assert manifest.env == {"A": "default", "B": "ci"}
    assert manifest.unset == ()
    assert manifest.lists == {"PATH": ListAdditions(("ci/bin", "bin"), ("/opt",))}
    assert manifest.dotenv == (".env", ".env.ci")
    assert manifest.checks == {"lint": Check("lint", "ruff check"), "test": Check("test", "pytest")}
    assert manifest.environments == {}


def test_code_takes_the_place_of_the_defaults() -> None:
    """A hook replaces that of the default, in shells too for which the default has one of their own."""
    manifest = parse(MANIFEST)
    assert manifest.shell.code_for("bash").hook == "echo bash"
    for shell in ("bash", "zsh"):
        code = manifest.select("ci").shell.code_for(shell)
        assert code == ShellCode("echo ci", {"ll": "ls -l"}, functions={"t": "false"})


def test_environment_extends_another() -> None:
    """`extends` names another environment, whose own systems may be narrowed; what has no system there is left out."""
    manifest = parse(MANIFEST).select("small")
    assert manifest.systems == (System.AARCH64_LINUX,)
    assert list(manifest.packages) == ["python", "ruff"]
    assert manifest.unset == ("A",)
    assert manifest.env == {"B": "ci"}


def test_builds_without_their_packages() -> None:
    """A build that needs a package which an environment or a system does not have is not there either."""
    manifest = parse(MANIFEST)
    assert list(manifest.select("default").builds) == ["app", "more"]
    assert not manifest.select("ci").builds
    restricted = parse(MANIFEST.replace('inputs = ["nodejs"]', 'inputs = ["gdb"]'))
    assert list(restricted.on(System.X86_64_LINUX).builds) == ["app", "more"]
    assert not restricted.on(System.AARCH64_LINUX).builds


def test_packages_of_a_system() -> None:
    """`systems` of a package: it is there on these only."""
    manifest = parse(MANIFEST)
    assert list(manifest.on(System.X86_64_LINUX).packages) == ["gdb", "nodejs", "python"]
    assert list(manifest.on(System.AARCH64_LINUX).packages) == ["nodejs", "python"]


def test_default_is_what_stands_outside() -> None:
    """`default` is the environment without a table; it is the manifest, but for the others."""
    manifest = parse(MANIFEST)
    default = manifest.select("default")
    assert default.packages == manifest.packages
    assert not default.environments


def test_virtual_environment_of_its_own() -> None:
    """Another Python must not get into the default's virtual environment: each environment has a directory."""
    manifest = parse("[python]\nvenv = true\n[environments.ci]\n[environments.no.python]\nvenv = false")
    assert manifest.python.venv == ".venv"
    assert manifest.select("ci").python.venv == ".venv-ci"
    assert manifest.select("no").python.venv is None


def test_unknown_environment() -> None:
    """A name that the manifest does not have is told with those that it has, or with what was probably meant."""
    manifest = parse(MANIFEST)
    with pytest.raises(UsageError, match="has no environment `smal`") as caught:
        manifest.select("smal")
    assert caught.value.slug == "environment-unknown"
    assert caught.value.hint == "did you mean `small`?"
    with pytest.raises(UsageError) as caught:
        parse('[packages]\na = "1"').select("ci")
    assert caught.value.hint == "there are `default`; add one as `[environments.NAME]`"


@pytest.mark.parametrize(("text", "place", "message"), [
    ("environments = 1", "1:16", "`environments` must be a table, not a number"),
    ("[environments]\nci = 1", "2:6", "`environments.ci` must be a table, not a number"),
    ("[environments.default]", "1:15", "`default` is what stands outside of `[environments]`"),
    ("[environments.CI]", "1:15", "`CI` is not the name of an environment"),
    ('[environments."../x"]', "1:15", "`../x` is not the name of an environment"),
    ("[environments.ci.pakages]", "1:18", "`pakages` is not a key of `environments.ci`"),
    ("[environments.ci]\nkeep = []", "2:1", "`keep` is the same in all environments"),
    ('[environments.ci]\nextends = "x"', "2:11", "there is no environment `x`"),
    ('[environments.ci]\nextends = "ci"', "2:11", "`ci` extends `ci`, which in the end extends no other"),
    ('[environments.a]\nextends = "b"\n[environments.b]\nextends = "a"', "2:11", "`a` extends `b`"),
    ('[environments.ci]\nwithout = ["x"]', "2:11", "`x` is no package of `default`"),
    ('[packages]\nx = "1"\n[environments.ci]\nwithout = ["x"]\npackages = { x = "2" }', "4:11", "`x` is among"),
    ("[environments.ci]\nsystems = []", "2:11", "`environments.ci.systems` is empty"),
    ('[project]\nsystems = ["x86_64-linux"]\n[environments.ci]\nsystems = ["aarch64-linux"]', "4:11",
     "`aarch64-linux` is no system of what this extends"),
    ("[environments.ci.packages]\nX = 1", "2:1", "`X` is not the name of a package"),
    ('[environments.ci.packages]\nx = { input = "y" }', "2:15", "there is no input `y`"),
    ('[build.x]\n[environments.ci.packages]\nx = "1"', "3:1", "`x` is a build of this manifest"),
    ("[environments.ci.env]\nA = 1", "2:5", "`environments.ci.env.A` must be a string"),
    ('[env]\nA = "x"\n[environments.ci.env]\nA = { prepend = ["a"] }', "4:1", "`A` has a value in `default`"),
    ('[shell.aliases]\na = "b"\n[shell.bash.functions]\nc = "d"\n[environments.ci.shell.bash.aliases]\nc = "e"\n'
     '[environments.ci.shell.bash.functions]\nc = "f"', "8:1", "`c` is an alias in bash too"),
    ('[env]\nVIRTUAL_ENV = "x"\n[environments.ci]\npython.venv = true', "4:15", "`default` sets `VIRTUAL_ENV`"),
    ('[environments.ci]\npython.venv = true\nenv = { PYTHONHOME = "x" }', "3:9", "`PYTHONHOME` cannot be set beside"),
    ("[packages]\nx = { systems = [] }", "2:17", "`packages.x.systems` is empty"),
    ('[packages]\nx = { systems = ["linux"] }', "2:18", "`linux` is not a system that devenv knows"),
    ('[project]\nsystems = ["x86_64-linux"]\n[packages]\nx = { systems = ["aarch64-linux"] }', "4:17",
     "`x` is for none of the systems that there are: `x86_64-linux`"),
])  # fmt: skip
def test_refused(refusal: Refusal, text: str, place: str, message: str) -> None:
    """What cannot be meant is an error with its place and a next step (FAULTS K-03)."""
    error = refusal(text)
    assert error.place is not None
    assert f"{error.place.line}:{error.place.column}" == place, error.message
    assert error.message.startswith(message)


def test_many_environments(refusal: Refusal) -> None:
    """The number of environments is bounded, and a chain of them is walked without recursion on its length."""
    text = "".join(f'[environments.e{each}]\nextends = "e{each + 1}"\n' for each in range(101))
    assert refusal(text).message == "there are more than 100 environments"
