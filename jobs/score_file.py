"""One file of a scoring run: checked, scored chunk by chunk, published with its summary."""

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.ledger import CHUNKS, Ledger, fingerprint
from data.outputs import digest, write_json, writing
from data.predictions import append, check_clash, check_text, texts
from data.records import Rejected
from data.rejects import RejectedWriter
from data.reviews import LabelReading
from data.schema import find_label, find_text
from data.sources import Source
from data.tables import Format, Table, ahead, reading, scan
from data.writers import open_writer
from jobs.log import Log
from jobs.progress import Progress
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import OutputError, TableError
from sentiment_core.scorer import Scorer
from sentiment_core.summary import FORMAT, Tally

# Beside the outputs: the lock, and finished chunks of outputs that are not published yet.
STATE = ".sentiment"
_LARGEST_SUMMARY = 1 << 24


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
    quarantine: bool = True
    force: bool = False
    dry_run: bool = False
    floors: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One file, checked: which columns are read, which are kept, what is written.

    `fingerprint` stands for the input's content, the bundle and every setting that the output depends on.
    """

    source: Source
    table: Table
    text: str
    label: str | None
    kept: list[str]
    target: Path
    format: Format
    input: dict[str, Any]
    signature: tuple[int, ...]
    fingerprint: str

    def __str__(self) -> str:
        label = "no label column" if self.label is None else f"label {self.label!r}"
        found = self.table.dialect
        usual = found is None or (found.encoding, found.separator) == ("utf-8", self.table.format.separator)
        dialect = "" if usual or found is None else f", {found.encoding} separated by {found.separator!r}"
        return f"{self.source.path}: text {self.text!r}, {label}{dialect} -> {self.target}"

    @property
    def summary_path(self) -> Path:
        """Where this file's summary is written."""
        return self.target.with_name(self.target.name + ".summary.json")

    @property
    def rejected_path(self) -> Path:
        """Where lines that are no rows are written."""
        return self.target.with_name(self.target.name + ".rejected.csv")


def check(source: Source, request: ScoreRequest, bundle: str, log: Log) -> Plan:
    """Open and check one input. `bundle` is its bundle's identity. Raises TableError or OutputError."""
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
    label = _label_column(table, request.label_column, log)
    signature = _signature(source.path)
    with reading(source.path):
        found = {"name": str(source.place), "bytes": source.path.stat().st_size, "sha256": digest(source.path)}
    kind = request.format or table.format
    return Plan(
        source=source,
        table=table,
        text=text,
        label=label,
        kept=kept,
        target=target,
        format=kind,
        input=found,
        signature=signature,
        fingerprint=fingerprint(
            format=FORMAT,
            input=found["sha256"],
            bundle=bundle,
            columns=[text, label, kept, request.prefix, kind.value],
            quarantine=request.quarantine,
        ),
    )


def _label_column(table: Table, asked: str | None, log: Log) -> str | None:
    """Labels nobody asked for are welcome, and no reason to leave a file unscored."""
    try:
        return find_label(table.columns, asked, str(table.path))
    except TableError as error:
        if asked is not None:
            raise
        log.warning(f"not evaluated: {error}", event="not-evaluated")
        return None


def finished(plan: Plan, log: Log) -> dict[str, Any] | None:
    """Return the summary of an earlier run that wrote just what this one would, its files unaltered since."""
    try:
        if plan.summary_path.stat().st_size > _LARGEST_SUMMARY:
            return None
        summary: dict[str, Any] = json.loads(plan.summary_path.read_text(encoding="utf-8"))
        if summary["fingerprint"] != plan.fingerprint:
            return None
        written = [summary["output"], summary["rejected"]]
        altered = [of["path"] for of in written if of["path"] and _digest(Path(of["path"])) != of["sha256"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if altered:
        log.warning(f"{altered[0]}: altered or removed since it was written; scored again", event="altered")
        return None
    return summary


def _digest(path: Path) -> str | None:
    try:
        return digest(path)
    except OSError:
        return None


def score_file(
    plan: Plan, request: ScoreRequest, config: ScoreConfig, scorer: Scorer, model: dict[str, Any], log: Log
) -> tuple[Tally, dict[str, Any]]:
    """Score what `plan` says and publish it; return its tally and summary.

    Chunks that a cut run finished are taken from the ledger. Raises TableError where the file cannot be read
    to its end or changes meanwhile, OutputError where something cannot be written; nothing is published then.
    """
    start, before = time.monotonic(), scorer.work
    labels = _labels(plan, request, log)
    expected, _ = count(plan, request)
    ledger = Ledger(request.output / STATE / CHUNKS / plan.fingerprint)
    if len(ledger):
        log.info(
            f"{plan.source.path}: going on after {len(ledger)} finished chunks", event="resumed", chunks=len(ledger)
        )
    tally, row, resumed = Tally(), 0, 0
    with (
        Progress(log, plan.source.place, expected) as progress,
        RejectedWriter(plan.rejected_path, plan.table.dialect) as rejected,
        open_writer(plan.target, plan.format, _separator(plan)) as writer,
        # One thread for the files, so that the next chunk is read and the last one written while the model runs.
        ThreadPoolExecutor(1) as files,
    ):
        on_rejected = rejected.add if request.quarantine else None
        frames = plan.table.batches(config.chunk_rows, config.chunk_bytes, on_rejected=on_rejected)
        written: Future[None] | None = None
        for frame in ahead(frames, files):
            predictions = ledger.find(row, len(frame))
            if predictions is None:
                predictions = scorer.score(texts(frame, plan.text), progress.advance)
                ledger.add(row, predictions)
            else:
                resumed += len(frame)
                progress.skip(len(frame))
            tally += Tally.of(predictions, None if labels is None else labels.apply(frame))
            if written is not None:
                written.result()
            written = files.submit(writer.add, append(frame.select(plan.kept), predictions, request.prefix))
            row += len(frame)
        if written is not None:
            written.result()
        if _signature(plan.source.path) != plan.signature or tally.rows != expected:
            raise TableError(f"{plan.source.path}: changed while it was read; score it again when nobody writes to it")
        with writing(plan.summary_path):
            plan.summary_path.unlink(missing_ok=True)  # an old one would speak of another output
    seconds, work = time.monotonic() - start, scorer.work - before
    summary = {
        "format": FORMAT,
        "fingerprint": plan.fingerprint,
        "input": plan.input,
        "output": {"path": str(plan.target), "sha256": digest(plan.target)},
        "columns": {"text": plan.text, "label": plan.label},
        "model": model,
        "seconds": seconds,
        "rows_resumed": resumed,
        "rows_per_second": (tally.rows - resumed) / seconds,
        "texts_run": work.texts_run,
        "padding_share": work.padding_share,
        "rows_in": expected + rejected.count,
        "rejected": {
            "rows": rejected.count,
            "reasons": dict(rejected.reasons.most_common(10)),
            "path": str(rejected.path) if rejected.count else None,
            "sha256": _digest(rejected.path),
        },
        **tally.summarise(),
    }
    write_json(plan.summary_path, summary)
    ledger.drop()
    return tally, summary


def _labels(plan: Plan, request: ScoreRequest, log: Log) -> LabelReading | None:
    if plan.label is None:
        return None
    try:
        return LabelReading.of(plan.table, plan.label)
    except TableError as error:
        if request.label_column is not None:
            raise
        log.warning(f"not evaluated: {error}", event="not-evaluated")
        return None


def _separator(plan: Plan) -> str | None:
    """A text file keeps its own separator, unless another format was asked for."""
    found = plan.table.dialect
    return found.separator if found is not None and plan.format is plan.table.format else None


def count(plan: Plan, request: ScoreRequest) -> tuple[int, int]:
    """Count rows and broken lines. Raises TableError where more are broken than not: the file is not what it seems."""
    first: list[Rejected] = []
    broken = 0

    def note(rejected: Rejected) -> None:
        nonlocal broken
        broken += 1
        if not first:
            first.append(rejected)

    rows = plan.table.count(on_rejected=note if request.quarantine else None)
    if broken > rows:
        raise TableError(
            f"{plan.source.path}: wanted rows of {len(plan.table.columns)} fields, found {broken:,} of "
            f"{rows + broken:,} lines broken (first: line {first[0].line}, {first[0].reason}); "
            "check its separator and quotes"
        )
    return rows, broken


def _signature(path: Path) -> tuple[int, ...]:
    with reading(path):
        found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
