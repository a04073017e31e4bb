"""sentiment score: review files in, the same rows with predictions out."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from data.outputs import make_folder, write_json
from data.predictions import append, check_clash, check_text, texts
from data.reviews import LabelReading
from data.schema import find_label, find_text
from data.sources import Source, find_sources
from data.tables import Format, Table, scan
from data.writers import open_writer
from export.bundle import identity
from export.runtime import open_scorer
from jobs.progress import Progress
from jobs.run_report import print_run
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import OutputError, SentimentError, TableError
from sentiment_core.scorer import Scorer
from sentiment_core.summary import FORMAT, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRequest:
    """What to score, where to, and how the columns are named. None means: find it, or as it is."""

    inputs: tuple[str, ...]
    output: Path
    bundle: Path
    text_column: str | None = None
    label_column: str | None = None
    keep: tuple[str, ...] | None = None
    prefix: str = ""
    format: Format | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One file, checked: which columns are read, which are kept, what is written."""

    source: Source
    table: Table
    text: str
    labels: LabelReading | None
    kept: list[str]
    target: Path
    format: Format

    def __str__(self) -> str:
        labels = self.labels
        label = "no label column" if labels is None else f"label {labels.column!r} ({labels.scale.value})"
        return f"{self.source.path}: {self.table.count():,} rows, text {self.text!r}, {label} -> {self.target}"


def score(request: ScoreRequest, config: ScoreConfig, log: Console, out: Console) -> list[SentimentError]:
    """Score every input file; return the errors of files that were set aside while the others went on.

    Raises SentimentError where nothing can be scored at all: no input, no bundle, no output folder.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    sources = find_sources(request.inputs, request.output, request.format)
    scorer, manifest = open_scorer(request.bundle, config)
    model = {
        "bundle": request.bundle.name,
        "identity": identity(request.bundle),
        "graph": manifest.graph,
        "temperature": manifest.temperature,
        "threshold": manifest.threshold,
        "max_length": manifest.max_length,
    }
    if not request.dry_run:
        make_folder(request.output)
    done: list[dict[str, Any]] = []
    failed: list[tuple[Source, SentimentError]] = []
    total = Tally()
    for source in sources:
        try:
            plan = _check(source, request, log)
            (out if request.dry_run else log).print(str(plan), soft_wrap=True)
            if request.dry_run:
                continue
            with Progress(log, source.place, plan.table.count()) as progress:
                tally, seconds = _score_file(plan, request.prefix, scorer, config, progress.advance)
        except SentimentError as error:
            failed.append((source, error))
            log.print(f"set aside: {error}", style="red", soft_wrap=True)
            continue
        total += tally
        summary = _summary(plan, tally, seconds, model)
        write_json(plan.target.with_name(plan.target.name + ".summary.json"), summary)
        done.append(summary)
    if not request.dry_run:
        run = {
            "format": FORMAT,
            "started": started.isoformat(timespec="seconds"),
            "seconds": time.monotonic() - clock,
            "model": model,
            "files": [{key: each[key] for key in ("input", "output", "rows", "rows_by_status")} for each in done],
            "failed": [{"input": str(source.path), "error": str(error)} for source, error in failed],
            "total": total.summarise(),
        }
        write_json(request.output / "run.json", run)
        print_run(done, out)
    return [error for _, error in failed]


def _check(source: Source, request: ScoreRequest, log: Console) -> Plan:
    table = scan(source.path)
    place = str(source.path)
    text = find_text(table.columns, request.text_column, place)
    check_text(table, text)
    kept = list(table.columns if request.keep is None else request.keep)
    missing = [column for column in kept if column not in table.columns]
    if missing:
        raise TableError(f"{place}: --keep: no column {', '.join(missing)}; the columns are {', '.join(table.columns)}")
    check_clash(kept, request.prefix, place)
    target = request.output / source.place
    if target.resolve() == source.path.resolve():
        raise OutputError(f"{target}: is its own input; choose another --output")
    return Plan(
        source=source,
        table=table,
        text=text,
        labels=_labels(table, request.label_column, log),
        kept=kept,
        target=target,
        format=request.format or table.format,
    )


def _labels(table: Table, asked: str | None, log: Console) -> LabelReading | None:
    """Labels nobody asked for are welcome, and no reason to leave a file unscored."""
    try:
        column = find_label(table.columns, asked, str(table.path))
        return None if column is None else LabelReading.of(table, column)
    except TableError as error:
        if asked is not None:
            raise
        log.print(f"not evaluated: {error}", soft_wrap=True)
        return None


def _score_file(
    plan: Plan, prefix: str, scorer: Scorer, config: ScoreConfig, advance: Callable[[int], None]
) -> tuple[Tally, float]:
    start = time.monotonic()
    tally = Tally()
    with open_writer(plan.target, plan.format) as writer:
        for frame in plan.table.batches(config.chunk_rows):
            predictions = scorer.score(texts(frame, plan.text), advance)
            truth = None if plan.labels is None else plan.labels.apply(frame)
            tally += Tally.of(predictions, truth)
            writer.add(append(frame.select(plan.kept), predictions, prefix))
    return tally, time.monotonic() - start


def _summary(plan: Plan, tally: Tally, seconds: float, model: dict[str, Any]) -> dict[str, Any]:
    path = plan.source.path
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "format": FORMAT,
        "input": {"name": str(plan.source.place), "bytes": path.stat().st_size, "sha256": digest},
        "output": str(plan.target),
        "columns": {"text": plan.text, "label": plan.labels and plan.labels.column},
        "model": model,
        "seconds": seconds,
        "rows_per_second": tally.rows / seconds,
        **tally.summarise(),
    }
