"""Several processes that want the same scripts built, or some in common (group C)."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

from tests.functional.sandbox.processes import Driver, Scripts, driving, wait_until
from tests.sandboxes import Workshop

MANY = 16


def drive_all(workshop: Workshop, tmp_path: Path, wanted: list[Scripts]) -> list[Any]:
    """What as many processes say as there are wishes, all begun at once."""
    with contextlib.ExitStack() as opened:
        drivers = []
        for number, scripts in enumerate(wanted):
            place = tmp_path / str(number)
            place.mkdir()
            drivers.append(opened.enter_context(driving(workshop, scripts, place)))
        return [json.loads(driver.end(60)[1]) for driver in drivers]


def runs(workshop: Workshop, name: str) -> int:
    """How many scripts of that name were run: each one's output tells by a number of chance."""
    return sum(path.name == name for path in workshop.store.database.read_graph())


def test_sixteen_want_the_same(workshop: Workshop, tmp_path: Path) -> None:
    """Sixteen processes that want one script built run it once, and all have what it made (C-01)."""
    scripts: Scripts = [("once", "sleep 0.3; head -c 16 /dev/urandom > $out", [])]
    said = drive_all(workshop, tmp_path, [scripts] * MANY)
    assert len({each["path"] for each in said}) == 1
    assert runs(workshop, "once") == 1


def test_inputs_in_common(workshop: Workshop, tmp_path: Path) -> None:
    """Those that build different things upon the same ones build these once, and nobody waits for ever (C-02)."""
    common: Scripts = [
        ("below", "sleep 0.1; head -c 16 /dev/urandom > $out", []),
        ("left", "cat $input_i0 > $out; head -c 16 /dev/urandom >> $out", ["below"]),
        ("right", "cat $input_i0 > $out; head -c 16 /dev/urandom >> $out", ["below"]),
    ]
    wanted = [
        [*common, (f"own{number}", "cat $inputs > $out", ["left", "right"] if number % 2 else ["right", "left"])]
        for number in range(4)
    ]
    said = drive_all(workshop, tmp_path, wanted)
    assert len({each["path"] for each in said}) == 4
    assert [runs(workshop, name) for name in ("below", "left", "right")] == [1, 1, 1]


def test_holder_fails(workshop: Workshop, tmp_path: Path) -> None:
    """Who waits for a build that fails in another process tries it itself, and says the same; nobody hangs (C-03)."""
    scripts: Scripts = [("fails", "echo I fail; sleep 0.3; exit 5", [])]
    said = drive_all(workshop, tmp_path, [scripts] * 2)
    assert {each["slug"] for each in said} == {"build-failed"}
    assert all("status 5" in each["message"] for each in said)


def test_holder_is_killed(workshop: Workshop, tmp_path: Path) -> None:
    """Who waits for a build whose process is killed runs it itself, and removes what was left (A-12, A-01, C-03)."""
    scripts: Scripts = [("patient", "sleep 1; echo made > $out", [])]
    places = [tmp_path / name for name in ("holder", "waiter")]
    for place in places:
        place.mkdir()
    with driving(workshop, scripts, places[0]) as holder:
        wait_until(lambda: any(workshop.store.root.glob(".tmp-*")))
        with driving(workshop, scripts, places[1]) as waiter:
            time.sleep(0.4)
            assert waiter.process.poll() is None
            holder.process.kill()
            assert Path(waiter.result()["path"]).read_text() == "made\n"


def test_same_content_from_two_scripts(workshop: Workshop, tmp_path: Path) -> None:
    """Two scripts that make the same at the same time share one object (C-06)."""
    wanted: list[Scripts] = [[("alike", f"echo alike > $out; : {number}", [])] for number in range(2)]
    said = drive_all(workshop, tmp_path, wanted)
    assert len({each["path"] for each in said}) == 1


def test_killed_while_others_build(workshop: Workshop, tmp_path: Path) -> None:
    """Of many that build at once some are killed: the others have what they wanted, and nothing is half (C-02, A-01)."""
    common: Scripts = [("shared", "sleep 0.2; echo shared > $out", [])]
    wanted: list[Scripts] = [[*common, (f"top{number}", "cat $inputs > $out", ["shared"])] for number in range(4)]
    with contextlib.ExitStack() as opened:
        drivers: list[Driver] = []
        for number, scripts in enumerate(wanted):
            place = tmp_path / str(number)
            place.mkdir()
            drivers.append(opened.enter_context(driving(workshop, scripts, place)))
        wait_until(lambda: any(workshop.store.root.glob(".tmp-*")))
        for driver in drivers[::2]:
            driver.process.kill()
        for driver in drivers[1::2]:
            assert Path(json.loads(driver.end(60)[1])["path"]).read_text() == "shared\n"
    for scripts in wanted[::2]:
        assert drive_all(workshop, _new(tmp_path), [scripts])[0]["path"]


def _new(place: Path) -> Path:
    """A directory that is not there yet."""
    directory = place / f"again-{len(list(place.iterdir()))}"
    directory.mkdir()
    return directory
