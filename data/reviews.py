"""Labelled reviews for training, held in memory."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import polars as pl

from data.delimited.layout import Layout
from data.files import open_table
from data.label_column import LabelReader, LabelReading
from data.schema import find_text, require_label
from data.table import Batch, Limits, Read, Rejected, Survey, Table
from sentiment_core.errors import TableError
from sentiment_core.labels import Label, NoLabel
from sentiment_core.naming import Naming
from sentiment_core.text import clean

# Travels with a checkpoint, so that export checks parity and int8 on real texts.
VALIDATION = "validation.parquet"
_ROWS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """Distinct labelled reviews, cleaned. `notes` say what was found and what was left out.

    `files` numbers the file that each stands in, the first one if it stands in several.
    """

    texts: list[str]
    labels: list[Label]
    files: list[int]
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def where(self, keep: Sequence[bool]) -> "Reviews":
        """Return the reviews that `keep` marks, without the notes."""
        return self.take([row for row, kept in enumerate(keep) if kept])

    def take(self, rows: Sequence[int]) -> "Reviews":
        """Return these reviews in this order, without the notes."""
        return Reviews(
            texts=[self.texts[row] for row in rows],
            labels=[self.labels[row] for row in rows],
            files=[self.files[row] for row in rows],
        )


def read_reviews(
    paths: Sequence[Path],
    text_column: str | None,
    label_column: str | None,
    *,
    naming: Naming | None = None,
    layout: Layout | None = None,
) -> Reviews:
    """Read labelled reviews from files; a review that stands twice is kept once, and not at all under both labels.

    `naming` says which values are which label, and `layout` how the files are written, where they do not tell. The
    labels of all files are looked at before any is read. Raises TableError for a missing column, for labels that
    cannot be told, and, with the first rows, for more than a stray hundredth that cannot be read.
    """
    files = [_File.open(open_table(path, layout), text_column, label_column) for path in paths]
    reader = LabelReader(naming)
    for column in dict.fromkeys(file.label for file in files):
        together: Counter[object] = Counter()
        for file in files:
            together.update(file.survey.labels or {} if file.label == column else {})
        reader.expect(column, together, "all files together")
    found: dict[str, tuple[Label, int]] = {}
    contradicted: set[str] = set()
    notes = []
    for number, file in enumerate(files):
        reading = reader.read(file.label, file.survey.labels, file.place)
        if reading.why_not:
            raise TableError(f"{file.place}: {reading.why_not}{_first_unreadable(file, reading)}")
        before, missing = len(found), 0
        for text, label in file.rows(reading):
            cleaned = clean(text or "")
            if cleaned and label is not None and found.setdefault(cleaned, (Label(label), number))[0] != label:
                contradicted.add(cleaned)
            missing += not cleaned
        notes.append(file.note(reading, len(found) - before, missing))
    if contradicted:
        notes.append(f"left out: {len(contradicted):,} reviews that carry both labels")
    kept = {text: of for text, of in found.items() if text not in contradicted}
    return Reviews(
        texts=list(kept),
        labels=[label for label, _ in kept.values()],
        files=[number for _, number in kept.values()],
        notes=notes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """One file of labelled reviews, and how often each label stands there."""

    table: Table
    text: str
    label: str
    survey: Survey
    rejected: list[Rejected]

    @classmethod
    def open(cls, table: Table, text_column: str | None, label_column: str | None) -> "_File":
        """Find the columns and count the labels. Raises TableError."""
        text = find_text(table.columns, text_column, str(table.path))
        table.check_text(text)
        label = require_label(table.columns, label_column, str(table.path))
        rejected: list[Rejected] = []
        survey = table.survey(Read(text=text, label=label), on_rejected=rejected.append)
        return cls(table=table, text=text, label=label, survey=survey, rejected=rejected)

    @property
    def place(self) -> str:
        """The path, for messages."""
        return str(self.table.path)

    def rows(self, reading: LabelReading) -> Iterator[tuple[str | None, int | None]]:
        """Yield text and label of every row."""
        for batch in self._batches():
            yield from zip(batch.texts, reading.apply(batch.labels).labels, strict=True)

    def values(self) -> Iterator[object]:
        """Yield the label column as it stands."""
        for batch in self._batches():
            yield from batch.labels

    def _batches(self) -> Iterator[Batch]:
        read = Read(text=self.text, label=self.label, kept=())
        return self.table.batches(read, Limits(), on_rejected=lambda rejected: None)

    def note(self, reading: LabelReading, new: int, missing: int) -> str:
        """Say what was found in this file and what was left out."""
        unreadable = reading.rows(NoLabel.UNREADABLE)
        left_out = [
            f"{reading.rows(NoLabel.NEUTRAL):,} neutral",
            *([f"{unreadable:,} with a label that cannot be read"] if unreadable else []),
            f"{missing:,} without text",
        ]
        if self.rejected:
            first = self.rejected[0]
            left_out.append(f"{len(self.rejected):,} broken lines (first: line {first.line}, {first.reason})")
        return (
            f"{self.table.path.name}: text {self.text!r}, label {self.label!r} ({reading.scale}): "
            f"{self.survey.rows:,} rows, {new:,} new reviews; left out: {', '.join(left_out)}"
        )


def _first_unreadable(file: _File, reading: LabelReading) -> str:
    """Say which rows a scale that is nearly the file's cannot read."""
    if reading.scale is None:
        return ""
    scale = reading.scale
    rows = (
        f"row {row}: {value!r}"
        for row, value in enumerate(file.values(), start=1)
        if scale.read(value) is NoLabel.UNREADABLE
    )
    shown = "; ".join(islice(rows, _ROWS_SHOWN))
    return f" ({shown})" if shown else ""


def read_texts(paths: Sequence[Path], text_column: str | None, layout: Layout | None = None) -> Iterator[str]:
    """Yield every text of the files, nulls left out."""
    for path in paths:
        table = open_table(path, layout)
        column = find_text(table.columns, text_column, str(path))
        table.check_text(column)
        for batch in table.batches(Read(text=column, kept=()), Limits(), on_rejected=lambda rejected: None):
            yield from (text for text in batch.texts if text is not None)


def write_reviews(reviews: Reviews, path: Path) -> None:
    """Write reviews as Parquet with the columns text and label."""
    schema = {"text": pl.String, "label": pl.Int8}
    pl.DataFrame({"text": reviews.texts, "label": list(map(int, reviews.labels))}, schema=schema).write_parquet(path)
