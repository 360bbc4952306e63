from __future__ import annotations

from pathlib import Path

from devenv.fetch.sizes import SizeMemory

SHA, OTHER = "ab" * 32, "cd" * 32


def test_sizes_are_remembered_by_later_runs(tmp_path: Path) -> None:
    """A size is asked for once on a machine."""
    SizeMemory(tmp_path / "deep" / "sizes").remember(SHA, 12)
    SizeMemory(tmp_path / "deep" / "sizes").remember(OTHER, 0)
    memory = SizeMemory(tmp_path / "deep" / "sizes")
    assert (memory.find(SHA), memory.find(OTHER), memory.find("0" * 64)) == (12, 0, None)


def test_torn_and_strange_lines_are_no_sizes(tmp_path: Path) -> None:
    """A line cut short by a crash or a full disk is not taken for a smaller size, and spoils no other line."""
    path = tmp_path / "sizes"
    SizeMemory(path).remember(SHA, 12345)
    whole = path.read_bytes()
    for length in range(len(whole) - 1):
        path.write_bytes(whole[:length])
        SizeMemory(path).remember(OTHER, 7)
        memory = SizeMemory(path)
        assert memory.find(SHA) in {None, 12345}
        assert memory.find(OTHER) == 7
    path.write_bytes(b"\xff\x00 nonsense")
    assert SizeMemory(path).find(SHA) is None


def test_memory_that_cannot_be_written_serves_this_run(tmp_path: Path) -> None:
    """Without a place to write, sizes are known for the length of the run (B-04)."""
    (tmp_path / "file").touch()
    memory = SizeMemory(tmp_path / "file" / "sizes")
    memory.remember(SHA, 12)
    assert memory.find(SHA) == 12
