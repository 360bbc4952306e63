"""Looking for Debian's packages, with whole commands: search and info."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime

import pytest

from devenv.debian.policy import read_policy
from devenv.debian.suites import SUITES
from devenv.environment.project import read_project
from devenv.workflow.allowed import record_allowed
from tests.functional.debian_archive import MadeArchive, Pocket, make_stanza
from tests.functional.loopback import Registry
from tests.functional.workflow.command import User

BOTH = ("amd64", "arm64")
LAST_YEAR = datetime(2024, 3, 1, tzinfo=UTC)


def offer(name: str, version: str, **fields: str) -> str:
    """A package that any system may have, in the usual section."""
    return make_stanza(name, version, **({"architecture": "all", "Section": "utils"} | fields))


HOMEPAGE = "https://seetop.example"
TRIXIE = [
    offer(
        "seetop",
        "3.4.1-5",
        Description="interactive processes viewer",
        Homepage="https://seetop.example",
        Depends="libtop",
    ),
    offer("libtop", "1.0-1", Section="libs", Description="what interactive viewers share"),
    offer("node-tool", "1"),
    offer("sudo", "1"),
    offer("broken", "1", Depends="absent"),
    *(offer(f"viewer-{number}", f"{number}", Description="views " * 15) for number in range(25)),
]
ALWAYS = [offer(name, "1") for name in read_policy().always]
BOOKWORM = [
    offer("seetop", "1:3.2.2+dfsg-2"),
    offer("old-top", "1:0.9+dfsg-1", Description="former viewer of processes"),
]


@pytest.fixture
def archive(registry: Registry) -> MadeArchive:
    """An archive with two suites."""
    made = MadeArchive(registry, "/debian/")
    for suite, stanzas in (("trixie", [*TRIXIE, *ALWAYS]), ("bookworm", [*BOOKWORM, *ALWAYS])):
        made.publish(Pocket(suite, stanzas, LAST_YEAR, architectures=BOTH))
        made.publish(Pocket(f"{suite}-updates", (), LAST_YEAR, architectures=BOTH))
    return made


@pytest.fixture
def debian_user(user: User, archive: MadeArchive) -> User:
    """A user who reaches that archive and has read nothing of it."""
    configure(user, archive, archive.address)
    return user


def configure(user: User, archive: MadeArchive, address: str) -> None:
    keyring = user.home / "keyring.pgp"
    keyring.write_bytes(bytes(archive.key.extract_certificate()))
    pypi = f'[registries.pypi]\nindex = "{archive.registry.index}"\n'
    user.configure(f'{pypi}[registries.debian]\nmirrors = ["{address}"]\nsecurity = []\nkeyring = "{keyring}"\n')


def test_search_fetches_once(debian_user: User, registry: Registry) -> None:
    """With nothing kept the usual suite is fetched, with progress; from then on a search asks nobody."""
    first = debian_user.devenv("search", "seetop", "--json")
    assert "debian:trixie" in first.messages
    assert first.result["debian"] == [
        {"name": "debian:seetop", "summary": "interactive processes viewer", "versions": {"trixie": "3.4.1"}}
    ]
    count = len(registry.seen)
    assert debian_user.report("search", "seetop") == first.result
    assert len(registry.seen) == count


def test_search_in_all_suites(debian_user: User) -> None:
    """Each package has its version in every suite that is kept, and the name to add it by; base comes first."""
    debian_user.devenv("info", "debian:bookworm/seetop")
    debian_user.devenv("info", "debian:seetop")
    found = debian_user.report("search", "top")["debian"]
    assert [(each["name"], each["versions"]) for each in found] == [
        ("debian:seetop", {"bookworm": "3.2.2", "trixie": "3.4.1"}),
        ("debian:bookworm/old-top", {"bookworm": "0.9"}),
        ("debian:libtop", {"trixie": "1.0"}),
    ]
    lines = debian_user.devenv("search", "seetop").text.splitlines()
    assert lines[0].split() == ["bookworm", "trixie"]
    assert lines[1].split() == ["debian:seetop", "3.2.2", "3.4.1", "interactive", "processes", "viewer"]
    assert debian_user.devenv("search", "zig", "seetop").text == ""


def test_search_shows_base_first(debian_user: User) -> None:
    """What devenv has itself comes before what Debian has."""
    names = [line.split()[0] for line in debian_user.devenv("search", "node").text.splitlines() if line]
    assert names == ["nodejs", "trixie", "debian:node-tool"]


def test_search_limit(debian_user: User) -> None:
    """The best 20 packages of Debian are shown, and how many more there are; `--all` shows them."""
    shown = debian_user.devenv("search", "viewer-")
    assert shown.text.count("debian:viewer-") == 20
    assert "5 further packages" in shown.text
    found = debian_user.report("search", "viewer-", "--all")
    assert (len(found["debian"]), found["omitted"]) == (25, 0)


def test_search_without_words(debian_user: User, registry: Registry) -> None:
    """Without words nothing is asked: the base set is listed, and what the kept suites have is counted."""
    assert debian_user.report("search")["suites"] == {}
    assert registry.seen == []
    debian_user.devenv("search", "seetop")
    assert f"{len(TRIXIE) + len(ALWAYS)} in trixie" in debian_user.devenv("search").text.splitlines()[-1]


def test_search_without_archive(user: User, archive: MadeArchive, registry: Registry) -> None:
    """An archive that does not answer is told of, and the base set is searched all the same (G-01)."""
    configure(user, archive, f"{registry.files}nothing/")
    outcome = user.devenv("search", "zig")
    assert outcome.text.startswith("zig ")
    assert "note: Debian's packages were not searched: " in outcome.messages


def test_search_without_any_archive(user: User) -> None:
    """Where no archive is configured that is only said when the search finds nothing else."""
    assert user.devenv("search", "zig").messages == ""
    assert "the registry `debian:` is not known" in user.devenv("search", "seetop").messages


def test_search_keeps_terminals_safe(debian_user: User, archive: MadeArchive) -> None:
    """What an archive says of its packages cannot move the cursor (N-01)."""
    archive.publish(Pocket("trixie", [offer("evil", "1", Description="evil \x1b[2J")], LAST_YEAR, architectures=BOTH))
    assert "\x1b" not in debian_user.devenv("search", "evil").text


@pytest.mark.parametrize("words", [["word"] * 1200, ["x" * 60_000]], ids=["many", "long"])
def test_search_for_too_much(debian_user: User, words: list[str]) -> None:
    """More words than a search can have, or too long ones, are refused and not handed to a database."""
    assert debian_user.failure("search", *words)["slug"] == "search-too-long"


def test_search_for_what_is_no_text(debian_user: User) -> None:
    """Bytes that are no text find nothing, and harm nothing."""
    found = debian_user.report("search", os.fsdecode(b"\xff\xfe"))
    assert (found["packages"], found["debian"]) == ([], [])


def test_cache_of_indexes(debian_user: User, registry: Registry) -> None:
    """Releases and databases are shown with the caches, stay with `--clean`, go with `--all`, and come again."""
    found = debian_user.report("search", "seetop")
    there = debian_user.report("cache")
    # A release for each of two pockets, a database and its note.
    assert (there["debian"]["count"], there["debian"]["limit"]) == (4, None)
    assert debian_user.report("cache", "--clean")["removed_debian"]["count"] == 0
    planned = debian_user.report("cache", "--clean", "--all", "--dry-run")
    assert debian_user.report("cache") == there
    done = debian_user.report("cache", "--clean", "--all")
    assert done == {**planned, "dry_run": False}
    assert done["removed_debian"] == {"count": 4, "size": there["debian"]["size"]}
    assert list(debian_user.settings.debian_indexes.iterdir()) == []
    registry.seen.clear()
    assert debian_user.report("search", "seetop") == found
    assert registry.seen


COMPLETE = """\
eval "$(devenv completion bash)"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_devenv_completion devenv
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(("words", "expected"), [
    (("add", "debian", ":", "seet"), ["seetop"]),
    (("add", "ripgrep", "debian", ":", "viewer-1"), ["viewer-1", *(f"viewer-{number}" for number in range(10, 20))]),
    (("info", "debian", ":", "trixie/seet"), ["trixie/seetop"]),
    (("info", "debian", ":", "bookworm/seet"), [""]),
    (("add", "ripg"), ["ripgrep"]),
    (("add", "deb"), ["debian:", *(f"debian:{suite}/" for suite in SUITES)]),
    (("remove", "ju"), ["just"]),
    (("remove", "n"), [""]),
])  # fmt: skip
def test_completion(debian_user: User, registry: Registry, words: tuple[str, ...], expected: list[str]) -> None:
    """bash completes names of the base set or the manifest, and Debian's from suites that are kept, and asks nobody."""
    debian_user.devenv("search", "seetop")
    debian_user.manifest.write_text('[packages]\njust = "*"\n')
    record_allowed(debian_user.settings, read_project(debian_user.directory))
    count = len(registry.seen)
    program = debian_user.home / "devenv"
    program.write_text(f'#!/bin/sh\nexec {" ".join(debian_user.command())} "$@"\n')
    program.chmod(0o755)
    environ = {**debian_user.environ, "PATH": f"{debian_user.home}:{debian_user.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", "devenv", *words],
        check=True,
        capture_output=True,
        text=True,
        env=environ,
        cwd=debian_user.directory,
    )
    assert (done.stdout.splitlines(), done.stderr) == (expected, "")
    assert len(registry.seen) == count


def test_info(debian_user: User) -> None:
    """A package is shown with its versions by suite, its systems, what comes with it, and how to add it."""
    debian_user.devenv("info", "debian:bookworm/seetop")
    found = debian_user.report("info", "debian:seetop")
    both = ["x86_64-linux", "aarch64-linux"]
    assert found["versions"] == [
        {"suite": "trixie", "version": "3.4.1", "debian_version": "3.4.1-5", "systems": both},
        {"suite": "bookworm", "version": "3.2.2", "debian_version": "1:3.2.2+dfsg-2", "systems": both},
    ]
    assert (found["homepage"], found["section"]) == (HOMEPAGE, "utils")
    count = 2 + len(ALWAYS)
    assert (found["closure"]["count"], found["closure"]["size"]) == (count, count * 1000)
    assert "next: `devenv add debian:seetop`" in debian_user.devenv("info", "debian:seetop").text
    assert "`devenv add debian:bookworm/old-top`" in debian_user.devenv("info", "debian:bookworm/old-top").text


def test_info_of_what_cannot_be_had(debian_user: User) -> None:
    """A package whose dependencies are missing is shown with the reason, and nobody is told to add it."""
    text = debian_user.devenv("info", "debian:broken").text
    assert "cannot be added: `broken` needs `absent`" in text
    assert "next:" not in text


def test_info_of_what_is_left_out(debian_user: User) -> None:
    """A package that others go without is shown with the reason: the host has the one that works."""
    reason = read_policy().omitted["sudo"]
    assert debian_user.report("info", "debian:sudo")["omitted"] == reason
    assert (
        f"note: it may not work, and other packages go without it: {reason}\n"
        in debian_user.devenv("info", "debian:sudo").text
    )
    assert "note:" not in debian_user.devenv("info", "debian:seetop").text


@pytest.mark.parametrize(("verb", "name", "slug", "hint"), [
    ("info", "debian:seetpo", "package-unknown", "look at it with `devenv info debian:seetop`"),
    ("info", "debian:bookworm/old-tpo", "package-unknown", "look at it with `devenv info debian:bookworm/old-top`"),
    ("info", "debian:SEETOP", "package-unknown", "names are made of lower-case letters, digits and `+ . -`"),
    ("info", "debian:bokworm/seetop", "package-invalid", "did you mean `debian:bookworm/seetop`?"),
    ("add", "debian:bokworm/seetop", "package-invalid", "did you mean `debian:bookworm/seetop`?"),
    ("info", "debian:seetop@3.4", "package-invalid", "`devenv info debian:seetop`"),
    ("add", "debian:seetop@99", "version-unknown", "ask for one of them, as in `devenv add debian:seetop@3.4.1`"),
    ("add", "debian:seetpo", "package-unknown", "add it with `devenv add debian:seetop`"),
])  # fmt: skip
def test_unknown_names(debian_user: User, verb: str, name: str, slug: str, hint: str) -> None:
    """A name that there is not gets what may have been meant, by `info` as by `add`; nothing is written."""
    there = debian_user.project("api")
    before = there.files()
    error = there.failure(verb, name)
    assert (error["slug"], error["hint"]) == (slug, hint)
    assert there.files() == before


def test_names_in_a_project_with_another_suite(debian_user: User) -> None:
    """`debian:` means the project's suite, in what is asked as in what is shown to be pasted into `devenv add`."""
    debian_user.devenv("info", "debian:bookworm/seetop")
    debian_user.devenv("info", "debian:seetop")
    there = debian_user.project("api")
    there.manifest.write_text('[inputs]\ndebian = "debian:bookworm"\n')
    # A manifest that nobody allowed says nothing to those who only look (FAULTS L-07).
    assert there.report("info", "debian:seetop")["versions"][0]["suite"] == "trixie"
    record_allowed(there.settings, read_project(there.directory))
    found = there.report("search", "top")["debian"]
    assert [each["name"] for each in found] == ["debian:seetop", "debian:old-top", "debian:trixie/libtop"]
    assert there.report("info", "debian:old-top")["name"] == "debian:old-top"
    assert there.report("info", "debian:trixie/seetop")["name"] == "debian:trixie/seetop"
    assert there.failure("add", "debian:trixie/seetpo")["hint"] == "add it with `devenv add debian:trixie/seetop`"
    assert (
        there.failure("add", "debian:old-top@99")["hint"]
        == "ask for one of them, as in `devenv add debian:old-top@0.9`"
    )
    there.manifest.write_text("[inputs\n")
    assert there.report("info", "debian:seetop")["versions"][0]["suite"] == "trixie"


def test_name_that_debian_alone_has(debian_user: User) -> None:
    """Where the base set has no such package and a suite that is kept here has one, `info` points there."""
    assert "debian:" not in debian_user.failure("info", "old-top")["hint"]
    debian_user.devenv("info", "debian:bookworm/seetop")
    assert debian_user.failure("info", "old-top")["hint"] == "Debian has it: `devenv info debian:bookworm/old-top`"


def test_set_test_is_for_recipes(debian_user: User) -> None:
    """A package of Debian is not mistaken for the base set's recipe of that name."""
    error = debian_user.failure("set", "test", "debian:jq")
    assert (error["slug"], error["exit_code"]) == ("package-invalid", 2)
    assert "`set test` tries packages that have a recipe" in error["message"]


def test_search_for_a_pasted_name(debian_user: User) -> None:
    """The set before a name keeps nobody from finding it."""
    for word in ("debian:seetop", "debian:trixie/seetop", "DEBIAN:seetop"):
        assert debian_user.report("search", word)["debian"][0]["name"] == "debian:seetop"
    assert debian_user.report("search", "debian:")["suites"] != {}


@pytest.mark.parametrize(("words", "meant"), [
    (("seetpo",), "`seetpo`; did you mean `debian:seetop`?"),
    (("ripgrpe",), "`ripgrpe`; did you mean `ripgrep`?"),
    (("frobnicate",), "`frobnicate`"),
    (("zig", "seetop"), "`zig seetop`"),
])  # fmt: skip
def test_search_that_finds_nothing(debian_user: User, words: tuple[str, ...], meant: str) -> None:
    """A search that finds nothing says so beside its empty result, with what may have been meant."""
    debian_user.devenv("search", "seetop")
    outcome = debian_user.devenv("search", *words)
    assert (outcome.text, outcome.messages) == ("", f"note: nothing is found for {meant}\n")


def test_search_in_a_pipe(debian_user: User) -> None:
    """Whoever filters the lines of a search gets all that is known of each package."""
    lines = debian_user.devenv("search", "viewer-3").text.splitlines()
    assert lines[1].endswith(("views " * 15).strip())
