"""sentiment score: review files in, the same rows with predictions out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from data.label_column import LabelReader
from data.ledger import sweep
from data.lock import locked
from data.outputs import make_folder, remove_stale_attempts
from data.places.sources import Source, find_sources
from data.places.walk import Unusable
from export.bundle import identity
from export.runtime import graph_for, open_scorer
from jobs.log import Log
from jobs.process.faults import contained
from jobs.process.report import reported
from jobs.scoring.file import Scoring, read_labels, score_file, warn
from jobs.scoring.plan import finished, open_plan, survey, task_of
from jobs.scoring.report import RunReport
from jobs.scoring.request import ScoreRequest
from jobs.scoring.run_table import print_run
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import NothingScoredError, SentimentError, SpaceError
from sentiment_core.gate import failures
from sentiment_core.status import ExitStatus


def score(request: ScoreRequest, config: ScoreConfig, log: Log, out: Console) -> int:
    """Score every input file and return the exit status; files that fail are set aside while the others go on.

    However the run ends, run.json says how; it never speaks of an earlier one. Raises SentimentError where the run
    cannot begin or go on: no input, no bundle, no output folder, another run at work, no space left.
    """
    report = RunReport()
    if request.dry_run:
        _Run(request, config, log, report).show(out)
        return report.status
    folder = request.folder
    for place in (folder.data, folder.reports):
        make_folder(place)
    with locked(folder.lock, request.output), reported(folder.run, report.to_json):
        _Run(request, config, log, report).score()
    print_run(report.done, out)
    if report.done or len(report.failed) > 1:  # one file that failed has been told of
        closing = log.info if report.status is ExitStatus.DONE else log.error
        closing(
            f"{report}; report: {folder.run}",
            event="done",
            exit_status=int(report.status),
            rows=report.total.rows,
            seconds=report.seconds,
        )
    return report.status


class _Run:
    """Files one by one, into `report`."""

    def __init__(self, request: ScoreRequest, config: ScoreConfig, log: Log, report: RunReport) -> None:
        self._request, self._log, self._report = request, log, report
        found = find_sources(request.inputs, request.output, request.format)
        self._sources = found.sources
        report.passed_over = found.passed_over
        if found.passed_over:
            log.info(f"passed over: {found.passed_over}", event="passed-over", files=found.passed_over.report())
        if not found.sources and len(found.unusable) == 1:
            report.failed += found.unusable
            raise NothingScoredError(str(found.unusable[0].error))
        for each in found.unusable:
            self._set_aside(each)
        scorer, manifest = open_scorer(request.bundle, config)
        self._scoring = Scoring(
            scorer=scorer,
            config=config,
            model={
                "bundle": request.bundle.name,
                "identity": identity(request.bundle),
                "graph": graph_for(manifest, config),
                "device": config.device,
                "temperature": manifest.temperature,
                "threshold": manifest.threshold,
                "max_length": manifest.max_length,
            },
            labels=LabelReader(request.naming),
            log=log,
        )
        report.model = self._scoring.model

    def score(self) -> None:
        """Score every source. Raises SpaceError: no other would do better."""
        for source in self._sources:
            with self._alone(source):
                self._score(source)
        folder = self._request.folder
        sweep(folder.chunks, {source.path for source in self._sources} - self._report.set_aside)
        for place in {folder.data, folder.reports}:
            remove_stale_attempts(place)

    def show(self, out: Console) -> None:
        """Say what would be done with every source."""
        for source in self._sources:
            with self._alone(source):
                task = task_of(source, self._request, self._scoring.model)
                plan = open_plan(task)
                found = survey(plan)
                labels = read_labels(plan, found, self._scoring.labels)
                warn(plan, labels, self._log)
                said = [f"{plan}; {labels}: {found.rows:,} rows"]
                if found.broken:
                    said.append(f"{found.broken:,} lines set aside")
                if not self._request.force and finished(task, self._log):
                    said.append("unchanged: would be skipped")
                out.print(", ".join(said), soft_wrap=True)
                self._report.planned(found.broken)

    def _score(self, source: Source) -> None:
        task = task_of(source, self._request, self._scoring.model)
        summary = None if self._request.force else finished(task, self._log)
        if summary is not None:
            said = f"{source.path}: unchanged since it was scored, skipped"
            self._log.info(said, event="skipped", input=str(source.path))
            summary["skipped"] = True
            self._scoring.labels.recall(summary["labels"], str(source.path))
        else:
            tally, summary = score_file(open_plan(task), self._scoring)
            self._report.total += tally
        self._report.done.append(summary)
        self._judge(summary)

    @contextmanager
    def _alone(self, source: Source) -> Iterator[None]:
        """Set a file aside for whatever is raised, a fault of ours too: one file never costs another."""
        try:
            with contained(str(source.path), self._request.folder.traces):
                yield
        except SpaceError:
            raise  # no other file would do better
        except SentimentError as error:
            self._set_aside(Unusable(source.path, error))

    def _set_aside(self, unusable: Unusable) -> None:
        self._report.failed.append(unusable)
        self._log.error(f"set aside: {unusable.error}", event="set-aside", input=str(unusable.path))

    def _judge(self, summary: dict[str, Any]) -> None:
        place = summary["input"]["name"]
        broken, where = summary["rejected"]["rows"], summary["rejected"]["path"]
        if broken:
            said = f"{place}: {broken:,} broken line{'s' * (broken > 1)} set aside in {where}"
            self._log.warning(said, event="rejected", rows=broken)
        for failure in failures(summary, self._request.floors):
            self._report.poor.append(f"{place}: {failure}")
            self._log.error(f"quality: {place}: {failure}", event="quality", input=place)
