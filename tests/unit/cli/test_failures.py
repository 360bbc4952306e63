"""What no layer expected: one sentence, a status, and the traceback in a file."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from devenv.cli.command import Action, Output, perform
from devenv.errors import TrustError
from devenv.workflow.tools import Tools

AS_JSON = Output(json=True, verbosity=0)
AS_TEXT = Output(json=False, verbosity=0)

Perform = Callable[[BaseException, Output], object]


@pytest.fixture
def fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Perform:
    """Performs a verb that raises; returns the exit status."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def run(error: BaseException, output: Output) -> object:
        def action(tools: Tools) -> NoReturn:
            raise error

        checked: Action = action
        with pytest.raises(SystemExit) as caught:
            perform("status", checked, output)
        return caught.value.code

    return run


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("x"), RecursionError(), MemoryError(), AssertionError()])
def test_mistake_of_our_own(fail: Perform, capsys: pytest.CaptureFixture[str], error: BaseException) -> None:
    """Any exception becomes one sentence; the traceback lies in the file that the hint names."""
    assert fail(error, AS_TEXT) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert type(error).__name__ in captured.err
    file = re.search(r"`(.*devenv-crash-.*)`", captured.err)
    assert file
    assert "Traceback" in Path(file[1]).read_text()


@pytest.mark.parametrize(
    ("number", "slug"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EACCES, "system-error"),
        (errno.EROFS, "system-error"),
    ],
)
def test_operating_system_refuses(fail: Perform, capsys: pytest.CaptureFixture[str], number: int, slug: str) -> None:
    """An error of the operating system names the file and what to do, in the verb's own envelope (B-04)."""
    assert fail(OSError(number, "no", "/some/file"), AS_JSON) == 12
    document = json.loads(capsys.readouterr().out)
    assert document["command"] == "status"
    assert document["error"]["slug"] == slug
    assert "/some/file" in document["error"]["message"]
    assert document["error"]["hint"]


def test_expected_error(fail: Perform, capsys: pytest.CaptureFixture[str]) -> None:
    """An error with a domain keeps its status and its words."""
    assert fail(TrustError("`/x` was never allowed", hint="run `devenv allow`"), AS_TEXT) == 14
    assert capsys.readouterr().err == "trust error: `/x` was never allowed\nhint: run `devenv allow`\n"


def test_interrupt_is_not_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C gets through to whoever started us; nothing turns it into an error."""
    monkeypatch.setenv("HOME", str(tmp_path))

    def action(tools: Tools) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        perform("status", action, AS_TEXT)
