"""What stands behind a bar. Imports `rich`: imported when something is drawn."""

from __future__ import annotations

from rich.progress import DownloadColumn, ProgressColumn, Task, TransferSpeedColumn
from rich.text import Text


class AmountColumn(ProgressColumn):
    """How much was done and how fast; of programs that say lines, for how long they have been running."""

    def __init__(self) -> None:
        super().__init__()
        self._amount = DownloadColumn()
        self._speed = TransferSpeedColumn()

    def render(self, task: Task) -> Text:
        """`1.2/3.4 MB 5.6 MB/s`, or `1:23`."""
        if task.fields.get("says"):
            seconds = int(task.elapsed or 0)
            return Text(f"{seconds // 60}:{seconds % 60:02}", style="progress.elapsed")
        return Text(" ").join([self._amount.render(task), self._speed.render(task)])
