"""What `devenv add` takes for the name of a package."""

from __future__ import annotations

import pytest

from devenv.errors import UsageError
from devenv.workflow.edit import WantedPackage, parse_wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("nodejs", WantedPackage("nodejs", None)),
        ("go@>=1.25,<1.27", WantedPackage("go", ">=1.25,<1.27")),
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
