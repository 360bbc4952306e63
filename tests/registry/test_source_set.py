"""`builtin:source` for real: packages are built in the sandbox, do their work, and come out alike wherever that is.

Without `-m catalogue`, a sample that takes seconds. All of the set takes half an hour and more:
`pytest -m catalogue tests/registry/test_source_set.py`, with `-k NAME` one package and what it is built with.
"""

from __future__ import annotations

import sys

import pytest

from devenv.debian.architectures import ARCHITECTURES
from devenv.events import ignore
from devenv.packages.package_set import read_source_set
from devenv.resolve.offers import Offers
from devenv.system import host_system
from devenv.workflow.tools import Tools
from tests.registry.test_native import Workshop
from tests.registry.user import MakeUser, User

pytestmark = pytest.mark.skipif(host_system() not in ARCHITECTURES, reason="scripts run on Debian's systems only")

SAMPLE = ("hello", "zlib")
NAMES = [
    name if name in SAMPLE else pytest.param(name, marks=pytest.mark.catalogue) for name in read_source_set().names()
]
LIBRARIES = {
    "bzip2": ("bzlib.h", "BZ2_bzlibVersion()", "-lbz2"),
    "curl": ("curl/curl.h", "curl_version()", "-lcurl"),
    "json-c": ("json-c/json.h", "json_c_version()", "-ljson-c"),
    "ncurses": ("curses.h", "curses_version()", "-lncurses"),
    "oniguruma": ("oniguruma.h", "onig_version()", "-lonig"),
    "openssl": ("openssl/crypto.h", "OpenSSL_version(OPENSSL_VERSION)", "-lcrypto"),
    "readline": ("stdio.h>\n#include <readline/readline.h", "rl_library_version", "-lreadline"),
    "sqlite": ("sqlite3.h", "sqlite3_libversion()", "-lsqlite3"),
    "xz": ("lzma.h", "lzma_version_string()", "-llzma"),
    "zlib": ("zlib.h", "zlibVersion()", "-lz"),
}
"""Packages that others link: header, an expression that gives a text, what the linker is told."""
LINKED = [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.catalogue) for name in LIBRARIES]
MANY_CORES = """
import os, sys
os.cpu_count = lambda: 5
sys.argv[0] = "devenv"
from devenv.__main__ import main
sys.exit(main())
"""
COMMENT = """--- a/src/regversion.c
+++ b/src/regversion.c
@@ -1,1 +1,1 @@
-/**********************************************************************
+/* patched ************************************************************
"""


@pytest.fixture(scope="module")
def elsewhere(make_user: MakeUser, user: User) -> User:
    """Somebody else, with a longer name, on a machine with more processors, who has downloaded the same files."""
    other = make_user()
    other.configure(f'base = "{other.home}/with/a/longer/name"\ncache = "{user.settings.cache}"\n')
    other.command = (sys.executable, "-c", MANY_CORES)
    return other


def build(user: User, name: str) -> str:
    """Build a package from source in a project of its own; returns the name of its object."""
    directory = user.home / f"from-source-{name}"
    directory.mkdir(exist_ok=True)
    (directory / "devenv.toml").write_text(f'[packages]\n{name} = {{ input = "source" }}\n')
    user.call("lock", directory=directory)
    user.call("allow", directory=directory)
    (built,) = user.ask("build", name, "--no-link", directory=directory)["builds"]
    return str(built["path"])


@pytest.mark.parametrize("name", read_source_set().names())
def test_archives_are_there(user: User, name: str) -> None:
    """Each recipe names a source package whose archives a suite has, for every system that there is a sandbox on."""
    with Tools(user.settings, user.environ, ignore) as tools:
        offers = Offers(tools.source_set.package(name), tools.index)
        assert offers.versions
        assert set(offers.choices(offers.versions[0])) == set(ARCHITECTURES)


@pytest.mark.parametrize("name", NAMES)
def test_packages_from_source_do_their_work(user: User, name: str) -> None:
    """Each package of the set builds, does its work alone with an empty PATH, and loads no library of the host."""
    (tried,) = user.ask("set", "test", f"source:{name}")["tests"]
    assert (tried["version"], tried["failures"]) == (tried["version"] or "some version", [])


@pytest.mark.parametrize("name", NAMES)
def test_builds_are_reproducible(user: User, elsewhere: User, name: str) -> None:
    """Two builds in different stores and homes, at different times and with different cores are the same (N-03)."""
    assert build(user, name) == build(elsewhere, name)


@pytest.mark.parametrize("name", LINKED)
def test_compilers_of_the_base_set_link_them(user: User, name: str) -> None:
    """A program made in an environment with a library from source runs outside of it, on just that library."""
    header, version, flag = LIBRARIES[name]
    workshop = Workshop(user, f"linked-{name}", "gcc")
    with (workshop.directory / "devenv.toml").open("a") as manifest:
        manifest.write(f'\n[packages.{name}]\ninput = "source"\n')
    user.call("lock", directory=workshop.directory)
    user.call("allow", directory=workshop.directory)
    workshop.write(main_c=f"#include <stdio.h>\n#include <{header}>\nint main(void) {{ puts({version}); return 0; }}\n")
    workshop.run(f"gcc -o main main.c {flag}")
    assert workshop.run_made("main").strip()


@pytest.mark.catalogue
def test_override_rebuilds_what_depends_on_it(user: User) -> None:
    """A patch of a library builds it and what it is in again, and nothing else; one that changes nothing, it alone."""
    directory = user.home / "overridden"
    directory.mkdir()
    manifest = directory / "devenv.toml"
    plain = '[packages]\nhello = { input = "source" }\njq = { input = "source" }\noniguruma = { input = "source" }\n'

    def builds(text: str) -> dict[str, dict[str, object]]:
        manifest.write_text(text)
        user.call("lock", directory=directory)
        user.call("allow", directory=directory)
        found = user.ask("build", "hello", "jq", "oniguruma", "--no-link", directory=directory)["builds"]
        return {each["name"]: each for each in found}

    first = builds(plain)
    (directory / "comment.patch").write_text(COMMENT)
    second = builds(plain.replace('oniguruma = { input = "source" }', 'oniguruma = { patches = ["comment.patch"] }'))
    assert second["hello"] == first["hello"] | {"fresh": False}
    assert {name: second[name]["path"] == first[name]["path"] for name in first} == dict.fromkeys(first, True)
    assert second["jq"]["derivation"] != first["jq"]["derivation"]
    third = builds(plain.replace('oniguruma = { input = "source" }', 'oniguruma = { env = { CFLAGS = "-O1" } }'))
    assert third["hello"]["path"] == first["hello"]["path"]
    assert third["oniguruma"]["path"] != first["oniguruma"]["path"]
    assert third["jq"]["path"] != first["jq"]["path"]
