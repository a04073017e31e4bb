"""run.json: how the last run ended, what it scored, what it passed over and what it set aside."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.outputs import write_json, writing
from data.places.sources import PassedOver, Unusable
from sentiment_core.errors import OutputError, SentimentError, one_line
from sentiment_core.status import ExitStatus, gravest
from sentiment_core.summary import FORMAT, Tally


@dataclass(kw_only=True)
class RunReport:
    """What a run has done so far: the summaries of its files, and why others have none."""

    model: Mapping[str, Any] | None = None
    passed_over: Mapping[str, PassedOver] = field(default_factory=dict)
    done: list[dict[str, Any]] = field(default_factory=list)
    failed: list[Unusable] = field(default_factory=list)
    poor: list[str] = field(default_factory=list)
    total: Tally = field(default_factory=Tally)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)

    @property
    def set_aside(self) -> set[Path]:
        """The inputs that failed."""
        return {each.path for each in self.failed}

    @property
    def status(self) -> ExitStatus:
        """The gravest of what happened."""
        happened = [ExitStatus.DONE]
        if self.failed:
            happened.append(ExitStatus.SOME_FAILED if self.done else ExitStatus.NOTHING_SCORED)
        if self.poor:
            happened.append(ExitStatus.QUALITY)
        if any(each["rejected"]["rows"] for each in self.done):
            happened.append(ExitStatus.ROWS_SET_ASIDE)
        return gravest(happened)

    @contextmanager
    def written(self, path: Path) -> Iterator[None]:
        """Write the report to `path` however the block ends; an earlier run's goes first."""
        with writing(path):
            path.unlink(missing_ok=True)
        try:
            yield
        except BaseException as error:
            with suppress(OutputError):  # the disk may be full: the error itself says so
                write_json(path, self.to_json(_status_of(error), one_line(str(error))))
            raise
        write_json(path, self.to_json(self.status))

    def to_json(self, status: int, error: str | None = None) -> dict[str, Any]:
        """Return what run.json holds; `error` is the line that ended the run early."""
        shown = ("input", "output", "rows_in", "rows", "rows_by_status", "rejected", "labels")
        return {
            "format": FORMAT,
            "exit_status": int(status),
            "error": error,
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": time.monotonic() - self.clock,
            "model": self.model,
            "files": [
                {**{key: each[key] for key in shown}, "skipped": each.get("skipped", False)} for each in self.done
            ],
            "failed": [{"input": one_line(str(each.path)), "error": str(each.error)} for each in self.failed],
            "passed_over": {
                reason: {"files": passed.count, "examples": list(passed.examples)}
                for reason, passed in self.passed_over.items()
            },
            "quality": self.poor,
            "total": self.total.summarise(),
        }


def _status_of(error: BaseException) -> int:
    if isinstance(error, SentimentError):
        return error.exit_status
    if isinstance(error, KeyboardInterrupt):
        return ExitStatus.INTERRUPTED
    return error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else ExitStatus.FAULT
