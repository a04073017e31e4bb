"""sentiment score: review files in, the same rows with predictions out."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from data.outputs import write_json
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


def score(request: ScoreRequest, config: ScoreConfig, log: Console, out: Console) -> list[SentimentError]:
    """Score every input file; return the errors of files that were set aside while the others went on.

    Raises SentimentError where nothing can be scored at all: no input, no bundle, no output folder.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    sources = find_sources(request.inputs)
    scorer, manifest = open_scorer(request.bundle, config)
    model = {
        "bundle": request.bundle.name,
        "identity": identity(request.bundle),
        "graph": manifest.graph,
        "temperature": manifest.temperature,
        "threshold": manifest.threshold,
        "max_length": manifest.max_length,
    }
    done: list[dict[str, Any]] = []
    failed: list[tuple[Source, SentimentError]] = []
    total = Tally()
    for source in sources:
        try:
            plan = _check(source, request)
            if request.dry_run:
                out.print(_intention(plan), highlight=False)
                continue
            with Progress(log, source.place, plan.table.count()) as progress:
                tally, seconds = _score_file(plan, request.prefix, scorer, config, progress.advance)
        except SentimentError as error:
            failed.append((source, error))
            log.print(f"[red]set aside[/] {error}", highlight=False)
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


def _check(source: Source, request: ScoreRequest) -> Plan:
    table = scan(source.path)
    place = str(source.path)
    text = find_text(table.columns, request.text_column, place)
    check_text(table, text)
    kept = list(table.columns if request.keep is None else request.keep)
    missing = [column for column in kept if column not in table.columns]
    if missing:
        raise TableError(f"{place}: --keep: no column {', '.join(missing)}; the columns are {', '.join(table.columns)}")
    check_clash(kept, request.prefix, place)
    kind = request.format or table.format
    ending = "".join(source.path.suffixes[-2:]) if source.path.suffix in (".gz", ".zst") else source.path.suffix
    name = source.path.name if kind is table.format else source.path.name.removesuffix(ending) + kind.value
    target = request.output / source.place.with_name(name)
    if target.resolve() == source.path.resolve():
        raise OutputError(f"{target}: is its own input; choose another --output")
    label = find_label(table.columns, request.label_column, place)
    labels = None if label is None else LabelReading.of(table, label)
    return Plan(source=source, table=table, text=text, labels=labels, kept=kept, target=target, format=kind)


def _intention(plan: Plan) -> str:
    label = "no label column" if plan.labels is None else f"label {plan.labels.column!r} ({plan.labels.scale.value})"
    return f"{plan.source.path}: {plan.table.count():,} rows, text {plan.text!r}, {label} -> {plan.target}"


def _score_file(
    plan: Plan, prefix: str, scorer: Scorer, config: ScoreConfig, advance: Callable[[int], None]
) -> tuple[Tally, float]:
    start = time.monotonic()
    tally = Tally()
    with open_writer(plan.target, plan.format) as writer:
        for frame in plan.table.batches(config.chunk_rows):
            predictions = scorer.score(texts(frame, plan.text), advance)
            labels = plan.labels
            tally += Tally.of(
                predictions,
                None if labels is None else labels.apply(frame),
                0 if labels is None else labels.count_unreadable(frame),
            )
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
