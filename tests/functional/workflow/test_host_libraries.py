"""The setting `runtime`: a change of it acts when the environment is entered next."""

from __future__ import annotations

from devenv.settings import settings_path
from tests.functional.workflow.command import User


def switch_to_host(user: User) -> str:
    """Set `runtime = "host"`; returns the settings as they were."""
    before = settings_path(user.home).read_text()
    user.configure(f'runtime = "host"\n{before}')
    return before


def test_changed_setting_acts_at_the_next_entry(user: User) -> None:
    """An environment that was realized with the other setting is realized anew, once, by whatever enters it first."""
    api = user.project("api", "just")
    first = api.report("status")
    assert first["realized"]
    before = switch_to_host(user)
    assert not api.report("status")["realized"]
    assert api.devenv("run", "just").text == "just 1.42.0\n"
    second = api.report("status")
    assert (second["realized"], second["generation"]) == (True, first["generation"] + 1)
    api.devenv("run", "just")
    assert api.report("status") == second
    user.configure(before)
    assert api.report("allow")["generation"] == first["generation"]
