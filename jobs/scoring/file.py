"""The way of one file's rows: read in batches, scored or found in the ledger, counted, written, published."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from data.files import open_rejected, open_writer
from data.label_column import LabelReader, LabelReading
from data.ledger import Ledger
from data.outputs import digest, reserved
from data.predictions import columns
from data.rejects import RejectedWriter
from data.table import Batch, Limits, Survey
from jobs.log import Log
from jobs.progress import Progress
from jobs.scoring.plan import Plan, signature_of, survey
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import TableError
from sentiment_core.scorer import Predictions, Scorer
from sentiment_core.summary import FORMAT, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """What every file of a run is scored with."""

    scorer: Scorer
    config: ScoreConfig
    model: Mapping[str, Any]
    labels: LabelReader
    log: Log


def score_file(plan: Plan, scoring: Scoring) -> tuple[Tally, dict[str, Any]]:
    """Score what `plan` says and publish it; return its tally and summary.

    Raises TableError where the file cannot be read to its end or changes meanwhile, OutputError where something
    cannot be written; nothing is published then, and the chunks that are finished stay in the ledger.
    """
    start, before = time.monotonic(), scoring.scorer.work
    found = survey(plan)
    labels = read_labels(plan, found, scoring.labels)
    say(plan, labels, scoring.log)
    warn(plan, labels, scoring.log)
    ledger = Ledger(plan.task.chunks, plan.task.source.path)
    if len(ledger):
        said = f"{plan.task.source.path}: going on after {len(ledger)} finished chunks"
        scoring.log.info(said, event="resumed", chunks=len(ledger))
    # Its space is taken before the output is published: a full disk leaves yesterday's output and summary.
    with reserved(plan.task.summary) as fill:
        with open_rejected(plan.rejected, plan.table) as rejected:
            tally, resumed = _score_rows(plan, scoring, found, labels, ledger, rejected)
        seconds, work = time.monotonic() - start, scoring.scorer.work - before
        summary = {
            **_origin(plan, scoring, rejected),
            "rows_in": found.rows + found.broken,
            "labels": labels.to_json(),
            "seconds": seconds,
            "rows_resumed": resumed,
            "rows_per_second": (tally.rows - resumed) / seconds,
            "texts_run": work.texts_run,
            "padding_share": work.padding_share,
            **tally.summarise(),
        }
        fill(summary)
    ledger.drop()
    return tally, summary


def read_labels(plan: Plan, found: Survey, reader: LabelReader) -> LabelReading:
    """Return how the labels of a file are read, or why they are not."""
    if plan.label.name is None:
        return LabelReading(why_not=plan.label.why_not)
    return reader.read(plan.label.name, found.labels, str(plan.task.source.path))


def say(plan: Plan, labels: LabelReading, log: Log) -> None:
    """Log what is read and how."""
    read_as = f"not evaluated: {labels.why_not}" if labels.why_not else str(labels)
    log.info(
        f"{plan}; {read_as}",
        event="scoring",
        input=str(plan.task.source.path),
        output=str(plan.task.target),
        labels=labels.to_json(),
    )


def warn(plan: Plan, labels: LabelReading, log: Log) -> None:
    """Warn of what was guessed, and of labels that are there and could not be told."""
    place = str(plan.task.source.path)
    if plan.table.doubt:
        log.warning(f"{place}: {plan.table.doubt}", event="guessed", input=place)
    if labels.why_not and (plan.label.name is not None or plan.label.doubtful):
        log.warning(f"{place}: not evaluated: {labels.why_not}", event="not-evaluated", input=place)


def _score_rows(
    plan: Plan, scoring: Scoring, found: Survey, labels: LabelReading, ledger: Ledger, rejected: RejectedWriter
) -> tuple[Tally, int]:
    """Write and publish the scored rows; return their tally, and how many of them the ledger knew."""
    tally = Tally()
    task = plan.task
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(scoring.log, task.source.place, found.rows))
        writer = stack.enter_context(open_writer(task.target, plan.format, plan.table, plan.read, task.request.prefix))
        # One thread for the files: the next chunk is read and the last one written while the model runs.
        files = stack.enter_context(ThreadPoolExecutor(1))
        limits = Limits(rows=scoring.config.chunk_rows, size=scoring.config.chunk_bytes)
        hear = rejected.add if task.request.quarantine else None
        batches = _ahead(plan.table.batches(plan.read, limits, on_rejected=hear), files)
        written: Future[None] | None = None
        for batch, predictions in _scored(batches, ledger, scoring.scorer, progress):
            tally += Tally.of(predictions, None if labels.why_not else labels.apply(batch.labels))
            if written is not None:
                written.result()
            written = files.submit(writer.add, batch, columns(predictions, task.request.prefix))
        if written is not None:
            written.result()
        as_found = (tally.rows, rejected.count) == (found.rows, found.broken)
        if signature_of(task.source.path) != task.signature or not as_found:
            raise TableError(f"{task.source.path}: changed while it was read; score it again when nobody writes to it")
    return tally, progress.skipped


def _ahead(batches: Iterator[Batch], files: ThreadPoolExecutor) -> Iterator[Batch]:
    """Yield `batches`, each read by `files` while the one before is in use."""
    following = files.submit(next, batches, None)
    while (batch := following.result()) is not None:
        following = files.submit(next, batches, None)
        yield batch


def _scored(
    batches: Iterator[Batch], ledger: Ledger, scorer: Scorer, progress: Progress
) -> Iterator[tuple[Batch, Predictions]]:
    row = 0
    for batch in batches:
        predictions = ledger.find(row, len(batch))
        if predictions is None:
            predictions = scorer.score(batch.texts, progress.advance)
            ledger.add(row, predictions)
        else:
            progress.skip(len(batch))
        yield batch, predictions
        row += len(batch)


def _origin(plan: Plan, scoring: Scoring, rejected: RejectedWriter) -> dict[str, Any]:
    """Return the part of a summary that says what was read, by what it was scored, and what was written."""
    kept = rejected.path if rejected.count else None
    return {
        "format": FORMAT,
        "provenance": plan.task.provenance.parts,
        "input": plan.task.input,
        "read_as": plan.table.described or None,
        "columns": {"text": plan.read.text, "label": plan.read.label},
        "model": scoring.model,
        "output": {"path": str(plan.task.target), "sha256": digest(plan.task.target)},
        "rejected": {
            "rows": rejected.count,
            "reasons": dict(rejected.reasons.most_common(10)),
            "path": kept and str(kept),
            "sha256": kept and digest(kept),
        },
    }
