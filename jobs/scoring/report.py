"""run.json: how the last run ended, what it scored, what it passed over and what it set aside."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.places.passed_over import PassedOver
from data.places.walk import Unusable
from sentiment_core.errors import OutputError, one_line
from sentiment_core.status import ExitStatus, gravest
from sentiment_core.summary import FORMAT, Tally


@dataclass(kw_only=True)
class RunReport:
    """What a run has done so far: the summaries of its files, and why others have none."""

    model: Mapping[str, Any] | None = None
    passed_over: PassedOver = field(default_factory=PassedOver)
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
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.clock

    def __str__(self) -> str:
        skipped = sum(each.get("skipped", False) for each in self.done)
        scored = len(self.done) - skipped
        said = [f"{scored:,} file{'s' * (scored != 1)} scored", f"{skipped:,} unchanged"]
        if self.failed:
            said.append(f"{len(self.failed):,} set aside, the last: {self.failed[-1].error}")
        if self.poor:
            said.append(f"quality: {self.poor[-1]}")
        return "; ".join(said)

    @property
    def status(self) -> ExitStatus:
        """The gravest of what happened."""
        happened = [ExitStatus.DONE]
        if self.failed:
            unwritten = all(isinstance(each.error, OutputError) for each in self.failed)
            nothing = ExitStatus.OUTPUT if unwritten else ExitStatus.NOTHING_SCORED
            happened.append(ExitStatus.FILES_FAILED if self.done else nothing)
        if self.poor:
            happened.append(ExitStatus.QUALITY)
        if any(each["rejected"]["rows"] for each in self.done):
            happened.append(ExitStatus.ROWS_SET_ASIDE)
        return gravest(happened)

    def planned(self, rejected: int) -> None:
        """Count a file that would be scored, and its lines that would be set aside."""
        self.done.append({"rejected": {"rows": rejected}})

    def to_json(self, status: ExitStatus | None = None, error: str | None = None) -> dict[str, Any]:
        """Return what run.json holds; `status` and `error`, its line, are of what ended the run early."""
        shown = ("input", "output", "rows_in", "rows", "rows_by_status", "rejected", "labels")
        return {
            "format": FORMAT,
            "exit_status": int(self.status if status is None else status),
            "error": error,
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": self.seconds,
            "model": self.model,
            "files": [
                {**{key: each[key] for key in shown}, "skipped": each.get("skipped", False)} for each in self.done
            ],
            "failed": [{"input": one_line(str(each.path)), "error": str(each.error)} for each in self.failed],
            "passed_over": self.passed_over.report(),
            "quality": self.poor,
            "total": self.total.summarise(),
        }
