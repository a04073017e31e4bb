"""sentiment score: review files in, the same rows with predictions out."""

import time
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from data.ledger import CHUNKS, sweep
from data.lock import locked
from data.outputs import make_folder, write_json, writing
from data.sources import Source, Unusable, find_sources
from export.bundle import identity
from export.runtime import graph_for, open_scorer
from jobs.log import Log
from jobs.run_report import print_run
from jobs.score_file import STATE, ScoreRequest, check, count, finished, score_file
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import NothingScoredError, QualityError, SentimentError, SpaceError, TableError, one_line
from sentiment_core.gate import failures
from sentiment_core.scorer import Scorer
from sentiment_core.summary import FORMAT, Tally

# Beside those of the errors, which sentiment_core.errors lists.
DONE, ROWS_SET_ASIDE = 0, 7


def score(request: ScoreRequest, config: ScoreConfig, log: Log, out: Console) -> int:
    """Score every input file and return the exit status; files that fail are set aside while the others go on.

    Raises SentimentError where the run cannot begin or go on: no input, no bundle, no output folder, another
    run at work, no space left.
    """
    sources, unusable = find_sources(request.inputs, request.output, request.format)
    if not sources:
        raise NothingScoredError(str(unusable[0].error))
    scorer, manifest = open_scorer(request.bundle, config)
    model = {
        "bundle": request.bundle.name,
        "identity": identity(request.bundle),
        "graph": graph_for(manifest, config),
        "temperature": manifest.temperature,
        "threshold": manifest.threshold,
        "max_length": manifest.max_length,
    }
    run = _Run(request, config, scorer, model, log)
    for each in unusable:
        run.set_aside(each)
    if request.dry_run:
        for source in sources:
            run.show(source, out)
        return run.status()
    make_folder(request.output)
    with locked(request.output / STATE / "lock", request.output):
        report = request.output / "run.json"
        with writing(report):
            report.unlink(missing_ok=True)  # a report stands for a run that came to its end
        for source in sources:
            run.score(source)
        write_json(report, run.report())
        sweep(request.output / STATE / CHUNKS)
    print_run(run.done, out)
    return run.status()


class _Run:
    """What has been done so far, file by file."""

    def __init__(
        self, request: ScoreRequest, config: ScoreConfig, scorer: Scorer, model: dict[str, Any], log: Log
    ) -> None:
        self._request, self._config, self._scorer, self._model, self._log = request, config, scorer, model, log
        self._started, self._clock = datetime.now(UTC), time.monotonic()
        self._total = Tally()
        self.done: list[dict[str, Any]] = []
        self.failed: list[Unusable] = []
        self._poor: list[str] = []

    def set_aside(self, unusable: Unusable) -> None:
        """Leave a file to the report."""
        self.failed.append(unusable)
        self._log.error(f"set aside: {unusable.error}", event="set-aside", input=str(unusable.path))

    def show(self, source: Source, out: Console) -> None:
        """Say what would be done with one file."""
        try:
            plan = check(source, self._request, self._model["identity"], self._log)
            rows, rejected = count(plan, self._request)
        except SentimentError as error:
            self.set_aside(Unusable(source.path, error))
            return
        skipped = "" if self._request.force or not finished(plan, self._log) else ", unchanged: would be skipped"
        broken = f", {rejected:,} lines set aside" if rejected else ""
        out.print(f"{plan}: {rows:,} rows{broken}{skipped}", soft_wrap=True)
        self.done.append({"rejected": {"rows": rejected}})

    def score(self, source: Source) -> None:
        """Score one file, or skip it if that is done, or set it aside. Raises SpaceError: no other would do better."""
        try:
            plan = check(source, self._request, self._model["identity"], self._log)
            summary = None if self._request.force else finished(plan, self._log)
            if summary is not None:
                self._log.info(
                    f"{source.path}: unchanged since it was scored, skipped", event="skipped", input=str(source.path)
                )
                summary["skipped"] = True
            else:
                self._log.info(str(plan), event="scoring", input=str(source.path), output=str(plan.target))
                tally, summary = score_file(plan, self._request, self._config, self._scorer, self._model, self._log)
                self._total += tally
        except SpaceError:
            raise
        except SentimentError as error:
            self.set_aside(Unusable(source.path, error))
            return
        self.done.append(summary)
        self._judge(summary)

    def _judge(self, summary: dict[str, Any]) -> None:
        place = summary["input"]["name"]
        if summary["rejected"]["rows"]:
            self._log.warning(
                f"{place}: {summary['rejected']['rows']:,} broken lines set aside in {summary['rejected']['path']}",
                event="rejected",
                rows=summary["rejected"]["rows"],
            )
        for failure in failures(summary, dict(self._request.floors)):
            self._poor.append(f"{place}: {failure}")
            self._log.error(f"quality: {place}: {failure}", event="quality", input=place)

    def report(self) -> dict[str, Any]:
        """Return the run's report, run.json."""
        shown = ("input", "output", "rows_in", "rows", "rows_by_status", "rejected")
        return {
            "format": FORMAT,
            "exit_status": self.status(),
            "started": self._started.isoformat(timespec="seconds"),
            "seconds": time.monotonic() - self._clock,
            "model": self._model,
            "files": [
                {**{key: each[key] for key in shown}, "skipped": each.get("skipped", False)} for each in self.done
            ],
            "failed": [{"input": one_line(str(each.path)), "error": str(each.error)} for each in self.failed],
            "quality": self._poor,
            "total": self._total.summarise(),
        }

    def status(self) -> int:
        """The exit status: the gravest of what happened."""
        if self.failed:
            return TableError.exit_status if self.done else NothingScoredError.exit_status
        if self._poor:
            return QualityError.exit_status
        return ROWS_SET_ASIDE if any(each["rejected"]["rows"] for each in self.done) else DONE
