"""One input, before it is scored: is it done already, how is it read, what is written of it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from data.files import open_table
from data.outputs import digest
from data.places.content import require_file
from data.places.sources import Source
from data.predictions import check_clash
from data.schema import LabelColumn, find_kept, find_label, find_text
from data.table import Format, Read, Rejected, Survey, Table
from jobs.log import Log
from jobs.provenance import Provenance, code, scoring_code
from jobs.scoring.request import ScoreRequest
from sentiment_core.errors import OutputError, TableError
from sentiment_core.summary import FORMAT

_LARGEST_SUMMARY = 1 << 24
# What the parts of a provenance are to a user.
_PARTS = {
    "input": "its content",
    "model": "the model",
    "graph": "the graph or the device",
    "scoring": "the scoring code or its libraries",
    "reading": "how it is read",
    "written": "what is asked for",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One input and what its output will come from. `signature` changes when somebody writes to the input."""

    source: Source
    request: ScoreRequest
    provenance: Provenance
    input: Mapping[str, Any]
    signature: tuple[int, ...]

    @property
    def target(self) -> Path:
        """Where the scored rows are written."""
        return self.request.folder.target(self.source.place)

    @property
    def summary(self) -> Path:
        """Where the summary is written."""
        return self.request.folder.summary(self.source.place)

    @property
    def chunks(self) -> Path:
        """Where finished chunks lie until the output is published; what is only written otherwise keeps them."""
        kept = self.provenance.without("written")
        return self.request.folder.chunks / kept.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A task whose input is open: which columns are read, which are kept, in which form they are written."""

    task: Task
    table: Table
    read: Read
    format: Format
    label: LabelColumn

    def __str__(self) -> str:
        described = f", {self.table.described}" if self.table.described else ""
        return f"{self.task.source.path}: text {self.read.text!r}{described} -> {self.task.target}"

    @property
    def rejected(self) -> Path:
        """Where lines that are no rows are written."""
        ending = ".jsonl" if self.table.format is Format.JSON_LINES else ".csv"
        return self.task.request.folder.rejected(self.task.source.place, ending)


def task_of(source: Source, request: ScoreRequest, model: Mapping[str, Any]) -> Task:
    """Look at one input without opening it as a table. Raises TableError or OutputError."""
    target = request.folder.target(source.place)
    if target.resolve() == source.path.resolve():
        raise OutputError(f"{target}: is its own input; choose another --output")
    require_file(source.path)
    signature = signature_of(source.path)
    try:
        content = {"name": str(source.place), "bytes": source.path.stat().st_size, "sha256": digest(source.path)}
    except OSError as error:
        raise TableError(f"{source.path}: cannot be read: {error.strerror}; check who may read it") from error
    return Task(
        source=source,
        request=request,
        input=content,
        signature=signature,
        provenance=Provenance(
            parts={
                "input": content["sha256"],
                "model": model["identity"],
                "graph": [model["graph"], model["device"]],
                "scoring": scoring_code(),
                "reading": [code("data"), request.text_column, asdict(request.layout)],
                "written": {
                    "layout": FORMAT,
                    "label": [request.label_column, request.naming and str(request.naming)],
                    "columns": [request.keep, request.prefix],
                    "format": request.format and request.format.value,
                    "quarantine": request.quarantine,
                },
            }
        ),
    )


def finished(task: Task, log: Log) -> dict[str, Any] | None:
    """Return the summary of an earlier run that wrote just what this one would, its files unaltered since."""
    place = task.source.path
    try:
        if task.summary.stat().st_size > _LARGEST_SUMMARY:
            return None
        summary: dict[str, Any] = json.loads(task.summary.read_text(encoding="utf-8"))
        other = task.provenance.differs(summary.get("provenance"))
        rejected = summary["rejected"]["path"] and task.summary.with_name(Path(summary["rejected"]["path"]).name)
        written = [(task.target, summary["output"]["sha256"]), (rejected, summary["rejected"]["sha256"])]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if other:
        changed = ", ".join(_PARTS[name] for name in other if name in _PARTS)
        log.info(f"{place}: not skipped: changed since it was scored: {changed}", event="changed", parts=other)
        return None
    altered = [path for path, known in written if path and _digest(path) != known]
    if altered:
        log.warning(f"{altered[0]}: not skipped: altered or removed since it was written", event="altered")
        return None
    return summary


def _digest(path: Path) -> str | None:
    try:
        return digest(path)
    except OSError:
        return None


def open_plan(task: Task) -> Plan:
    """Open one input and find its columns. Raises TableError."""
    source, request = task.source, task.request
    place = str(source.path)
    table = open_table(source.path, request.layout)
    text = _text_column(table, request.text_column)
    table.check_text(text)
    kept = None if request.keep is None else tuple(find_kept(table.columns, request.keep, place))
    check_clash(list(table.columns if kept is None else kept), request.prefix, place)
    kind = request.format or table.format
    label = find_label(table.columns, request.label_column)
    return Plan(
        task=task,
        table=table,
        read=Read(text=text, label=label.name, kept=kept, typed=kind is not Format.JSON_LINES),
        format=kind,
        label=label,
    )


def _text_column(table: Table, asked: str | None) -> str:
    try:
        return find_text(table.columns, asked, str(table.path))
    except TableError as error:
        if table.format in (Format.CSV, Format.TSV) and len(table.columns) == 1:
            raise TableError(f"{error}, or the character between its columns with --separator") from error
        raise


def survey(plan: Plan) -> Survey:
    """Count rows, label values and broken lines. Raises TableError, also where more lines are broken than not."""
    broken = 0

    def count(rejected: Rejected) -> None:
        nonlocal broken
        broken += 1

    found = plan.table.survey(plan.read, on_rejected=count if plan.task.request.quarantine else None)
    return replace(found, broken=broken)


def signature_of(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is written to. Raises TableError."""
    try:
        found = path.stat()
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    return found.st_ino, found.st_size, found.st_mtime_ns
