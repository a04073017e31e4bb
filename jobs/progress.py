"""How far a file is: a bar on a terminal, plain lines under cron."""

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from jobs.log import Log
from sentiment_core.errors import one_line

_SECONDS_BETWEEN_LINES = 30.0


class Progress:
    """Reports the rows of one file; `advance` takes rows as they are finished."""

    def __init__(self, log: Log, place: Path, rows: int) -> None:
        self._log, self._place, self._rows, self._done = log, one_line(str(place)), rows, 0
        self.skipped = 0
        self._start = self._said = time.monotonic()
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]} rows/s"),
            TimeRemainingColumn(),
            console=log.live,
            transient=True,
            disable=log.live is None,
        )
        self._task = self._bar.add_task(self._place, total=rows, rate="-")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def skip(self, rows: int) -> None:
        """Count `rows` more as finished by an earlier run: they say nothing of this one's speed."""
        self.skipped += rows
        self.advance(rows)

    def advance(self, rows: int) -> None:
        """Count `rows` more as finished."""
        self._done += rows
        now = time.monotonic()
        rate = (self._done - self.skipped) / max(now - self._start, 1e-9)
        self._bar.update(self._task, completed=self._done, rate=f"{rate:,.0f}")
        if rate and self._log.live is None and now - self._said >= _SECONDS_BETWEEN_LINES:
            self._said = now
            left = (self._rows - self._done) / max(rate, 1e-9)
            self._log.info(
                f"{self._place}: {self._done:,} of {self._rows:,} rows, {rate:,.0f} rows/s, {left / 60:.0f} min left",
                event="progress",
                rows=self._done,
                of=self._rows,
            )
