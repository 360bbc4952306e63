"""Arguments of several verbs: durations, sizes, names of objects."""

from __future__ import annotations

import time
from pathlib import Path

import click
import pytest

from devenv.cli.parameters import BASE_PACKAGE, DURATION, MOMENT, OBJECT, PACKAGE, SIZE, EnvironmentName
from devenv.environment.project import read_project
from devenv.settings import read_settings, settings_path
from devenv.workflow.allowed import record_allowed


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("90m", 5400), ("12h", 43_200), ("30d", 2_592_000), ("2w", 1_209_600)]
)
def test_durations(text: str, seconds: float) -> None:
    """A duration is a whole number with one unit."""
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "1 d", "1y", "9999999d", "١d"])
def test_what_is_no_duration(text: str) -> None:
    """Anything else is refused and quoted, digits of other scripts included."""
    with pytest.raises(click.UsageError) as caught:
        DURATION.convert(text, None, None)
    assert f"'{text}'" in caught.value.message


def test_moments() -> None:
    """A time is a day, a time of day, or how long ago it was; anything else is refused and quoted."""
    assert MOMENT.convert("2026-11-01", None, None) == 1793491200
    assert MOMENT.convert("2026-11-01T08:00:00Z", None, None) == 1793520000
    assert time.time() - MOMENT.convert("7d", None, None) == pytest.approx(7 * 86_400, abs=60)
    for text in ("", "yesterday", "2026-13-01", "7"):
        with pytest.raises(click.UsageError) as caught:
            MOMENT.convert(text, None, None)
        assert f"'{text}'" in caught.value.message


def test_sizes() -> None:
    """Sizes are those of the settings."""
    assert SIZE.convert("1.5G", None, None) == 3 << 29
    with pytest.raises(click.UsageError):
        SIZE.convert("much", None, None)


def test_completion_without_a_store(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Completing a name where there is no store gives nothing, and makes none."""
    monkeypatch.setenv("HOME", str(tmp_path))
    command = click.Command("x")
    context, parameter = click.Context(command), click.Argument(["path"])
    assert OBJECT.shell_complete(context, parameter, "") == []
    (path,) = OBJECT.shell_complete(context, parameter, "./re")
    assert path.type == "file"


def complete(kind: click.ParamType[str], text: str) -> list[str]:
    context, parameter = click.Context(click.Command("x")), click.Argument(["name"])
    return [item.value for item in kind.shell_complete(context, parameter, text)]


def test_completion_of_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of the base set are completed from their files; with nothing kept of Debian, its suites alone."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "nodejs" in complete(PACKAGE, "nod")
    assert all(name.startswith("nod") for name in complete(PACKAGE, "nod"))
    assert complete(PACKAGE, "nodejs@2") == []
    assert complete(PACKAGE, "debian:b") == ["debian:bullseye/", "debian:bookworm/"]
    assert complete(PACKAGE, "debian:bookworm/x") == []
    assert complete(BASE_PACKAGE, "nodej") == ["nodejs"]
    assert complete(BASE_PACKAGE, "debian:") == []


def test_completion_with_wrong_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who completes a word gets no error about settings."""
    monkeypatch.setenv("HOME", str(tmp_path))
    settings_path(tmp_path).parent.mkdir(parents=True)
    settings_path(tmp_path).write_text("wrong")
    assert complete(PACKAGE, "debian:b") == []


def test_completion_of_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments are completed from the manifest, of a project that is allowed (FAULTS L-07)."""
    monkeypatch.setenv("HOME", str(tmp_path))
    project = tmp_path / "api"
    project.mkdir()
    monkeypatch.chdir(project)
    (project / "devenv.toml").write_text("[environments.ci]\n[environments.docs]\n")
    assert complete(EnvironmentName(), "") == ["default"]
    record_allowed(read_settings(), read_project(project))
    assert complete(EnvironmentName(), "") == ["default", "ci", "docs"]
    assert complete(EnvironmentName(), "d") == ["default", "docs"]
