"""What `devenv add` takes for the name of a package."""

from __future__ import annotations

import pytest

from devenv.errors import UsageError
from devenv.workflow.wanted import WantedPackage, parse_wanted, require_single


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("nodejs", WantedPackage("nodejs", None)),
        ("go@>=1.25,<1.27", WantedPackage("go", ">=1.25,<1.27")),
        ("source:curl@8", WantedPackage("curl", "8", "builtin:source")),
        ("debian:htop", WantedPackage("htop", None, "debian:")),
        ("debian:bookworm/libstdc++6@12", WantedPackage("libstdc++6", "12", "debian:bookworm")),
        ("debian:htop@1!2", WantedPackage("htop", "1!2", "debian:")),
    ],
)
def test_wanted(text: str, wanted: WantedPackage) -> None:
    """A set stands before the name and a version behind it; what neither is said of stays open."""
    assert parse_wanted(text) == wanted


@pytest.mark.parametrize(
    ("text", "slug", "hint"),
    [
        ("htop@", "version-missing", "`devenv add htop@latest`"),
        ("debian:htop@", "version-missing", "`devenv add debian:htop@latest`"),
        ("debian:/htop@3", "package-invalid", "`devenv add debian:htop`"),
    ],
)
def test_nothing_where_something_is_announced(text: str, slug: str, hint: str) -> None:
    """A separator with nothing at its side is an error that shows what would do."""
    with pytest.raises(UsageError) as caught:
        parse_wanted(text)
    assert (caught.value.slug, caught.value.hint) == (slug, hint)


LEFT_OUT = "epoch and Debian's revision are left out, letters stand behind `+`"


@pytest.mark.parametrize(("text", "hint"), [
    ("debain:htop", "did you mean `debian:htop`?"),
    ("nix:htop", "sets are `source:`, `debian:`, `debian:SUITE/` and `pypi:`; other packages have none"),
    ("sorce:curl", "did you mean `source:curl`?"),
    ("source:", "look for one with `devenv search WORD`"),
    ("source:../curl", "look for one with `devenv search WORD`"),
    ("debian/htop", "did you mean `debian:htop`?"),
    ("bookworm/htop", "did you mean `debian:bookworm/htop`?"),
    ("debian:bokworm/htop", "did you mean `debian:bookworm/htop`?"),
    ("debian:stable/htop", "write a codename: `bookworm`, `bullseye`, `sid`, `trixie`"),
    ("debian:htop=3.4.1-5", "write `debian:htop@3.4.1`"),
    ("nodejs==24", "write `nodejs@24`"),
    ("go>=1.25,<1.27", 'write `"go@>=1.25,<1.27"`'),
    ("debian:htop:amd64", "write `debian:htop`"),
    ("debian:bookworm/htop:arm64", "write `debian:bookworm/htop`"),
    ("debian:stable", "`devenv add debian:trixie/NAME`"),
    ("debian:bookworm", "`devenv add debian:bookworm/NAME`"),
    ("debian:", "look for one with `devenv search WORD`"),
    ("debian:sid/", "look for one with `devenv search WORD`"),
    ("debian:htop@3.4.1-5", f"write `debian:htop@3.4.1`: {LEFT_OUT}"),
    ("debian:sid/redis@5:7.0.15-1~deb12u1", f"write `debian:sid/redis@7.0.15`: {LEFT_OUT}"),
    ("debian:libssl1.1@1.1.1w", f"write `debian:libssl1.1@1.1.1+w`: {LEFT_OUT}"),
])  # fmt: skip
def test_habits_of_other_tools(text: str, hint: str) -> None:
    """What is written as other tools have it is answered with how it is written here."""
    with pytest.raises(UsageError) as caught:
        parse_wanted(text)
    assert (caught.value.slug, caught.value.hint) == ("package-invalid", hint)


@pytest.mark.parametrize("version", ["2.06", "3.2.2+dfsg", "1.0+b5", "1.0rc1", "latest", ">=3.4", "24.*"])
def test_versions_of_debian_packages(version: str) -> None:
    """A version that devenv itself shows, or a request, is none of Debian's own."""
    assert parse_wanted(f"debian:htop@{version}").version == version


def test_one_name_twice() -> None:
    """Two different wishes for one name are refused; saying the same twice is none."""
    require_single([parse_wanted("htop"), parse_wanted("htop")])
    for texts in (("htop", "debian:htop"), ("debian:htop", "debian:bookworm/htop"), ("htop@3", "htop")):
        with pytest.raises(UsageError, match="`htop` is asked for twice") as caught:
            require_single([parse_wanted(text) for text in texts])
        assert caught.value.slug == "package-repeated"
